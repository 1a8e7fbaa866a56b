/*
 * Who is there? IDENTIFY DEVICE, and what its answer means.
 */
#include "abi/errno.h"
#include "dev/ata.h"
#include "x86/io.h"

/* Words of the answer (ATA/ATAPI-6, table 27). Text has its first character in a high byte. */
#define WORD_SERIAL      10         /* to 19 */
#define WORD_MODEL       27         /* to 46 */
#define WORD_MULTIPLE    47         /* low byte */
#define WORD_CAPABILITIES 49
#define WORD_SECTORS     60         /* and 61, which is the higher half */
#define WORD_SETS_1      82         /* sets of commands that it knows... */
#define WORD_SETS_2      83
#define WORD_SECTORS_48  100        /* to 103 */

#define CAPABLE_DMA  0x0100
#define CAPABLE_LBA  0x0200
#define SETS_VALID   0xc000         /* words 82 and 83 mean something if these bits of 83... */
#define SETS_VALID_IS 0x4000        /* ...are this */
#define SETS_1_WRITE_CACHE 0x0020
#define SETS_2_LBA48 0x0400

int ata_identify(struct ata_drive *drive, uint16_t words[256])
{
    // exercise 5.1 begin: is somebody there; the command; is it an ATA disk; its words
    struct ata_channel *channel = drive->channel;
    uint16_t base = channel->base;

    if (inb(base + ATA_STATUS) == 0xff)
        return -ENODEV;
    int error = ata_select(drive, 0);
    if (error)
        return error;
    outb(base + ATA_COUNT, 0);
    outb(base + ATA_LBA_LOW, 0);
    outb(base + ATA_LBA_MID, 0);
    outb(base + ATA_LBA_HIGH, 0);
    outb(base + ATA_COMMAND, ATA_IDENTIFY);
    ata_settle(channel);
    if (inb(base + ATA_STATUS) == 0)
        return -ENODEV;
    error = ata_wait(drive, ATA_DRQ);
    if (inb(base + ATA_LBA_MID) || inb(base + ATA_LBA_HIGH))
        return -ENODEV;
    if (error)
        return error;
    insw(base + ATA_DATA, words, 256);
    return 0;
    // exercise 5.1 stub
    // (void)drive, (void)words;
    // return -ENODEV;
    // exercise 5.1 end
}

/* Take text out of n words, without the blanks at its end. `text` has room for it and the NUL. */
static void copy_text(char *text, const uint16_t *words, unsigned n)
{
    // exercise 5.1 begin: two characters from each word, the high byte's first
    for (unsigned i = 0; i < n; i++) {
        text[2 * i] = words[i] >> 8;
        text[2 * i + 1] = words[i] & 0xff;
    }
    for (n *= 2; n && text[n - 1] == ' '; n--)
        ;
    text[n] = '\0';
    // exercise 5.1 stub
    // (void)words, (void)n;
    // *text = '\0';
    // exercise 5.1 end
}

int ata_identity(const uint16_t words[256], struct ata_identity *identity)
{
    // exercise 5.1 begin: sectors, what it can do, and its names
    bool valid = (words[WORD_SETS_2] & SETS_VALID) == SETS_VALID_IS;

    *identity = (struct ata_identity){
        .lba48 = valid && words[WORD_SETS_2] & SETS_2_LBA48,
        .dma = words[WORD_CAPABILITIES] & CAPABLE_DMA,
        .write_cache = valid && words[WORD_SETS_1] & SETS_1_WRITE_CACHE,
        .multiple = words[WORD_MULTIPLE] & 0xff,
    };
    copy_text(identity->model, words + WORD_MODEL, 20);
    copy_text(identity->serial, words + WORD_SERIAL, 10);

    const uint16_t *sectors = words + (identity->lba48 ? WORD_SECTORS_48 : WORD_SECTORS);
    for (int i = identity->lba48 ? 3 : 1; i >= 0; i--)
        identity->sectors = identity->sectors << 16 | sectors[i];
    return words[WORD_CAPABILITIES] & CAPABLE_LBA && identity->sectors ? 0 : -ENODEV;
    // exercise 5.1 stub
    // (void)words, (void)identity, (void)copy_text;
    // return -ENODEV;
    // exercise 5.1 end
}
