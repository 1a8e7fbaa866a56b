/*
 * Calls of the tests of fork (fork.c), for the kernel's side and the programs'.
 */
#ifndef FORK_CALLS_H
#define FORK_CALLS_H

#define FORK_NOTE 0x1100            /* (tag, address, words): what the caller is, and its words */
#define FORK_HOLD 0x1101            /* (): waits until the test says go */
#define FORK_TURN 0x1102            /* (n): waits until it is step n */
#define FORK_DONE 0x1103            /* (n, who): step n is done, by this process */
#define FORK_OPEN 0x1104            /* (): the process gets files */
#define FORK_CLOSE 0x1105           /* (): it closes one of them */
#define FORK_STARVE 0x1106          /* (n): memory is used up but for n frames */
#define FORK_FEED 0x1107            /* (answer): it is back; for whom fork answered 0, the end */
#define FORK_EXEC 0x1108            /* (): what exec does for who waits by vfork */

#define FORK_WORDS 16               /* of a note, at most */

/* Tags of notes. */
#define FORK_PARENT 0
#define FORK_CHILD  1
#define FORK_INPUT  2               /* what the parent's registers were before */

/* What a process of fork_memory has besides: private memory, and shared. */
#define FORK_PRIVATE 0x20000000
#define FORK_SHARED  0x30000000
#define FORK_PAGES   12             /* of each */
#define FORK_STEPS   80
#define FORK_WHO     3              /* processes */
#define FORK_STRIDE  0x300000       /* between private pages: so they have several page tables */

/* How fork_frame becomes two. */
enum fork_case {
    FORK_PLAIN,
    FORK_TIDS,                      /* the child's number in memory: parent_tid, child_tid */
    FORK_MEMORY,                    /* CLONE_VM, on another stack */
    FORK_THREAD,                    /* a thread, with its own TLS */
    FORK_SIBLING,                   /* CLONE_PARENT */
    FORK_CASES
};

/* What a note of fork_frame has behind FORK_REGISTERS words. */
#define FORK_REGISTERS 11           /* answer, ecx, ebx, edx, esi, edi, ebp, esp, eflags, fs, gs */

#endif
