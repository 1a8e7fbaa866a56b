/*
 * The PCI bus: which devices are there, and their configuration space.
 *
 * By configuration mechanism #1 (an address port and a data port). Devices are found at boot, on
 * bus 0 and behind its bridges; what a driver does with one is its own matter.
 *
 * PCI Local Bus Specification 3.0, 3.2.2.3.2 (the mechanism) and 6 (configuration space);
 * PCI-to-PCI Bridge Architecture Specification 1.2, 3.
 */
#ifndef DEV_PCI_H
#define DEV_PCI_H

#include "lib/types.h"

/* Registers in configuration space. */
#define PCI_VENDOR    0x00          /* 16 bits; 0xffff: nobody is there */
#define PCI_DEVICE    0x02          /* 16 */
#define PCI_COMMAND   0x04          /* 16 */
#define PCI_PROG_IF   0x09          /* 8: which interface, within the subclass */
#define PCI_SUBCLASS  0x0a          /* 8 */
#define PCI_CLASS     0x0b          /* 8 */
#define PCI_HEADER    0x0e          /* 8: layout of what follows */
#define PCI_BAR(n)    (0x10 + 4 * (n))      /* 32: base address registers, 0 to 5 */
#define PCI_SECONDARY 0x19          /* 8: of a bridge: the bus behind it */
#define PCI_LINE      0x3c          /* 8: interrupt line, as the BIOS has routed it */

/* In PCI_COMMAND: the device answers on its I/O ports, on its memory, and may access ours. */
#define PCI_COMMAND_IO     0x1
#define PCI_COMMAND_MEMORY 0x2
#define PCI_COMMAND_MASTER 0x4

struct pci_device {
    uint8_t bus, slot, function;
    uint16_t vendor, device;
    uint8_t class, subclass, prog_if;
};

/* Find all devices. Without a PCI bus there are none. */
void pci_init(void);

/* The n-th device, from 0 on, or NULL. */
const struct pci_device *pci_nth(unsigned n);

/* The first device of this class and subclass, or NULL. */
const struct pci_device *pci_find_class(uint8_t class, uint8_t subclass);

/*
 * Read or write a register of 8, 16 or 32 bits; `offset` is a multiple of its size, up to 255.
 * Callable from interrupts.
 */
uint8_t pci_read8(const struct pci_device *device, uint8_t offset);
uint16_t pci_read16(const struct pci_device *device, uint8_t offset);
uint32_t pci_read32(const struct pci_device *device, uint8_t offset);
void pci_write8(const struct pci_device *device, uint8_t offset, uint8_t value);
void pci_write16(const struct pci_device *device, uint8_t offset, uint16_t value);
void pci_write32(const struct pci_device *device, uint8_t offset, uint32_t value);

#endif
