/*
 * Times as Linux i386 lays them out: the old calls' with seconds of 32 bits, and those of the calls
 * that end in 64.
 *
 * clock_gettime(2), setitimer(2), timer_create(2).
 */
#ifndef ABI_TIME_H
#define ABI_TIME_H

#include "lib/types.h"

#define CLOCK_REALTIME           0
#define CLOCK_MONOTONIC          1
#define CLOCK_PROCESS_CPUTIME_ID 2
#define CLOCK_THREAD_CPUTIME_ID  3
#define CLOCK_MONOTONIC_RAW      4
#define CLOCK_REALTIME_COARSE    5
#define CLOCK_MONOTONIC_COARSE   6
#define CLOCK_BOOTTIME           7
#define CLOCK_REALTIME_ALARM     8
#define CLOCK_BOOTTIME_ALARM     9
#define CLOCK_TAI                11

#define TIMER_ABSTIME 1

#define ITIMER_REAL    0
#define ITIMER_VIRTUAL 1
#define ITIMER_PROF    2

struct timespec32 {
    int32_t sec, nsec;
};

struct timespec64 {
    int64_t sec __attribute__((packed, aligned(4)));
    int32_t nsec, high;             /* 64 bits, of which the calls look at 32 */
};

struct timeval32 {
    int32_t sec, usec;
};

struct timezone {
    int32_t minuteswest, dsttime;
};

struct itimerval32 {
    struct timeval32 interval, value;
};

struct itimerspec32 {
    struct timespec32 interval, value;
};

struct itimerspec64 {
    struct timespec64 interval, value;
};

#define SIGEV_SIGNAL    0
#define SIGEV_NONE      1
#define SIGEV_THREAD    2           /* the C library's affair; a signal to the kernel */
#define SIGEV_THREAD_ID 4

/* timer_create(2)'s. 64 bytes. */
struct sigevent {
    uint32_t value;
    int32_t signo, notify;
    int32_t tid;                    /* with SIGEV_THREAD_ID */
    uint32_t padding[12];
};

#endif
