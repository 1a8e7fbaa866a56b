/*
 * Pipes: a reader and a writer that do what random numbers say, one step after the other; several
 * writers of records at once; and how often a writer is woken.
 *
 * Both sides are tasks of their own, the actors. After each step the test waits until no actor can
 * go on: so who sleeps is seen, and nothing depends on time.
 */
#include "abi/poll.h"
#include "debug/trace.h"
#include "fs/pipe.h"
#include "fs/poll.h"
#include "ktest.h"
#include "mm/kmalloc.h"
#include "proc/fdtable.h"
#include "proc/process.h"
#include "stage.h"
#include "task/sched.h"
#include "x86/irqflags.h"

#define ROUNDS  16
#define STEPS   24                  /* in a round */
#define LARGEST 100000u             /* bytes of one call */
#define PATIENCE 300                /* turns in which an actor may be about to sleep or end */

enum what { NOTHING, READ, WRITE, CLOSE, END };

struct actor {
    task_t *task;
    const char *name;
    struct wait_queue called;
    volatile enum what what;        /* it does this now; NOTHING: it waits for more */
    enum what did;                  /* the same in this step, even if it has done it by now */
    struct file *file;
    uint8_t *buffer;
    size_t n;
    ssize_t result;
};

/* ---- actors */

static int act(void *arg)
{
    struct actor *actor = arg;

    for (;;) {
        wait_event(&actor->called, actor->what != NOTHING);
        if (actor->what == END)
            return 0;
        if (actor->what == READ)
            actor->result = file_read(actor->file, actor->buffer, actor->n);
        else if (actor->what == WRITE)
            actor->result = file_write(actor->file, actor->buffer, actor->n);
        else
            file_close(actor->file);
        actor->what = NOTHING;
    }
}

static bool start_actor(struct actor *actor, const char *name)
{
    *actor = (struct actor){ .name = name, .buffer = kmalloc(LARGEST) };
    wait_init(&actor->called);
    actor->task = actor->buffer ? create_task(act, actor, name) : NULL;
    if (!actor->task) {
        kfree(actor->buffer);
        stage_lacks("memory");
    }
    return actor->task != NULL;
}

/* One that was preempted when it was about to sleep is WAITING, but still in the run queue. */
static bool can_run(const task_t *task)
{
    return task->state == TASK_READY || task->queued;
}

/* Let the actors go on until all of them sleep, or have ended. False: one runs for ever. */
static bool settle(struct actor *actors, unsigned n)
{
    for (unsigned turn = 0; turn < PATIENCE; turn++) {
        bool quiet = true;
        for (unsigned i = 0; i < n; i++)
            if (can_run(actors[i].task))
                quiet = false;
        if (quiet)
            return true;
        task_yield();
    }
    for (unsigned i = 0; i < n; i++)
        if (can_run(actors[i].task)) {
            ktest_report("runs %s", actors[i].name);
            sched_set_priority(actors[i].task, 1);
        }
    return false;
}

static void call(struct actor *actor, enum what what, struct file *file, size_t n)
{
    actor->file = file;
    actor->n = n;
    actor->result = 0;
    actor->what = actor->did = what;
    wait_wake_all(&actor->called);
}

/* An actor that still sleeps in a call cannot be ended: it stays as it is. */
static void end_actor(struct actor *actor)
{
    if (actor->what != NOTHING)
        return;
    call(actor, END, NULL, 0);
    task_join(actor->task, NULL);
    kfree(actor->buffer);
}

static bool make_pipe(struct file **reader, struct file **writer)
{
    irq_enable();
    if (pipe_make(0, reader, writer) == 0)
        return true;
    stage_lacks("pipe");
    return false;
}

/* ---- one reader, one writer, step by step */

enum { READER, WRITER, CLOSER, ACTORS };

enum { STEP_WRITE, STEP_READ = 5, STEP_FLAG = 10, STEP_INTERRUPT, STEP_KINDS };

