/*
 * Exercise 6.4: what its kernel tests and its program have in common.
 */
#ifndef STACK_CALL_H
#define STACK_CALL_H

#define STACK_BEGIN 0x1100          /* a call: begin at EBX, as a new program does */

#endif
