/*
 * System calls about a program's memory: their numbers and flags become what mm/mmap does.
 *
 * brk(2), mmap(2), mprotect(2), mremap(2), madvise(2), msync(2), mlock(2), mincore(2).
 */
#include "abi/errno.h"
#include "abi/mman.h"
#include "mm/anon.h"
#include "mm/area.h"
#include "mm/fault.h"
#include "mm/mmap.h"
#include "mm/usercopy.h"
#include "proc/fdtable.h"
#include "sys/calls.h"

#define DEV_ZERO 0x105              /* /dev/zero's number */

/* What a new area will be made from. */
struct source {
    unsigned flags;                 /* AREA_ bits */
    struct cache_object *object;    /* held, or NULL */
};

static bool page_aligned(uintptr_t address)
{
    return address % PAGE_SIZE == 0;
}

static size_t whole_pages(size_t bytes)
{
    return (bytes + PAGE_SIZE - 1) & PTE_FRAME;
}

long sys_brk(uintptr_t end)
{
    return (long)space_set_break(space_current(), end);
}

/* Memory without a file. */
static int use_nothing(struct source *source, size_t bytes, unsigned flags)
{
    if ((flags & MAP_GROWSDOWN) && (source->flags & AREA_SHARED))
        return -EINVAL;
    if (flags & MAP_GROWSDOWN)
        source->flags |= AREA_GROWS;
    return source->flags & AREA_SHARED ? anon_create(bytes >> PAGE_SHIFT, &source->object) : 0;
}

static int use_file(struct source *source, struct file *file, size_t bytes, unsigned flags)
{
    unsigned access = file->flags & O_ACCMODE;
    bool shared = source->flags & AREA_SHARED;

    if (access == O_WRONLY || (shared && (source->flags & AREA_WRITE) && access != O_RDWR))
        return -EACCES;
    if (S_ISCHR(file->vnode->mode) && file->vnode->rdev == DEV_ZERO)
        return use_nothing(source, bytes, flags);
    if (file->ops != &vnode_file_ops)
        return -ENODEV;
    if (shared && access != O_RDWR)
        source->flags |= AREA_NOWRITE;
    source->object = &file->vnode->pages;
    object_hold(source->object);
    return 0;
}

static int find_source(struct source *source, size_t bytes, unsigned prot, unsigned flags, int fd)
{
    unsigned type = flags & MAP_TYPE;

    if (type != MAP_SHARED && type != MAP_PRIVATE && type != MAP_SHARED_VALIDATE)
        return -EINVAL;
    source->flags = prot & AREA_ACCESS;
    if (type != MAP_PRIVATE)
        source->flags |= AREA_SHARED;
    if (flags & MAP_NORESERVE)
        source->flags |= AREA_NORESERVE;
    if (flags & MAP_ANONYMOUS)
        return use_nothing(source, bytes, flags);
    struct file *file = fd_get(fd);
    if (!file)
        return -EBADF;
    int error = use_file(source, file, bytes, flags);
    file_close(file);
    return error;
}

/* Bring the pages in now. What cannot be had is left to be missed later. */
static void populate(struct space *space, uintptr_t va, size_t bytes, unsigned flags)
{
    uint32_t error = FAULT_USER | (flags & AREA_WRITE ? FAULT_WRITE : 0);

    for (uintptr_t end = va + bytes; va < end; va += PAGE_SIZE)
        if (space_fault(space, va, error))
            return;
}

long sys_mmap2(uintptr_t address, size_t bytes, unsigned prot, unsigned flags, int fd,
               uint32_t page)
{
    bool exact = flags & (MAP_FIXED | MAP_FIXED_NOREPLACE);
    enum place how = flags & MAP_FIXED_NOREPLACE ? PLACE_NEW :
                     exact ? PLACE_OVER : PLACE_HINT;
    struct space *space = space_current();
    struct source source = { 0 };
    uintptr_t va = exact ? address : whole_pages(address);

    if (bytes == 0 || (exact && !page_aligned(address)))
        return -EINVAL;
    bytes = whole_pages(bytes);
    if (bytes == 0 || bytes > space->limit)
        return -ENOMEM;
    if (page + (bytes >> PAGE_SHIFT) < page)
        return -EOVERFLOW;
    int error = find_source(&source, bytes, prot, flags, fd);
    if (error)
        return error;
    error = space_place(space, &va, bytes, source.flags, source.object,
                        flags & MAP_ANONYMOUS ? 0 : page, how);
    object_release(source.object);              /* the area holds it now, or nobody needs it */
    if (error)
        return error;
    if (flags & MAP_POPULATE)
        populate(space, va, bytes, source.flags);
    return (long)va;
}

