/*
 * Sectors by programmed I/O: the processor itself moves each word through the data register.
 */
#include "abi/errno.h"
#include "dev/ata.h"
#include "x86/io.h"

#define WORDS (SECTOR_SIZE / 2)

/*
 * Give the drive a command: by its 28-bit form, or by the 48-bit one, `ext`, where the sectors lie
 * too high for that. 0; -ETIMEDOUT: the drive does not get ready for one.
 */
static int give(struct ata_drive *drive, uint64_t lba, unsigned count, uint8_t command, uint8_t ext)
{
    // exercise 5.2 begin: select the drive; count and address into the registers; then the command
    uint16_t base = drive->channel->base;
    bool far = lba + count > ATA_LBA28_SECTORS;
    int error = ata_select(drive, far ? 0 : lba >> 24);

    if (error)
        return error;
    if (far) {                      /* each register takes two bytes, the higher one first */
        outb(base + ATA_COUNT, count >> 8);
        outb(base + ATA_LBA_LOW, lba >> 24);
        outb(base + ATA_LBA_MID, lba >> 32);
        outb(base + ATA_LBA_HIGH, lba >> 40);
    }
    outb(base + ATA_COUNT, count);  /* of 256, the 28-bit form sees 0, and takes it for 256 */
    outb(base + ATA_LBA_LOW, lba);
    outb(base + ATA_LBA_MID, lba >> 8);
    outb(base + ATA_LBA_HIGH, lba >> 16);
    outb(base + ATA_COMMAND, far ? ext : command);
    return 0;
    // exercise 5.2 stub
    // (void)drive, (void)lba, (void)count, (void)command, (void)ext;
    // return -EIO;
    // exercise 5.2 end
}

int ata_pio_read(struct ata_drive *drive, uint64_t lba, unsigned count, void *buffer)
{
    // exercise 5.2 begin: READ SECTORS, or READ MULTIPLE if blocks have more; block after block
    bool many = drive->block > 1;
    char *to = buffer;
    int error = give(drive, lba, count, many ? ATA_READ_MULTIPLE : ATA_READ_SECTORS,
                     many ? ATA_READ_MULTIPLE_EXT : ATA_READ_SECTORS_EXT);

    while (!error && count) {
        unsigned n = count < drive->block ? count : drive->block;
        error = ata_wait(drive, ATA_DRQ);
        if (error)
            break;
        insw(drive->channel->base + ATA_DATA, to, n * WORDS);
        to += n * SECTOR_SIZE;
        count -= n;
    }
    return error;
    // exercise 5.2 stub
    // (void)drive, (void)lba, (void)count, (void)buffer, (void)give;
    // return -EIO;
    // exercise 5.2 end
}

int ata_pio_write(struct ata_drive *drive, uint64_t lba, unsigned count, const void *buffer)
{
    // exercise 5.2 begin: the same the other way; then the drive is still busy with the last one
    bool many = drive->block > 1;
    const char *from = buffer;
    int error = give(drive, lba, count, many ? ATA_WRITE_MULTIPLE : ATA_WRITE_SECTORS,
                     many ? ATA_WRITE_MULTIPLE_EXT : ATA_WRITE_SECTORS_EXT);

    while (!error && count) {
        unsigned n = count < drive->block ? count : drive->block;
        error = ata_wait(drive, ATA_DRQ);
        if (error)
            break;
        outsw(drive->channel->base + ATA_DATA, from, n * WORDS);
        from += n * SECTOR_SIZE;
        count -= n;
    }
    return error ? error : ata_wait(drive, 0);
    // exercise 5.2 stub
    // (void)drive, (void)lba, (void)count, (void)buffer;
    // return -EIO;
    // exercise 5.2 end
}

int ata_pio_flush(struct ata_drive *drive)
{
    // exercise 5.2 begin: the command needs neither address nor count
    int error = ata_select(drive, 0);

    if (error)
        return error;
    outb(drive->channel->base + ATA_COMMAND,
         drive->identity.lba48 ? ATA_FLUSH_CACHE_EXT : ATA_FLUSH_CACHE);
    return ata_wait(drive, 0);
    // exercise 5.2 stub
    // (void)drive;
    // return -EIO;
    // exercise 5.2 end
}
