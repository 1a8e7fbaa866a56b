/*
 * Limits of processes that lower layers must know of.
 */
#ifndef SYS_LIMIT_H
#define SYS_LIMIT_H

/*
 * Before the first call: no file is written beyond RLIMIT_FSIZE. Who tries gets SIGXFSZ
 * (setrlimit(2)).
 */
void limit_init(void);

#endif
