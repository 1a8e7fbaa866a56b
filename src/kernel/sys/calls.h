/*
 * The table of system calls, a line for each:
 *
 *     X(number, name, its arguments, how they look in a trace)
 *
 * Each is a function long sys_NAME(arguments) in sys/, whose contract is the manual page of that
 * name in section 2; what differs stands in handouts/reference/abi.md. An argument has 32 bits; one
 * of 64 bits is two of them, the low half first. Pointers are a program's: only mm/usercopy touches
 * what they point to.
 *
 * In a trace: d a number, x a number in hexadecimal, o in octal, p a pointer, s a string.
 */
#ifndef SYS_CALLS_H
#define SYS_CALLS_H

#include "abi/signal.h"
#include "lib/types.h"

struct capability_header;
struct capability_sets;
struct rlimit;
struct rusage;
struct timespec32;
struct timespec64;
struct user_desc;
struct stat;
struct stat64;
struct statfs;
struct statfs64;
struct statx;
struct pollfd;
struct itimerspec32;
struct itimerspec64;
struct itimerval32;
struct sigevent;
struct sysinfo;
struct timespec32;
struct timespec64;
struct timeval32;
struct timezone;
struct utsname;

/* sys/process.c: making processes and threads, their end, waiting for it. */
#define SYSCALLS_PROCESS(X)                                                                        \
    X(1,   exit, (int status), "d")                                                                \
    X(2,   fork, (void), "")                                                                       \
    X(7,   waitpid, (int pid, int *status, unsigned options), "dpx")                               \
    X(20,  getpid, (void), "")                                                                     \
    X(64,  getppid, (void), "")                                                                    \
    X(114, wait4, (int pid, int *status, unsigned options, struct rusage *usage), "dpxp")          \
    X(120, clone, (uint32_t flags, uintptr_t stack, uintptr_t parent_tid, uintptr_t tls,           \
       uintptr_t child_tid), "xpppp")                                                              \
    X(190, vfork, (void), "")                                                                      \
    X(224, gettid, (void), "")                                                                     \
    X(252, exit_group, (int status), "d")                                                          \
    X(284, waitid, (unsigned type, int id, siginfo_t *info, unsigned options,                      \
       struct rusage *usage), "ddpxp")

/* sys/group.c: process groups and sessions. */
#define SYSCALLS_GROUP(X)                                                                          \
    X(57,  setpgid, (int pid, int pgid), "dd")                                                     \
    X(65,  getpgrp, (void), "")                                                                    \
    X(66,  setsid, (void), "")                                                                     \
    X(132, getpgid, (int pid), "d")                                                                \
    X(147, getsid, (int pid), "d")

/* sys/thread.c: what a thread has the kernel keep for it. */
#define SYSCALLS_THREAD(X)                                                                         \
    X(136, personality, (uint32_t personality), "x")                                               \
    X(172, prctl, (int what, uint32_t a, uint32_t b, uint32_t c, uint32_t d), "dxxxx")             \
    X(240, futex, (uint32_t *at, unsigned op, uint32_t value, const struct timespec32 *time,       \
       uint32_t *at2, uint32_t value3), "pxdppx")                                                  \
    X(243, set_thread_area, (struct user_desc *desc), "p")                                         \
    X(244, get_thread_area, (struct user_desc *desc), "p")                                         \
    X(258, set_tid_address, (uintptr_t tid), "p")                                                  \
    X(311, set_robust_list, (uintptr_t head, size_t size), "pd")                                   \
    X(312, get_robust_list, (int tid, uint32_t *head, uint32_t *size), "dpp")                      \
    X(422, futex_time64, (uint32_t *at, unsigned op, uint32_t value,                               \
       const struct timespec64 *time, uint32_t *at2, uint32_t value3), "pxdppx")