long sys_mmap(const uint32_t *arguments)
{
    uint32_t a[6];

    if (copy_from_user(a, arguments, sizeof(a)))
        return -EFAULT;
    if (!page_aligned(a[5]))
        return -EINVAL;
    return sys_mmap2(a[0], a[1], a[2], a[3], (int)a[4], a[5] >> PAGE_SHIFT);
}

long sys_munmap(uintptr_t address, size_t bytes)
{
    struct space *space = space_current();

    if (bytes > space->limit || address > space->limit - bytes)
        return -EINVAL;
    return space_unmap(space, address, bytes);
}

long sys_mprotect(uintptr_t address, size_t bytes, unsigned prot)
{
    bool down = prot & PROT_GROWSDOWN;

    if (prot & ~(AREA_ACCESS | PROT_GROWSDOWN))
        return -EINVAL;
    return space_protect(space_current(), address, bytes, prot & AREA_ACCESS, down);
}

long sys_mremap(uintptr_t address, size_t old_bytes, size_t new_bytes, unsigned flags,
                uintptr_t place)
{
    unsigned how = (flags & MREMAP_MAYMOVE ? REMAP_MOVE : 0)
                   | (flags & MREMAP_FIXED ? REMAP_FIXED : 0);

    if (flags & ~(MREMAP_MAYMOVE | MREMAP_FIXED))
        return -EINVAL;
    int error = space_remap(space_current(), address, old_bytes, new_bytes, how, &place);
    return error ? error : (long)place;
}

/* Is it a range of whole pages of the program's? */
static int check_range(uintptr_t address, size_t bytes)
{
    size_t whole = whole_pages(bytes);

    if (!page_aligned(address) || whole < bytes)
        return -EINVAL;
    return user_range((void *)address, whole) ? 0 : -ENOMEM;
}

static int check_mapped(uintptr_t address, size_t bytes)
{
    return space_is_mapped(space_current(), address, whole_pages(bytes)) ? 0 : -ENOMEM;
}

long sys_madvise(uintptr_t address, size_t bytes, int advice)
{
    bool known = (advice >= MADV_NORMAL && advice <= MADV_DONTNEED) || advice == MADV_FREE
                 || (advice >= MADV_DONTFORK && advice <= MADV_DODUMP)
                 || advice == MADV_COLD || advice == MADV_PAGEOUT;
    int error = known ? check_range(address, bytes) : -EINVAL;

    if (error || bytes == 0)
        return error;
    if (advice == MADV_DONTNEED)
        space_discard(space_current(), address, whole_pages(bytes));
    return check_mapped(address, bytes);
}

long sys_msync(uintptr_t address, size_t bytes, unsigned flags)
{
    if (flags & ~(MS_ASYNC | MS_INVALIDATE | MS_SYNC) || (flags & MS_ASYNC && flags & MS_SYNC))
        return -EINVAL;
    int error = check_range(address, bytes);
    if (error || bytes == 0)
        return error;
    if (flags & MS_SYNC)
        return space_sync(space_current(), address, whole_pages(bytes));
    return check_mapped(address, bytes);
}

/* Nothing is ever taken out of memory that a program could miss: so all is locked. */
long sys_mlock(uintptr_t address, size_t bytes)
{
    size_t in_page = address % PAGE_SIZE;
    int error = check_range(address - in_page, bytes + in_page);

    return error || bytes == 0 ? error : check_mapped(address - in_page, bytes + in_page);
}

long sys_munlock(uintptr_t address, size_t bytes)
{
    return sys_mlock(address, bytes);
}

long sys_mlock2(uintptr_t address, size_t bytes, unsigned flags)
{
    return flags & ~1u ? -EINVAL : sys_mlock(address, bytes);
}

long sys_mlockall(unsigned flags)
{
    return flags && !(flags & ~(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT)) && flags != MCL_ONFAULT ?
           0 : -EINVAL;
}

long sys_munlockall(void)
{
    return 0;
}

long sys_mincore(uintptr_t address, size_t bytes, uint8_t *states)
{
    struct space *space = space_current();
    int error = check_range(address, bytes);

    if (!error)
        error = check_mapped(address, bytes);
    for (uintptr_t va = address; !error && va - address < bytes; va += PAGE_SIZE) {
        uint8_t state = space_is_resident(space, va);
        error = copy_to_user(states++, &state, sizeof(state));
    }
    return error;
}
