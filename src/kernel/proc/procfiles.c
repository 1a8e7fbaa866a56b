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
#include "fs/mount.h"
#include "fs/path.h"
#include "fs/procfs.h"
#include "fs/pseudo.h"
#include "lib/printf.h"
#include "lib/string.h"
#include "mm/kmalloc.h"
#include "mm/space.h"
#include "mm/usercopy.h"
#include "proc/fdtable.h"
#include "proc/process.h"
#include "proc/procmaps.h"
#include "proc/tty.h"

/*
 * Inode numbers: SELF, and behind it PLACES for each process: its folder's and its files', and from
 * PLACE_FD on those of the links in fd.
 */
#define SELF        0x10000u
#define FIRST       0x20000u
#define PLACE_FD    FD_MAX
#define PLACES      (2 * FD_MAX)
#define CMDLINE_MAX 4096u           /* of arguments that are shown */

/* What is told of a process, as it was at one moment. */
struct snapshot {
    uint32_t pid, parent, pgid, sid, tty;
    int tty_group;
    char state, name[TASK_NAME_MAX];
    bool no_new_privs;
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
        shot->no_new_privs = process->no_new_privs;
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
                "SigCgt:\t%016llx\nNoNewPrivs:\t%u\n", shot->threads, shot->pending, shot->blocked,
                shot->ignored, shot->caught, shot->no_new_privs);
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

static void show_maps(struct text *text, const struct snapshot *shot)
{
    if (shot->space)
        maps_show(text, shot->space, shot->arg_start);
}

enum { FOLDER, CWD, EXE, FD };      /* the first places */

/* The files of a process's folder, which is the first itself. */
static const struct place {
    const char *name;
    uint32_t mode;
    void (*show)(struct text *text, const struct snapshot *shot);
    bool is_private;                /* for who may_look() */
} places[] = {
    { ".", S_IFDIR | 0555, NULL, false }, { "cwd", S_IFLNK | 0777, NULL, true },
    { "exe", S_IFLNK | 0777, NULL, true }, { "fd", S_IFDIR | 0555, NULL, true },
    { "stat", S_IFREG | 0444, show_stat, false }, { "statm", S_IFREG | 0444, show_statm, false },
    { "status", S_IFREG | 0444, show_status, false },
    { "cmdline", S_IFREG | 0444, show_cmdline, false },
    { "comm", S_IFREG | 0444, show_comm, false }, { "environ", S_IFREG | 0444, show_environ, true },
    { "maps", S_IFREG | 0444, show_maps, true },
};

static uint32_t pid_of(const struct vnode *vnode)
{
    return (vnode->ino - FIRST) / PLACES;
}

static unsigned place_of(const struct vnode *vnode)
{
    return (vnode->ino - FIRST) % PLACES;
}

/*
 * May the current process see where this one is and what it has open? Its user's others may, unless
 * it has come by other rights; the super-user may. 0, -EACCES, -ESRCH.
 */
static int may_look(uint32_t pid)
{
    const struct process *self = process_current();
    uint32_t flags = spin_lock_irqsave(&process_lock);
    const struct process *process = process_find(pid);
    int error = !process ? -ESRCH : -EACCES;

    if (process && (!self || process == self || self->ids.euid == 0
                    || (self->ids.uid == process->ids.uid && self->ids.uid == process->ids.euid
                        && self->ids.uid == process->ids.suid)))
        error = 0;
    spin_unlock_irqrestore(&process_lock, flags);
    return error;
}

