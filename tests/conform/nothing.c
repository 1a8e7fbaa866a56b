/*
 * The least that a program can do: exit with 0. For what measures how long a program's start takes.
 */
#include "conform.h"

static void check_all(void)
{
}
