/*
 * tmpfs. A directory is a list of entries; each holds a count of its vnode, so that it stays.
 */
#include "fs/tmpfs.h"
#include "abi/errno.h"
#include "fs/file.h"
#include "fs/mount.h"
#include "lib/string.h"
#include "mm/kmalloc.h"
#include "mm/page.h"

#define SHARE 2                     /* of memory may be full of one tmpfs: 1/2 */

struct entry {
    struct list node;               /* in its directory's node, in the order of making */
    struct vnode *vnode;            /* counted */
    uint32_t position;              /* for readdir: grows */
    char name[];
};

/* vnode->data. */
struct node {
    struct list entries;            /* of a directory */
    uint32_t last;                  /* the highest position */
    char *target;                   /* of a symbolic link */
};

/* mount->data. */
struct tmpfs {
    uint32_t last_ino;
    uint32_t pages, limit;          /* taken by all files, by their sizes */
};

static const struct vnode_ops ops;

static struct node *node_of(const struct vnode *vnode)
{
    return vnode->data;
}

static struct entry *find(const struct vnode *dir, const char *name)
{
    list_for_each(place, &node_of(dir)->entries) {
        struct entry *entry = list_entry(place, struct entry, node);
        if (strcmp(entry->name, name) == 0)
            return entry;
    }
    return NULL;
}

static int lookup(struct vnode *dir, const char *name, struct vnode **found)
{
    struct entry *entry = find(dir, name);

    if (!entry)
        return -ENOENT;
    vnode_hold(entry->vnode);
    *found = entry->vnode;
    return 0;
}

/* Positions: 0 is ".", 1 is "..", an entry's own from 2 on. */
static int readdir(struct vnode *dir, uint64_t *position, struct dirent *result)
{
    if (*position < 2) {
        struct vnode *what = *position ? dir->parent : dir;
        *result = (struct dirent){ .ino = what->ino, .type = DT_OF(S_IFDIR) };
        strlcpy(result->name, *position ? ".." : ".", sizeof(result->name));
        ++*position;
        return 1;
    }
    list_for_each(place, &node_of(dir)->entries) {
        struct entry *entry = list_entry(place, struct entry, node);
        if (entry->position < *position)
            continue;
        result->ino = entry->vnode->ino;
        result->type = DT_OF(entry->vnode->mode);
        strlcpy(result->name, entry->name, sizeof(result->name));
        *position = entry->position + 1;
        return 1;
    }
    return 0;
}

// lab 6 begin
/* The same for all entries, in one walk along the list. */
static int read_entries(struct vnode *dir, uint64_t *position, entry_take take, void *arg)
{
    struct entry_view view;

    for (; *position < 2; ++*position) {
        struct vnode *what = *position ? dir->parent : dir;
        view = (struct entry_view){ .name = "..", .length = 1 + (unsigned)*position,
                                    .ino = what->ino, .type = DT_OF(S_IFDIR),
                                    .next = *position + 1 };
        if (!take(arg, &view))
            return 0;
    }
    list_for_each(place, &node_of(dir)->entries) {
        struct entry *entry = list_entry(place, struct entry, node);
        if (entry->position < *position)
            continue;
        view = (struct entry_view){ .name = entry->name, .length = strlen(entry->name),
                                    .ino = entry->vnode->ino, .type = DT_OF(entry->vnode->mode),
                                    .next = (uint64_t)entry->position + 1 };
        if (!take(arg, &view))
            return 0;
        *position = view.next;
    }
    return 0;
}

// lab 6 end
static struct entry *new_entry(const char *name)
{
    size_t n = strlen(name) + 1;
    struct entry *entry = kmalloc(sizeof(*entry) + n);

    if (entry)
        strlcpy(entry->name, name, n);
    return entry;
}

