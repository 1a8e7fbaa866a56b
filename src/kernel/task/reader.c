/*
 * The input ring knows no tasks; it is told how to wait, and tells when something has come.
 */
#include "task/reader.h"
#include "debug/input.h"
#include "task/sched.h"

static WAIT_QUEUE(readers);

static void arrived(void)
{
    wait_wake_one(&readers);
}

static void wait_for_input(void)
{
    irq_enable();                   /* what comes from here on wakes us */
    wait_event(&readers, input_ready());
}

void reader_init(void)
{
    input_arrived = arrived;
    input_wait = wait_for_input;
}
