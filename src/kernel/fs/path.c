/*
 * Walking paths, name by name. A symbolic link on the way is replaced by its target: what is left
 * of the path is a text of its own then.
 */
#include "fs/path.h"
#include "abi/errno.h"
#include "fs/mount.h"
#include "lib/printf.h"              // lab 6
#include "lib/string.h"
#include "mm/kmalloc.h"
#include "task/task.h"

// lab 6 begin
#define UMASK_FIRST 022

static struct spinlock cwd_lock;    /* of all tasks' directories, and who shares one */
// lab 6 end

/* A walk, as it stands. */
struct walk {
    struct vnode *at;               /* counted */
    const char *rest;               /* what is left of the path */
    char *text;                     /* in which rest lies, once a link was followed; else NULL */
    unsigned links;                 /* followed so far */
    char name[NAME_MAX + 1];        /* the name that was last taken from it */
};

int path_next(const char **path, char name[NAME_MAX + 1])
{
    const char *from = *path;
    size_t n = 0;

    while (*from == '/')
        from++;
    while (from[n] && from[n] != '/')
        n++;
    if (n > NAME_MAX)
        return -ENAMETOOLONG;
    memcpy(name, from, n);
    name[n] = '\0';
    *path = from + n;
    return (int)n;
}

/* The vnode of that name in the directory, counted: what the file system says. */
static int lookup(struct vnode *dir, const char *name, struct vnode **found)
{
    mount_lock(dir->mount);
    int error = vnode_lookup(dir, name, found);
    mount_unlock_unchanged(dir->mount);
    return error;
}

/* The directory that `dir`, no root, is in; counted. */
static struct vnode *parent_of(struct vnode *dir)
{
    mount_lock(dir->mount);
    struct vnode *parent = dir->parent;
    vnode_hold(parent);
    mount_unlock_unchanged(dir->mount);
    return parent;
}

/*
 * Where `name` leads from the directory `dir`, whose count is left alone; counted for the caller.
 */
static int step(struct vnode *dir, const char *name, struct vnode **next)
{
    // exercise 5.8 begin: "." stays; ".." goes up, out of a mount if need be; others down, into one
    if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0) {
        vnode_hold(dir);
        *next = dir;
        if (name[1]) {
            struct vnode *top = mount_up(dir);
            *next = parent_of(top);
            vnode_put(top);
        }
        return 0;
    }
    int error = lookup(dir, name, next);
    if (!error)
        *next = mount_down(*next);
    return error;
    // exercise 5.8 stub
    // (void)parent_of;
    // return lookup(dir, name, next);
    // exercise 5.8 end
}

/* What is left of the path begins at the link's target now. The link's count is given back. */
static int follow(struct walk *walk, struct vnode *link)
{
    char *text = kmalloc(PATH_MAX);
    int error = text ? 0 : -ENOMEM;

    if (!error && ++walk->links > PATH_LINKS)
        error = -ELOOP;
    if (!error) {
        mount_lock(link->mount);
        error = link->ops->readlink ? link->ops->readlink(link, text, PATH_MAX) : -EINVAL;
        mount_unlock(link->mount);
    }
    size_t n = error ? 0 : strlen(text);
    if (!error && n == 0)
        error = -ENOENT;
    if (!error && strlcpy(text + n, walk->rest, PATH_MAX - n) >= PATH_MAX - n)
        error = -ENAMETOOLONG;
    vnode_put(link);
    if (error) {
        kfree(text);
        return error;
    }
    kfree(walk->text);
    walk->text = text;
    walk->rest = text;
    if (*text == '/') {
        vnode_put(walk->at);
        walk->at = mount_root();
        vnode_hold(walk->at);
    }
    return 0;
}

/* Are there names left? */
static bool has_more(const char *rest)
{
    while (*rest == '/')
        rest++;
    return *rest;
}

/*
 * Walk to the end, or, with `to_parent`, to the directory of the last name, which walk->name is
 * then: empty if there is none.
 */
static int walk_on(struct walk *walk, unsigned flags, bool to_parent)
{
    for (;;) {
        int n = path_next(&walk->rest, walk->name);
        bool last = !has_more(walk->rest);
        if (n < 0)
            return n;
        if (n == 0 && !to_parent)
            return 0;
        if (!S_ISDIR(walk->at->mode))
            return -ENOTDIR;
        if (vnode_access(walk->at, VNODE_EXEC))                 // lab 6
            return -EACCES;                                     // lab 6
        if (n == 0 || (last && to_parent))
            return 0;
        struct vnode *next;
        int error = step(walk->at, walk->name, &next);
        if (error)
            return error;
        bool whole = last && *walk->rest == '\0';       /* no slash behind it */
        if (S_ISLNK(next->mode) && !(whole && (flags & PATH_NOFOLLOW))) {
            error = follow(walk, next);
            if (error)
                return error;
            continue;
        }
        vnode_put(walk->at);
        walk->at = next;
        if (last && !whole && !S_ISDIR(next->mode))
            return -ENOTDIR;
    }
}

