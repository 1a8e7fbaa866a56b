/*
 * What lab 5 gives below the file systems: requests by DMA and by interrupts, tried again when they
 * fail; block devices; partitions. For the project's tests (tests/test_disks.py).
 */
#include "dev/ata.h"
#include "ktest.h"
#include "mm/kmalloc.h"
#include "task/sched.h"
#include "task/timer.h"
#include "x86/io.h"
#include "x86/irq.h"
#include "x86/irqflags.h"

#define SECTORS 600                 /* more than two commands move */
#define READERS 4

static uint32_t sum_of(const uint32_t *words, unsigned sectors)
{
    uint32_t sum = 0;

    for (unsigned i = 0; i < sectors * SECTOR_SIZE / 4; i++)
        sum = sum * 31 + words[i];
    return sum;
}

/* Random requests, and what is in the sectors; at last into buffers that DMA cannot reach. */
KTEST(given_disk)
{
    struct ata_drive *drive = ata_drive(0);
    uint32_t *buffer = kmalloc(SECTORS * SECTOR_SIZE + 4), here[SECTOR_SIZE / 4];
    uint32_t before = irq_count(drive->channel->line);

    irq_enable();
    for (unsigned n = 0; n < 12; n++) {
        unsigned count = 1 + ktest_random(SECTORS);
        uint32_t lba = ktest_random(drive->dev.sectors - count);
        int result = ata_read(0, lba, count, buffer);
        ktest_report("read %u %u %d %x", lba, count, result, sum_of(buffer, count));
    }
    for (unsigned n = 0; n < 6; n++) {
        unsigned count = 1 + ktest_random(SECTORS);
        uint32_t lba = ktest_random(drive->dev.sectors - count), first = ktest_random(1u << 31);
        for (unsigned i = 0; i < count * SECTOR_SIZE / 4; i++)
            buffer[i] = first + i;
        ktest_report("write %u %u %d %x", lba, count, ata_write(0, lba, count, buffer), first);
    }
    int result = ata_read(0, 1, 1, here);
    ktest_report("stack %d %x", result, sum_of(here, 1));
    result = ata_read(0, 2, 1, (char *)buffer + 2);
    ktest_report("odd %d %x", result, sum_of((void *)((char *)buffer + 2), 1));
    ktest_report("how %u %u %u", drive->use_dma, drive->channel->polling,
                 irq_count(drive->channel->line) - before > 20);
    kfree(buffer);
}

KTEST(given_bounds)
{
    static uint32_t buffer[SECTOR_SIZE / 2];
    uint64_t end = ata_drive(0)->dev.sectors;

    ktest_report("read %d %d %d %d", ata_read(0, end - 2, 2, buffer),
                 ata_read(0, end - 1, 2, buffer), ata_read(0, end, 1, buffer),
                 ata_read(0, ~0ull, 2, buffer));
    ktest_report("write %d %d", ata_write(0, end, 1, buffer), ata_write(0, ~0ull - 5, 8, buffer));
    ktest_report("none %d %d %d", ata_read(3, 0, 1, buffer), ata_write(9, 0, 1, buffer),
                 ata_flush(3));
    ktest_report("flush %d", ata_flush(0));
}

static int read_all(void *arg)
{
    unsigned drive = (uintptr_t)arg;
    uint32_t *buffer = kmalloc(64 * SECTOR_SIZE), sum = 0;

    for (unsigned lba = 0; lba < 2048; lba += 64) {
        if (ata_read(drive, lba, 64, buffer) != 0)
            return -1;
        sum = sum * 31 + sum_of(buffer, 64);
    }
    kfree(buffer);
    return (int)sum;
}

/* Several tasks at once, on both channels: two drives of the first, two tasks on one of them. */
KTEST(given_readers)
{
    static const unsigned drives[READERS] = { 0, 1, 2, 0 };
    task_t *tasks[READERS];
    int sum;

    irq_enable();
    for (unsigned i = 0; i < READERS; i++)
        tasks[i] = create_task(read_all, (void *)(uintptr_t)drives[i], "reader");
    for (unsigned i = 0; i < READERS; i++) {
        task_join(tasks[i], &sum);
        ktest_report("sum %u %x", drives[i], sum);
    }
}

static volatile bool read_one_done;

static int read_one(void *arg)
{
    static uint32_t buffer[SECTOR_SIZE / 4];

    int error = ata_read((uintptr_t)arg, 5, 1, buffer);
    read_one_done = true;
    return error;
}

/* As long as somebody has a channel, nobody else's request begins: neither drive's. */
KTEST(given_channel)
{
    irq_enable();
    for (unsigned drive = 0; drive < 2; drive++) {
        struct ata_channel *channel = ata_drive(drive)->channel;
        int error;
        read_one_done = false;
        mutex_lock(&channel->lock);
        task_t *task = create_task(read_one, (void *)(uintptr_t)drive, "reader");
        sleep_ms(100);
        bool early = read_one_done;
        mutex_unlock(&channel->lock);
        task_join(task, &error);
        ktest_report("channel %u early %d error %d", drive, early, error);
    }
}

/* Sector 777 cannot be read, 888 fails once; 999 cannot be written. */
KTEST(given_errors)
{
    uint32_t *buffer = kmalloc(SECTORS * SECTOR_SIZE);

    irq_enable();
    ktest_report("bad %d", ata_read(0, 500, SECTORS, buffer));
    ktest_report("once %d", ata_read(0, 888, 1, buffer));
    ktest_report("worse %d", ata_write(0, 999, 1, buffer));
    ktest_report("good %d %d", ata_read(0, 200, 577, buffer), ata_write(0, 1000, 9, buffer));
    ktest_report("dma %u", ata_drive(0)->use_dma);
    kfree(buffer);
}

/* Interrupts of the first channel never come: it is looked at after some time, and from then on. */
KTEST(given_masked)
{
    static uint32_t buffer[SECTOR_SIZE / 4];

    outb(0xa1, inb(0xa1) | 1 << (ata_drive(0)->channel->line - 8));
    irq_enable();
    int first = ata_read(0, 1, 1, buffer), second = ata_read(0, 2, 1, buffer);
    ktest_report("read %d %d polling %u", first, second, ata_drive(0)->channel->polling);
}

KTEST(given_partitions)
{
    struct block_device *dev;

    for (unsigned n = 0; (dev = block_nth(n)); n++)
        ktest_report("device %s %s %llu %llu %x", dev->name, dev->whole ? dev->whole->name : "-",
                     dev->first, dev->sectors, dev->type);
}
