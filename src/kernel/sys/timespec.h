/*
 * Times of programs, in both of their forms.
 */
#ifndef SYS_TIMESPEC_H
#define SYS_TIMESPEC_H

#include "abi/errno.h"
#include "abi/time.h"
#include "lib/timespec.h"
#include "mm/usercopy.h"

/* 0 or -EFAULT, all four. What comes from a program need not be valid. */
static inline int timespec_from_user32(struct timespec *t, const struct timespec32 *from)
{
    struct timespec32 user;

    if (copy_from_user(&user, from, sizeof(user)))
        return -EFAULT;
    *t = (struct timespec){ user.sec, user.nsec };
    return 0;
}

static inline int timespec_from_user64(struct timespec *t, const struct timespec64 *from)
{
    struct timespec64 user;

    if (copy_from_user(&user, from, sizeof(user)))
        return -EFAULT;
    *t = (struct timespec){ user.sec, user.nsec };
    return 0;
}

static inline int timespec_to_user32(struct timespec32 *to, const struct timespec *t)
{
    struct timespec32 user = { (int32_t)t->sec, t->nsec };

    return copy_to_user(to, &user, sizeof(user)) ? -EFAULT : 0;
}

static inline int timespec_to_user64(struct timespec64 *to, const struct timespec *t)
{
    struct timespec64 user = { t->sec, t->nsec, 0 };

    return copy_to_user(to, &user, sizeof(user)) ? -EFAULT : 0;
}

#endif
