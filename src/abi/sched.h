/*
 * clone(2)'s flags, and sched(7)'s policies, as Linux i386 has them.
 */
#ifndef ABI_SCHED_H
#define ABI_SCHED_H

#include "lib/types.h"

#define CSIGNAL              0x000000ffu    /* the signal that tells of the child's end */
#define CLONE_VM             0x00000100u
#define CLONE_FS             0x00000200u
#define CLONE_FILES          0x00000400u
#define CLONE_SIGHAND        0x00000800u
#define CLONE_PIDFD          0x00001000u
#define CLONE_PTRACE         0x00002000u
#define CLONE_VFORK          0x00004000u
#define CLONE_PARENT         0x00008000u
#define CLONE_THREAD         0x00010000u
#define CLONE_NEWNS          0x00020000u
#define CLONE_SYSVSEM        0x00040000u
#define CLONE_SETTLS         0x00080000u
#define CLONE_PARENT_SETTID  0x00100000u
#define CLONE_CHILD_CLEARTID 0x00200000u
#define CLONE_DETACHED       0x00400000u    /* ignored */
#define CLONE_UNTRACED       0x00800000u
#define CLONE_CHILD_SETTID   0x01000000u
#define CLONE_NEWCGROUP      0x02000000u
#define CLONE_NEWUTS         0x04000000u
#define CLONE_NEWIPC         0x08000000u
#define CLONE_NEWUSER        0x10000000u
#define CLONE_NEWPID         0x20000000u
#define CLONE_NEWNET         0x40000000u
#define CLONE_IO             0x80000000u

#define SCHED_OTHER 0
#define SCHED_FIFO  1
#define SCHED_RR    2
#define SCHED_BATCH 3
#define SCHED_IDLE  5
#define SCHED_RESET_ON_FORK 0x40000000u

#define PRIO_PROCESS 0
#define PRIO_PGRP    1
#define PRIO_USER    2

/* set_thread_area(2)'s. */
struct user_desc {
    uint32_t entry_number;
    uint32_t base, limit;
    uint32_t flags;                 /* DESC_ bits */
};

#define DESC_32BIT      0x01u
#define DESC_CONTENTS   0x06u       /* two bits: 0 data, 1 data that grows down, 2 and 3 code */
#define DESC_READ_ONLY  0x08u
#define DESC_PAGES      0x10u       /* limit is in pages */
#define DESC_NOT_PRESENT 0x20u
#define DESC_USEABLE    0x40u       /* the bit for programs' own use */

#endif
