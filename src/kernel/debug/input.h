/*
 * Characters typed, from whatever device: one ring for all keyboards and terminals.
 *
 * Drivers put characters in from their interrupt handlers; one reader takes them out. When the ring
 * is full, what comes later is dropped and counted: what is oldest was typed first and counts most.
 */
#ifndef DEBUG_INPUT_H
#define DEBUG_INPUT_H

#include "lib/types.h"

#define INPUT_BYTES 256

/* A device that can be asked, for when interrupts are off (a panic). The driver owns it. */
struct input_source {
    /* Take what the device has and input_put() it. */
    void (*poll)(void);
    bool busy;                      /* input.c's own: it is doing that now */
    struct input_source *next;
};

/* Add a device to those that input_get() may ask. */
void input_register(struct input_source *source);

/*
 * Let the source take what its device has; nothing if it is doing so already. Drivers call it from
 * their interrupt handlers: a source that a panic has struck down then is not asked again.
 */
void input_take(struct input_source *source);

/* Add a character. Callable from interrupts. */
void input_put(char c);

/*
 * Wait for a character and take it: sleeps if interrupts are on, asks the devices again and again
 * if they are off.
 */
char input_get(void);

/* Take up to n characters that are there. Returns how many. */
unsigned input_read(char *to, unsigned n);

/* Is there a character? */                                             // lab 4
bool input_ready(void);                                                 // lab 4

// lab 4 begin
/*
 * How input_get() waits when interrupts are on, until input_ready(); and what is called, with
 * interrupts off, when a character has come, if not NULL. Set by task/reader.
 */
extern void (*input_wait)(void);
extern void (*input_arrived)(void);
// lab 4 end

/* How many characters were dropped so far. */
uint32_t input_dropped(void);

#endif