/* The entry, which takes over a count of the vnode, is in the directory now. */
static void enter(struct vnode *dir, struct entry *entry, struct vnode *vnode)
{
    struct node *node = node_of(dir);

    entry->vnode = vnode;
    entry->position = node->last = node->last ? node->last + 1 : 2;
    list_add_tail(&entry->node, &node->entries);
    dir->mtime = dir->ctime = vnode->ctime = vnode_time();
    if (S_ISDIR(vnode->mode))
        dir->nlink++;
}

/* Take the entry away, but not its count of the vnode. */
static void leave(struct vnode *dir, struct entry *entry)
{
    list_del(&entry->node);
    dir->mtime = dir->ctime = entry->vnode->ctime = vnode_time();
    if (S_ISDIR(entry->vnode->mode))
        dir->nlink--;
    kfree(entry);
}

/* A new vnode, with one count for the caller. */
static int new_vnode(struct mount *mount, uint32_t mode, uint32_t rdev, struct vnode **made)
{
    struct tmpfs *fs = mount->data;
    struct node *node = kzalloc(sizeof(*node));
    struct vnode *vnode;

    if (!node)
        return -ENOMEM;
    int result = vnode_get(mount, ++fs->last_ino, &vnode);
    if (result < 0) {
        kfree(node);
        return result;
    }
    list_init(&node->entries);
    vnode->ops = &ops;
    vnode->data = node;
    vnode->mode = mode;
    vnode->rdev = rdev;
    vnode->nlink = S_ISDIR(mode) ? 2 : 1;
    vnode->fops = S_ISREG(mode) ? &vnode_file_ops : NULL;
    vnode->atime = vnode->mtime = vnode->ctime = vnode_time();
    *made = vnode;
    return 0;
}

static int create(struct vnode *dir, const char *name, uint32_t mode, uint32_t rdev,
                  struct vnode **made)
{
    struct entry *entry = new_entry(name);
    int error = entry ? new_vnode(dir->mount, mode, rdev, made) : -ENOMEM;

    if (error) {
        kfree(entry);
        return error;
    }
    vnode_hold(*made);
    enter(dir, entry, *made);
    return 0;
}

static int symlink(struct vnode *dir, const char *name, const char *target, struct vnode **made)
{
    size_t n = strlen(target) + 1;
    char *copy = kmalloc(n);
    int error = copy ? create(dir, name, S_IFLNK | 0777, 0, made) : -ENOMEM;

    if (error) {
        kfree(copy);
        return error;
    }
    strlcpy(copy, target, n);
    node_of(*made)->target = copy;
    vnode_set_size(*made, (int64_t)n - 1);
    return 0;
}

static int link(struct vnode *dir, const char *name, struct vnode *file)
{
    struct entry *entry = new_entry(name);

    if (!entry)
        return -ENOMEM;
    file->nlink++;
    vnode_hold(file);
    enter(dir, entry, file);
    return 0;
}

static int unlink(struct vnode *dir, const char *name, struct vnode *child)
{
    leave(dir, find(dir, name));
    child->nlink--;
    vnode_put(child);
    return 0;
}

static int rmdir(struct vnode *dir, const char *name, struct vnode *child)
{
    if (!list_empty(&node_of(child)->entries))
        return -ENOTEMPTY;
    leave(dir, find(dir, name));
    child->nlink = 0;
    vnode_put(child);
    return 0;
}

static int rename(struct vnode *dir, const char *name, struct vnode *child, struct vnode *new_dir,
                  const char *new_name, struct vnode *replaced)
{
    struct entry *entry = new_entry(new_name);
    int error = entry ? 0 : -ENOMEM;

    if (!error && replaced)
        error = S_ISDIR(replaced->mode) ? rmdir(new_dir, new_name, replaced) :
                unlink(new_dir, new_name, replaced);
    if (error) {
        kfree(entry);
        return error;
    }
    leave(dir, find(dir, name));
    enter(new_dir, entry, child);
    return 0;
}

static int readlink(struct vnode *vnode, char *to, size_t size)
{
    strlcpy(to, node_of(vnode)->target, size);
    return 0;
}

static uint32_t pages_of(int64_t size)
{
    return (uint32_t)((size + PAGE_SIZE - 1) >> PAGE_SHIFT);
}

