/*
 * wait4(2) and waitid(2): what to wait for, and what a status says. As Linux has them.
 */
#ifndef ABI_WAIT_H
#define ABI_WAIT_H

#define WNOHANG    0x00000001u
#define WUNTRACED  0x00000002u      /* wait4's name of WSTOPPED */
#define WSTOPPED   0x00000002u
#define WEXITED    0x00000004u
#define WCONTINUED 0x00000008u
#define WNOWAIT    0x01000000u      /* what it tells can be asked again */
#define W_NOTHREAD 0x20000000u      /* only this thread's children: taken as all of the process's */
#define W_ALL      0x40000000u
#define W_CLONE    0x80000000u      /* children whose end sends another signal than SIGCHLD */

#define P_ALL  0                    /* waitid: which ones */
#define P_PID  1
#define P_PGID 2

#define STATUS_EXIT(code)   (((code) & 0xff) << 8)
#define STATUS_STOP(signal) ((signal) << 8 | 0x7f)
#define STATUS_CONTINUED    0xffff
#define STATUS_CORE         0x80    /* with a signal's number: a core was dumped */

#endif
