/*
 * prctl(2)'s requests, and capabilities(7) as capget(2) tells them.
 */
#ifndef ABI_PRCTL_H
#define ABI_PRCTL_H

#include "lib/types.h"

#define PR_SET_PDEATHSIG    1
#define PR_GET_PDEATHSIG    2
#define PR_GET_DUMPABLE     3
#define PR_SET_DUMPABLE     4
#define PR_GET_KEEPCAPS     7
#define PR_SET_KEEPCAPS     8
#define PR_SET_NAME         15
#define PR_GET_NAME         16
#define PR_CAPBSET_READ     23
#define PR_SET_TIMERSLACK   29
#define PR_GET_TIMERSLACK   30
#define PR_SET_CHILD_SUBREAPER 36
#define PR_GET_CHILD_SUBREAPER 37
#define PR_SET_NO_NEW_PRIVS 38
#define PR_GET_NO_NEW_PRIVS 39

#define CAPABILITIES 41             /* how many there are */

#define CAPABILITY_VERSION_1 0x19980330u    /* with one struct capability_sets */
#define CAPABILITY_VERSION_2 0x20071026u    /* with two */
#define CAPABILITY_VERSION_3 0x20080522u

struct capability_header {
    uint32_t version;
    int32_t pid;
};

struct capability_sets {
    uint32_t effective, permitted, inheritable;
};

#endif
