/*
 * A line, typed and edited, with echo on every console.
 *
 * Left, right, Home, End and Ctrl-B, F, A, E move; Backspace and Delete delete; Ctrl-U deletes the
 * line; Ctrl-C gives it up.
 */
#ifndef DEBUG_READLINE_H
#define DEBUG_READLINE_H

#include "lib/types.h"

/*
 * Read a line into `line` (size bytes with the NUL, without the newline). Returns its length; 0
 * after Ctrl-C.
 */
unsigned readline(const char *prompt, char *line, unsigned size);

#endif
