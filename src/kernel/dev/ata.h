/*
 * ATA disks on the PC's two legacy channels, each with a master and a slave.
 *
 * A request is one command for up to 256 sectors. It is done by interrupts and, where the
 * controller can, by DMA (dev/ata_dma); before interrupts come, by polling. One that fails is tried
 * again after a reset; what goes on failing is -EIO to the caller, with a line in the log. A drive
 * that does not answer in time counts as failed.
 *
 * ATA/ATAPI-6 (T13/1410D revision 3b), chapters 6 to 9; Intel SDM volume 1, 19 (port I/O).
 */
#ifndef DEV_ATA_H
#define DEV_ATA_H

#include "dev/block.h"
#include "task/mutex.h"
#include "task/wait.h"

#define ATA_DRIVES      4           /* 0 and 1 are the first channel's master and slave: hda, hdb */
#define ATA_MAX_SECTORS 256         /* of one command */
#define ATA_LBA28_SECTORS 0x0fffffffu       /* what addresses of 28 bits reach; 6.2 */
#define ATA_PATIENCE    10000       /* ms; a disk that has stopped needs some seconds to start */

/* Registers, from the channel's command block on; the last one from its control block. */
#define ATA_DATA     0              /* 16 bits wide */
#define ATA_ERROR    1              /* read */
#define ATA_COUNT    2
#define ATA_LBA_LOW  3
#define ATA_LBA_MID  4
#define ATA_LBA_HIGH 5
#define ATA_DEVICE   6
#define ATA_STATUS   7              /* read: takes the interrupt back */
#define ATA_COMMAND  7              /* write */
#define ATA_CONTROL  0              /* of the control block: alternate status when read */

/* Status. */
#define ATA_BSY  0x80               /* nothing else in it means anything */
#define ATA_DRDY 0x40
#define ATA_DF   0x20               /* device fault */
#define ATA_DRQ  0x08               /* wants to transfer data */
#define ATA_ERR  0x01               /* see the error register */

/* Device register: the drive, and LBA addressing. */
#define ATA_DEVICE_LBA   0xe0
#define ATA_DEVICE_SLAVE 0x10

/* Device control. */
#define ATA_CONTROL_NIEN 0x02       /* no interrupts */
#define ATA_CONTROL_SRST 0x04       /* reset both drives */

/* Commands. */
#define ATA_READ_SECTORS       0x20
#define ATA_READ_SECTORS_EXT   0x24
#define ATA_READ_DMA_EXT       0x25
#define ATA_READ_MULTIPLE_EXT  0x29
#define ATA_WRITE_SECTORS      0x30
#define ATA_WRITE_SECTORS_EXT  0x34
#define ATA_WRITE_DMA_EXT      0x35
#define ATA_WRITE_MULTIPLE_EXT 0x39
#define ATA_READ_MULTIPLE      0xc4
#define ATA_WRITE_MULTIPLE     0xc5
#define ATA_SET_MULTIPLE       0xc6
#define ATA_READ_DMA           0xc8
#define ATA_WRITE_DMA          0xca
#define ATA_FLUSH_CACHE        0xe7
#define ATA_FLUSH_CACHE_EXT    0xea
#define ATA_IDENTIFY           0xec

struct ata_drive;

struct ata_channel {
    uint16_t base;                  /* the command block's first port */
    uint16_t control;               /* the control block's */
    uint16_t dma;                   /* the bus master's first port, or 0: none */
    uint8_t line;                   /* its interrupt line */
    bool polling;                   /* interrupts do not come yet, or never did */
    volatile bool interrupted;      /* since the wait began */
    uint8_t status, error;          /* registers, as they were when a command failed */
    uint32_t patience;              /* ms that a drive is given to answer; 0: ATA_PATIENCE */
    struct mutex lock;              /* one request at a time */
    struct wait_queue waiting;      /* the task whose request it is */
};

/* What IDENTIFY tells, as far as it is of use. */
struct ata_identity {
    uint64_t sectors;               /* that can be addressed */
    bool lba48;                     /* 48-bit addresses, and the EXT commands */
    bool dma;
    bool write_cache;               /* has one, so there is something to flush */
    uint16_t multiple;              /* sectors that READ MULTIPLE can transfer at once; 0: none */
    char model[41], serial[21];     /* without blanks at the end */
};

