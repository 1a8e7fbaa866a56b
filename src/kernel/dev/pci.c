/*
 * PCI configuration space, and the search for devices.
 */
#include "dev/pci.h"
#include "debug/log.h"
#include "debug/monitor.h"
#include "sync/spinlock.h"
#include "x86/io.h"

#define ADDRESS 0xcf8
#define DATA    0xcfc

#define ENABLE          0x80000000u /* in the address: this is for configuration space */
#define DEVICES_MAX     64
#define BUSES           256
#define SLOTS           32
#define FUNCTIONS       8
#define HEADER_MULTI    0x80        /* in PCI_HEADER: has more functions than 0 */
#define HEADER_TYPE     0x7f
#define HEADER_BRIDGE   1           /* to another PCI bus */
#define NOBODY          0xffff

static struct spinlock lock;        /* of the two ports: they belong together */
static struct pci_device devices[DEVICES_MAX];      /* changed by pci_init() only */
static unsigned count;

static uint32_t address(const struct pci_device *device, uint8_t offset)
{
    return ENABLE | (uint32_t)device->bus << 16 | device->slot << 11 | device->function << 8 |
           (offset & ~3u);
}

uint32_t pci_read32(const struct pci_device *device, uint8_t offset)
{
    uint32_t flags = spin_lock_irqsave(&lock);

    outl(ADDRESS, address(device, offset));
    uint32_t value = inl(DATA);
    spin_unlock_irqrestore(&lock, flags);
    return value;
}

uint16_t pci_read16(const struct pci_device *device, uint8_t offset)
{
    return pci_read32(device, offset) >> (8 * (offset & 2));
}

uint8_t pci_read8(const struct pci_device *device, uint8_t offset)
{
    return pci_read32(device, offset) >> (8 * (offset & 3));
}

void pci_write32(const struct pci_device *device, uint8_t offset, uint32_t value)
{
    uint32_t flags = spin_lock_irqsave(&lock);

    outl(ADDRESS, address(device, offset));
    outl(DATA, value);
    spin_unlock_irqrestore(&lock, flags);
}

/* Its neighbours may be bits that are cleared by writing 1: so no more than these are written. */
void pci_write16(const struct pci_device *device, uint8_t offset, uint16_t value)
{
    uint32_t flags = spin_lock_irqsave(&lock);

    outl(ADDRESS, address(device, offset));
    outw(DATA + (offset & 2), value);
    spin_unlock_irqrestore(&lock, flags);
}

void pci_write8(const struct pci_device *device, uint8_t offset, uint8_t value)
{
    uint32_t flags = spin_lock_irqsave(&lock);

    outl(ADDRESS, address(device, offset));
    outb(DATA + (offset & 3), value);
    spin_unlock_irqrestore(&lock, flags);
}

const struct pci_device *pci_nth(unsigned n)
{
    return n < count ? &devices[n] : NULL;
}

const struct pci_device *pci_find_class(uint8_t class, uint8_t subclass)
{
    for (unsigned i = 0; i < count; i++)
        if (devices[i].class == class && devices[i].subclass == subclass)
            return &devices[i];
    return NULL;
}

/* Note the device at this place. Returns whether there is one. */
static bool look(struct pci_device at)
{
    at.vendor = pci_read16(&at, PCI_VENDOR);
    if (at.vendor == NOBODY)
        return false;
    at.device = pci_read16(&at, PCI_DEVICE);
    at.class = pci_read8(&at, PCI_CLASS);
    at.subclass = pci_read8(&at, PCI_SUBCLASS);
    at.prog_if = pci_read8(&at, PCI_PROG_IF);
    if (count == DEVICES_MAX)
        kprintf(LOG_WARNING, "PCI: no room for the device at %02x:%02x.%x\n",
                at.bus, at.slot, at.function);
    else
        devices[count++] = at;
    return true;
}

static void scan_bus(uint8_t bus)
{
    for (unsigned slot = 0; slot < SLOTS; slot++) {
        struct pci_device at = { .bus = bus, .slot = slot };
        if (!look(at) || !(pci_read8(&at, PCI_HEADER) & HEADER_MULTI))
            continue;
        for (at.function = 1; at.function < FUNCTIONS; at.function++)
            look(at);
    }
}

void pci_init(void)
{
    static bool known[BUSES];       /* a bridge may lead anywhere, in a circle too */

    outl(ADDRESS, ENABLE);
    if (inl(ADDRESS) != ENABLE)
        return;                     /* no such port: no PCI, or another mechanism */
    known[0] = true;
    scan_bus(0);
    for (unsigned i = 0; i < count; i++) {      /* which grows while bridges are found */
        if ((pci_read8(&devices[i], PCI_HEADER) & HEADER_TYPE) != HEADER_BRIDGE)
            continue;
        uint8_t bus = pci_read8(&devices[i], PCI_SECONDARY);
        if (!known[bus])
            scan_bus(bus);
        known[bus] = true;
    }
    kprintf(LOG_INFO, "PCI: %u devices\n", count);
}

MONITOR_COMMAND(pci, "", "the devices on the PCI bus: place, vendor:device, class, line")
{
    (void)argc, (void)argv, (void)tf;
    for (unsigned i = 0; i < count; i++) {
        const struct pci_device *d = &devices[i];
        console_printf("%02x:%02x.%x  %04x:%04x  class %02x/%02x/%02x  line %u\n",
                       d->bus, d->slot, d->function, d->vendor, d->device,
                       d->class, d->subclass, d->prog_if, pci_read8(d, PCI_LINE));
    }
}
