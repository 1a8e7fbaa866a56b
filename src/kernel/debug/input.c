/*
 * The input ring.
 */
#include "debug/input.h"
#include "lib/ring.h"
#include "sync/spinlock.h"
#include "x86/random.h"                     // lab 4

static struct spinlock lock;                /* of the ring and the count */
static uint8_t storage[INPUT_BYTES];
static struct ring ring = { .data = storage, .size = INPUT_BYTES };
static uint32_t dropped;
static struct input_source *sources;
void (*input_wait)(void) = irq_wait;        // lab 4
void (*input_arrived)(void);                // lab 4

void input_register(struct input_source *source)
{
    source->next = sources;
    sources = source;
}

void input_take(struct input_source *source)
{
    if (source->busy)
        return;
    source->busy = true;
    source->poll();
    source->busy = false;
}

void input_put(char c)
{
    random_stir();                          // lab 4: nobody can foresee when a key is struck
    uint32_t flags = spin_lock_irqsave(&lock);

    if (!ring_put(&ring, c))
        dropped++;
    spin_unlock_irqrestore(&lock, flags);
    if (input_arrived)                      // lab 4
        input_arrived();                    // lab 4
}

// lab 4 begin
bool input_ready(void)
{
    return ring.count > 0;
}

// lab 4 end
unsigned input_read(char *to, unsigned n)
{
    uint32_t flags = spin_lock_irqsave(&lock);

    n = ring_read(&ring, to, n);
    spin_unlock_irqrestore(&lock, flags);
    return n;
}

char input_get(void)
{
    bool interrupts = irq_enabled();
    char c;

    for (;;) {
        irq_disable();              /* between the look and the sleep nothing may come in unseen */
        if (input_read(&c, 1))
            break;
        if (interrupts)
            // until lab 4: irq_wait();
            input_wait();                   // lab 4
        else
            for (struct input_source *s = sources; s; s = s->next)
                input_take(s);
    }
    if (interrupts)
        irq_enable();
    return c;
}

uint32_t input_dropped(void)
{
    return dropped;
}
