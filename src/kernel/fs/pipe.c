/*
 * Pipes: a ring of pages that are allocated when they are first needed. Between two moments in
 * which it was empty a pipe that never holds much uses its first page only.
 *
 * A side that waits is woken when the pipe stops being empty, or when there is room for PIPE_BUF
 * bytes again: not for each byte.
 */
#include "fs/pipe.h"
#include "abi/errno.h"
#include "abi/poll.h"
#include "abi/termios.h"
#include "fs/anon.h"
#include "fs/poll.h"
#include "lib/string.h"
#include "mm/kmalloc.h"
#include "mm/page.h"
#include "mm/usercopy.h"
#include "task/sched.h"

struct pipe {
    struct mutex lock;              /* of what follows, up to users */
    unsigned readers, writers;      /* ends that are open */
    unsigned reads_opened, writes_opened;   /* since it was made: an end may come and go unseen */
    unsigned head, count;           /* the ring: where the oldest byte is, and how many there are */
    void *pages[PIPE_PAGES];        /* NULL: not needed so far */
    struct wait_queue readable;     /* woken when there is something to read, or ends change */
    struct wait_queue writable;     /* when there is room for PIPE_BUF bytes, or ends change */
    unsigned users;                 /* open files, and who is about to have one: fifos_lock */
    struct vnode *vnode;            /* of a FIFO */
    struct list node;               /* in fifos */
};

#define MEMORY_SHARE 8              /* all pipes hold 1/8 of memory at most */

static struct spinlock held_lock;
static uint32_t held;               /* pages of all pipes; under held_lock */

static MUTEX(fifos_lock);
static struct list fifos = { &fifos, &fifos };  /* those that are open */

static struct pipe *new_pipe(struct vnode *vnode)
{
    struct pipe *pipe = kzalloc(sizeof(*pipe));

    if (!pipe)
        return NULL;
    mutex_init(&pipe->lock);
    wait_init(&pipe->readable);
    wait_init(&pipe->writable);
    list_init(&pipe->node);
    pipe->vnode = vnode;
    return pipe;
}

/* A page for a pipe, or NULL: there is no memory, or pipes have enough of it. */
static void *new_page(void)
{
    struct page_stats memory;

    page_stats(&memory);
    uint32_t irq = spin_lock_irqsave(&held_lock);
    struct page *frame = held < memory.usable / MEMORY_SHARE ? alloc_page() : NULL;

    held += frame != NULL;
    spin_unlock_irqrestore(&held_lock, irq);
    return frame ? page_to_virt(frame) : NULL;
}

static void give_page(void *page)
{
    free_page(virt_to_page(page));
    uint32_t irq = spin_lock_irqsave(&held_lock);
    held--;
    spin_unlock_irqrestore(&held_lock, irq);
}

static void drop(struct pipe *pipe)
{
    mutex_lock(&fifos_lock);
    bool last = --pipe->users == 0;
    if (last)
        list_del(&pipe->node);
    mutex_unlock(&fifos_lock);
    if (!last)
        return;
    for (unsigned i = 0; i < PIPE_PAGES; i++)
        if (pipe->pages[i])
            give_page(pipe->pages[i]);
    kfree(pipe);
}

static bool reads(const struct file *file)
{
    return (file->flags & O_ACCMODE) != O_WRONLY;
}

static bool writes(const struct file *file)
{
    return (file->flags & O_ACCMODE) != O_RDONLY;
}

/* An end comes or goes. The caller has the lock. */
static void count_ends(struct pipe *pipe, const struct file *file, int change)
{
    if (reads(file)) {
        pipe->readers += change;
        pipe->reads_opened += change > 0;
    }
    if (writes(file)) {
        pipe->writers += change;
        pipe->writes_opened += change > 0;
    }
    wait_wake_all(&pipe->readable);
    wait_wake_all(&pipe->writable);
}

/* Let the lock go, sleep until the queue is woken, and take it again. Returns 0 or -EINTR. */
static int wait_unlocked(struct pipe *pipe, struct wait_queue *queue)
{
    struct wait_entry entry;

    wait_entry_init(&entry);
    int error = wait_prepare(queue, &entry, true);
    mutex_unlock(&pipe->lock);
    if (!error)
        schedule();
    wait_finish(queue, &entry);
    mutex_lock(&pipe->lock);
    return error;
}