#define OPENINGS 8
#define OPENING  4                  /* steps of each */
#define ANY      0xff

/* How rounds begin, in turn: what chance alone brings about too seldom. */
static const struct {
    uint8_t kind, class;
} openings[OPENINGS][OPENING] = {
    { { STEP_READ, 1 }, { STEP_WRITE, 4 }, { ANY, 0 }, { STEP_READ, 4 } },
    { { STEP_WRITE, 3 }, { STEP_FLAG, 0 }, { STEP_WRITE, 5 }, { STEP_WRITE, 5 } },
    { { STEP_WRITE, 3 }, { STEP_WRITE, 5 }, { STEP_WRITE, 5 }, { STEP_READ, 1 } },
    { { STEP_WRITE, 4 }, { STEP_READ, 2 }, { STEP_INTERRUPT, 0 }, { ANY, 0 } },
    { { STEP_FLAG, 1 }, { STEP_READ, 1 }, { STEP_WRITE, 1 }, { STEP_READ, 0 } },
    { { STEP_WRITE, 3 }, { STEP_WRITE, 4 }, { ANY, 0 }, { ANY, 0 } },
    { { STEP_READ, 1 }, { STEP_INTERRUPT, 0 }, { STEP_READ, 1 }, { ANY, 0 } },
    { { STEP_WRITE, 1 }, { STEP_WRITE, 1 }, { ANY, 0 }, { STEP_READ, 0 } },
};

/* The last ones of them close an end early, when the other side sleeps, or something is left. */
static const uint8_t closings[OPENINGS][2] = {
    [5] = { 2, READER }, [6] = { 3, WRITER }, [7] = { 2, WRITER },     /* at which step, which */
};

static uint32_t adler(const uint8_t *bytes, size_t n)
{
    uint32_t a = 1, b = 0;

    for (size_t i = 0; i < n; i++) {
        a = (a + bytes[i]) % 65521;
        b = (b + a) % 65521;
    }
    return b << 16 | a;
}

/* A piece of a long row of bytes, which begins at `salt`. */
static void fill(uint8_t *bytes, size_t n, uint32_t salt)
{
    for (size_t i = 0; i < n; i++)
        bytes[i] = (uint8_t)(((i + salt) * 0x9e3779b1u) >> 24);
}

static size_t size_of(unsigned class, unsigned n)
{
    switch (class) {
    case 0: return 1 + n % 40;
    case 1: return 1 + n % PIPE_BUF;
    case 2: return PIPE_BUF - 2 + n % 5000;
    case 3: return PIPE_BYTES - PIPE_BUF - 3 + n % 7;
    case 5: return PIPE_BUF - n % 200;
    }
    return PIPE_BYTES - 100 + n % 30000;
}

/* What has become of an actor in this step: its call's result, "sleeps", or "idle". */
static void tell(struct actor *actor)
{
    if (actor->what != NOTHING)
        ktest_report("%s sleeps", actor->name);
    else if (actor->did == READ && actor->result > 0)
        ktest_report("%s %d %x", actor->name, (int)actor->result,
                     adler(actor->buffer, (size_t)actor->result));
    else if (actor->did != NOTHING)
        ktest_report("%s %d", actor->name, (int)actor->result);
    else
        ktest_report("%s idle", actor->name);
}

static void interrupt(struct actor *actors)
{
    for (unsigned i = 0; i < 2; i++)
        if (actors[i].what != NOTHING)
            task_interrupt(actors[i].task);
}

static void begin_step(struct actor *actors, struct file **ends, unsigned kind, size_t n,
                       uint32_t salt)
{
    struct actor *reader = &actors[READER], *writer = &actors[WRITER];

    if (kind < STEP_READ && writer->what == NOTHING && ends[WRITER]) {
        fill(writer->buffer, n, salt);
        call(writer, WRITE, ends[WRITER], n);
    } else if (kind >= STEP_READ && kind < STEP_FLAG && reader->what == NOTHING && ends[READER]) {
        call(reader, READ, ends[READER], n);
    } else if (kind == STEP_FLAG && ends[salt % 2] && actors[salt % 2].what == NOTHING) {
        ends[salt % 2]->flags ^= O_NONBLOCK;
    } else if (kind == STEP_INTERRUPT) {
        interrupt(actors);
    }
}

