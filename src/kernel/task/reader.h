/*
 * Reading what is typed, as a task: it sleeps until something comes.
 */
#ifndef TASK_READER_H
#define TASK_READER_H

/* From here on input_get() sleeps like any other wait. After sched_init(). */
void reader_init(void);

#endif
