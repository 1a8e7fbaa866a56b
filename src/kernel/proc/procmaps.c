/*
 * Areas and files, as /proc tells them.
 */
#include "proc/procmaps.h"
#include "abi/errno.h"
#include "fs/anon.h"
#include "fs/mount.h"
#include "fs/path.h"
#include "lib/printf.h"
#include "lib/string.h"
#include "mm/area.h"
#include "mm/kmalloc.h"
#include "proc/vdso.h"

int maps_name(struct vnode *vnode, char *to, size_t size)
{
    int length = -ENOENT;

    if (anon_is(vnode) && S_ISFIFO(vnode->mode))
        length = snprintf(to, size, "pipe:[%u]", vnode->ino);
    else if (anon_is(vnode))
        length = (int)strlcpy(to, "anon_inode:[eventfd]", size);
    else
        length = path_of_vnode(vnode, to, size);
    if (length == -ENOENT)
        length = (int)strlcpy(to, vnode->nlink ? "?" : "? (deleted)", size);
    return length < 0 ? length : 0;
}

/* What is told of an area, as it was at one moment. */
struct map {
    uintptr_t start, end;
    unsigned flags;
    uint64_t offset;
    struct vnode *vnode;            /* counted, or NULL */
    const char *name;               /* of what is no file's; NULL: it has none */
};

static const char *name_of(const struct space *space, const struct area *area, uintptr_t on_stack)
{
    if (area->start == vdso_base)
        return "[vdso]";
    if (area->object)
        return "/dev/zero (deleted)";           /* as Linux calls shared memory */
    if (area->start <= space->break_end && area->end >= space->break_start)
        return "[heap]";
    return area->start <= on_stack && on_stack < area->end ? "[stack]" : NULL;
}

/* The first area that ends above va. Returns whether there is one. */
static bool find(struct space *space, uintptr_t va, uintptr_t on_stack, struct map *map)
{
    uint32_t irq = spin_lock_irqsave(&space->lock);
    struct area *area = area_above(space, va);

    if (area) {
        *map = (struct map){ .start = area->start, .end = area->end, .flags = area->flags,
                             .vnode = vnode_of_pages(area->object) };
        if (map->vnode)
            vnode_hold(map->vnode);
        else
            map->name = name_of(space, area, on_stack);
        map->offset = map->vnode ? (uint64_t)area->index << PAGE_SHIFT : 0;
        space_find(space, area->start);         /* from where the next one is looked for */
    }
    spin_unlock_irqrestore(&space->lock, irq);
    return area;
}

static void show(struct text *text, const struct map *map, char *path)
{
    const char *name = map->name;
    unsigned minor = map->vnode ? map->vnode->mount->id : 0, ino = map->vnode ? map->vnode->ino : 0;
    char line[80];

    if (map->vnode && maps_name(map->vnode, path, PATH_MAX) == 0)
        name = path;
    snprintf(line, sizeof(line), "%08x-%08x %c%c%c%c %08llx 00:%02x %u ", (uint32_t)map->start,
             (uint32_t)map->end, map->flags & AREA_READ ? 'r' : '-',
             map->flags & AREA_WRITE ? 'w' : '-', map->flags & AREA_EXEC ? 'x' : '-',
             map->flags & AREA_SHARED ? 's' : 'p', map->offset, minor, ino);
    if (name)
        text_printf(text, "%-48s %s\n", line, name);
    else
        text_printf(text, "%s\n", line);
}

void maps_show(struct text *text, struct space *space, uintptr_t on_stack)
{
    char *path = kmalloc(PATH_MAX);
    struct map map = { .end = 0 };

    if (!path)
        text->error = -ENOMEM;
    while (!text->error && find(space, map.end, on_stack, &map)) {
        show(text, &map, path);
        vnode_put(map.vnode);
    }
    kfree(path);
}
