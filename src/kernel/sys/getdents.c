/*
 * Reading directories: getdents(2). Entries are put together in the kernel's memory, as many as fit
 * a page at a time: the directory is locked meanwhile, and a program's page may be on the disk.
 */
#include "abi/errno.h"
#include "mm/usercopy.h"
#include "sys/calls.h"
#include "sys/io.h"
#include "sys/name.h"

#define BATCH_BYTES PATH_MAX

/* What getdents64(2) gives; the name follows. */
struct record64 {
    uint64_t ino, next;
    uint16_t length;
    uint8_t type;
} __attribute__((packed));

/* getdents(2): the name follows, and the type is the record's last byte. */
struct record32 {
    uint32_t ino, next;
    uint16_t length;
} __attribute__((packed));

struct batch {
    char *at;
    size_t room, used;
    bool full;                      /* an entry did not fit */
};

/* A place for a record of so many bytes, zeros behind the name, or NULL. */
static inline void *new_record(struct batch *batch, size_t length)
{
    if (length > batch->room - batch->used) {
        batch->full = true;
        return NULL;
    }
    char *record = batch->at + batch->used;
    *(uint32_t *)(record + length - 8) = 0;
    *(uint32_t *)(record + length - 4) = 0;
    batch->used += length;
    return record;
}

/* Names are short: this is faster than a call. */
static inline void copy_name(char *to, const struct entry_view *entry)
{
    const char *from = entry->name, *end = from + entry->length;

    while (from < end)
        *to++ = *from++;
}

static bool take64(void *arg, const struct entry_view *entry)
{
    size_t length = (sizeof(struct record64) + entry->length + 1 + 7) & ~7u;
    struct record64 *record = new_record(arg, length);

    if (!record)
        return false;
    record->ino = entry->ino;
    record->next = entry->next;
    record->length = (uint16_t)length;
    record->type = entry->type;
    copy_name((char *)(record + 1), entry);
    return true;
}

static bool take32(void *arg, const struct entry_view *entry)
{
    size_t length = (sizeof(struct record32) + entry->length + 2 + 3) & ~3u;
    struct record32 *record = new_record(arg, length);

    if (!record)
        return false;
    record->ino = entry->ino;
    record->next = (uint32_t)entry->next;
    record->length = (uint16_t)length;
    copy_name((char *)(record + 1), entry);
    ((char *)record)[length - 1] = (char)entry->type;
    return true;
}

/* Fill the program's buffer, batch by batch. */
static long fill(struct file *file, char *to, size_t n, struct batch *batch, entry_take take)
{
    size_t done = 0;

    for (;;) {
        int64_t before = file->offset;
        batch->room = n - done < BATCH_BYTES ? n - done : BATCH_BYTES;
        batch->used = 0;
        batch->full = false;
        int error = file_read_entries(file, take, batch);
        if (batch->used == 0)
            return done ? (long)done : error ? error : batch->full ? -EINVAL : 0;
        if (copy_to_user(to + done, batch->at, batch->used)) {
            file_seek(file, before, SEEK_SET);
            return done ? (long)done : -EFAULT;
        }
        done += batch->used;
        if (!batch->full || error)
            return (long)done;
    }
}

static long getdents(int fd, void *to, size_t n, entry_take take)
{
    struct batch batch;
    struct file *file = io_get(fd);

    if (!file)
        return -EBADF;
    batch.at = path_alloc();
    long result = batch.at ? fill(file, to, n, &batch, take) : -ENOMEM;
    path_free(batch.at);
    file_close(file);
    return result;
}

long sys_getdents(int fd, void *to, size_t n)
{
    return getdents(fd, to, n, take32);
}

long sys_getdents64(int fd, void *to, size_t n)
{
    return getdents(fd, to, n, take64);
}