/* sys/sched.c: who runs when. */
#define SYSCALLS_SCHED(X)                                                                          \
    X(34,  nice, (int more), "d")                                                                  \
    X(96,  getpriority, (int which, uint32_t who), "dd")                                           \
    X(97,  setpriority, (int which, uint32_t who, int nice), "ddd")                                \
    X(154, sched_setparam, (int tid, const int *priority), "dp")                                   \
    X(155, sched_getparam, (int tid, int *priority), "dp")                                         \
    X(156, sched_setscheduler, (int tid, int policy, const int *priority), "ddp")                  \
    X(157, sched_getscheduler, (int tid), "d")                                                     \
    X(158, sched_yield, (void), "")                                                                \
    X(159, sched_get_priority_max, (int policy), "d")                                              \
    X(160, sched_get_priority_min, (int policy), "d")                                              \
    X(161, sched_rr_get_interval, (int tid, struct timespec32 *slice), "dp")                       \
    X(241, sched_setaffinity, (int tid, size_t size, const void *mask), "ddp")                     \
    X(242, sched_getaffinity, (int tid, size_t size, void *mask), "ddp")                           \
    X(318, getcpu, (uint32_t *cpu, uint32_t *node), "pp")

/* sys/limit.c: limits, and what was used. */
#define SYSCALLS_LIMIT(X)                                                                          \
    X(43,  times, (uint32_t *times), "p")                                                          \
    X(75,  setrlimit, (unsigned resource, const uint32_t *limit), "dp")                            \
    X(76,  getrlimit, (unsigned resource, uint32_t *limit), "dp")                                  \
    X(77,  getrusage, (int who, struct rusage *usage), "dp")                                       \
    X(191, ugetrlimit, (unsigned resource, uint32_t *limit), "dp")                                 \
    X(340, prlimit64, (int pid, unsigned resource, const struct rlimit *limit,                     \
       struct rlimit *old), "ddpp")

/* sys/id.c: users and groups. */
#define SYSCALLS_ID(X)                                                                             \
    X(23,  setuid, (uint32_t id), "d")                                                             \
    X(24,  getuid, (void), "")                                                                     \
    X(46,  setgid, (uint32_t id), "d")                                                             \
    X(47,  getgid, (void), "")                                                                     \
    X(49,  geteuid, (void), "")                                                                    \
    X(50,  getegid, (void), "")                                                                    \
    X(70,  setreuid, (uint32_t real, uint32_t effective), "dd")                                    \
    X(71,  setregid, (uint32_t real, uint32_t effective), "dd")                                    \
    X(80,  getgroups, (int count, uint16_t *groups), "dp")                                         \
    X(81,  setgroups, (uint32_t count, const uint16_t *groups), "dp")                              \
    X(138, setfsuid, (uint32_t id), "d")                                                           \
    X(139, setfsgid, (uint32_t id), "d")                                                           \
    X(164, setresuid, (uint32_t real, uint32_t effective, uint32_t saved), "ddd")                  \
    X(165, getresuid, (uint16_t *real, uint16_t *effective, uint16_t *saved), "ppp")               \
    X(170, setresgid, (uint32_t real, uint32_t effective, uint32_t saved), "ddd")                  \
    X(171, getresgid, (uint16_t *real, uint16_t *effective, uint16_t *saved), "ppp")               \
    X(184, capget, (struct capability_header *header, struct capability_sets *sets), "pp")         \
    X(185, capset, (struct capability_header *header, const struct capability_sets *sets), "pp")   \
    X(199, getuid32, (void), "")                                                                   \
    X(200, getgid32, (void), "")                                                                   \
    X(201, geteuid32, (void), "")                                                                  \
    X(202, getegid32, (void), "")                                                                  \
    X(203, setreuid32, (uint32_t real, uint32_t effective), "dd")                                  \
    X(204, setregid32, (uint32_t real, uint32_t effective), "dd")                                  \
    X(205, getgroups32, (int count, uint32_t *groups), "dp")                                       \
    X(206, setgroups32, (uint32_t count, const uint32_t *groups), "dp")                            \
    X(208, setresuid32, (uint32_t real, uint32_t effective, uint32_t saved), "ddd")                \
    X(209, getresuid32, (uint32_t *real, uint32_t *effective, uint32_t *saved), "ppp")             \
    X(210, setresgid32, (uint32_t real, uint32_t effective, uint32_t saved), "ddd")                \
    X(211, getresgid32, (uint32_t *real, uint32_t *effective, uint32_t *saved), "ppp")             \
    X(213, setuid32, (uint32_t id), "d")                                                           \
    X(214, setgid32, (uint32_t id), "d")                                                           \
    X(215, setfsuid32, (uint32_t id), "d")                                                         \
    X(216, setfsgid32, (uint32_t id), "d")

