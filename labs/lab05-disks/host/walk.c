/*
 * Around fs/path.c and fs/mount.c, with fs/vnode.c below: file systems that exist only here, and
 * paths that are walked in them.
 *
 * A file system is a number; its nodes are numbered from 1, the root, in the order of their making.
 * A case is operations, each a word and what it needs; a text is its length and so many bytes.
 *      1 text               vfs_mount on that path, of the next file system: "mount RESULT"
 *      2 text               vfs_unmount: "unmount RESULT"
 *      3 fs node kind text  make a node of that name in a directory: kind 1 is a directory, 2 a
 *                           file, 3 a symbolic link, for which a second text follows, its target
 *      4 flags text         path_lookup: "at FS NODE" or "error N"
 *      5 text               path_parent: "in FS NODE NAME SLASH" or "error N"
 *      6 text               path_set_current: "cd RESULT"
 *      7                    path_of_current: "pwd PATH" or "error N"
 *      8                    "users N": of all vnodes but those that the system itself uses
 *      9 n                  the n-th allocation from now on fails
 */
#include "alone.h"
#include "fakes.h"
#include "abi/errno.h"
#include "dev/rtc.h"
#include "fs/bcache.h"
#include "fs/mount.h"
#include "fs/path.h"
#include "lib/string.h"
#include "mm/kmalloc.h"
#include "mm/page.h"
#include "mm/slab.h"
#include "task/sched.h"
#include "task/timer.h"

#define SYSTEMS 16
#define NODES   64

/* ---- file systems */

static struct system {
    struct mount *mount;
    unsigned nodes;
    struct node {
        uint32_t kind, dir;
        char name[NAME_MAX + 1];
        char *target;
    } node[NODES + 1];
} systems[SYSTEMS];
static unsigned mounted;

static const struct vnode_ops ops;
static const uint32_t modes[] = { 0, S_IFDIR | 0755, S_IFREG | 0644, S_IFLNK | 0777 };

static struct system *system_of(const struct vnode *vnode)
{
    return vnode->mount->data;
}

static int get_node(struct mount *mount, uint32_t n, struct vnode **vnode)
{
    int result = vnode_get(mount, n, vnode);

    if (result != 1)
        return result;
    (*vnode)->ops = &ops;
    (*vnode)->mode = modes[((struct system *)mount->data)->node[n].kind];
    (*vnode)->nlink = 1;
    return 0;
}

static int lookup(struct vnode *dir, const char *name, struct vnode **found)
{
    struct system *system = system_of(dir);

    for (uint32_t n = 1; n <= system->nodes; n++)
        if (system->node[n].dir == dir->ino && strcmp(system->node[n].name, name) == 0)
            return get_node(dir->mount, n, found);
    return -ENOENT;
}

static int readdir(struct vnode *dir, uint64_t *position, struct dirent *entry)
{
    struct system *system = system_of(dir);
    uint32_t n = (uint32_t)*position + 1;

    while (n <= system->nodes && system->node[n].dir != dir->ino)
        n++;
    if (n > system->nodes)
        return 0;
    *position = n;
    entry->ino = n;
    strlcpy(entry->name, system->node[n].name, sizeof(entry->name));
    return 1;
}

static int readlink(struct vnode *link, char *to, size_t size)
{
    strlcpy(to, system_of(link)->node[link->ino].target, size);
    return 0;
}

static const struct vnode_ops ops = { .lookup = lookup, .readdir = readdir, .readlink = readlink };
static const struct mount_ops mount_ops = { 0 };

static int mount_next(struct mount *mount)
{
    struct system *system = &systems[mounted];

    mount->data = system;
    mount->ops = &mount_ops;
    int error = get_node(mount, 1, &mount->root);
    if (!error) {
        system->mount = mount;
        mounted++;
    }
    return error;
}

static struct fs_type type = { .name = "fs", .mount = mount_next };

/* ---- what the modules need */

static task_t task;
struct cpu cpus[CPUS] = { { .current = &task } };
void (*task_born)(struct task *child, struct task *parent);
void (*task_gone)(struct task *task);

int slab_cache_init(struct slab_cache *cache, const char *name, size_t size, size_t align,
                    void (*ctor)(void *))
{
    (void)name, (void)align, (void)ctor;
    cache->size = size;
    return 0;
}

void *slab_alloc(struct slab_cache *cache)
{
    return kmalloc(cache->size);
}

void slab_free(struct slab_cache *cache, void *object)
{
    (void)cache;
    free(object);
}

void page_stats(struct page_stats *stats)
{
    *stats = (struct page_stats){ .usable = 4096 };
}

void cache_stats(struct cache_stats *stats)
{
    *stats = (struct cache_stats){ 0 };
}

