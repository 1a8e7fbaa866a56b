/*
 * Bus-master DMA.
 */
#include "dev/ata_dma.h"
#include "abi/errno.h"
#include "dev/pci.h"
#include "lib/cmdline.h"
#include "lib/string.h"
#include "mm/map.h"
#include "x86/bootinfo.h"
#include "x86/io.h"
#include "x86/paging.h"

/* The controller: a mass storage device, IDE, and whether it can be a bus master. */
#define CLASS    0x01
#define SUBCLASS 0x01
#define PROG_IF_MASTER 0x80
#define PROG_IF_NATIVE(n) (1u << (2 * (n)))     /* channel n is not at its legacy ports */
#define BAR_MASTER 4
#define BAR_IO     1u               /* its lowest bit: the rest is a port, not memory */
#define CHANNEL_PORTS 8             /* of each channel, from the base on */

/* Registers. */
#define DMA_COMMAND 0
#define DMA_STATUS  2
#define DMA_TABLE   4               /* 32 bits: physical address of the table */

#define COMMAND_START 0x01
#define COMMAND_READ  0x08          /* from the drive into memory */

#define STATUS_ACTIVE    0x01
#define STATUS_ERROR     0x02       /* both of these are cleared by writing 1 */
#define STATUS_INTERRUPT 0x04       /* the drive has interrupted, and all its data has arrived */

/* An entry of the table: a piece of memory that crosses no multiple of 64 KiB. */
struct piece {
    uint32_t address;
    uint16_t bytes;                 /* 0: 64 KiB */
    uint16_t flags;
};

#define PIECE_MAX  0x10000u
#define PIECE_LAST 0x8000           /* in flags */
#define PIECES     3                /* 128 KiB, the most for a command, lie in so many at most */

/* One table for each channel; one must not cross a multiple of 64 KiB either. */
static struct piece tables[2][PIECES + 1] __attribute__((aligned(64)));

uint16_t ata_dma_find(unsigned n)
{
    const struct pci_device *pci = pci_find_class(CLASS, SUBCLASS);
    char word[8];

    if (cmdline_find(boot_info.cmdline, "ata", word, sizeof(word)) && strcmp(word, "pio") == 0)
        return 0;
    if (!pci || !(pci->prog_if & PROG_IF_MASTER) || pci->prog_if & PROG_IF_NATIVE(n))
        return 0;
    uint32_t bar = pci_read32(pci, PCI_BAR(BAR_MASTER));
    uint16_t port = bar & 0xfffc;
    if (!(bar & BAR_IO) || !port)   /* which is a multiple of 16 */
        return 0;
    pci_write16(pci, PCI_COMMAND,
                pci_read16(pci, PCI_COMMAND) | PCI_COMMAND_IO | PCI_COMMAND_MASTER);
    return port + n * CHANNEL_PORTS;
}

bool ata_dma_reaches(const void *buffer, unsigned sectors)
{
    uintptr_t start = (uintptr_t)buffer;
    paddr_t end = virt_to_phys(buffer) + sectors * SECTOR_SIZE;

    return start >= KERNEL_BASE && start % 4 == 0 && end <= direct_map_end;
}

static void make_table(struct piece *table, uint32_t address, uint32_t bytes)
{
    while (bytes) {
        uint32_t n = PIECE_MAX - address % PIECE_MAX;
        if (n > bytes)
            n = bytes;
        *table = (struct piece){ .address = address, .bytes = n };  /* 64 KiB become 0 */
        address += n;
        bytes -= n;
        table->flags = bytes ? 0 : PIECE_LAST;
        table++;
    }
}

/*
 * Give the command, in the longer of the two forms if the drive knows it: the registers are then
 * written twice, the higher halves first.
 */
static int command(struct ata_drive *drive, bool write, uint64_t lba, unsigned count)
{
    uint16_t base = drive->channel->base;
    bool ext = drive->identity.lba48;
    int error = ata_select(drive, ext ? 0 : lba >> 24 & 0x0f);

    if (error)
        return error;
    for (int half = ext ? 1 : 0; half >= 0; half--) {
        uint32_t address = half ? lba >> 24 : lba;
        outb(base + ATA_COUNT, count >> (8 * half));
        outb(base + ATA_LBA_LOW, address);
        outb(base + ATA_LBA_MID, address >> 8);
        outb(base + ATA_LBA_HIGH, address >> 16);
    }
    outb(base + ATA_COMMAND, write ? (ext ? ATA_WRITE_DMA_EXT : ATA_WRITE_DMA) :
                                     (ext ? ATA_READ_DMA_EXT : ATA_READ_DMA));
    return 0;
}

/* The drive has said that it is over, one way or the other. */
static bool is_over(struct ata_channel *channel)
{
    return inb(channel->dma + DMA_STATUS) & STATUS_INTERRUPT;
}

int ata_dma_transfer(struct ata_drive *drive, bool write, uint64_t lba, unsigned count,
                     void *buffer)
{
    struct ata_channel *channel = drive->channel;
    struct piece *table = tables[channel->dma / CHANNEL_PORTS % 2];
    uint8_t direction = write ? 0 : COMMAND_READ;

    make_table(table, virt_to_phys(buffer), count * SECTOR_SIZE);
    outl(channel->dma + DMA_TABLE, virt_to_phys(table));
    outb(channel->dma + DMA_COMMAND, direction);
    outb(channel->dma + DMA_STATUS,
         inb(channel->dma + DMA_STATUS) | STATUS_ERROR | STATUS_INTERRUPT);
    int error = command(drive, write, lba, count);
    if (error)
        return error;
    outb(channel->dma + DMA_COMMAND, direction | COMMAND_START);
    bool over = ata_await(channel, is_over);
    uint8_t status = inb(channel->dma + DMA_STATUS);
    outb(channel->dma + DMA_COMMAND, direction);
    if (!over)
        return -ETIMEDOUT;
    error = ata_wait(drive, 0);
    return error ? error : status & STATUS_ERROR ? -EIO : 0;
}
