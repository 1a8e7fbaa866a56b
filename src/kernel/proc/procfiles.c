/*
 * Processes in /proc: a folder for each, under its number, and /proc/self. Formats as in proc(5);
 * what there is not here is 0.
 *
 * A vnode knows the process by its number alone: whoever reads a file of one that has ended
 * meanwhile gets -ESRCH.
 */
#include "proc/procfiles.h"
#include "abi/errno.h"
#include "fs/file.h"
#include "fs/path.h"
#include "fs/procfs.h"
#include "fs/pseudo.h"
#include "lib/printf.h"
#include "lib/string.h"
#include "mm/kmalloc.h"
#include "mm/space.h"
#include "mm/usercopy.h"
#include "proc/process.h"
#include "proc/tty.h"

/* Inode numbers: SELF, and behind it PLACES for each process: its folder's and its files'. */
#define SELF        0x10000u
#define FIRST       0x20000u
#define PLACES      16u
#define CMDLINE_MAX 4096u           /* of arguments that are shown */

/* What is told of a process, as it was at one moment. */
struct snapshot {
    uint32_t pid, parent, pgid, sid, tty;
    int tty_group;
    char state, name[TASK_NAME_MAX];
    struct credentials ids;
    uint32_t threads, user, system, child_user, child_system, started, pages;
    int nice, exit_signal, status;
    uint64_t pending, blocked, ignored, caught;
    uintptr_t arg_start, arg_end, env_start, env_end;
    struct space *space;            /* counted, or NULL */
};

static char state_of(const struct process *process)
{
    if (process->state == PROCESS_ZOMBIE)
        return 'Z';
    if (process->state == PROCESS_STOPPED)
        return 'T';
    char state = 'S';
    list_for_each(node, &process->threads) {
        const struct task *task = list_entry(node, struct thread, node)->task;
        if (task->state == TASK_RUNNING || task->state == TASK_READY)
            return 'R';
        if (!task->interruptible)
            state = 'D';
    }
    return state;
}

static void fill_threads(const struct process *process, struct snapshot *shot)
{
    strlcpy(shot->name, process->name, sizeof(shot->name));
    if (list_empty(&process->threads))
        return;
    const struct thread *first = list_entry(process->threads.next, struct thread, node);
    strlcpy(shot->name, first->task->name, sizeof(shot->name));
    shot->nice = first->nice;
    shot->blocked = first->blocked;
    shot->pending = first->pending.set | process->pending.set;
}

/* Returns 0, or -ESRCH. What is filled in is given back by release(). */
static int look(uint32_t pid, struct snapshot *shot)
{
    *shot = (struct snapshot){ .pid = pid };
    uint32_t flags = spin_lock_irqsave(&process_lock);
    const struct process *process = process_find(pid);

    if (process) {
        shot->parent = process->parent ? process->parent->pid : 0;
        shot->pgid = process->pgid;
        shot->sid = process->sid;
        shot->tty = tty_number(process, &shot->tty_group);
        shot->state = state_of(process);
        shot->ids = process->ids;
        shot->threads = process->thread_count;
        process_ticks(process, &shot->user, &shot->system);
        shot->child_user = process->child_user_ticks;
        shot->child_system = process->child_system_ticks;
        shot->started = process->started;
        shot->exit_signal = process->exit_signal;
        shot->status = process->state == PROCESS_ZOMBIE ? process->status : 0;
        shot->arg_start = process->arg_start;
        shot->arg_end = process->arg_end;
        shot->env_start = process->env_start;
        shot->env_end = process->env_end;
        for (unsigned i = 0; i < NSIG; i++) {
            uint32_t handler = process->actions[i].handler;
            shot->ignored |= (uint64_t)(handler == SIG_IGN) << i;
            shot->caught |= (uint64_t)(handler > SIG_IGN) << i;
        }
        fill_threads(process, shot);
        shot->space = process->space;
        if (shot->space)
            space_get(shot->space);
    }
    spin_unlock_irqrestore(&process_lock, flags);
    return process ? 0 : -ESRCH;
}