static int walk_begin(struct walk *walk, struct vnode *from, const char *path)
{
    size_t n = strnlen(path, PATH_MAX);

    if (n == PATH_MAX)
        return -ENAMETOOLONG;
    if (n == 0 || !mount_root())
        return -ENOENT;
    walk->rest = path;
    walk->text = NULL;
    walk->links = 0;
    walk->at = *path == '/' ? mount_root() : from ? from : path_current();
    if (*path == '/' || from)
        vnode_hold(walk->at);
    return 0;
}

static int walk_end(struct walk *walk, int error, struct vnode **found)
{
    kfree(walk->text);
    if (error)
        vnode_put(walk->at);
    else
        *found = walk->at;
    return error;
}

int path_lookup_at(struct vnode *from, const char *path, unsigned flags, struct vnode **found)
{
    struct walk walk;
    int error = walk_begin(&walk, from, path);

    return error ? error : walk_end(&walk, walk_on(&walk, flags, false), found);
}

int path_lookup(const char *path, unsigned flags, struct vnode **found)
{
    return path_lookup_at(NULL, path, flags, found);
}

int path_parent_at(struct vnode *from, const char *path, struct vnode **dir,
                   char name[NAME_MAX + 1], bool *slash)
{
    struct walk walk;
    int error = walk_begin(&walk, from, path);

    if (error)
        return error;
    error = walk_on(&walk, 0, true);
    if (!error && (!*walk.name || strcmp(walk.name, ".") == 0 || strcmp(walk.name, "..") == 0))
        error = -EBUSY;
    strlcpy(name, walk.name, NAME_MAX + 1);
    if (slash)
        *slash = *walk.rest;
    return walk_end(&walk, error, dir);
}

int path_parent(const char *path, struct vnode **dir, char name[NAME_MAX + 1], bool *slash)
{
    return path_parent_at(NULL, path, dir, name, slash);
}

// until lab 6 begin
// struct vnode *path_current(void)
// {
//     struct vnode *at = current()->cwd ? current()->cwd : mount_root();
//
//     vnode_hold(at);
//     return at;
// }
// until lab 6 end

// lab 6 begin
struct vnode *path_of_task(const task_t *task)
{
    uint32_t flags = spin_lock_irqsave(&cwd_lock);
    struct vnode *at = task->cwd ? task->cwd : mount_root();

    vnode_hold(at);
    spin_unlock_irqrestore(&cwd_lock, flags);
    return at;
}

struct vnode *path_current(void)
{
    return path_of_task(current());
}

void path_enter(struct vnode *dir)
{
    task_t *task = current();
    uint32_t flags = spin_lock_irqsave(&cwd_lock);

    vnode_put(task->cwd);
    task->cwd = dir;
    list_for_each(node, &task->cwd_shared) {
        task_t *other = list_entry(node, task_t, cwd_shared);
        vnode_put(other->cwd);
        vnode_hold(dir);
        other->cwd = dir;
    }
    spin_unlock_irqrestore(&cwd_lock, flags);
}

uint32_t path_set_umask(uint32_t mask)
{
    task_t *task = current();
    uint32_t flags = spin_lock_irqsave(&cwd_lock);
    uint32_t old = task->umask;

    task->umask = mask;
    list_for_each(node, &task->cwd_shared)
        list_entry(node, task_t, cwd_shared)->umask = mask;
    spin_unlock_irqrestore(&cwd_lock, flags);
    return old;
}

void path_share(struct task *task)
{
    uint32_t flags = spin_lock_irqsave(&cwd_lock);

    list_add(&task->cwd_shared, &current()->cwd_shared);
    spin_unlock_irqrestore(&cwd_lock, flags);
}

void path_leave(struct task *task)
{
    uint32_t flags = spin_lock_irqsave(&cwd_lock);

    list_del(&task->cwd_shared);
    vnode_put(task->cwd);
    task->cwd = NULL;
    spin_unlock_irqrestore(&cwd_lock, flags);
}

// lab 6 end

