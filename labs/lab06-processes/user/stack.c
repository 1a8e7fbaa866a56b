/*
 * Exercise 6.4: a program that gives way to another one.
 */
#include "user.h"

void stack_give_way(void);

PROGRAM(stack_ring3)
{
    stack_give_way();
    return 1;
}