static void release(struct snapshot *shot)
{
    space_put(shot->space);
}

/* Bytes of addresses that mean something, and pages of memory behind them. */
static uint32_t measure(const struct snapshot *shot, uint32_t *pages)
{
    uint32_t bytes = 0;

    *pages = 0;
    if (!shot->space)
        return 0;
    uint32_t flags = spin_lock_irqsave(&shot->space->lock);
    list_for_each(node, &shot->space->areas) {
        const struct area *area = list_entry(node, struct area, node);
        bytes += area->end - area->start;
    }
    *pages = shot->space->pages;
    spin_unlock_irqrestore(&shot->space->lock, flags);
    return bytes;
}

static void show_stat(struct text *text, const struct snapshot *shot)
{
    uint32_t pages, bytes = measure(shot, &pages);

    text_printf(text, "%u (%s) %c %u %u %u %u %d 0 0 0 0 0 ", shot->pid, shot->name, shot->state,
                shot->parent, shot->pgid, shot->sid, shot->tty, shot->tty_group);
    text_printf(text, "%u %u %u %u %d %d %u 0 %u %u %u 4294967295 ", shot->user / 10,
                shot->system / 10, shot->child_user / 10, shot->child_system / 10, 20 + shot->nice,
                shot->nice, shot->threads, shot->started, bytes, pages);
    text_printf(text, "0 0 0 0 0 %u %u %u %u 0 0 0 %d 0 0 0 0 0 0 0 0 0 %u %u %u %u %d\n",
                (uint32_t)shot->pending & 0x7fffffff, (uint32_t)shot->blocked & 0x7fffffff,
                (uint32_t)shot->ignored & 0x7fffffff, (uint32_t)shot->caught & 0x7fffffff,
                shot->exit_signal, (uint32_t)shot->arg_start, (uint32_t)shot->arg_end,
                (uint32_t)shot->env_start, (uint32_t)shot->env_end, shot->status);
}

static void show_statm(struct text *text, const struct snapshot *shot)
{
    uint32_t pages, bytes = measure(shot, &pages);

    text_printf(text, "%u %u 0 0 0 %u 0\n", bytes / PAGE_SIZE, pages, bytes / PAGE_SIZE);
}

static const char *state_name(char state)
{
    return state == 'Z' ? "zombie" : state == 'T' ? "stopped" : state == 'R' ? "running" :
           state == 'D' ? "disk sleep" : "sleeping";
}

static void show_status(struct text *text, const struct snapshot *shot)
{
    const struct credentials *ids = &shot->ids;
    uint32_t pages, bytes = measure(shot, &pages);

    text_printf(text, "Name:\t%s\nState:\t%c (%s)\nTgid:\t%u\nPid:\t%u\nPPid:\t%u\nTracerPid:\t0\n",
                shot->name, shot->state, state_name(shot->state), shot->pid, shot->pid,
                shot->parent);
    text_printf(text, "Uid:\t%u\t%u\t%u\t%u\nGid:\t%u\t%u\t%u\t%u\nGroups:\t", ids->uid, ids->euid,
                ids->suid, ids->fsuid, ids->gid, ids->egid, ids->sgid, ids->fsgid);
    for (unsigned i = 0; i < ids->group_count; i++)
        text_printf(text, "%u ", ids->groups[i]);
    text_printf(text, "\n");
    if (shot->space)
        text_printf(text, "VmSize:\t%8u kB\nVmRSS:\t%8u kB\n", bytes / 1024,
                    pages * (PAGE_SIZE / 1024));
    text_printf(text, "Threads:\t%u\nSigPnd:\t%016llx\nSigBlk:\t%016llx\nSigIgn:\t%016llx\n"
                "SigCgt:\t%016llx\n", shot->threads, shot->pending, shot->blocked, shot->ignored,
                shot->caught);
}