static int open(struct file *file)
{
    const struct place *place = &places[place_of(file->vnode)];
    uint32_t pid = pid_of(file->vnode);
    struct snapshot shot;
    int error = place->is_private ? may_look(pid) : 0;
    struct text *text = error ? NULL : kzalloc(sizeof(*text));

    if (!error)
        error = text ? look(pid, &shot) : -ENOMEM;
    if (!error) {
        place->show(text, &shot);
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

static int read_exe(uint32_t pid, char *to, size_t size)
{
    uint32_t flags = spin_lock_irqsave(&process_lock);
    const struct process *process = process_find(pid);
    int error = process && process->exe_path ? 0 : -ENOENT;

    if (!error)
        strlcpy(to, process->exe_path, size);
    spin_unlock_irqrestore(&process_lock, flags);
    return error;
}

/* What the process has open under the lowest number from *fd on, counted, or NULL. */
static struct file *next_file(uint32_t pid, unsigned *fd)
{
    uint32_t flags = spin_lock_irqsave(&process_lock);
    const struct process *process = process_find(pid);
    struct file *file = process && process->files ? fd_table_next(process->files, fd) : NULL;

    spin_unlock_irqrestore(&process_lock, flags);
    return file;
}

static struct file *file_of(uint32_t pid, unsigned fd)
{
    unsigned found = fd;
    struct file *file = next_file(pid, &found);

    if (file && found != fd) {
        file_close(file);
        file = NULL;
    }
    return file;
}

static struct vnode *cwd_of(uint32_t pid)
{
    uint32_t flags = spin_lock_irqsave(&process_lock);
    const struct process *process = process_find(pid);
    bool runs = process && !list_empty(&process->threads);
    struct vnode *cwd =
        runs ? path_of_task(list_entry(process->threads.next, struct thread, node)->task) : NULL;

    spin_unlock_irqrestore(&process_lock, flags);
    return cwd;
}

/* Where a process is, or one of its files. */
static int read_vnode(uint32_t pid, unsigned place, char *to, size_t size)
{
    struct file *file = place >= PLACE_FD ? file_of(pid, place - PLACE_FD) : NULL;
    struct vnode *cwd = place == CWD ? cwd_of(pid) : NULL;
    int error = file || cwd ? maps_name(file ? file->vnode : cwd, to, size) : -ENOENT;

    if (file)
        file_close(file);
    vnode_put(cwd);
    return error;
}

static int readlink(struct vnode *link, char *to, size_t size)
{
    if (link->ino == SELF) {
        const struct process *self = process_current();
        snprintf(to, size, "%u", self ? self->pid : 0);
        return 0;
    }
    uint32_t pid = pid_of(link);
    unsigned place = place_of(link);
    int error = may_look(pid);
    if (error)
        return error == -ESRCH ? -ENOENT : error;
    if (place == EXE)
        return read_exe(pid, to, size);
    mount_unlock(link->mount);      /* to find a path takes others' locks, and perhaps this one */
    error = read_vnode(pid, place, to, size);
    mount_lock(link->mount);
    return error;
}

static int lookup_place(struct vnode *dir, const char *name, struct vnode **found);
static int read_places(struct vnode *dir, uint64_t *position, struct dirent *entry);
static int lookup_fd(struct vnode *dir, const char *name, struct vnode **found);
static int read_fds(struct vnode *dir, uint64_t *position, struct dirent *entry);

static const struct vnode_ops dir_ops = { .lookup = lookup_place, .readdir = read_places };
static const struct vnode_ops fd_ops = { .lookup = lookup_fd, .readdir = read_fds };
static const struct vnode_ops file_vnode_ops = { .readlink = readlink };

static uint32_t mode_of(uint32_t ino)
{
    unsigned place = ino == SELF ? EXE : (ino - FIRST) % PLACES;

    return place >= PLACE_FD ? S_IFLNK | 0700 : places[place].mode;
}

static int get(struct vnode *dir, uint32_t ino, struct vnode **found)
{
    int result = vnode_get(dir->mount, ino, found);

    if (result != 1)
        return result;
    struct vnode *vnode = *found;
    vnode->mode = mode_of(ino);
    vnode->ops = !S_ISDIR(vnode->mode) ? &file_vnode_ops : place_of(vnode) == FD ? &fd_ops :
                 &dir_ops;
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

/* The number that a name says: 0 if it is none, as "0" and "01" are. */
static uint32_t number(const char *name)
{
    uint32_t pid = 0;

    if (*name == '0')
        return 0;
    for (; *name >= '0' && *name <= '9' && pid < 100000; name++)
        pid = pid * 10 + (uint32_t)(*name - '0');
    return *name ? 0 : pid;
}

/* A link for each number that is in use, which is that number. */
static int lookup_fd(struct vnode *dir, const char *name, struct vnode **found)
{
    unsigned fd = number(name);
    int error = may_look(pid_of(dir));

    if (error)
        return error;
    struct file *file = fd || strcmp(name, "0") == 0 ? file_of(pid_of(dir), fd) : NULL;
    if (!file)
        return -ENOENT;
    unsigned access = file->flags & O_ACCMODE;
    file_close(file);
    error = get(dir, FIRST + pid_of(dir) * PLACES + PLACE_FD + fd, found);
    if (!error)
        (*found)->mode = S_IFLNK | (access == O_RDONLY ? 0500 : access == O_WRONLY ? 0300 : 0700);
    return error;
}

/* Positions: 0 is ".", 1 is "..", then the numbers from 0 on. */
static int read_fds(struct vnode *dir, uint64_t *position, struct dirent *entry)
{
    uint32_t at = (uint32_t)*position;
    unsigned fd = at < 2 ? 0 : at - 2;
    int error = may_look(pid_of(dir));

    if (error)
        return error;
    struct file *file = at < 2 ? NULL : next_file(pid_of(dir), &fd);
    if (at >= 2 && !file)
        return 0;
    if (file)
        file_close(file);
    entry->ino = at == 0 ? dir->ino : at == 1 ? dir->parent->ino :
                 FIRST + pid_of(dir) * PLACES + PLACE_FD + fd;
    entry->type = DT_OF(at < 2 ? S_IFDIR : S_IFLNK);
    if (file)
        snprintf(entry->name, sizeof(entry->name), "%u", fd);
    else
        strlcpy(entry->name, at ? ".." : ".", sizeof(entry->name));
    *position = at < 2 ? at + 1 : fd + 3;
    return 1;
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