struct ata_drive {
    struct ata_channel *channel;
    bool slave;
    bool present;
    bool use_dma;                   /* it can, the channel can, and it has worked so far */
    struct ata_identity identity;
    uint16_t block;                 /* sectors for each data request: 1, or SET MULTIPLE's */
    struct block_device dev;
};

/* Find the drives, register each, and its partitions. Needs no interrupts. After pci_init(). */
void ata_init(void);

/*
 * Drive `n` is there and has this identity: register it, and its partitions. For ata_init(), and
 * for tests that put a disk there without asking it.
 */
void ata_attach(unsigned n, const struct ata_identity *identity);

/* From here on requests wait for interrupts. With them on, and a task to wait. */
void ata_use_interrupts(void);

/* The drive (0 to ATA_DRIVES - 1), or NULL if there is none. */
struct ata_drive *ata_drive(unsigned n);

/* The channel of drives 2 * n and 2 * n + 1. Whoever uses it without ata_read() locks it. */
struct ata_channel *ata_channel(unsigned n);

/*
 * Read or write `count` sectors from `lba` on, any number. Returns 0; -ENXIO: no such drive; -EIO.
 * A write is durable after ata_flush().
 */
int ata_read(unsigned drive, uint64_t lba, unsigned count, void *buffer);
int ata_write(unsigned drive, uint64_t lba, unsigned count, const void *buffer);
int ata_flush(unsigned drive);

/*
 * Ask the drive who it is. Selects it, and gives it the time to answer; sends IDENTIFY; and reads
 * its 256 words, unless there is no drive: a bus that floats (status 0xFF), no answer (status 0),
 * one that is no ATA disk (LBA_MID or LBA_HIGH not 0 afterwards, as ATAPI drives have it), or an
 * error. By polling. Returns 0; -ENODEV: no drive, or no ATA disk; -ETIMEDOUT; -EIO.
 */
int ata_identify(struct ata_drive *drive, uint16_t words[256]);

/*
 * What those words mean (ATA/ATAPI-6, 8.15.8): sectors from 100-103 if word 83 says that there are
 * 48-bit addresses, else from 60-61; text has two characters in each word, the first one in the
 * high byte, and is padded with blanks. Returns 0, or -ENODEV: LBA is not possible, or no sectors.
 */
int ata_identity(const uint16_t words[256], struct ata_identity *identity);

/*
 * One command, by PIO: count is 1 to ATA_MAX_SECTORS. Writes address, count and command to the
 * registers: the 28-bit form unless lba + count is more than ATA_LBA28_SECTORS. Then transfers
 * block by block of drive->block sectors, which are READ (WRITE) MULTIPLE's if they have more than
 * one sector, each when the drive asks for it. After a write, waits until the drive has taken the
 * last one. Returns 0; -EIO: the drive reported an error; -ETIMEDOUT.
 */
int ata_pio_read(struct ata_drive *drive, uint64_t lba, unsigned count, void *buffer);
int ata_pio_write(struct ata_drive *drive, uint64_t lba, unsigned count, const void *buffer);
/* FLUSH CACHE or FLUSH CACHE EXT, as the drive can. The same. */
int ata_pio_flush(struct ata_drive *drive);

/*
 * Let 400 ns pass: so long a drive may take until the status register tells of what was just
 * written to it.
 */
void ata_settle(struct ata_channel *channel);

/*
 * Wait until ready(channel) is true, for as long as the channel's patience lasts: asleep where
 * interrupts come, and looking after each; else, and while interrupts are off, by looking again and
 * again. Returns whether it is.
 */
bool ata_await(struct ata_channel *channel, bool (*ready)(struct ata_channel *channel));

/*
 * Select the drive, and wait until neither BSY nor DRQ is set, so that a command can be given.
 * `bits` is ored into the device register. 0, -ETIMEDOUT; where the bus floats, at once.
 */
int ata_select(struct ata_drive *drive, uint8_t bits);

/*
 * Wait until BSY is clear and all of `bits` (ATA_DRQ, or 0) are set: by interrupt where they come,
 * else by polling. Reads the status register, so the interrupt is taken back. Returns 0; -EIO: ERR
 * or DF is set (or DRQ does not come); -ETIMEDOUT.
 */
int ata_wait(struct ata_drive *drive, uint8_t bits);

#endif