/* sys/exec.c */
#define SYSCALLS_EXEC(X)                                                                           \
    X(11,  execve, (const char *path, const uint32_t *argv, const uint32_t *envp), "spp")

/* sys/signal.c and kill.c */
#define SYSCALLS_SIGNAL(X)                                                                         \
    X(0,   restart_syscall, (void), "")                                                            \
    X(29,  pause, (void), "")                                                                      \
    X(37,  kill, (int pid, int number), "dd")                                                      \
    X(48,  signal, (int number, uint32_t handler), "dx")                                           \
    X(67,  sigaction, (int number, const struct old_sigaction *to, struct old_sigaction *from),    \
       "dpp")                                                                                      \
    X(68,  sgetmask, (void), "")                                                                   \
    X(69,  ssetmask, (uint32_t set), "x")                                                          \
    X(72,  sigsuspend, (uint32_t unused, uint32_t unused_too, uint32_t set), "xxx")                \
    X(73,  sigpending, (uint32_t *to), "p")                                                        \
    X(119, sigreturn, (void), "")                                                                  \
    X(126, sigprocmask, (int how, const uint32_t *to, uint32_t *from), "dpp")                      \
    X(173, rt_sigreturn, (void), "")                                                               \
    X(174, rt_sigaction, (int number, const struct sigaction *to, struct sigaction *from,          \
       size_t size), "dppd")                                                                       \
    X(175, rt_sigprocmask, (int how, const uint64_t *to, uint64_t *from, size_t size), "dppd")     \
    X(176, rt_sigpending, (uint64_t *to, size_t size), "pd")                                       \
    X(177, rt_sigtimedwait, (const uint64_t *set, siginfo_t *to, const struct timespec32 *span,    \
       size_t size), "pppd")                                                                       \
    X(178, rt_sigqueueinfo, (int pid, int number, const siginfo_t *from), "ddp")                   \
    X(179, rt_sigsuspend, (const uint64_t *set, size_t size), "pd")                                \
    X(186, sigaltstack, (const struct sigaltstack *to, struct sigaltstack *from), "pp")            \
    X(238, tkill, (int tid, int number), "dd")                                                     \
    X(270, tgkill, (int tgid, int tid, int number), "ddd")                                         \
    X(335, rt_tgsigqueueinfo, (int tgid, int tid, int number, const siginfo_t *from), "dddp")      \
    X(421, rt_sigtimedwait_time64, (const uint64_t *set, siginfo_t *to,                            \
       const struct timespec64 *span, size_t size), "pppd")