/* Close an end that nobody is using now: the chosen one if it can be. Returns which, or 2. */
static unsigned close_one(struct actor *actors, struct file **ends, unsigned which)
{
    for (unsigned tries = 0; tries < 2; tries++, which ^= 1)
        if (ends[which] && actors[which].what == NOTHING) {
            call(&actors[CLOSER], CLOSE, ends[which], 0);
            ends[which] = NULL;
            return which;
        }
    return 2;
}

/* What a round ends with: nobody sleeps any more, and both ends are closed. */
static bool end_round(struct actor *actors, struct file **ends)
{
    interrupt(actors);
    for (unsigned i = 0; i < 2; i++) {
        if (!settle(actors, ACTORS) || actors[i].what != NOTHING)
            return false;
        actors[i].task->interrupted = false;
    }
    close_one(actors, ends, READER);
    settle(actors, ACTORS);
    close_one(actors, ends, WRITER);
    return settle(actors, ACTORS) && actors[CLOSER].what == NOTHING;
}

static bool one_step(struct actor *actors, struct file **ends, unsigned which, unsigned place)
{
    unsigned kind = ktest_random(STEP_KINDS), class = ktest_random(5);
    unsigned n = ktest_random(1 << 20), salt = ktest_random(1 << 14);
    unsigned opening = place / STEPS % OPENINGS, step = place % STEPS;
    bool closes = which != 2;

    if (step < OPENING && openings[opening][step].kind != ANY) {
        kind = openings[opening][step].kind;
        class = openings[opening][step].class;
        salt = kind == STEP_FLAG && class ? salt & ~1u : salt | 1;  /* whose flag */
    }
    for (unsigned i = 0; i < 2; i++)
        actors[i].did = actors[i].what;
    if (closes)
        which = close_one(actors, ends, which);
    else
        begin_step(actors, ends, kind, size_of(class, n), salt);
    ktest_report("step %u", closes ? which : 2);
    if (!settle(actors, ACTORS))
        return false;
    for (unsigned i = 0; i < 2; i++) {
        tell(&actors[i]);
        actors[i].task->interrupted = false;
    }
    if (actors[CLOSER].what != NOTHING)
        ktest_report("closing sleeps");
    return actors[CLOSER].what == NOTHING;
}

/* STEPS steps, at one of which an end is closed. False: an actor cannot be used any more. */
static bool one_round(struct actor *actors, unsigned round)
{
    struct file *ends[2];
    unsigned close_at = STEPS - 1 - ktest_random(8), which = ktest_random(2);

    if (closings[round % OPENINGS][0]) {
        close_at = closings[round % OPENINGS][0];
        which = closings[round % OPENINGS][1];
    }
    if (!make_pipe(&ends[READER], &ends[WRITER]))
        return false;
    for (unsigned step = 0; step < STEPS; step++)
        if (!one_step(actors, ends, step == close_at ? which : 2, round * STEPS + step))
            return false;
    bool well = end_round(actors, ends);
    ktest_report("round %d", well);
    return well;
}

KTEST(pipes_steps)
{
    static const char *const names[ACTORS] = { "reader", "writer", "closer" };
    static struct actor actors[ACTORS];

    irq_enable();
    for (unsigned i = 0; i < ACTORS; i++)
        if (!start_actor(&actors[i], names[i]))
            return;
    for (unsigned i = 0; i < ROUNDS; i++)
        if (!one_round(actors, i))
            break;
    for (unsigned i = 0; i < ACTORS; i++)
        end_actor(&actors[i]);
}

/* ---- writers of records */

#define WRITERS 4
#define RECORDS 14                  /* each */
#define TURNS   3000
#define READERS 3