static void show_comm(struct text *text, const struct snapshot *shot)
{
    text_printf(text, "%s\n", shot->name);
}

/* Read another process's memory: as if for a moment this task were one of its threads. */
static int read_memory(struct space *space, void *to, uintptr_t from, size_t n)
{
    struct space *own = space_current();

    space_switch(space);
    int error = copy_from_user(to, (const void *)from, n);
    space_switch(own);
    return error;
}

static void show_memory(struct text *text, const struct snapshot *shot, uintptr_t start,
                        uintptr_t end)
{
    size_t n = end - start < CMDLINE_MAX ? end - start : CMDLINE_MAX;

    if (!shot->space || !n)
        return;
    char *line = kmalloc(n);
    if (!line)
        text->error = -ENOMEM;
    else if (read_memory(shot->space, line, start, n) == 0)
        for (size_t i = 0; i < n; i++)
            text_printf(text, "%c", line[i]);
    kfree(line);
}

static void show_cmdline(struct text *text, const struct snapshot *shot)
{
    show_memory(text, shot, shot->arg_start, shot->arg_end);
}

static void show_environ(struct text *text, const struct snapshot *shot)
{
    show_memory(text, shot, shot->env_start, shot->env_end);
}

/* The files of a process's folder; place 0 is the folder itself. NULL: a symbolic link. */
static const struct place {
    const char *name;
    void (*show)(struct text *text, const struct snapshot *shot);
} places[] = {
    { ".", NULL }, { "stat", show_stat }, { "statm", show_statm }, { "status", show_status },
    { "cmdline", show_cmdline }, { "environ", show_environ }, { "comm", show_comm },
    { "exe", NULL },
};

#define EXE (ARRAY_SIZE(places) - 1)

static uint32_t pid_of(const struct vnode *vnode)
{
    return (vnode->ino - FIRST) / PLACES;
}

static unsigned place_of(const struct vnode *vnode)
{
    return (vnode->ino - FIRST) % PLACES;
}

static int open(struct file *file)
{
    struct snapshot shot;
    struct text *text = kzalloc(sizeof(*text));
    int error = text ? look(pid_of(file->vnode), &shot) : -ENOMEM;

    if (!error) {
        places[place_of(file->vnode)].show(text, &shot);
        release(&shot);
        error = text->error;
    }
    if (error) {
        if (text)
            text_free(text);
        kfree(text);
        return error;
    }
    file->data = text;
    return 0;
}

static struct file_ops text_ops;    /* open() above, and the rest of fs/procfs's */

static int readlink(struct vnode *link, char *to, size_t size)
{
    if (link->ino == SELF) {
        const struct process *self = process_current();
        snprintf(to, size, "%u", self ? self->pid : 0);
        return 0;
    }
    uint32_t flags = spin_lock_irqsave(&process_lock);
    const struct process *process = process_find(pid_of(link));
    int error = process && process->exe_path ? 0 : -ENOENT;
    if (!error)
        strlcpy(to, process->exe_path, size);
    spin_unlock_irqrestore(&process_lock, flags);
    return error;
}

static int lookup_place(struct vnode *dir, const char *name, struct vnode **found);
static int read_places(struct vnode *dir, uint64_t *position, struct dirent *entry);

static const struct vnode_ops dir_ops = { .lookup = lookup_place, .readdir = read_places };
static const struct vnode_ops file_vnode_ops = { .readlink = readlink };

static uint32_t mode_of(uint32_t ino)
{
    unsigned place = ino == SELF ? EXE : (ino - FIRST) % PLACES;

    return place == 0 ? S_IFDIR | 0555 : place == EXE ? S_IFLNK | 0777 : S_IFREG | 0444;
}

