/*
 * The scalar types, without a host's headers (TinyCC inside this system has none of gcc's).
 */
#ifndef LIB_TYPES_H
#define LIB_TYPES_H

typedef signed char        int8_t;
typedef unsigned char      uint8_t;
typedef short              int16_t;
typedef unsigned short     uint16_t;
typedef int                int32_t;
typedef unsigned int       uint32_t;
typedef long long          int64_t;
typedef unsigned long long uint64_t;
typedef __SIZE_TYPE__      size_t;      /* the compiler's own: agrees with any host's headers */
typedef __PTRDIFF_TYPE__   ssize_t;
typedef __SIZE_TYPE__      uintptr_t;
typedef __PTRDIFF_TYPE__   intptr_t;

#define NULL ((void *)0)

#define bool  _Bool
#define true  1
#define false 0

#define UINT32_MAX 0xffffffffu
#define INT32_MAX  0x7fffffff       // lab 6
#define INT64_MIN  (-0x7fffffffffffffffll - 1)

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

typedef __builtin_va_list va_list;
#define va_start(list, last) __builtin_va_start(list, last)
#define va_arg(list, type)   __builtin_va_arg(list, type)
#define va_end(list)         __builtin_va_end(list)
#define va_copy(to, from)    __builtin_va_copy(to, from)

#endif
