/*
 * The two channels and their drives: probing, waiting, requests, and what happens when one fails.
 * The commands themselves are in ata_identify.c, ata_pio.c and ata_dma.c.
 */
#include "dev/ata.h"
#include "abi/errno.h"
#include "debug/log.h"
#include "dev/ata_dma.h"
#include "dev/partition.h"
#include "dev/pit.h"
#include "lib/string.h"
#include "task/sched.h"
#include "task/timer.h"
#include "x86/io.h"
#include "x86/irq.h"

#define CHANNELS       (ATA_DRIVES / 2)
#define TRIES          3            /* for a request */
#define FLUSH_PATIENCE 30000        /* ms: as long may a flush take (ATA/ATAPI-6, 8.12) */
#define RESET_PATIENCE 31000        /* ms: until a drive must have come back (9.1) */
#define SLICE          2000         /* ms: so long a sleep may last before somebody looks */
#define FLOATING       0xff         /* the status when no drive holds the bus */
#define ERROR_ABRT     0x04         /* to IDENTIFY: it is no disk, or only the other is there */

static struct ata_channel channels[CHANNELS] = {
    { .base = 0x1f0, .control = 0x3f6, .line = 14 },
    { .base = 0x170, .control = 0x376, .line = 15 },
};
static struct ata_drive drives[ATA_DRIVES];

struct ata_channel *ata_channel(unsigned n)
{
    return &channels[n];
}

struct ata_drive *ata_drive(unsigned n)
{
    return n < ATA_DRIVES && drives[n].present ? &drives[n] : NULL;
}

/* ---- waiting */

void ata_settle(struct ata_channel *channel)
{
    for (int i = 0; i < 4; i++)     /* one takes 100 ns or more */
        inb(channel->control);
}

/* Look again and again. Time is what the interval timer's counter has run. */
static bool poll(struct ata_channel *channel, bool (*ready)(struct ata_channel *), uint32_t ms)
{
    uint32_t passed = 0;
    unsigned last = pit_count();

    while (!ready(channel) && passed / PIT_COUNTS < ms) {
        unsigned now = pit_count();
        passed += last >= now ? last - now : last + PIT_COUNTS - now;
        last = now;
    }
    return ready(channel);
}

/* Sleep until it interrupts. What is ready without that, after a long time, has none. */
static bool sleep(struct ata_channel *channel, bool (*ready)(struct ata_channel *), uint32_t ms)
{
    channel->interrupted = false;
    for (uint32_t waited = 0; waited < ms; waited += SLICE) {
        uint64_t begin = timer_now();
        uint32_t slice = ms - waited < SLICE ? ms - waited : SLICE;
        if (wait_event_timeout(&channel->waiting, ready(channel), slice) != 0)
            continue;
        if (!channel->interrupted && timer_now() - begin >= SLICE) {
            kprintf(LOG_WARNING, "ATA: no interrupts on line %u: polling\n", channel->line);
            channel->polling = true;
        }
        return true;
    }
    return false;
}

bool ata_await(struct ata_channel *channel, bool (*ready)(struct ata_channel *channel))
{
    uint32_t ms = channel->patience ? channel->patience : ATA_PATIENCE;

    if (channel->polling || !irq_enabled())
        return poll(channel, ready, ms);
    return sleep(channel, ready, ms);
}

static bool is_done(struct ata_channel *channel)
{
    return !(inb(channel->control) & ATA_BSY);
}

static bool takes_command(struct ata_channel *channel)
{
    return !(inb(channel->control) & (ATA_BSY | ATA_DRQ));
}

int ata_select(struct ata_drive *drive, uint8_t bits)
{
    struct ata_channel *channel = drive->channel;

    /* First whoever is selected now: while a drive is busy, it does not listen. */
    if (inb(channel->control) == FLOATING || !ata_await(channel, takes_command))
        return -ETIMEDOUT;
    outb(channel->base + ATA_DEVICE,
         ATA_DEVICE_LBA | (drive->slave ? ATA_DEVICE_SLAVE : 0) | bits);
    ata_settle(channel);
    return ata_await(channel, takes_command) ? 0 : -ETIMEDOUT;
}

