/*
 * Limits of processes that lower layers must know of.
 */
#ifndef SYS_LIMIT_H
#define SYS_LIMIT_H

/*
 * Before the first call: no file is written beyond RLIMIT_FSIZE, and who tries gets SIGXFSZ; no
 * space grows beyond RLIMIT_AS and RLIMIT_DATA (setrlimit(2)). And who is killed reads and writes
 * no further.
 */
void limit_init(void);

#endif
