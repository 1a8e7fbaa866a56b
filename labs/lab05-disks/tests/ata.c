/*
 * What the drives say of themselves, and sectors by programmed I/O: on drives that the grader has
 * put somewhere, and that are described to the functions under test here, so that no exercise needs
 * another one. Interrupts stay off: by polling.
 */
#include "dev/ata.h"
#include "abi/errno.h"
#include "ktest.h"
#include "x86/cpu.h"

#define PLACES     4
#define CHECK_POWER_MODE 0xe5       /* does nothing: marks the begin of a step in QEMU's trace */
#define ODD_PORTS  0x1e8            /* where no PC of QEMU's has anything */
#define ODD_CONTROL 0x3ee
#define GUARD      0x6d794f53
#define GUARDS     4

static uint16_t words[256 + GUARDS];
static uint32_t buffer[ATA_MAX_SECTORS * SECTOR_SIZE / 4 + 2 * GUARDS];

/* The grader looks into the machine now. */
static void stay(void)
{
    ktest_report("halts");
    cpu_stop();
}

static struct ata_drive drive_at(unsigned place)
{
    return (struct ata_drive){
        .channel = ata_channel(place / 2), .slave = place % 2, .present = true,
        .identity = { .sectors = ~0ull, .lba48 = true, .write_cache = true }, .block = 1,
    };
}

/* A drive on a channel that is not there. */
static struct ata_drive drive_nowhere(void)
{
    static struct ata_channel channel = {
        .base = ODD_PORTS, .control = ODD_CONTROL, .polling = true, .patience = 50,
    };

    return (struct ata_drive){ .channel = &channel, .present = true, .block = 1 };
}

/* ---- 5.1 */

static void report_identity(const char *key, unsigned n, int result, const struct ata_identity *i)
{
    ktest_report("%s %u %d %llu %u %u %u %u", key, n, result, i->sectors, i->lba48, i->dma,
                 i->write_cache, i->multiple);
    ktest_report_bytes("model", i->model, sizeof(i->model));
    ktest_report_bytes("serial", i->serial, sizeof(i->serial));
}

/* Ask twice: what was left in the drive the first time disturbs the second. */
KTEST(ata_who)
{
    for (unsigned place = 0; place < PLACES; place++) {
        for (int again = 0; again < 2; again++) {
            struct ata_drive drive = drive_at(place);
            for (unsigned i = 0; i < 256 + GUARDS; i++)
                words[i] = GUARD & 0xffff;
            int result = ata_identify(&drive, words);
            ktest_report("answer %u %d", place, result);
            ktest_report_bytes("words", words, sizeof(words));
            if (result == 0) {
                struct ata_identity identity = { 0 };
                result = ata_identity(words, &identity);
                report_identity("who", place, result, &identity);
            }
        }
    }
    struct ata_drive nowhere = drive_nowhere();
    ktest_report("nowhere %d", ata_identify(&nowhere, words));
}

/* The words of drives that nobody has built. The grader knows how they are chosen. */
static void choose_words(unsigned n)
{
    for (unsigned i = 0; i < 256; i++)
        words[i] = ktest_random(0x10000);
    for (unsigned i = 10; i < 47; i++) {
        unsigned first = 33 + ktest_random(90), second = 33 + ktest_random(90);
        if (i < 20 || i >= 27)
            words[i] = first << 8 | second;
    }
    unsigned blanks = ktest_random(12);         /* of the serial number's end, from 0 on */
    for (unsigned i = 20 - blanks / 2; i < 20; i++)
        words[i] = 0x2020;
    if (blanks % 2)
        words[19 - blanks / 2] = (words[19 - blanks / 2] & 0xff00) | 0x20;
    words[28] = 0x2020;                         /* blanks inside stay */
    words[83] = (words[83] & 0x3fff) | (ktest_random(4) ? 0x4000 : ktest_random(4) << 14);
    if (n % 4)
        words[49] |= 0x0200;
    if (n % 8 == 5)
        words[60] = words[61] = 0;
    if (n % 8 == 6)
        words[100] = words[101] = words[102] = words[103] = 0;
    words[103] = 0;                             /* 48 bits */
}

