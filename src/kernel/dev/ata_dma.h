/*
 * Bus-master DMA for the legacy channels: the controller moves the sectors by itself, and the
 * processor does something else meanwhile.
 *
 * Only what is different from programmed I/O is here; dev/ata decides when it is used.
 *
 * Programming Interface for Bus Master IDE Controller, revision 1.0 (Intel, 1994); Intel 82371FB/SB
 * (PIIX) data sheet, 2.5 and 3.
 */
#ifndef DEV_ATA_DMA_H
#define DEV_ATA_DMA_H

#include "dev/ata.h"

/*
 * The first port of the bus master of channel `n` (0 or 1), which is made ready; 0: there is none,
 * or the kernel's command line says ata=pio. After pci_init().
 */
uint16_t ata_dma_find(unsigned n);

/* Can DMA reach this memory? It must be in the direct map, at a multiple of 4. */
bool ata_dma_reaches(const void *buffer, unsigned sectors);

/*
 * One command by DMA, as ata_pio_read() and ata_pio_write(). -EIO also if the controller could not
 * reach memory.
 */
int ata_dma_transfer(struct ata_drive *drive, bool write, uint64_t lba, unsigned count,
                     void *buffer);

#endif