/* sys/time.c and timer.c */
#define SYSCALLS_TIME(X)                                                                           \
    X(13,  time, (int32_t *to), "p")                                                               \
    X(25,  stime, (const int32_t *from), "p")                                                      \
    X(27,  alarm, (uint32_t seconds), "d")                                                         \
    X(78,  gettimeofday, (struct timeval32 *to, struct timezone *zone), "pp")                      \
    X(79,  settimeofday, (const struct timeval32 *from, const struct timezone *zone), "pp")        \
    X(104, setitimer, (int which, const struct itimerval32 *from, struct itimerval32 *to), "dpp")  \
    X(105, getitimer, (int which, struct itimerval32 *to), "dp")                                   \
    X(162, nanosleep, (const struct timespec32 *span, struct timespec32 *rest), "pp")              \
    X(259, timer_create, (int clock, const struct sigevent *from, int32_t *to), "dpp")             \
    X(260, timer_settime, (int id, int flags, const struct itimerspec32 *from,                     \
       struct itimerspec32 *to), "ddpp")                                                           \
    X(261, timer_gettime, (int id, struct itimerspec32 *to), "dp")                                 \
    X(262, timer_getoverrun, (int id), "d")                                                        \
    X(263, timer_delete, (int id), "d")                                                            \
    X(264, clock_settime, (int clock, const struct timespec32 *from), "dp")                        \
    X(265, clock_gettime, (int clock, struct timespec32 *to), "dp")                                \
    X(266, clock_getres, (int clock, struct timespec32 *to), "dp")                                 \
    X(267, clock_nanosleep, (int clock, int flags, const struct timespec32 *time,                  \
       struct timespec32 *rest), "ddpp")                                                           \
    X(403, clock_gettime64, (int clock, struct timespec64 *to), "dp")                              \
    X(404, clock_settime64, (int clock, const struct timespec64 *from), "dp")                      \
    X(406, clock_getres_time64, (int clock, struct timespec64 *to), "dp")                          \
    X(407, clock_nanosleep_time64, (int clock, int flags, const struct timespec64 *time,           \
       struct timespec64 *rest), "ddpp")                                                           \
    X(408, timer_gettime64, (int id, struct itimerspec64 *to), "dp")                               \
    X(409, timer_settime64, (int id, int flags, const struct itimerspec64 *from,                   \
       struct itimerspec64 *to), "ddpp")

/* sys/info.c: what the system is. */
#define SYSCALLS_INFO(X)                                                                           \
    X(74,  sethostname, (const char *from, size_t n), "pd")                                        \
    X(88,  reboot, (uint32_t magic, uint32_t magic2, uint32_t command, const void *argument),      \
       "xxxp")                                                                                     \
    X(103, syslog, (int action, char *to, int n), "dpd")                                           \
    X(116, sysinfo, (struct sysinfo *to), "p")                                                     \
    X(121, setdomainname, (const char *from, size_t n), "pd")                                      \
    X(59,  oldolduname, (char (*to)[9]), "p")                                                      \
    X(109, olduname, (char (*to)[65]), "p")                                                        \
    X(122, uname, (struct utsname *to), "p")                                                       \
    X(355, getrandom, (uint8_t *to, size_t n, uint32_t flags), "pdx")

/* sys/mm.c */
#define SYSCALLS_MEMORY(X)                                                                         \
    X(45,  brk, (uintptr_t end), "x")                                                              \
    X(90,  mmap, (const uint32_t *arguments), "p")                                                 \
    X(91,  munmap, (uintptr_t address, size_t bytes), "xx")                                        \
    X(125, mprotect, (uintptr_t address, size_t bytes, unsigned prot), "xxx")                      \
    X(144, msync, (uintptr_t address, size_t bytes, unsigned flags), "xxx")                        \
    X(150, mlock, (uintptr_t address, size_t bytes), "xx")                                         \
    X(151, munlock, (uintptr_t address, size_t bytes), "xx")                                       \
    X(152, mlockall, (unsigned flags), "x")                                                        \
    X(153, munlockall, (void), "")                                                                 \
    X(163, mremap, (uintptr_t address, size_t old_bytes, size_t new_bytes, unsigned flags,         \
                  uintptr_t place), "xxxxx")                                                       \
    X(192, mmap2, (uintptr_t address, size_t bytes, unsigned prot, unsigned flags, int fd,         \
                  uint32_t page), "xxxxdx")                                                        \
    X(218, mincore, (uintptr_t address, size_t bytes, uint8_t *states), "xxp")                     \
    X(219, madvise, (uintptr_t address, size_t bytes, int advice), "xxd")                          \
    X(376, mlock2, (uintptr_t address, size_t bytes, unsigned flags), "xxx")