KTEST(ata_words)
{
    for (unsigned n = 0; n < 48; n++) {
        struct ata_identity identity;
        for (unsigned i = 0; i < sizeof(identity); i++)
            ((uint8_t *)&identity)[i] = 0xa5;
        choose_words(n);
        int result = ata_identity(words, &identity);
        report_identity("identity", n, result, &identity);
    }
}

/* ---- 5.2 */

/* What a drive gets from the tests themselves. By given code only, whose patience is long. */
static void command(struct ata_drive *drive, uint8_t command, uint8_t count)
{
    uint16_t base = drive->channel->base;

    ata_select(drive, 0);
    outb(base + ATA_COUNT, count);
    outb(base + ATA_COMMAND, command);
    ata_wait(drive, 0);
}

/* The drive under test, after a reset: whoever asked it before may have left data in it. */
static struct ata_drive fresh_drive(void)
{
    struct ata_drive drive = drive_at(ktest_random(PLACES));
    uint16_t control = drive.channel->control;

    ata_select(&drive, 0);          /* or a status would be seen that is nobody's */
    outb(control, ATA_CONTROL_SRST | ATA_CONTROL_NIEN);
    for (int i = 0; i < 100; i++)
        inb(control);
    outb(control, ATA_CONTROL_NIEN);
    ata_select(&drive, 0);          /* which waits for the end of it */
    return drive;
}

static void set_block(struct ata_drive *drive, unsigned block)
{
    if (block > 1)
        command(drive, ATA_SET_MULTIPLE, block);
    drive->block = block;
}

static void mark(struct ata_drive *drive)
{
    command(drive, CHECK_POWER_MODE, 0);
}

/* How many sectors, and from where on: all that there is to go wrong. */
static void choose(unsigned n, uint64_t size, uint64_t *lba, unsigned *count)
{
    static const uint16_t counts[] = { 1, 256, 2, 255, 0, 17 };
    uint32_t near = ktest_random(5000), far = ktest_random(1 << 24), high = 1 + ktest_random(14);

    *count = counts[n % 6] ? counts[n % 6] : 3 + ktest_random(250);
    switch (n % 4) {
    case 0:  *lba = 1 + near; break;
    case 1:  *lba = high << 24 | far; break;
    case 2:  *lba = (1ull << 28) - near % (*count + 4); break;
    default: *lba = size - *count - (high % 2 ? far : 0); break;
    }
}

/* Two sums over n words: which words, in which order. */
static void add_up(const uint32_t *from, uint32_t n, uint32_t *sum, uint32_t *sums)
{
    *sum = *sums = 0;
    for (uint32_t i = 0; i < n; i++) {
        *sum += from[i];
        *sums += *sum;
    }
}

/* The result of a read, what is in the buffer, and whether what is around it is whole. */
static void report_buffer(unsigned n, int result, unsigned count)
{
    uint32_t sum, sums, guards = 0, end = count * SECTOR_SIZE / 4;

    add_up(buffer + GUARDS, end, &sum, &sums);
    for (unsigned i = 0; i < GUARDS; i++)
        guards += (buffer[i] == GUARD) + (buffer[GUARDS + end + i] == GUARD);
    ktest_report("read %u %d %u %u %u", n, result, sum, sums, guards);
}

static void clear_buffer(void)
{
    for (unsigned i = 0; i < ARRAY_SIZE(buffer); i++)
        buffer[i] = GUARD;
}

/* Words that are never the same: base + i * step. */
static void fill_buffer(unsigned count)
{
    uint32_t base = ktest_random(0xffffffff), step = 2 * ktest_random(0x7fffffff) + 1;

    for (uint32_t i = 0; i < count * SECTOR_SIZE / 4; i++)
        buffer[GUARDS + i] = base + i * step;
}

#define DISK_SECTORS (140ull << 21)
#define STEPS 18

