/*
 * Formatted text: the core under kprintf, panic and snprintf.
 *
 * Conversions: %d %i %u %x %X %p %s %c %%; lengths hh h l ll z (%lld, %llx: 64 bits; int, long and
 * size_t have 32). Flags - 0 + space #, a width and a precision, each a number or *. As ISO C11
 * 7.21.6.1 defines them; %p gives 0x and eight digits; (null) for a NULL string. An unknown
 * conversion is printed as it stands. No floating point, no %n.
 */
#ifndef LIB_PRINTF_H
#define LIB_PRINTF_H

#include "lib/types.h"

/* Takes the text one character after another. */
typedef void (*format_put)(void *context, char c);

/* Format to put(context, ...). Returns the number of characters. */
int vformat(format_put put, void *context, const char *format, va_list args);

/*
 * Format into a buffer of `size` bytes, cut if need be and NUL-terminated unless size is 0.
 * Returns the length that the whole text would have had.
 */
int snprintf(char *buffer, size_t size, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
int vsnprintf(char *buffer, size_t size, const char *format, va_list args);

#endif
