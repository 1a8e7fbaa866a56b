/*
 * Tables of descriptors: a row of random operations on one, and one that has to grow when there is
 * no memory, or while another thread of the process takes numbers, too.
 */
#include "abi/errno.h"
#include "fs/anon.h"
#include "mm/kmalloc.h"
#include "mm/page.h"
#include "proc/fdtable.h"
#include "proc/process.h"
#include "stage.h"
#include "ktest.h"
#include "task/sched.h"
#include "x86/irqflags.h"

#define STEPS 500
#define FIRST 32                    /* numbers for which a new table has room */
#define SMALL 256                   /* bytes of the first array that it grows to */
#define GIFT  16                    /* frames that are given back in need */

enum { ADD, CLOSE = 10, SET = 13, CLOEXEC, LIMIT, KINDS };

static unsigned closed, made;

static void on_close(struct file *file)
{
    closed++;
    anon_forget(file->vnode);
}

static const struct file_ops ops = { .close = on_close };

/* An open file that is known by a number. */
static struct file *new_file(void)
{
    struct file *file = NULL;

    if (anon_file(&ops, S_IFIFO | 0600, O_RDWR, (void *)(uintptr_t)(made + 1), &file))
        stage_lacks("memory");
    else
        made++;
    return file;
}

static int number_of(const struct file *file)
{
    return file ? (int)(uintptr_t)file->data : -1;
}

/* What is under the descriptor: the file's number, or -1. */
static int look(int fd)
{
    struct file *file = fd_get(fd);
    int number = number_of(file);

    if (file)
        file_close(file);
    return number;
}

/* A table of this process's own; its former one is returned. */
static struct fd_table *begin(unsigned limit)
{
    struct process *process = process_current();
    struct fd_table *before = process->files;

    irq_enable();
    closed = made = 0;
    process->files = fd_table_new();
    process->limits[RLIMIT_NOFILE].soft = limit;
    return before;
}

static void end(struct fd_table *before)
{
    struct process *process = process_current();

    fd_table_put(process->files);
    process->files = before;
    process->limits[RLIMIT_NOFILE].soft = FD_MAX;
    ktest_report("closed %u %u", closed, made);
}

/* fd_add(): the count is still ours if it fails. */
static int add(struct file *file, int least, bool cloexec)
{
    int fd = fd_add(file, least, cloexec);

    if (fd < 0) {
        if (file->refs != 1)
            ktest_report("count %d", (int)file->refs);
        file_close(file);
    }
    return fd;
}

/* A number to add at or to do something with, from two random ones. */
static int pick(unsigned how, unsigned n, unsigned limit)
{
    switch (how) {
    case 0: return 0;
    case 1: return (int)(n % 100);
    case 2: return (int)n;
    }
    return (int)(limit < FD_MAX ? limit - n % 2 : FD_MAX - 1);
}

static unsigned new_limit(unsigned how, unsigned n)
{
    static const unsigned least[] = { FD_MAX, FD_MAX, 64, 20 };

    return how < 2 ? FD_MAX : least[how] + n % 64;
}

KTEST(descriptors_row)
{
    unsigned limit = FD_MAX;
    struct fd_table *before = begin(limit);

    for (unsigned step = 0; step < STEPS; step++) {
        unsigned kind = ktest_random(KINDS), how = ktest_random(4), n = ktest_random(FD_MAX);
        bool cloexec = ktest_random(2);
        int fd = pick(how, n, limit), result = 0;
        struct file *file = kind < CLOSE || kind == SET ? new_file() : NULL;
        if (kind < CLOSE)
            result = fd = add(file, fd, cloexec);
        else if (kind < SET)
            result = fd_close(fd);
        else if (kind == SET && (result = fd_set(file, fd, cloexec)) < 0)
            file_close(file);
        else if (kind == CLOEXEC)
            result = fd_set_cloexec(fd, cloexec);
        else if (kind == LIMIT)
            process_current()->limits[RLIMIT_NOFILE].soft = limit = new_limit(how, n);
        ktest_report("step %d %d %d", result, look(fd), fd_get_cloexec(fd));
    }
    for (int fd = 0; fd < FD_MAX; fd++)
        if (look(fd) >= 0)
            ktest_report("open %d %d %d", fd, look(fd), fd_get_cloexec(fd));
    end(before);
}

