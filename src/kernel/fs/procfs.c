/*
 * /proc.
 */
#include "fs/procfs.h"
#include "abi/errno.h"
#include "fs/bcache.h"
#include "fs/file.h"
#include "fs/pseudo.h"
#include "lib/printf.h"
#include "lib/string.h"
#include "mm/commit.h"              // lab 6
#include "mm/kmalloc.h"
#include "mm/page.h"
#include "mm/pagecache.h"
#include "task/task.h"
#include "task/timer.h"
#include "x86/irq.h"

static PSEUDO_FS(procfs, "proc");
static const char *command_line;

/* Have room for n bytes more and a NUL. */
static bool make_room(struct text *text, size_t n)
{
    size_t room = text->room ? text->room : 256;

    while (room < text->size + n + 1)
        room *= 2;
    if (room == text->room)
        return true;
    char *at = krealloc(text->at, room);
    if (!at) {
        text->error = -ENOMEM;
        return false;
    }
    text->at = at;
    text->room = room;
    return true;
}

void text_printf(struct text *text, const char *format, ...)
{
    va_list args, again;

    va_start(args, format);
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, format, args);
    if (make_room(text, (size_t)n)) {
        vsnprintf(text->at + text->size, (size_t)n + 1, format, again);
        text->size += (size_t)n;
    }
    va_end(again);
    va_end(args);
}

void text_free(struct text *text)
{
    kfree(text->at);
    *text = (struct text){ 0 };
}

void proc_meminfo(struct text *text)
{
    // exercise 5.9 begin: ask page_stats, bcache_stats and cache_stats; a line for each value
    struct page_stats memory;
    struct bcache_stats blocks;
    struct cache_stats pages;

    page_stats(&memory);
    bcache_stats(&blocks);
    cache_stats(&pages);
    const struct {
        const char *name;
        uint32_t kb;
    } lines[] = {
        { "MemTotal:", memory.usable * (PAGE_SIZE / 1024) },
        { "MemFree:", memory.free * (PAGE_SIZE / 1024) },
        { "Buffers:", blocks.buffers * SECTOR_SIZE / 1024 },
        { "Cached:", pages.pages * (PAGE_SIZE / 1024) },
        { "Dirty:", pages.dirty * (PAGE_SIZE / 1024) },
    };
    for (unsigned i = 0; i < ARRAY_SIZE(lines); i++)
        text_printf(text, "%-16s%8u kB\n", lines[i].name, lines[i].kb);
    // exercise 5.9 stub
    // (void)text;
    // exercise 5.9 end
}

/* A word and a blank. What could be taken for its end is in octal there: fstab(5). */
static void add_word(struct text *text, const char *word)
{
    for (; *word; word++) {
        unsigned c = (unsigned char)*word;
        if (c == ' ' || c == '\t' || c == '\n' || c == '\\')
            text_printf(text, "\\%u%u%u", c >> 6, c >> 3 & 7, c & 7);
        else
            text_printf(text, "%c", c);
    }
    text_printf(text, " ");
}

// lab 6 begin
static void show_memory(struct text *text)
{
    struct page_stats memory;
    struct cache_stats cache;

    page_stats(&memory);
    cache_stats(&cache);
    proc_meminfo(text);
    text_printf(text, "%-16s%8u kB\n", "MemAvailable:",
                (memory.free + cache.pages - cache.dirty) * (PAGE_SIZE / 1024));
    text_printf(text, "%-16s%8u kB\n", "CommitLimit:", commit_limit() * (PAGE_SIZE / 1024));
    text_printf(text, "%-16s%8u kB\n", "Committed_AS:", commit_charged() * (PAGE_SIZE / 1024));
}

// lab 6 end
static void show_mounts(struct text *text)
{
    struct mount *mount;

    for (unsigned n = 0; (mount = mount_nth(n)); n++) {
        add_word(text, mount->source);
        add_word(text, mount->path);
        text_printf(text, "%s %s 0 0\n", mount->type->name,
                    mount->flags & MOUNT_READ_ONLY ? "ro" : "rw");
    }
}

static void show_interrupts(struct text *text)
{
    text_printf(text, "           CPU0\n");
    for (unsigned line = 0; line < IRQ_LINES; line++)
        if (irq_count(line))
            text_printf(text, "%3u: %10u\n", line, irq_count(line));
    text_printf(text, "ERR: %10u\n", irq_spurious_count());
}

/* Seconds since the start, and of those the idle task's, which has priority 0. */
static bool add_idle(task_t *task, void *arg)
{
    if (task->base_priority == 0)
        *(uint32_t *)arg += task->ticks;
    return true;
}

static void show_uptime(struct text *text)
{
    uint32_t idle = 0, hundredths = (uint32_t)(timer_now() / 10);

    task_each(add_idle, &idle);
    text_printf(text, "%u.%02u %u.%02u\n", hundredths / 100, hundredths % 100, idle / 1000,
                idle % 1000 / 10);
}