int ata_wait(struct ata_drive *drive, uint8_t bits)
{
    struct ata_channel *channel = drive->channel;

    ata_settle(channel);
    if (!ata_await(channel, is_done))
        return -ETIMEDOUT;
    channel->status = inb(channel->base + ATA_STATUS);
    channel->error = channel->status & ATA_ERR ? inb(channel->base + ATA_ERROR) : 0;
    if (channel->status & (ATA_ERR | ATA_DF))
        return -EIO;
    return (channel->status & bits) == bits ? 0 : -EIO;
}

/* Reading the status takes the interrupt back. Who waits looks for itself what has happened. */
static bool ata_interrupt(void *arg, struct trapframe *tf)
{
    struct ata_channel *channel = arg;

    (void)tf;
    inb(channel->base + ATA_STATUS);
    channel->interrupted = true;
    wait_wake_all(&channel->waiting);
    return true;
}

/* ---- requests */

enum request { READ, WRITE, FLUSH };

static const char *const request_names[] = { "read", "write", "flush" };

/* What went wrong, in words. */
static const char *reason(const struct ata_channel *channel, int error)
{
    static const struct { uint8_t bit; const char *text; } errors[] = {
        { 0x80, "damaged on the cable (ICRC)" }, { 0x40, "cannot be read (UNC)" },
        { 0x10, "no such sector (IDNF)" }, { 0x02, "no medium (NM)" },
        { ERROR_ABRT, "the drive refuses it (ABRT)" },
    };

    if (error == -ETIMEDOUT)
        return "no answer in time";
    if (channel->status & ATA_DF)
        return "device fault";
    for (unsigned i = 0; i < ARRAY_SIZE(errors); i++)
        if (channel->error & errors[i].bit)
            return errors[i].text;
    return "the drive gives no reason";
}

/* Have the drive transfer several sectors for each of its requests, if it can. */
static void set_multiple(struct ata_drive *drive)
{
    drive->block = 1;
    if (drive->identity.multiple < 2 || ata_select(drive, 0) != 0)
        return;
    outb(drive->channel->base + ATA_COUNT, drive->identity.multiple);
    outb(drive->channel->base + ATA_COMMAND, ATA_SET_MULTIPLE);
    if (ata_wait(drive, 0) == 0)
        drive->block = drive->identity.multiple;
}

static bool never(struct ata_channel *channel)
{
    (void)channel;
    return false;
}

/* Reset both drives of the channel. Returns whether they take commands again. */
static bool reset(struct ata_channel *channel)
{
    uint32_t patience = channel->patience;

    outb(channel->control, ATA_CONTROL_SRST);
    channel->patience = 1;          /* 5 us would do, and the 2 ms after it are needed */
    ata_await(channel, never);
    outb(channel->control, 0);
    channel->patience = 3;
    ata_await(channel, never);
    channel->patience = RESET_PATIENCE;
    bool back = ata_await(channel, is_done);
    channel->patience = patience;
    for (unsigned i = 0; back && i < ATA_DRIVES; i++)
        if (drives[i].present && drives[i].channel == channel)
            set_multiple(&drives[i]);
    return back;
}

static int try(struct ata_drive *drive, enum request request, uint64_t lba, unsigned count,
               void *buffer, bool dma)
{
    if (request == FLUSH)
        return ata_pio_flush(drive);
    if (dma)
        return ata_dma_transfer(drive, request == WRITE, lba, count, buffer);
    return request == WRITE ? ata_pio_write(drive, lba, count, buffer) :
                              ata_pio_read(drive, lba, count, buffer);
}

/*
 * A request, tried again if need be, after a reset. The last time goes without DMA: if that helps,
 * it stays so.
 */
static int request(struct ata_drive *drive, enum request request, uint64_t lba, unsigned count,
                   void *buffer)
{
    struct ata_channel *channel = drive->channel;
    bool can_dma = drive->use_dma && request != FLUSH && ata_dma_reaches(buffer, count);
    bool back = true;
    int error = -EIO;

    mutex_lock(&channel->lock);
    channel->patience = request == FLUSH ? FLUSH_PATIENCE : ATA_PATIENCE;
    for (int n = 1; error && back && n <= TRIES; n++) {
        bool dma = can_dma && n < TRIES;
        channel->status = channel->error = 0;
        error = try(drive, request, lba, count, buffer, dma);
        if (error) {
            kprintf(n < TRIES ? LOG_DEBUG : LOG_ERR, "%s: %s of %u sectors from %llu on: %s\n",
                    drive->dev.name, request_names[request], count, lba, reason(channel, error));
            back = reset(channel);
        } else if (can_dma && !dma) {
            kprintf(LOG_WARNING, "%s: DMA does not work: programmed I/O from now on\n",
                    drive->dev.name);
            drive->use_dma = false;
        }
    }
    if (!back)
        kprintf(LOG_ERR, "%s: does not answer after a reset\n", drive->dev.name);
    mutex_unlock(&channel->lock);
    return error ? -EIO : 0;
}