/* vnode->blocks is what the file has been given so far. */
static int reserve(struct vnode *file, int64_t from, int64_t to)
{
    struct tmpfs *fs = file->mount->data;
    uint32_t have = file->blocks / (PAGE_SIZE / 512), want = pages_of(to);

    if (from >= to || want <= have)
        return 0;
    if (want - have > fs->limit - fs->pages)
        return -ENOSPC;
    fs->pages += want - have;
    file->blocks = want * (PAGE_SIZE / 512);
    return 0;
}

static int truncate(struct vnode *file)
{
    struct tmpfs *fs = file->mount->data;
    uint32_t have = file->blocks / (PAGE_SIZE / 512), want = pages_of(file->size);

    if (want < have) {
        fs->pages -= have - want;
        file->blocks = want * (PAGE_SIZE / 512);
    }
    return 0;
}

/* A page that was never written. */
static int read_pages(struct vnode *file, uint32_t index, unsigned count, void *data)
{
    (void)file, (void)index;
    memset(data, 0, count * PAGE_SIZE);
    return 0;
}

/* Its list of entries is empty: it has lost its name, or the mount is going. */
static int forget(struct vnode *vnode)
{
    vnode->size = 0;
    truncate(vnode);
    kfree(node_of(vnode)->target);
    kfree(vnode->data);
    return 0;
}

static const struct vnode_ops ops = {
    .read_entries = read_entries,   // lab 6
    .lookup = lookup, .readdir = readdir, .create = create, .symlink = symlink, .link = link,
    .unlink = unlink, .rmdir = rmdir, .rename = rename, .readlink = readlink, .reserve = reserve,
    .truncate = truncate, .read_pages = read_pages, .forget = forget,
};

/* Give back all that the directory names, and what lies below. */
static void empty(struct vnode *dir)
{
    struct node *node = node_of(dir);

    while (!list_empty(&node->entries)) {
        struct entry *entry = list_entry(node->entries.next, struct entry, node);
        struct vnode *child = entry->vnode;
        if (S_ISDIR(child->mode))
            empty(child);
        list_del(&entry->node);
        kfree(entry);
        child->nlink = 0;
        vnode_put(child);
    }
}

/* Is anything of it in use by others than the entries and the directories below? */
static bool in_use(const struct vnode *dir)
{
    list_for_each(place, &node_of(dir)->entries) {
        struct vnode *child = list_entry(place, struct entry, node)->vnode;
        if (S_ISDIR(child->mode) ? in_use(child) : child->refs != child->nlink)
            return true;
    }
    return dir->refs != dir->nlink - 1;         /* its entry, or the mount; and its directories */
}

static int make_empty(struct mount *mount)
{
    if (in_use(mount->root))
        return -EBUSY;
    empty(mount->root);
    return 0;
}

static void unmount(struct mount *mount)
{
    kfree(mount->data);
}

static void stat(struct mount *mount, struct fs_stat *stat)
{
    struct tmpfs *fs = mount->data;

    *stat = (struct fs_stat){ .block_size = PAGE_SIZE, .blocks = fs->limit,
                              .free = fs->limit - fs->pages, .name_max = NAME_MAX };
}

static const struct mount_ops mount_ops = {
    .empty = make_empty, .unmount = unmount, .stat = stat,
};

static int mount(struct mount *mount)
{
    struct tmpfs *fs = kzalloc(sizeof(*fs));
    struct page_stats memory;

    if (!fs)
        return -ENOMEM;
    page_stats(&memory);
    fs->limit = memory.usable / SHARE;
    mount->data = fs;
    mount->ops = &mount_ops;
    int error = new_vnode(mount, S_IFDIR | 01777, 0, &mount->root);
    if (error)
        kfree(fs);
    return error;
}

static struct fs_type type = {
    .name = "tmpfs", .flags = FS_HOLES | FS_MODES | FS_NAMES, .mount = mount,
};

void tmpfs_init(void)
{
    fs_register(&type);
}
