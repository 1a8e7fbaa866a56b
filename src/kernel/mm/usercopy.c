/*
 * Whose memory a pointer means, around the copies of x86/usercopy.
 */
#include "mm/usercopy.h"

int clear_user(void *to, size_t n)
{
    return user_range(to, n) && user_clear(to, n) == 0 ? 0 : -EFAULT;
}

ssize_t strncpy_from_user(char *to, const char *from, size_t size)
{
    // exercise 6.2 begin: as much as lies below KERNEL_BASE; then what its end means
    if (!user_range(from, 1))
        return -EFAULT;
    size_t room = KERNEL_BASE - (uintptr_t)from, n = size < room ? size : room;
    ssize_t length = user_string(to, from, n);

    if (length < 0 || (size_t)length < n)
        return length;
    return n < size ? -EFAULT : -ENAMETOOLONG;
    // exercise 6.2 stub
    // return user_string(to, from, size);
    // exercise 6.2 end
}

int copy_bytes(void *to, const void *from, size_t n)
{
    return user_copy(to, from, n) == 0 ? 0 : -EFAULT;
}

size_t copy_part(void *to, const void *from, size_t n)
{
    return n - user_copy(to, from, n);
}

size_t clear_part(void *to, size_t n)
{
    return n - user_clear(to, n);
}