/* sys/io.c, vector.c, getdents.c, descriptor.c and poll.c: with descriptors. */
#define SYSCALLS_IO(X)                                                                             \
    X(3,   read, (int fd, void *to, size_t n), "dpd")                                              \
    X(4,   write, (int fd, const void *from, size_t n), "dpd")                                     \
    X(6,   close, (int fd), "d")                                                                   \
    X(19,  lseek, (int fd, int32_t offset, int whence), "ddd")                                     \
    X(36,  sync, (void), "")                                                                       \
    X(41,  dup, (int fd), "d")                                                                     \
    X(42,  pipe, (int *fds), "p")                                                                  \
    X(54,  ioctl, (int fd, unsigned command, uintptr_t argument), "dxx")                           \
    X(55,  fcntl, (int fd, int command, uintptr_t argument), "ddx")                                \
    X(63,  dup2, (int fd, int to), "dd")                                                           \
    X(82,  select, (const uint32_t *arguments), "p")                                               \
    X(93,  ftruncate, (int fd, int32_t size), "dd")                                                \
    X(118, fsync, (int fd), "d")                                                                   \
    X(140, _llseek, (int fd, uint32_t high, uint32_t low, int64_t *to, int whence), "dxxpd")       \
    X(141, getdents, (int fd, void *to, size_t n), "dpd")                                          \
    X(142, _newselect, (int n, void *reads, void *writes, void *excepts, void *time), "dpppp")     \
    X(143, flock, (int fd, int operation), "dx")                                                   \
    X(145, readv, (int fd, const void *parts, unsigned n), "dpd")                                  \
    X(146, writev, (int fd, const void *parts, unsigned n), "dpd")                                 \
    X(148, fdatasync, (int fd), "d")                                                               \
    X(168, poll, (struct pollfd *fds, unsigned n, int ms), "pdd")                                  \
    X(180, pread64, (int fd, void *to, size_t n, uint32_t low, uint32_t high), "dpdxx")            \
    X(181, pwrite64, (int fd, const void *from, size_t n, uint32_t low, uint32_t high), "dpdxx")   \
    X(187, sendfile, (int out, int in, int32_t *offset, size_t n), "ddpd")                         \
    X(194, ftruncate64, (int fd, uint32_t low, uint32_t high), "dxx")                              \
    X(220, getdents64, (int fd, void *to, size_t n), "dpd")                                        \
    X(221, fcntl64, (int fd, int command, uintptr_t argument), "ddx")                              \
    X(225, readahead, (int fd, uint32_t low, uint32_t high, size_t n), "dxxd")                     \
    X(239, sendfile64, (int out, int in, int64_t *offset, size_t n), "ddpd")                       \
    X(250, fadvise64, (int fd, uint32_t low, uint32_t high, uint32_t n, int advice), "dxxdd")      \
    X(272, fadvise64_64, (int fd, uint32_t low, uint32_t high, uint32_t n_low, uint32_t n_high,    \
                          int advice), "dxxxxd")                                                   \
    X(308, pselect6, (int n, void *reads, void *writes, void *excepts, void *time,                 \
                      const uint32_t *mask), "dppppp")                                             \
    X(309, ppoll, (struct pollfd *fds, unsigned n, void *time, const uint64_t *mask, size_t size), \
      "pdppd")                                                                                     \
    X(323, eventfd, (unsigned value), "d")                                                         \
    X(324, fallocate, (int fd, int mode, uint32_t low, uint32_t high, uint32_t n_low,              \
                       uint32_t n_high), "ddxxxx")                                                 \
    X(328, eventfd2, (unsigned value, unsigned flags), "dx")                                       \
    X(330, dup3, (int fd, int to, unsigned flags), "ddx")                                          \
    X(331, pipe2, (int *fds, unsigned flags), "px")                                                \
    X(333, preadv, (int fd, const void *parts, unsigned n, uint32_t low, uint32_t high), "dpdxx")  \
    X(334, pwritev, (int fd, const void *parts, unsigned n, uint32_t low, uint32_t high), "dpdxx") \
    X(344, syncfs, (int fd), "d")                                                                  \
    X(377, copy_file_range, (int in, int64_t *from, int out, int64_t *to, size_t n,                \
                             unsigned flags), "dpdpdx")                                            \
    X(413, pselect6_time64, (int n, void *reads, void *writes, void *excepts, void *time,          \
                             const uint32_t *mask), "dppppp")                                      \
    X(414, ppoll_time64, (struct pollfd *fds, unsigned n, void *time, const uint64_t *mask,        \
                          size_t size), "pdppd")                                                   \
    X(436, close_range, (unsigned first, unsigned last, unsigned flags), "ddx")

