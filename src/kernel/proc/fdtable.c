/*
 * Tables of descriptors: pointers to files and two bits for each. A table begins with room for a
 * few in itself, and doubles.
 */
#include "proc/fdtable.h"
#include "abi/errno.h"
#include "fs/lock.h"
#include "lib/string.h"
#include "mm/kmalloc.h"
#include "proc/process.h"
#include "sync/atomic.h"
#include "x86/bits.h"

#define FD_FIRST 32u                /* a table's size at first */
#define WORDS    (FD_MAX / 32)

struct fd_table {
    uint32_t refs;
    struct spinlock lock;           /* of what follows */
    unsigned size;                  /* of files: FD_FIRST times a power of two */
    struct file **files;            /* NULL: the number is free */
    uint32_t taken[WORDS], cloexec[WORDS];      /* a bit for each number */
    struct file *first[FD_FIRST];   /* files, at first */
};

static bool bit_get(const uint32_t *bits, unsigned n)
{
    return bits[n / 32] >> n % 32 & 1;
}

static void bit_set(uint32_t *bits, unsigned n, bool value)
{
    bits[n / 32] = (bits[n / 32] & ~(1u << n % 32)) | (uint32_t)value << n % 32;
}

struct fd_table *fd_table_new(void)
{
    struct fd_table *table = kzalloc(sizeof(*table));

    if (!table)
        return NULL;
    table->refs = 1;
    table->size = FD_FIRST;
    table->files = table->first;
    return table;
}

void fd_table_get(struct fd_table *table)
{
    if (table)
        atomic_add(&table->refs, 1);
}

/* Have room for `size` descriptors. Returns 0 or -ENOMEM. Takes the lock. */
static int grow(struct fd_table *table, unsigned size)
{
    struct file **files = kzalloc(size * sizeof(*files)), **old = files;

    if (!files)
        return -ENOMEM;
    uint32_t irq = spin_lock_irqsave(&table->lock);
    if (table->size < size) {       /* or somebody else was faster */
        memcpy(files, table->files, table->size * sizeof(*files));
        old = table->files;
        table->files = files;
        table->size = size;
    }
    spin_unlock_irqrestore(&table->lock, irq);
    if (old != table->first)
        kfree(old);
    return 0;
}

struct fd_table *fd_table_copy(struct fd_table *table)
{
    struct fd_table *copy = fd_table_new();

    if (!copy)
        return NULL;
    for (;;) {
        uint32_t irq = spin_lock_irqsave(&table->lock);
        unsigned size = table->size;
        if (size <= copy->size) {
            for (unsigned fd = 0; fd < size; fd++) {
                copy->files[fd] = table->files[fd];
                if (copy->files[fd])
                    file_hold(copy->files[fd]);
            }
            memcpy(copy->taken, table->taken, sizeof(copy->taken));
            memcpy(copy->cloexec, table->cloexec, sizeof(copy->cloexec));
            spin_unlock_irqrestore(&table->lock, irq);
            return copy;
        }
        spin_unlock_irqrestore(&table->lock, irq);
        if (grow(copy, size)) {
            fd_table_put(copy);
            return NULL;
        }
    }
}

/* A table's file goes, and with it the record locks that the table's process has on it. */
static void let_go(struct fd_table *table, struct file *file)
{
    lock_forget(file->vnode, table);
    file_close(file);
}

/* Take out what is under the number, or NULL. */
static struct file *take_out(struct fd_table *table, unsigned fd)
{
    struct file *file = NULL;
    uint32_t irq = spin_lock_irqsave(&table->lock);

    if (fd < table->size)
        file = table->files[fd];
    if (file) {
        table->files[fd] = NULL;
        bit_set(table->taken, fd, false);
        bit_set(table->cloexec, fd, false);
    }
    spin_unlock_irqrestore(&table->lock, irq);
    return file;
}

/* Close those for which there is a bit in `which`. */
static void close_all(struct fd_table *table, const uint32_t *which)
{
    for (unsigned word = 0; word < WORDS; word++)
        for (unsigned fd = word * 32; which[word] >> fd % 32; fd++) {
            struct file *file = which[word] >> fd % 32 & 1 ? take_out(table, fd) : NULL;
            if (file)
                let_go(table, file);
            if (fd % 32 == 31)
                break;
        }
}

void fd_table_put(struct fd_table *table)
{
    if (!table || !atomic_drop(&table->refs))
        return;
    close_all(table, table->taken);
    if (table->files != table->first)
        kfree(table->files);
    kfree(table);
}

int fd_table_unshare(struct process *process)
{
    struct fd_table *table = process->files;

    if (!table || table->refs == 1)
        return 0;
    struct fd_table *own = fd_table_copy(table);
    if (!own)
        return -ENOMEM;
    uint32_t flags = spin_lock_irqsave(&process_lock);
    process->files = own;
    spin_unlock_irqrestore(&process_lock, flags);
    fd_table_put(table);
    return 0;
}

void fd_table_exec(struct fd_table *table)
{
    close_all(table, table->cloexec);
}