static struct writer {
    struct actor actor;
    unsigned begun;                 /* records, also the one that is being written */
    size_t sizes[RECORDS];
} writers[WRITERS];

/* The stream as runs of equal bytes: "run VALUE LENGTH". */
static void tell_runs(const uint8_t *bytes, size_t n, bool last)
{
    static unsigned value, length;

    for (size_t i = 0; i < n; i++) {
        if (length && bytes[i] != value) {
            ktest_report("run %u %u", value, length);
            length = 0;
        }
        value = bytes[i];
        length++;
    }
    if (last && length)
        ktest_report("run %u %u", value, length);
    if (last)
        length = 0;
}

/* Writers 1 to 3 keep to PIPE_BUF; what writer 0 writes may be cut. */
static void draw_sizes(void)
{
    for (unsigned i = 0; i < WRITERS; i++)
        for (unsigned j = 0; j < RECORDS; j++) {
            unsigned n = ktest_random(20000), whole = ktest_random(4);
            writers[i].sizes[j] = i == 0 ? PIPE_BUF + 1 + n : whole ? 1 + n % PIPE_BUF : PIPE_BUF;
        }
}

/* Would a read not have to wait? */
static bool readable(struct file *reader)
{
    return file_poll(reader, NULL) & POLLIN;
}

static bool may_begin(const struct writer *writer)
{
    return writer->actor.what == NOTHING && writer->begun < RECORDS;
}

/* The next record: bytes of one value, by which its writer and its number are known. */
static void write_next(struct writer *writer, struct file *end)
{
    unsigned i = writer->begun++;

    for (size_t j = 0; j < writer->sizes[i]; j++)
        writer->actor.buffer[j] = (uint8_t)((unsigned)(writer - writers) * RECORDS + i);
    call(&writer->actor, WRITE, end, writer->sizes[i]);
}

/* Let the actors go on, and report what came of the last records. */
static bool settle_writers(void)
{
    bool well = true;

    for (unsigned i = 0; i < WRITERS; i++)
        well = settle(&writers[i].actor, 1) && well;
    for (unsigned i = 0; i < WRITERS; i++) {
        const struct writer *writer = &writers[i];
        unsigned last = writer->begun - 1;
        if (writer->begun && writer->actor.what == NOTHING
            && writer->actor.result != (ssize_t)writer->sizes[last])
            ktest_report("wrote %u %u %d", i, last, (int)writer->actor.result);
    }
    return well;
}

/* A random one begins a record, or a piece is read, until nothing more can be done. */
static void write_and_read(struct file *reader, struct file *writer, uint8_t *buffer)
{
    for (unsigned turn = 0; turn < TURNS && settle_writers(); turn++) {
        unsigned who = ktest_random(2 * WRITERS), idle = 0;
        size_t n = 1 + ktest_random(ktest_random(8) ? 3000 : 20000);
        for (unsigned i = 0; i < WRITERS; i++)
            idle += may_begin(&writers[i]);
        if (!idle && !readable(reader))
            return;
        if (who < WRITERS && may_begin(&writers[who])) {
            sched_set_priority(writers[who].actor.task, PRIORITY_NORMAL + ktest_random(3));
            write_next(&writers[who], writer);
        } else if (who >= WRITERS && readable(reader)) {
            ssize_t result = file_read(reader, buffer, n);
            if (result > 0)
                tell_runs(buffer, (size_t)result, false);
        }
    }
}

static void records(void)
{
    struct file *reader, *writer;
    uint8_t *buffer = kmalloc(LARGEST);
    unsigned left = 0;

    draw_sizes();
    if (!buffer || !make_pipe(&reader, &writer))
        return;
    for (unsigned i = 0; i < WRITERS; i++) {
        writers[i].begun = 0;
        if (!start_actor(&writers[i].actor, "writer"))
            return;
    }
    write_and_read(reader, writer, buffer);
    tell_runs(buffer, 0, true);
    for (unsigned i = 0; i < WRITERS; i++) {
        left += writers[i].actor.what != NOTHING;
        end_actor(&writers[i].actor);
    }
    ktest_report("left %u", left);
    if (!left) {
        file_close(reader);
        file_close(writer);
    }
    kfree(buffer);
}

