/*
 * /proc: what the kernel knows of itself, as text files that are written when they are opened.
 * Formats as in proc(5), as far as there is something to tell: meminfo, mounts, interrupts,
 * uptime, filesystems, cmdline, version; and tasks, a line for each, which is this system's own.
 */
#ifndef FS_PROCFS_H
#define FS_PROCFS_H

#include "fs/file.h"                // lab 6
#include "lib/types.h"

/* Text that grows as it is written. */
struct text {
    char *at;
    size_t size, room;              /* bytes in it, and allocated */
    int error;                      /* -ENOMEM: some of it is missing */
};

/* Add to it as printf does. */
void text_printf(struct text *text, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Give its memory back. */
void text_free(struct text *text);

/*
 * What /proc/meminfo says, one value a line: the name, a colon, blanks, the number in kB, right
 * aligned so that each line has 28 characters before its newline, as "MemTotal:       65024 kB".
 * MemTotal and MemFree: usable and free memory; Buffers: data in the block cache, taken as 512
 * bytes a buffer; Cached: pages in the page cache; Dirty: those of them that have to be written.
 */
void proc_meminfo(struct text *text);

// lab 6 begin
struct file;
struct pseudo_more;

/* Operations of a text file whose open() writes it: file->data is a struct text of kmalloc's. */
struct file_ops procfs_ops(int (*open)(struct file *file));

/* Have it look there for what it does not know itself. Once. */
void procfs_add(const struct pseudo_more *more);

// lab 6 end
/* Make it known as a type of file system. `cmdline` stays where it is. */
void procfs_init(const char *cmdline);

#endif