struct file *fd_table_next(struct fd_table *table, unsigned *fd)
{
    struct file *file = NULL;
    uint32_t irq = spin_lock_irqsave(&table->lock);

    for (; *fd < table->size && !file; ++*fd)
        file = table->files[*fd];
    if (file) {
        --*fd;
        file_hold(file);
    }
    spin_unlock_irqrestore(&table->lock, irq);
    return file;
}

static struct fd_table *current_table(void)
{
    struct process *process = process_current();

    return process ? process->files : NULL;
}

static __attribute__((noinline)) struct file *get_locked(struct fd_table *table, int fd)
{
    struct file *file = NULL;
    uint32_t irq = spin_lock_irqsave(&table->lock);
    if ((unsigned)fd < table->size) {
        file = table->files[fd];
        if (file)
            file_hold(file);
    }
    spin_unlock_irqrestore(&table->lock, irq);
    return file;
}

/*
 * Without the lock if nobody else can get at the table: it is this process's alone, and that has no
 * other thread.
 */
struct file *fd_get(int fd)
{
    struct process *process = process_current();
    struct fd_table *table = process ? process->files : NULL;

    if (!table)
        return NULL;
    if (process->thread_count != 1 || table->refs != 1)
        return get_locked(table, fd);
    struct file *file = (unsigned)fd < table->size ? table->files[fd] : NULL;
    if (file)
        file_hold(file);
    return file;
}

/* The lowest free number not below `least`: up to FD_MAX. The caller has the lock. */
static unsigned lowest_free(const struct fd_table *table, unsigned least)
{
    // exercise 6.7 begin: a word of taken[] at a time
    for (unsigned word = least / 32; word < WORDS; word++) {
        uint32_t free = ~table->taken[word];
        if (word == least / 32)
            free &= ~0u << least % 32;
        if (free)
            return word * 32 + bit_highest(free & -free);
    }
    return FD_MAX;
    // exercise 6.7 stub
    // (void)table, (void)least;
    // return FD_MAX;
    // exercise 6.7 end
}

/* How many descriptors the current process may have. */
static unsigned limit_of(void)
{
    uint64_t limit = process_current()->limits[RLIMIT_NOFILE].soft;

    return limit < FD_MAX ? (unsigned)limit : FD_MAX;
}

/* A size that holds the number. */
static unsigned size_for(unsigned fd)
{
    unsigned size = FD_FIRST;

    while (size <= fd)
        size *= 2;
    return size;
}

int fd_add(struct file *file, int least, bool close_on_exec)
{
    // exercise 6.7 begin: find it and take it in one piece; the table may have to grow first
    struct fd_table *table = current_table();

    if (!table)
        return -EMFILE;
    for (;;) {
        uint32_t irq = spin_lock_irqsave(&table->lock);
        unsigned fd = lowest_free(table, (unsigned)least);
        bool fits = fd < table->size, allowed = fd < limit_of();
        if (fits && allowed) {
            table->files[fd] = file;
            bit_set(table->taken, fd, true);
            bit_set(table->cloexec, fd, close_on_exec);
        }
        spin_unlock_irqrestore(&table->lock, irq);
        if (!allowed)
            return -EMFILE;
        if (fits)
            return (int)fd;
        if (grow(table, size_for(fd)))
            return -ENOMEM;
    }
    // exercise 6.7 stub
    // (void)file, (void)least, (void)close_on_exec, (void)lowest_free;
    // return -EMFILE;
    // exercise 6.7 end
}

int fd_set(struct file *file, int fd, bool close_on_exec)
{
    struct fd_table *table = current_table();
    unsigned n = (unsigned)fd;

    if (!table || n >= limit_of())
        return -EBADF;
    if (n >= table->size && grow(table, size_for(n)))
        return -ENOMEM;
    uint32_t irq = spin_lock_irqsave(&table->lock);
    struct file *before = table->files[n];
    table->files[n] = file;
    bit_set(table->taken, n, true);
    bit_set(table->cloexec, n, close_on_exec);
    spin_unlock_irqrestore(&table->lock, irq);
    if (before)
        let_go(table, before);
    return fd;
}

int fd_close(int fd)
{
    struct fd_table *table = current_table();
    struct file *file = table ? take_out(table, (unsigned)fd) : NULL;

    if (!file)
        return -EBADF;
    let_go(table, file);
    return 0;
}

/* Look at a number's cloexec bit, and set it if `set` is not negative. Returns what it was. */
static int cloexec(int fd, int set)
{
    struct fd_table *table = current_table();
    int was = -EBADF;

    if (!table)
        return was;
    uint32_t irq = spin_lock_irqsave(&table->lock);
    if ((unsigned)fd < table->size && table->files[fd]) {
        was = bit_get(table->cloexec, (unsigned)fd);
        if (set >= 0)
            bit_set(table->cloexec, (unsigned)fd, set > 0);
    }
    spin_unlock_irqrestore(&table->lock, irq);
    return was;
}

int fd_get_cloexec(int fd)
{
    return cloexec(fd, -1);
}

int fd_set_cloexec(int fd, bool close_on_exec)
{
    int was = cloexec(fd, close_on_exec);

    return was < 0 ? was : 0;
}