void cache_truncate(struct cache_object *object, uint32_t first)
{
    (void)object, (void)first;
}

int cache_sync(struct cache_object *object)
{
    (void)object;
    return 0;
}

bool bcache_crowded(void)
{
    return false;
}

void bcache_drop(struct block_device *dev)
{
    (void)dev;
}

struct block_device *block_find(const char *name)
{
    (void)name;
    return NULL;
}

uint64_t timer_now(void)
{
    return 0;
}

void sleep_ms(uint32_t ms)
{
    (void)ms;
}

task_t *create_task(int (*func)(void *), void *arg, const char *name)
{
    (void)func, (void)arg, (void)name;
    return NULL;
}

struct rtc_time rtc_read(void)
{
    return (struct rtc_time){ 2026, 1, 1, 0, 0, 0 };
}

uint32_t rtc_seconds(const struct rtc_time *t)
{
    (void)t;
    return 0;
}

uint32_t clock_seconds(void);       /* what vnodes ask for the time from lab 6 on */

uint32_t clock_seconds(void)
{
    return 0;
}

/* ---- operations */

static const char *text(void)
{
    static char texts[2][PATH_MAX + 64];
    static unsigned turn;
    char *to = texts[turn ^= 1];
    uint32_t n = word();

    memcpy(to, bytes(n), n);
    to[n] = '\0';
    return to;
}

static int number_of(const struct vnode *vnode)
{
    return (int)(system_of(vnode) - systems);
}

static void make(void)
{
    struct system *system = &systems[word()];
    uint32_t dir = word(), kind = word();
    struct node *node = &system->node[++system->nodes];

    node->dir = dir;
    node->kind = kind;
    strlcpy(node->name, text(), sizeof(node->name));
    if (kind == 3) {
        const char *target = text();
        node->target = malloc(strlen(target) + 1);
        strlcpy(node->target, target, strlen(target) + 1);
    }
}

static void print_lookup(void)
{
    uint32_t flags = word();
    struct vnode *vnode;
    int error = path_lookup(text(), flags, &vnode);

    if (error) {
        printf("error %d\n", -error);
        return;
    }
    printf("at %d %u\n", number_of(vnode), vnode->ino);
    vnode_put(vnode);
}

static void print_parent(void)
{
    char name[NAME_MAX + 1];
    struct vnode *dir;
    bool slash;
    int error = path_parent(text(), &dir, name, &slash);

    if (error) {
        printf("error %d\n", -error);
        return;
    }
    printf("in %d %u %s %d\n", number_of(dir), dir->ino, name, slash);
    vnode_put(dir);
}

static void print_current(void)
{
    static char path[PATH_MAX];
    int n = path_of_current(path, sizeof(path));

    if (n < 0)
        printf("error %d\n", -n);
    else
        printf("pwd %s\n", path);
}

/*
 * Users of all vnodes, without those that must be: the mounts', of their roots and of what they
 * cover; the current directory's; and those of parents, by each directory that is in memory.
 */
static void print_users(void)
{
    struct mount *mount;
    long users = 0;

    for (unsigned i = 0; (mount = mount_nth(i)); i++) {
        users -= 1 + (mount->on != NULL);
        list_for_each(node, &mount->vnodes)
            users += list_entry(node, struct vnode, place)->refs;
        struct vnode *vnode;
        for (uint32_t n = 2; n <= ((struct system *)mount->data)->nodes; n++) {
            if (((struct system *)mount->data)->node[n].kind != 1)
                continue;
            get_node(mount, n, &vnode);
            users -= vnode->parent != NULL && vnode->parent != vnode;
            vnode_put(vnode);
        }
    }
    printf("users %ld\n", users - (task.cwd != NULL));
}

static void operation(void)
{
    switch (word()) {
    case 1:
        printf("mount %d\n", -vfs_mount("fs", text(), "fs", 0));
        break;
    case 2:
        printf("unmount %d\n", -vfs_unmount(text()));
        break;
    case 3:
        make();
        break;
    case 4:
        print_lookup();
        break;
    case 5:
        print_parent();
        break;
    case 6:
        printf("cd %d\n", -path_set_current(text()));
        break;
    case 7:
        print_current();
        break;
    case 8:
        print_users();
        break;
    case 9:
        heap_fail(word());
        break;
    }
    check_interrupts("the walk");
}

static void one_case(void)
{
    for (unsigned i = 0; i < SYSTEMS; i++) {
        systems[i].nodes = 1;
        systems[i].node[1].kind = 1;
    }
#ifdef SHARED_DIRECTORIES
    list_init(&task.cwd_shared);
#endif
    vnode_init();
    fs_register(&type);
    while (more())
        operation();
}

int main(void)
{
    each_case(one_case);
    return 0;
}
