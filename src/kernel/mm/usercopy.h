/*
 * Memory of programs: the only way in which the kernel touches it.
 *
 * A program's pointer may be anything. Each function below survives it: a page that the space owes
 * is brought in as if the program had touched it itself, which may sleep; what cannot be had is
 * -EFAULT. With a spinlock held, only what is there already can be copied. Nobody may rely on what
 * was seen once: another thread of the program can change it at any time.
 */
#ifndef MM_USERCOPY_H
#define MM_USERCOPY_H

#include "abi/errno.h"
#include "lib/types.h"
#include "x86/mmu.h"
#include "x86/usercopy.h"

/*
 * Does all of [p, p + n) lie where programs have their memory? Says nothing of what is there. No
 * bytes at all are everybody's, at NULL and at KERNEL_BASE, too.
 */
static inline bool user_range(const void *p, size_t n)
{
    // exercise 6.2 begin: no byte of it at KERNEL_BASE or above, however large n is
    uintptr_t start = (uintptr_t)p;

    return start <= KERNEL_BASE && n <= KERNEL_BASE - start;
    // exercise 6.2 stub
    // (void)p, (void)n;
    // return true;
    // exercise 6.2 end
}

/*
 * Copy between the program's memory and the kernel's, or fill the program's with zeros. Returns 0,
 * or -EFAULT: not all of it could be read or written, and some may have been.
 */
static inline int copy_from_user(void *to, const void *from, size_t n)
{
    return user_range(from, n) && user_copy(to, from, n) == 0 ? 0 : -EFAULT;
}

static inline int copy_to_user(void *to, const void *from, size_t n)
{
    return user_range(to, n) && user_copy(to, from, n) == 0 ? 0 : -EFAULT;
}

/* Fill a program's memory with zeros. As above. */
int clear_user(void *to, size_t n);

/*
 * Copy a string and its NUL from the program. Returns its length without the NUL; -EFAULT;
 * -ENAMETOOLONG: no NUL among its first `size` bytes (which are in `to` then).
 */
ssize_t strncpy_from_user(char *to, const char *from, size_t size);

/*
 * For file operations, which read and write for programs and for the kernel itself. Either side may
 * be a program's memory, whose range the system call has checked by user_range(). Returns 0 or
 * -EFAULT.
 */
int copy_bytes(void *to, const void *from, size_t n);

/*
 * The same, where what has been copied counts: returns how many bytes, from the first one on, were
 * copied or, in `to`, cleared. Less than n: the next one cannot be.
 */
size_t copy_part(void *to, const void *from, size_t n);
size_t clear_part(void *to, size_t n);

#endif