/* sys/name.c, sys/dir.c, sys/stat.c, sys/attr.c, sys/xattr.c, sys/mount.c: with names. */
#define SYSCALLS_NAME(X)                                                                           \
    X(5,   open, (const char *path, unsigned flags, uint32_t mode), "soo")                         \
    X(8,   creat, (const char *path, uint32_t mode), "so")                                         \
    X(9,   link, (const char *path, const char *new_path), "ss")                                   \
    X(10,  unlink, (const char *path), "s")                                                        \
    X(12,  chdir, (const char *path), "s")                                                         \
    X(14,  mknod, (const char *path, uint32_t mode, uint32_t rdev), "sox")                         \
    X(15,  chmod, (const char *path, uint32_t mode), "so")                                         \
    X(16,  lchown, (const char *path, uint32_t uid, uint32_t gid), "sdd")                          \
    X(21,  mount, (const char *user_source, const char *path, const char *user_type,               \
            uint32_t flags, const void *data), "sssxp")                                            \
    X(22,  umount, (const char *path), "s")                                                        \
    X(30,  utime, (const char *path, const int32_t *user_times), "sp")                             \
    X(33,  access, (const char *path, unsigned want), "so")                                        \
    X(38,  rename, (const char *path, const char *new_path), "ss")                                 \
    X(39,  mkdir, (const char *path, uint32_t mode), "so")                                         \
    X(40,  rmdir, (const char *path), "s")                                                         \
    X(52,  umount2, (const char *path, unsigned flags), "sx")                                      \
    X(60,  umask, (uint32_t mask), "o")                                                            \
    X(83,  symlink, (const char *target, const char *path), "ss")                                  \
    X(85,  readlink, (const char *path, char *to, int size), "spd")                                \
    X(92,  truncate, (const char *path, int32_t size), "sd")                                       \
    X(94,  fchmod, (int fd, uint32_t mode), "do")                                                  \
    X(95,  fchown, (int fd, uint32_t uid, uint32_t gid), "ddd")                                    \
    X(99,  statfs, (const char *path, struct statfs *to), "sp")                                    \
    X(100, fstatfs, (int fd, struct statfs *to), "dp")                                             \
    X(106, stat, (const char *path, struct stat *to), "sp")                                        \
    X(107, lstat, (const char *path, struct stat *to), "sp")                                       \
    X(108, fstat, (int fd, struct stat *to), "dp")                                                 \
    X(133, fchdir, (int fd), "d")                                                                  \
    X(182, chown, (const char *path, uint32_t uid, uint32_t gid), "sdd")                           \
    X(183, getcwd, (char *to, size_t size), "pd")                                                  \
    X(193, truncate64, (const char *path, uint32_t low, uint32_t high), "sxx")                     \
    X(195, stat64, (const char *path, struct stat64 *to), "sp")                                    \
    X(196, lstat64, (const char *path, struct stat64 *to), "sp")                                   \
    X(197, fstat64, (int fd, struct stat64 *to), "dp")                                             \
    X(198, lchown32, (const char *path, uint32_t uid, uint32_t gid), "sdd")                        \
    X(207, fchown32, (int fd, uint32_t uid, uint32_t gid), "ddd")                                  \
    X(212, chown32, (const char *path, uint32_t uid, uint32_t gid), "sdd")                         \
    X(226, setxattr, (const char *path), "s")                                                      \
    X(227, lsetxattr, (const char *path), "s")                                                     \
    X(228, fsetxattr, (int fd), "d")                                                               \
    X(229, getxattr, (const char *path), "s")                                                      \
    X(230, lgetxattr, (const char *path), "s")                                                     \
    X(231, fgetxattr, (int fd), "d")                                                               \
    X(232, listxattr, (const char *path), "s")                                                     \
    X(233, llistxattr, (const char *path), "s")                                                    \
    X(234, flistxattr, (int fd), "d")                                                              \
    X(235, removexattr, (const char *path), "s")                                                   \
    X(236, lremovexattr, (const char *path), "s")                                                  \
    X(237, fremovexattr, (int fd), "d")                                                            \
    X(268, statfs64, (const char *path, size_t size, struct statfs64 *to), "sdp")                  \
    X(269, fstatfs64, (int fd, size_t size, struct statfs64 *to), "ddp")                           \
    X(271, utimes, (const char *path, const int32_t *times), "sp")                                 \
    X(295, openat, (int dirfd, const char *path, unsigned flags, uint32_t mode), "dsoo")           \
    X(296, mkdirat, (int dirfd, const char *path, uint32_t mode), "dso")                           \
    X(297, mknodat, (int dirfd, const char *path, uint32_t mode, uint32_t rdev), "dsox")           \
    X(298, fchownat, (int dirfd, const char *path, uint32_t uid, uint32_t gid,                     \
            unsigned flags), "dsddx")                                                              \
    X(299, futimesat, (int dirfd, const char *path, const int32_t *times), "dsp")                  \
    X(300, fstatat64, (int dirfd, const char *path, struct stat64 *to, unsigned flags), "dspx")    \
    X(301, unlinkat, (int dirfd, const char *path, unsigned flags), "dsx")                         \
    X(302, renameat, (int dirfd, const char *path, int new_dirfd, const char *new_path), "dsds")   \
    X(303, linkat, (int dirfd, const char *path, int new_dirfd, const char *new_path,              \
            unsigned flags), "dsdsx")                                                              \
    X(304, symlinkat, (const char *target, int dirfd, const char *path), "sds")                    \
    X(305, readlinkat, (int dirfd, const char *path, char *to, int size), "dspd")                  \
    X(306, fchmodat, (int dirfd, const char *path, uint32_t mode), "dso")                          \
    X(307, faccessat, (int dirfd, const char *path, unsigned want), "dso")                         \
    X(320, utimensat, (int dirfd, const char *path, const int32_t *user_times,                     \
            unsigned flags), "dspx")                                                               \
    X(353, renameat2, (int dirfd, const char *path, int new_dirfd, const char *new_path,           \
            unsigned flags), "dsdsx")                                                              \
    X(383, statx, (int dirfd, const char *path, unsigned flags, uint32_t mask,                     \
            struct statx *to), "dsxxp")                                                            \
    X(412, utimensat_time64, (int dirfd, const char *path, const int64_t *user_times,              \
            unsigned flags), "dspx")                                                               \
    X(439, faccessat2, (int dirfd, const char *path, unsigned want, unsigned flags), "dsox")       \
    X(452, fchmodat2, (int dirfd, const char *path, uint32_t mode, unsigned flags), "dsox")

#define SYSCALLS(X)                                                                                \
    SYSCALLS_PROCESS(X) SYSCALLS_GROUP(X) SYSCALLS_THREAD(X) SYSCALLS_SCHED(X)                     \
    SYSCALLS_LIMIT(X) SYSCALLS_ID(X) SYSCALLS_EXEC(X) SYSCALLS_SIGNAL(X)                           \
    SYSCALLS_TIME(X) SYSCALLS_INFO(X) SYSCALLS_MEMORY(X) SYSCALLS_IO(X)                            \
    SYSCALLS_NAME(X)

#define SYSCALL_DECLARE(number, name, arguments, trace) long sys_##name arguments;
SYSCALLS(SYSCALL_DECLARE)

#endif
