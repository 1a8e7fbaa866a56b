/*
 * Limits and use of resources, as Linux i386 has them. getrlimit(2), getrusage(2).
 */
#ifndef ABI_RESOURCE_H
#define ABI_RESOURCE_H

#include "lib/types.h"

#define RLIMIT_CPU    0
#define RLIMIT_FSIZE  1
#define RLIMIT_DATA   2
#define RLIMIT_STACK  3
#define RLIMIT_CORE   4
#define RLIMIT_RSS    5
#define RLIMIT_NPROC  6
#define RLIMIT_NOFILE 7
#define RLIMIT_MEMLOCK 8
#define RLIMIT_AS     9
#define RLIMIT_LOCKS  10
#define RLIMIT_SIGPENDING 11
#define RLIMIT_MSGQUEUE 12
#define RLIMIT_NICE   13
#define RLIMIT_RTPRIO 14
#define RLIMIT_RTTIME 15
#define RLIM_NLIMITS  16

#define RLIM_INFINITY (~0ull)

/* prlimit64(2)'s; the 32-bit calls see RLIM_INFINITY as 0xffffffff. */
struct rlimit {
    uint64_t soft, hard;
};

#define RUSAGE_SELF     0
#define RUSAGE_CHILDREN (-1)
#define RUSAGE_THREAD   1

struct rusage {
    int32_t utime[2], stime[2];     /* seconds, microseconds */
    int32_t maxrss, ixrss, idrss, isrss, minflt, majflt, nswap, inblock, oublock, msgsnd, msgrcv,
            nsignals, nvcsw, nivcsw;
};

#endif
