/*
 * /proc/PID/maps, and what /proc calls files. proc(5).
 */
#ifndef PROC_PROCMAPS_H
#define PROC_PROCMAPS_H

#include "fs/procfs.h"
#include "fs/vnode.h"
#include "mm/space.h"

/*
 * How a file is called: by its path, or what it is; "? (deleted)" if it has no name left, "?" if
 * that is not known. Returns 0, -ERANGE, -ENOMEM and the like. Without any mount's lock.
 */
int maps_name(struct vnode *vnode, char *to, size_t size);

/* A line for each area of the space. `on_stack` is an address on the first thread's stack. */
void maps_show(struct text *text, struct space *space, uintptr_t on_stack);

#endif