int path_set_current_vnode(struct vnode *dir)
{
    int error;                                          // lab 6

    if (!S_ISDIR(dir->mode))
        return -ENOTDIR;
    if ((error = vnode_access(dir, VNODE_EXEC)))        // lab 6
        return error;                                   // lab 6
    vnode_hold(dir);
    path_enter(dir);                                    // lab 6
    // until lab 6: vnode_put(current()->cwd);
    // until lab 6: current()->cwd = dir;
    return 0;
}

int path_set_current(const char *path)
{
    struct vnode *dir;
    int error = path_lookup(path, 0, &dir);

    if (error)
        return error;
    error = path_set_current_vnode(dir);
    vnode_put(dir);
    return error;
}

/* The name by which the directory is to be found in its parent. */
static int name_in(struct vnode *parent, const struct vnode *child, struct dirent *entry)
{
    uint64_t position = 0;
    int result;

    mount_lock(parent->mount);
    do
        result = parent->ops->readdir(parent, &position, entry);
    while (result > 0 && (entry->ino != child->ino || strcmp(entry->name, ".") == 0 ||
                          strcmp(entry->name, "..") == 0));
    mount_unlock(parent->mount);
    return result > 0 ? 0 : result < 0 ? result : -ENOENT;
}

/* Put the name of the directory before what is written from `at` on. Goes up to its parent. */
static int prepend(char *to, size_t *at, struct vnode **dir)
{
    struct dirent *entry = kmalloc(sizeof(*entry));
    struct vnode *child = mount_up(*dir), *parent = parent_of(child);
    int error = entry ? name_in(parent, child, entry) : -ENOMEM;
    size_t n = error ? 0 : strlen(entry->name);

    if (!error && n + 1 > *at)
        error = -ERANGE;
    if (!error) {
        *at -= n + 1;
        to[*at] = '/';
        memcpy(to + *at + 1, entry->name, n);
    }
    kfree(entry);
    vnode_put(child);
    *dir = parent;
    return error;
}

int path_of(struct vnode *dir, char *to, size_t size)
{
    size_t at = size;
    int error = size < 2 ? -ERANGE : dir->nlink ? 0 : -ENOENT;

    vnode_hold(dir);
    if (!error)
        to[--at] = '\0';
    while (!error && dir != mount_root())
        error = prepend(to, &at, &dir);
    if (!error && to[at] == '\0')
        to[--at] = '/';
    vnode_put(dir);
    if (error)
        return error;
    memmove(to, to + at, size - at);
    return (int)(size - at - 1);
}

int path_of_current(char *to, size_t size)
{
    struct vnode *dir = path_current();
    int length = path_of(dir, to, size);

    vnode_put(dir);
    return length;
}

// lab 6 begin
int path_of_vnode(struct vnode *vnode, char *to, size_t size)
{
    if (S_ISDIR(vnode->mode))
        return path_of(vnode, to, size);
    struct vnode *dir = vnode->nlink ? vnode_home(vnode) : NULL;
    struct dirent *entry = kmalloc(sizeof(*entry));
    int error = !entry ? -ENOMEM : dir ? name_in(dir, vnode, entry) : -ENOENT;
    int length = error ? error : path_of(dir, to, size);

    if (length == 1)
        length = 0;                             /* the root's own slash */
    if (length >= 0 && (size_t)length + strlen(entry->name) + 2 > size)
        length = -ERANGE;
    if (length >= 0)
        length += snprintf(to + length, size - (size_t)length, "/%s", entry->name);
    kfree(entry);
    vnode_put(dir);
    return length;
}

// lab 6 end
/* A new task begins where its parent is, and lets go of that in the end. */
static void inherit(struct task *child, struct task *parent)
{
    // until lab 6: child->cwd = parent ? parent->cwd : NULL;
    // lab 6 begin
    uint32_t flags = spin_lock_irqsave(&cwd_lock);
    child->cwd = parent ? parent->cwd : NULL;
    child->umask = parent ? parent->umask : UMASK_FIRST;
    // lab 6 end
    if (child->cwd)
        vnode_hold(child->cwd);
    spin_unlock_irqrestore(&cwd_lock, flags);       // lab 6
}

// until lab 6 begin
// static void leave(struct task *task)
// {
//     vnode_put(task->cwd);
// }
// until lab 6 end

void path_init(void)
{
    current()->umask = UMASK_FIRST;     // lab 6
    task_born = inherit;
    task_gone = path_leave;             // lab 6
    // until lab 6: task_gone = leave;
}