static size_t min_size(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Take up to n bytes out. Returns how many, or -EFAULT. */
static ssize_t take(struct pipe *pipe, char *to, size_t n)
{
    size_t done = 0;

    while (done < n && pipe->count) {
        unsigned offset = pipe->head % PAGE_SIZE;
        size_t now = min_size(min_size(n - done, pipe->count), PAGE_SIZE - offset);
        size_t copied = copy_part(to + done, (char *)pipe->pages[pipe->head / PAGE_SIZE] + offset,
                                  now);
        done += copied;
        pipe->count -= copied;
        pipe->head = pipe->count ? (pipe->head + copied) % PIPE_BYTES : 0;
        if (copied < now)
            return done ? (ssize_t)done : -EFAULT;
    }
    return (ssize_t)done;
}

static ssize_t pipe_read(struct file *file, void *to, size_t n, int64_t *position)
{
    // exercise 6.7 begin: sleep while it is empty and somebody may write; who waits for room?
    struct pipe *pipe = file->data;
    ssize_t result = 0;

    (void)position;
    if (n == 0)
        return 0;
    mutex_lock(&pipe->lock);
    while (!pipe->count && pipe->writers && !result)
        result = file->flags & O_NONBLOCK ? -EAGAIN : wait_unlocked(pipe, &pipe->readable);
    if (pipe->count) {
        bool was_full = PIPE_BYTES - pipe->count < PIPE_BUF;
        result = take(pipe, to, n);
        if (was_full && PIPE_BYTES - pipe->count >= PIPE_BUF)
            wait_wake_all(&pipe->writable);
    }
    mutex_unlock(&pipe->lock);
    return result;
    // exercise 6.7 stub
    // (void)file, (void)to, (void)n, (void)position, (void)take;
    // return -ENOSYS;
    // exercise 6.7 end
}

/* Put up to n bytes in, as far as there is room. Returns how many, or -EFAULT, -ENOMEM. */
static ssize_t put(struct pipe *pipe, const char *from, size_t n)
{
    size_t done = 0;

    while (done < n && pipe->count < PIPE_BYTES) {
        unsigned place = (pipe->head + pipe->count) % PIPE_BYTES, offset = place % PAGE_SIZE;
        void **page = &pipe->pages[place / PAGE_SIZE];
        size_t now = min_size(min_size(n - done, PIPE_BYTES - pipe->count), PAGE_SIZE - offset);
        if (!*page && !(*page = new_page()))
            return done ? (ssize_t)done : -ENOMEM;
        size_t copied = copy_part((char *)*page + offset, from + done, now);
        done += copied;
        pipe->count += copied;
        if (copied < now)
            return done ? (ssize_t)done : -EFAULT;
    }
    return (ssize_t)done;
}

/* Wait until there is room for `need` bytes. Returns 0, -EPIPE, -EAGAIN, or -EINTR. */
static int wait_for_room(struct pipe *pipe, const struct file *file, size_t need)
{
    // exercise 6.7 begin: while there is not enough and somebody reads
    int error = 0;

    while (pipe->readers && PIPE_BYTES - pipe->count < need && !error)
        error = file->flags & O_NONBLOCK ? -EAGAIN : wait_unlocked(pipe, &pipe->writable);
    return pipe->readers ? error : -EPIPE;
    // exercise 6.7 stub
    // (void)pipe, (void)file, (void)need;
    // return -ENOSYS;
    // exercise 6.7 end
}

static ssize_t pipe_write(struct file *file, const void *from, size_t n, int64_t *position)
{
    // exercise 6.7 begin: while something is left: room for a piece, the piece, who waits for it
    struct pipe *pipe = file->data;
    size_t done = 0;
    ssize_t result = 0;

    (void)position;
    if (n == 0)
        return 0;
    mutex_lock(&pipe->lock);
    while (done < n) {
        size_t need = n > PIPE_BUF && (file->flags & O_NONBLOCK) ? 1 : min_size(n - done, PIPE_BUF);
        result = wait_for_room(pipe, file, need);
        if (result)
            break;
        bool was_empty = !pipe->count;
        result = put(pipe, (const char *)from + done, n - done);
        if (was_empty && pipe->count)
            wait_wake_all(&pipe->readable);
        if (result < 0)
            break;
        done += (size_t)result;
    }
    mutex_unlock(&pipe->lock);
    return done ? (ssize_t)done : result;
    // exercise 6.7 stub
    // (void)file, (void)from, (void)n, (void)position, (void)put, (void)wait_for_room;
    // return -ENOSYS;
    // exercise 6.7 end
}

static unsigned pipe_poll(struct file *file, struct poll_table *table)
{
    struct pipe *pipe = file->data;
    unsigned bits = 0;

    if (reads(file)) {
        poll_wait(table, &pipe->readable);
        if (pipe->count)
            bits |= POLLIN | POLLRDNORM;
        if (!pipe->writers && file->offset != pipe->writes_opened)
            bits |= POLLHUP;
    }
    if (writes(file)) {
        poll_wait(table, &pipe->writable);
        if (PIPE_BYTES - pipe->count >= PIPE_BUF)
            bits |= POLLOUT | POLLWRNORM;
        if (!pipe->readers)
            bits |= POLLERR;
    }
    return bits;
}

static long pipe_ioctl(struct file *file, unsigned command, uintptr_t argument)
{
    struct pipe *pipe = file->data;

    if (command != FIONREAD)
        return -ENOTTY;
    mutex_lock(&pipe->lock);
    int count = (int)pipe->count;
    mutex_unlock(&pipe->lock);
    return copy_to_user((void *)argument, &count, sizeof(count)) ? -EFAULT : 0;
}

static void pipe_close(struct file *file)
{
    struct pipe *pipe = file->data;

    mutex_lock(&pipe->lock);
    count_ends(pipe, file, -1);
    if (!pipe->readers && !pipe->writers) {
        pipe->count = pipe->head = 0;           /* a FIFO that is opened again is empty */
        if (anon_is(file->vnode))
            anon_forget(file->vnode);
    }
    mutex_unlock(&pipe->lock);
    drop(pipe);
}

/* ---- FIFOs */

/* The pipe of an open FIFO, or a new one, with a user more. NULL if there is no memory. */
static struct pipe *pipe_of(struct vnode *vnode)
{
    struct pipe *found = NULL;

    mutex_lock(&fifos_lock);
    list_for_each(node, &fifos) {
        struct pipe *pipe = list_entry(node, struct pipe, node);
        if (pipe->vnode == vnode)
            found = pipe;
    }
    if (!found) {
        found = new_pipe(vnode);
        if (found)
            list_add(&found->node, &fifos);
    }
    if (found)
        found->users++;
    mutex_unlock(&fifos_lock);
    return found;
}

/*
 * Wait until the other end has been opened, if it was not before: `others` is how many of it are
 * open, `opened` how often it was.
 */
static int wait_for_other(struct pipe *pipe, struct wait_queue *queue, const unsigned *others,
                          const unsigned *opened)
{
    unsigned before = *opened;
    int error = 0;

    while (!*others && *opened == before && !error)
        error = wait_unlocked(pipe, queue);
    return *others || *opened != before ? 0 : error;
}

static int fifo_open(struct file *file)
{
    struct pipe *pipe = pipe_of(file->vnode);
    unsigned mode = file->flags & O_ACCMODE;
    int error = 0;

    if (!pipe)
        return -ENOMEM;
    mutex_lock(&pipe->lock);
    file->data = pipe;
    file->offset = -1;
    if (mode == O_WRONLY && (file->flags & O_NONBLOCK) && !pipe->readers) {
        error = -ENXIO;
    } else {
        count_ends(pipe, file, 1);
        if (mode == O_RDONLY && (file->flags & O_NONBLOCK) && !pipe->writers)
            file->offset = pipe->writes_opened;     /* no end of file before one was there */
        else if (mode == O_RDONLY)
            error = wait_for_other(pipe, &pipe->readable, &pipe->writers, &pipe->writes_opened);
        else if (mode == O_WRONLY)
            error = wait_for_other(pipe, &pipe->writable, &pipe->readers, &pipe->reads_opened);
        if (error)
            count_ends(pipe, file, -1);
    }
    mutex_unlock(&pipe->lock);
    if (error)
        drop(pipe);
    return error;
}

const struct file_ops fifo_file_ops = {
    .open = fifo_open, .close = pipe_close, .read = pipe_read, .write = pipe_write,
    .poll = pipe_poll, .ioctl = pipe_ioctl,
};

/* ---- pipes */

int pipe_make(unsigned flags, struct file **reader, struct file **writer)
{
    struct vnode *vnode = anon_vnode(S_IFIFO | 0600);
    struct pipe *pipe = vnode ? new_pipe(vnode) : NULL;
    struct file *ends[2] = { NULL, NULL };

    if (pipe) {
        ends[0] = file_new(vnode, &fifo_file_ops, flags | O_RDONLY);
        ends[1] = ends[0] ? file_new(vnode, &fifo_file_ops, flags | O_WRONLY) : NULL;
    }
    if (!ends[1]) {
        if (ends[0])
            file_free(ends[0]);
        kfree(pipe);
        if (vnode)
            anon_put(vnode);
        return -ENOMEM;
    }
    vnode_hold(vnode);                          /* one for each end */
    pipe->users = 2;
    for (unsigned i = 0; i < 2; i++) {
        ends[i]->data = pipe;
        ends[i]->offset = -1;
        count_ends(pipe, ends[i], 1);
    }
    *reader = ends[0];
    *writer = ends[1];
    return 0;
}

bool pipe_is(const struct file *file)
{
    return file->ops == &fifo_file_ops;
}