static int get(struct vnode *dir, uint32_t ino, struct vnode **found)
{
    int result = vnode_get(dir->mount, ino, found);

    if (result != 1)
        return result;
    struct vnode *vnode = *found;
    vnode->mode = mode_of(ino);
    vnode->ops = S_ISDIR(vnode->mode) ? &dir_ops : &file_vnode_ops;
    vnode->fops = S_ISREG(vnode->mode) ? &text_ops : NULL;
    vnode->nlink = S_ISDIR(vnode->mode) ? 2 : 1;
    vnode->atime = vnode->mtime = vnode->ctime = vnode_time();
    return 0;
}

static bool is_there(uint32_t pid)
{
    uint32_t flags = spin_lock_irqsave(&process_lock);
    bool found = process_find(pid);

    spin_unlock_irqrestore(&process_lock, flags);
    return found;
}

static int lookup_place(struct vnode *dir, const char *name, struct vnode **found)
{
    for (unsigned i = 1; i < ARRAY_SIZE(places); i++)
        if (strcmp(places[i].name, name) == 0)
            return is_there(pid_of(dir)) ? get(dir, dir->ino + i, found) : -ENOENT;
    return -ENOENT;
}

/* Positions: 0 is ".", 1 is "..", then the places from 1 on. */
static int read_places(struct vnode *dir, uint64_t *position, struct dirent *entry)
{
    uint32_t at = (uint32_t)*position;

    if (at >= ARRAY_SIZE(places) + 1)
        return 0;
    entry->ino = at == 0 ? dir->ino : at == 1 ? dir->parent->ino : dir->ino + at - 1;
    entry->type = DT_OF(at < 2 ? S_IFDIR : mode_of(entry->ino));
    strlcpy(entry->name, at == 1 ? ".." : places[at ? at - 1 : 0].name, sizeof(entry->name));
    *position = at + 1;
    return 1;
}

/* The number that a name says: 0 if it is none. */
static uint32_t number(const char *name)
{
    uint32_t pid = 0;

    if (*name == '0')
        return 0;
    for (; *name >= '0' && *name <= '9' && pid < 100000; name++)
        pid = pid * 10 + (uint32_t)(*name - '0');
    return *name ? 0 : pid;
}

static int lookup(struct vnode *root, const char *name, struct vnode **found)
{
    if (strcmp(name, "self") == 0)
        return get(root, SELF, found);
    uint32_t pid = number(name);
    return pid && is_there(pid) ? get(root, FIRST + pid * PLACES, found) : -ENOENT;
}

struct next {
    uint32_t least, found;          /* the lowest number that is not below; found 0: none yet */
};

static bool is_next(struct process *process, void *arg)
{
    struct next *next = arg;

    if (process->pid >= next->least && (!next->found || process->pid < next->found))
        next->found = process->pid;
    return true;
}

/* Positions: up to SELF it is "self"; FIRST + n is the process with the lowest number from n on. */
static int readdir(struct vnode *root, uint64_t *position, struct dirent *entry)
{
    struct next next = { *position > FIRST ? (uint32_t)*position - FIRST : 1, 0 };

    (void)root;
    if (*position <= SELF) {
        *entry = (struct dirent){ .ino = SELF, .type = DT_OF(S_IFLNK), .name = "self" };
        *position = FIRST;
        return 1;
    }
    uint32_t flags = spin_lock_irqsave(&process_lock);
    process_each(is_next, &next);
    spin_unlock_irqrestore(&process_lock, flags);
    if (!next.found)
        return 0;
    entry->ino = FIRST + next.found * PLACES;
    entry->type = DT_OF(S_IFDIR);
    snprintf(entry->name, sizeof(entry->name), "%u", next.found);
    *position = FIRST + next.found + 1;
    return 1;
}

static const struct pseudo_more more = { .lookup = lookup, .readdir = readdir };

void procfiles_init(void)
{
    text_ops = procfs_ops(open);
    procfs_add(&more);
}