/* ---- several readers */

/* Readers that sleep, one write that is enough for all; then they sleep again, and it is closed. */
static void readers(void)
{
    static struct actor actors[READERS];
    struct file *reader, *writer;
    uint8_t bytes[300] = { 0 };
    unsigned n = READERS + ktest_random(sizeof(bytes) - READERS), idle = 0;

    if (!make_pipe(&reader, &writer))
        return;
    for (unsigned i = 0; i < READERS; i++)
        if (!start_actor(&actors[i], "reader"))
            return;
    for (unsigned turn = 0; turn < 2; turn++) {
        for (unsigned i = 0; i < READERS; i++)
            call(&actors[i], READ, reader, n / READERS);
        bool quiet = settle(actors, READERS);
        for (unsigned i = 0; i < READERS; i++)
            ktest_report("before %s", actors[i].what == READ ? "sleeps" : "idle");
        if (turn == 0)
            ktest_report("gave %u %d", n, quiet ? (int)file_write(writer, bytes, n) : 0);
        else
            file_close(writer);
        settle(actors, READERS);
        for (unsigned i = 0; i < READERS; i++)
            tell(&actors[i]);
        if (turn == 0 && readable(reader))
            ktest_report("rest %d", (int)file_read(reader, bytes, sizeof(bytes)));
    }
    for (unsigned i = 0; i < READERS; i++) {
        idle += actors[i].what == NOTHING;
        end_actor(&actors[i]);
    }
    if (idle == READERS)
        file_close(reader);
}

KTEST(pipes_crowd)
{
    records();
    readers();
}

/* ---- how often */

/* How often the task was woken from sleep since trace_clear(). */
static unsigned wakes_of(const task_t *task)
{
    struct trace_record record;
    unsigned wakes = 0;
    uint32_t irq = irq_save();

    for (unsigned i = 0; trace_get(i, &record); i++)
        if (record.event == TRACE_WAKE && record.task == task->pid && record.other)
            wakes++;
    trace_clear();
    irq_restore(irq);
    return wakes;
}

/* A full pipe, whose writer wants to put more in, is read by small pieces. */
KTEST(pipes_wakes)
{
    static struct actor actors[1];
    uint8_t buffer[80];
    struct file *reader, *writer;
    unsigned more = 2 * PIPE_BUF + ktest_random(3 * PIPE_BUF), reads = 0, wakes = 0;

    if (!make_pipe(&reader, &writer) || !start_actor(&actors[0], "writer"))
        return;
    call(&actors[0], WRITE, writer, PIPE_BYTES + more);
    bool quiet = settle(actors, 1);
    ktest_report("begins %s", actors[0].what == WRITE && quiet ? "asleep" : "awake");
    wakes_of(actors[0].task);
    for (; reads < 2000 && actors[0].what == WRITE && quiet; reads++) {
        unsigned n = 20 + ktest_random(60);
        if (file_read(reader, buffer, n) != (ssize_t)n)
            break;
        quiet = settle(actors, 1);
        wakes += wakes_of(actors[0].task);
    }
    ktest_report("woken %u %u %u %d", more, reads, wakes, (int)actors[0].result);
    if (actors[0].what != NOTHING)
        return;
    end_actor(&actors[0]);
    file_close(reader);
    file_close(writer);
}

/* ---- in ring 3 */

KTEST(pipes_program)
{
    struct process *process;
    uint32_t seed = ktest_random(1 << 30);

    if (!stage_open() || !(process = stage_program(NULL, "pipes_alone", seed)))
        return;
    process->files = fd_table_new();
    process_start(process);
    ktest_report("status %d", stage_end(process));
}
