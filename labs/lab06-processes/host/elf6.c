/*
 * Around proc/elf.c: headers of any kind, and the areas that come of them. Files, spaces and copies
 * are this file's own.
 *
 * A case is a row of operations; each begins with a word that says which.
 *      1 header n, n program headers       elf_check   "check RESULT LOW HIGH INTERP BYTES"
 *      2 n, n bytes of a file              elf_read    "read RESULT LOW HIGH INTERP BYTES"
 *      3 bias, place, fail, then as 1      elf_map     "map RESULT BIAS ENTRY PHDR END", then for
 *                                          each area   "area START END FLAGS INDEX", INDEX the
 *                                          file's page, or "zeros", and "clear START BYTES"
 * Of 3: `place` is where there is room, and the space_map() number `fail` (from 1) has no memory.
 * If elf_check() refuses what is to be mapped, "map" has its result alone.
 */
#include "fakes.h"
#include "abi/errno.h"
#include "lib/string.h"
#include "mm/usercopy.h"
#include "proc/elf.h"

#define AREAS 200
#define GARBAGE 0xa7

static struct mapped {
    uintptr_t start, end;
    unsigned flags;
    uint32_t index;
    bool zeros;
} areas[AREAS];
static unsigned area_count, maps, fail_at;
static uintptr_t place;

static struct elf *elf;             /* nothing can be touched behind it */
static const uint8_t *file_bytes;
static size_t file_size;
static struct vnode vnode;
static struct space space;

/* ---- the file */

ssize_t file_pread(struct file *file, void *to, size_t n, int64_t offset)
{
    uintptr_t start = (uintptr_t)to;

    (void)file;
    if (start < (uintptr_t)elf || n > (uintptr_t)(elf + 1) - start) {
        printf("read of %u bytes into less memory\n", (unsigned)n);
        return -EIO;
    }
    if (offset < 0 || offset >= (int64_t)file_size)
        return 0;
    if (n > file_size - (size_t)offset)
        n = file_size - (size_t)offset;
    memcpy(to, file_bytes + offset, n);
    return (ssize_t)n;
}

/* ---- the space */

static struct mapped *area_at(uintptr_t va)
{
    for (unsigned i = 0; i < area_count; i++)
        if (areas[i].start <= va && va < areas[i].end)
            return &areas[i];
    return NULL;
}

int space_map(struct space *where, uintptr_t *va, size_t bytes, unsigned flags,
              struct cache_object *object, uint32_t index)
{
    uintptr_t start = *va ? *va : place;
    size_t whole = (bytes + PAGE_SIZE - 1) & ~(size_t)(PAGE_SIZE - 1);

    if (where != &space || (object && object != &vnode.pages))
        printf("maps something else\n");
    if (*va % PAGE_SIZE || bytes == 0)
        return -EINVAL;
    if (start < USER_BASE || start > KERNEL_BASE || whole > KERNEL_BASE - start || whole < bytes)
        return -ENOMEM;
    if (++maps == fail_at || area_count == AREAS)
        return -ENOMEM;
    for (unsigned i = 0; i < area_count; i++)
        if (start < areas[i].end && areas[i].start < start + whole)
            return -EEXIST;
    areas[area_count++] = (struct mapped){ start, start + whole, flags, index, !object };
    *va = start;
    return 0;
}

int space_unmap(struct space *where, uintptr_t va, size_t bytes)
{
    uintptr_t end = va + ((bytes + PAGE_SIZE - 1) & ~(size_t)(PAGE_SIZE - 1));

    if (where != &space || va % PAGE_SIZE || bytes == 0)
        return -EINVAL;
    for (unsigned i = 0; i < area_count; i++) {
        struct mapped *area = &areas[i], was = *area;
        if (was.end <= va || end <= was.start)
            continue;
        area->end = was.start < va ? va : was.start;
        if (end < was.end && area_count < AREAS)
            areas[area_count++] = (struct mapped){
                end, was.end, was.flags, was.index + ((end - was.start) >> PAGE_SHIFT), was.zeros,
            };
    }
    return 0;
}

/* ---- copies: what becomes zeros is told, and how far it can be written */

size_t user_clear(void *to, size_t n)
{
    uintptr_t start = (uintptr_t)to, at = start, end = start + n;

    while (at < end) {
        struct mapped *area = area_at(at);
        if (!area || !(area->flags & AREA_WRITE))
            break;
        at = area->end < end ? area->end : end;
    }
    if (at > start)
        printf("clear %x %x\n", (unsigned)start, (unsigned)(at - start));
    return end - at;
}

size_t user_copy(void *to, const void *from, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (((const uint8_t *)from)[i]) {
            printf("writes what is not zero\n");
            return 0;
        }
    }
    return user_clear(to, n);
}

int clear_user(void *to, size_t n)
{
    return user_clear(to, n) ? -EFAULT : 0;
}

int copy_bytes(void *to, const void *from, size_t n)
{
    return user_copy(to, from, n) ? -EFAULT : 0;
}

size_t copy_part(void *to, const void *from, size_t n)
{
    return n - user_copy(to, from, n);
}

size_t clear_part(void *to, size_t n)
{
    return n - user_clear(to, n);
}

/* ---- the operations */

/* An elf whose memory was somebody else's before. */
static void take_headers(void)
{
    memset(elf, GARBAGE, sizeof(*elf));
    memcpy(&elf->header, bytes(sizeof(elf->header)), sizeof(elf->header));
    unsigned n = word();
    memcpy(elf->segments, bytes(n * sizeof(Elf32_Phdr)), n * sizeof(Elf32_Phdr));
}

static void tell(const char *what, int result)
{
    if (result)
        printf("%s %d\n", what, result);
    else
        printf("%s 0 %x %x %x %x\n", what, elf->low, elf->high,
               elf->interp_bytes ? elf->interp_offset : 0, elf->interp_bytes);
}

static void map(void)
{
    struct elf_image image;
    uint32_t bias = word();

    place = word();
    fail_at = word();
    maps = area_count = 0;
    take_headers();
    int result = elf_check(elf);
    if (result) {
        printf("map %d\n", result);
        return;
    }
    result = elf_map(&space, &vnode, elf, bias, &image);
    printf("map %d %x %x %x %x\n", result, image.bias, image.entry, image.phdr, image.end);
    for (unsigned i = 0; i < area_count; i++) {
        struct mapped *area = &areas[i];
        if (area->start == area->end)
            continue;
        printf("area %x %x %x ", (unsigned)area->start, (unsigned)area->end, area->flags);
        printf(area->zeros ? "zeros\n" : "%x\n", area->index);
    }
    printf("done\n");
}

static void one_case(void)
{
    elf = exact(sizeof(*elf));
    while (more()) {
        switch (word()) {
        case 1:
            take_headers();
            tell("check", elf_check(elf));
            break;
        case 2:
            memset(elf, GARBAGE, sizeof(*elf));
            file_size = word();
            file_bytes = bytes(file_size);
            tell("read", elf_read(NULL, elf));
            break;
        case 3:
            map();
            break;
        }
    }
}

int main(void)
{
    each_case(one_case);
    return 0;
}