/* ---- growing */

static struct kept {
    struct kept *next;
} *frames, *objects;
static bool armed;
static task_t *sibling;
static struct file *siblings_file;
static int siblings_fd;

static void keep(struct kept **list, void *what)
{
    ((struct kept *)what)->next = *list;
    *list = what;
}

static void *give(struct kept **list)
{
    struct kept *what = *list;

    *list = what->next;
    return what;
}

/* Take all memory from which an array of the table's could be made. */
static void starve(void)
{
    struct page *page;
    void *object;

    while ((page = alloc_page()))
        keep(&frames, page_to_virt(page));
    while ((object = kmalloc(SMALL)))
        keep(&objects, object);
}

static void feed(void)
{
    while (objects)
        kfree(give(&objects));
    while (frames)
        free_page(virt_to_page(give(&frames)));
}

/* When no memory is left: some comes back, and another thread of the process is woken. */
static unsigned in_need(void)
{
    if (!armed)
        return 0;
    armed = false;
    for (unsigned i = 0; i < GIFT; i++)
        free_page(virt_to_page(give(&frames)));
    task_wake(sibling);
    return GIFT;
}

/* The other thread, more urgent than the test: it takes the lowest number. */
static int take_one(void *process)
{
    if (sched_prepare_wait(false))
        schedule();
    current()->process = process;
    siblings_fd = fd_add(siblings_file, 0, false);
    current()->process = NULL;
    return 0;
}

static bool fill_table(void)
{
    for (int fd = 0; fd < FIRST; fd++) {
        struct file *file = new_file();
        if (!file || fd_add(file, 0, false) != fd) {
            ktest_report("full %d", fd);
            return false;
        }
    }
    return true;
}

/* A thread of this process, as far as descriptors go, that sleeps already. */
static bool start_sibling(void)
{
    siblings_file = new_file();
    sibling = siblings_file ? create_task(take_one, process_current(), "sibling") : NULL;
    if (!sibling) {
        stage_lacks("memory");
        return false;
    }
    process_current()->thread_count++;
    sched_set_priority(sibling, PRIORITY_NORMAL + 2);
    for (int i = 0; i < 10 && (sibling->state != TASK_WAITING || sibling->queued); i++)
        task_yield();
    return true;
}

static void race(void)
{
    static bool known;
    struct file *file = new_file();

    if (!start_sibling() || !file)
        return;
    if (!known)
        page_add_reclaim(in_need);
    known = true;
    starve();
    armed = true;
    int fd = fd_add(file, 0, false);
    bool was_in_need = !armed;
    armed = false;
    feed();
    if (!was_in_need)
        task_wake(sibling);
    for (int i = 0; i < 100 && sibling->state != TASK_ZOMBIE; i++)
        task_yield();
    task_join(sibling, NULL);
    process_current()->thread_count--;
    ktest_report("race %d %d %d", was_in_need, fd, siblings_fd);
    ktest_report("files %d %d %d %d", number_of(file), look(fd), number_of(siblings_file),
                 look(siblings_fd));
    if (fd < 0)
        file_close(file);
    if (siblings_fd < 0)
        file_close(siblings_file);
}

KTEST(descriptors_growth)
{
    struct fd_table *before = begin(FD_MAX);
    struct file *file = new_file();

    if (file && fill_table()) {
        starve();
        int fd = fd_add(file, 0, false);
        feed();
        ktest_report("short %d %d %d", fd, (int)file->refs, look(FIRST));
        if (fd >= 0)
            file = NULL;
        else
            race();
    }
    if (file)
        file_close(file);
    end(before);
}
