/*
 * What tests/hosted/space.c maps and how it touches that: objects whose pages it knows, and words that are
 * read and written as a program would.
 */
#ifndef SPACE_OBJECT_H
#define SPACE_OBJECT_H

/* What fault.c wants of the rest of the kernel. */
void (*trap_unhandled)(struct trapframe *tf);
static trap_handler page_fault_handler;

trap_handler trap_register(unsigned vector, trap_handler fn)
{
    CHECK(vector == TRAP_PAGE_FAULT, "vector %u", vector);
    page_fault_handler = fn;
    return NULL;
}

bool trap_fix_up(struct trapframe *tf)
{
    return tf->eip == 1;            /* where the test expects a fault */
}

/* An object: page i begins as `disk[i]`. */
static uint32_t disk[PAGES], now[PAGES];

static int read_page(struct cache_object *object, uint32_t index, unsigned count, void *data)
{
    for (unsigned i = 0; i < count * PAGE_SIZE / 4; i++)
        ((uint32_t *)data)[i] = disk[index + i * 4 / PAGE_SIZE];
    return 0;
}

static int write_page(struct cache_object *object, uint32_t index, const void *data)
{
    disk[index] = *(const uint32_t *)data;
    return 0;
}

static const struct cache_ops ops = { .read = read_page, .write = write_page };
static struct cache_object object = { .ops = &ops };

/* The same, but it wants to know who writes, and counts who has it. */
static unsigned holders, asked;

static void hold(struct cache_object *object)
{
    holders++;
}

static void release(struct cache_object *object)
{
    CHECK(holders-- > 0, "released too often");
    CHECK(machine_lock_count == 0 && irq_enabled(), "release may sleep");
}

static int will_write(struct cache_object *object, uint32_t index)
{
    CHECK(machine_lock_count == 0 && irq_enabled(), "will_write may sleep");
    asked++;
    return 0;
}

static const struct cache_ops careful_ops = {
    .read = read_page, .write = write_page, .hold = hold, .release = release, .will_write = will_write, .sized = true,
};

/* A word is read or written as a program would. Returns 0 or what space_fault() said. */
static int touch(struct space *space, uintptr_t va, bool write, uint32_t *word)
{
    for (unsigned tries = 0; tries < 4; tries++) {
        pte_t entry = page_lookup(space->dir, va);
        if (entry && (entry & PTE_USER) && (!write || (entry & PTE_WRITE))) {
            pte_t *at = entry & PTE_LARGE ? &space->dir[pde_index(va)] : page_walk(space->dir, va, false);
            uint32_t *memory = phys_to_virt((entry & PTE_FRAME) + va % PAGE_SIZE);
            *at |= PTE_ACCESSED | (write ? PTE_DIRTY : 0);
            if (write)
                *memory = *word;
            *word = *memory;
            return 0;
        }
        int error = space_fault(space, va, FAULT_USER | (entry ? FAULT_PRESENT : 0) | (write ? FAULT_WRITE : 0));
        IDLE();
        if (error)
            return error;
    }
    CHECK(0, "%08zx faults again and again", va);
    return -EFAULT;
}

#endif