/* ---- as a block device */

static int block_op_read(struct block_device *dev, uint64_t sector, unsigned count, void *buffer)
{
    return request(dev->data, READ, sector, count, buffer);
}

static int block_op_write(struct block_device *dev, uint64_t sector, unsigned count,
                          const void *buffer)
{
    return request(dev->data, WRITE, sector, count, (void *)buffer);
}

static int block_op_flush(struct block_device *dev)
{
    struct ata_drive *drive = dev->data;

    return drive->identity.write_cache ? request(drive, FLUSH, 0, 0, NULL) : 0;
}

static const struct block_ops ata_ops = { block_op_read, block_op_write, block_op_flush };

int ata_read(unsigned drive, uint64_t lba, unsigned count, void *buffer)
{
    return ata_drive(drive) ? block_read(&drives[drive].dev, lba, count, buffer) : -ENXIO;
}

int ata_write(unsigned drive, uint64_t lba, unsigned count, const void *buffer)
{
    return ata_drive(drive) ? block_write(&drives[drive].dev, lba, count, buffer) : -ENXIO;
}

int ata_flush(unsigned drive)
{
    return ata_drive(drive) ? block_flush(&drives[drive].dev) : -ENXIO;
}

/* ---- finding them */

void ata_attach(unsigned n, const struct ata_identity *identity)
{
    struct ata_drive *drive = &drives[n];

    *drive = (struct ata_drive){
        .channel = &channels[n / 2], .slave = n % 2, .present = true, .identity = *identity,
        .use_dma = identity->dma && channels[n / 2].dma,
    };
    drive->dev = (struct block_device){
        .name = { 'h', 'd', 'a' + n }, .sectors = identity->sectors, .ops = &ata_ops,
        .max_sectors = ATA_MAX_SECTORS, .data = drive,
    };
    outb(drive->channel->control, 0);
    set_multiple(drive);
    kprintf(LOG_INFO, "%s: %s, %llu MiB, %s, %s\n", drive->dev.name, identity->model,
            identity->sectors >> 11, identity->lba48 ? "LBA48" : "LBA28",
            drive->use_dma ? "DMA" : "PIO");
    block_register(&drive->dev);
    partition_scan(&drive->dev);
}

static void probe(unsigned n)
{
    static uint16_t words[256];
    struct ata_drive drive = { .channel = &channels[n / 2], .slave = n % 2, .block = 1 };
    struct ata_identity identity;
    int error = ata_identify(&drive, words);

    if (!error)
        error = ata_identity(words, &identity);
    if (!error)
        ata_attach(n, &identity);
    else if (error != -ENODEV && drive.channel->error != ERROR_ABRT)
        kprintf(LOG_WARNING, "hd%c: does not say who it is: %s\n", 'a' + n,
                reason(drive.channel, error));
}

void ata_init(void)
{
    for (unsigned i = 0; i < CHANNELS; i++) {
        struct ata_channel *channel = &channels[i];
        mutex_init(&channel->lock);
        wait_init(&channel->waiting);
        channel->polling = true;
        channel->dma = ata_dma_find(i);
        outb(channel->control, ATA_CONTROL_NIEN);   /* where no disk is, nobody takes any */
    }
    for (unsigned n = 0; n < ATA_DRIVES; n++)
        probe(n);
}

void ata_use_interrupts(void)
{
    for (unsigned i = 0; i < CHANNELS; i++) {
        if (!drives[2 * i].present && !drives[2 * i + 1].present)
            continue;
        if (irq_register(channels[i].line, ata_interrupt, &channels[i]) == 0)
            channels[i].polling = false;
    }
}