static void transfers(bool write)
{
    static const uint8_t blocks[] = { 1, 16, 4 };
    struct ata_drive drive = fresh_drive();

    for (unsigned n = 0; n < STEPS; n++) {
        uint64_t lba;
        unsigned count;
        if (n % (STEPS / 3) == 0)
            set_block(&drive, blocks[n / (STEPS / 3)]);
        choose(n, DISK_SECTORS, &lba, &count);
        drive.identity.lba48 = true;
        clear_buffer();
        if (write)
            fill_buffer(count);
        mark(&drive);
        if (write)
            ktest_report("write %u %d", n,
                         ata_pio_write(&drive, lba, count, buffer + GUARDS));
        else
            report_buffer(n, ata_pio_read(&drive, lba, count, buffer + GUARDS), count);
    }
    mark(&drive);
}

KTEST(pio_read)
{
    transfers(false);
    stay();
}

KTEST(pio_write)
{
    transfers(true);
    stay();
}

/* Flush a random number of times, as a drive that knows the EXT command, and as one without. */
KTEST(pio_flush)
{
    struct ata_drive drive = fresh_drive();
    unsigned flushes = 2 + ktest_random(6);

    mark(&drive);
    for (unsigned n = 0; n < flushes; n++) {
        drive.identity.lba48 = n % 2;
        ktest_report("flush %u %d", n, ata_pio_flush(&drive));
        mark(&drive);
    }
    stay();
}

#define BAD_STEPS 10
#define BUSY_WITH 500

/* The drive has been asked for a sector, and waits until somebody takes it: it is not ready. */
static void keep_busy(struct ata_drive *drive)
{
    uint16_t base = drive->channel->base;
    uint32_t sum, sums;

    set_block(drive, 1);
    outb(base + ATA_LBA_LOW, BUSY_WITH & 0xff);
    outb(base + ATA_LBA_MID, BUSY_WITH >> 8);
    outb(base + ATA_LBA_HIGH, 0);
    command(drive, ATA_READ_SECTORS, 1);
    drive->channel->patience = 20;
    clear_buffer();
    int read = ata_pio_read(drive, 1, 1, buffer), write = ata_pio_write(drive, 1, 1, buffer);
    int flush = ata_pio_flush(drive);
    insw(base + ATA_DATA, buffer, SECTOR_SIZE / 2);
    add_up(buffer, SECTOR_SIZE / 4, &sum, &sums);
    ktest_report("busy %d %d %d %u %u", read, write, flush, sum, sums);
}

/*
 * One sector cannot be read, one cannot be written, and the first flush fails. After each failure
 * comes something that must work.
 */
KTEST(pio_errors)
{
    struct ata_drive drive = fresh_drive();
    unsigned bad_read = 1000 + ktest_random(200), bad_write = 2000 + ktest_random(200);

    for (unsigned n = 0; n < BAD_STEPS; n++) {
        unsigned count = 1 + ktest_random(n % 2 ? 40 : 8), before = ktest_random(count);
        set_block(&drive, ktest_random(2) ? 16 : 1);
        clear_buffer();
        int bad = ata_pio_read(&drive, bad_read - before, count, buffer + GUARDS);
        clear_buffer();
        report_buffer(n, ata_pio_read(&drive, bad_read + 1, count, buffer + GUARDS), count);
        fill_buffer(count);
        int worse = ata_pio_write(&drive, bad_write - before, count, buffer + GUARDS);
        int good = ata_pio_write(&drive, bad_write + 1, count, buffer + GUARDS);
        ktest_report("errors %u %d %d %d", n, bad, worse, good);
    }
    int flush = ata_pio_flush(&drive), again = ata_pio_flush(&drive);
    ktest_report("flushes %d %d", flush, again);

    struct ata_drive nowhere = drive_nowhere();
    int read = ata_pio_read(&nowhere, 1, 1, buffer), write = ata_pio_write(&nowhere, 1, 1, buffer);
    ktest_report("nowhere %d %d %d", read, write, ata_pio_flush(&nowhere));
    keep_busy(&drive);
    stay();
}
