/*
 * One page for all programs: of an object in the page cache, whose content is part of the kernel.
 */
#include "proc/vdso.h"
#include "lib/string.h"
#include "mm/pagecache.h"

static int read(struct cache_object *object, uint32_t index, unsigned count, void *data)
{
    (void)object, (void)index;
    memset(data, 0, count * PAGE_SIZE);
    memcpy(data, vdso_image, (size_t)(vdso_image_end - vdso_image));
    return 0;
}

static const struct cache_ops ops = { .read = read };
static struct cache_object object = { .ops = &ops };

uintptr_t vdso_base = KERNEL_BASE - PAGE_SIZE;      /* as in vdso.asm */

void vdso_move(uint32_t bytes)
{
    vdso_base -= bytes;
    vdso_landing -= bytes;
}

int vdso_map(struct space *space)
{
    uintptr_t va = vdso_base;

    return space_map(space, &va, PAGE_SIZE, AREA_READ | AREA_EXEC, &object, 0);
}