/* As task_each() has interrupts off, the lines are collected first. */
struct task_lines {
    struct task_line {
        uint32_t pid, parent, ticks;
        char state, name[TASK_NAME_MAX];
    } *line;
    unsigned count, room;
};

static bool add_task(task_t *task, void *arg)
{
    struct task_lines *lines = arg;

    if (lines->count == lines->room)
        return false;
    struct task_line *line = &lines->line[lines->count++];
    line->pid = task->pid;
    line->parent = task->parent ? task->parent->pid : 0;
    line->ticks = task->ticks;
    line->state = "RRSZ"[task->state];          /* as ps(1) has them */
    strlcpy(line->name, task->name, sizeof(line->name));
    return true;
}

static void show_tasks(struct text *text)
{
    struct task_lines lines = { .room = task_count() + 8 };

    lines.line = kmalloc(lines.room * sizeof(*lines.line));
    if (!lines.line) {
        text->error = -ENOMEM;
        return;
    }
    task_each(add_task, &lines);
    for (unsigned i = 0; i < lines.count; i++) {
        struct task_line *line = &lines.line[i];
        text_printf(text, "%5u %5u %c %8u %s\n", line->pid, line->parent, line->state, line->ticks,
                    line->name);
    }
    kfree(lines.line);
}

static void show_filesystems(struct text *text)
{
    const struct fs_type *type;

    for (unsigned n = 0; (type = fs_nth(n)); n++)
        text_printf(text, "%s\t%s\n", type->flags & FS_DEVICE ? "" : "nodev", type->name);
}

static void show_cmdline(struct text *text)
{
    text_printf(text, "%s\n", command_line);
}

static void show_version(struct text *text)
{
    text_printf(text, "myOS\n");
}

/* file->data is the text, pseudo_data() the function that writes it. */
static int open_text(struct file *file)
{
    struct text *text = kzalloc(sizeof(*text));
    void (*show)(struct text *text) = pseudo_data(file->vnode);

    if (!text)
        return -ENOMEM;
    show(text);
    int error = text->error;
    if (error) {
        text_free(text);
        kfree(text);
        return error;
    }
    file->data = text;
    return 0;
}

static void close_text(struct file *file)
{
    text_free(file->data);
    kfree(file->data);
}

static ssize_t read_text(struct file *file, void *to, size_t n, int64_t *position)
{
    // exercise 5.9 begin: copy what there is from *position on, at most n bytes, and move on
    const struct text *text = file->data;

    if (*position >= (int64_t)text->size)
        return 0;
    size_t left = text->size - (size_t)*position;
    if (n > left)
        n = left;
    memcpy(to, text->at + *position, n);
    *position += n;
    return (ssize_t)n;
    // exercise 5.9 stub
    // (void)file, (void)to, (void)n, (void)position;
    // return -ENOSYS;
    // exercise 5.9 end
}

// lab 6 begin
/* The same into a program's memory, by way of some of the kernel's. */
static ssize_t read_some(struct file *file, void *to, size_t n, int64_t *position)
{
    char some[256];
    size_t done = 0;

    while (done < n) {
        int64_t next = *position;
        ssize_t now = read_text(file, some, n - done < sizeof(some) ? n - done : sizeof(some),
                                &next);
        if (now <= 0)
            return done ? (ssize_t)done : now;
        size_t part = file_copy((char *)to + done, some, (size_t)now);
        *position += part;
        done += part;
        if (part < (size_t)now)
            return done ? (ssize_t)done : -EFAULT;
    }
    return (ssize_t)done;
}

// lab 6 end
static const struct file_ops text_ops = {
    .open = open_text, .close = close_text, .seekable = true,
    // until lab 6: .read = read_text,
    .read = read_some,                                          // lab 6
};

// lab 6 begin
struct file_ops procfs_ops(int (*open)(struct file *file))
{
    struct file_ops ops = text_ops;

    ops.open = open;
    return ops;
}

void procfs_add(const struct pseudo_more *more)
{
    procfs.more = more;
}

// lab 6 end
static struct pseudo_file files[] = {
    // until lab 6: { .name = "meminfo", .data = proc_meminfo },
    { .name = "meminfo", .data = show_memory },                 // lab 6
    { .name = "mounts", .data = show_mounts },
    { .name = "interrupts", .data = show_interrupts },
    { .name = "uptime", .data = show_uptime },
    { .name = "tasks", .data = show_tasks },
    { .name = "filesystems", .data = show_filesystems },
    { .name = "cmdline", .data = show_cmdline },
    { .name = "version", .data = show_version },
};

void procfs_init(const char *cmdline)
{
    command_line = cmdline;
    for (unsigned i = 0; i < ARRAY_SIZE(files); i++) {
        files[i].mode = S_IFREG | 0444;
        files[i].fops = &text_ops;
        pseudo_add(&procfs, &files[i]);
    }
    fs_register(&procfs.type);
}
