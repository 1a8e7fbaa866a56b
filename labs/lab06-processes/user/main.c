/*
 * Which program it is.
 */
#include "user.h"

extern const struct program __start_programs[], __stop_programs[];

static bool same(const char *a, const char *b)
{
    while (*a && *a == *b)
        a++, b++;
    return *a == *b;
}

void user_main(const char *name, uint32_t argument) __attribute__((noreturn));
void user_main(const char *name, uint32_t argument)
{
    for (const struct program *p = __start_programs; p < __stop_programs; p++)
        if (same(p->name, name))
            leave(p->run(argument));
    leave(255);
}

/* For the compiler, which calls them for structures and arrays. */
void *memcpy(void *to, const void *from, size_t n);
void *memcpy(void *to, const void *from, size_t n)
{
    for (size_t i = 0; i < n; i++)
        ((char *)to)[i] = ((const char *)from)[i];
    return to;
}

void *memset(void *to, int value, size_t n);
void *memset(void *to, int value, size_t n)
{
    for (size_t i = 0; i < n; i++)
        ((char *)to)[i] = (char)value;
    return to;
}

PROGRAM(nothing)
{
    return (int)argument;
}
