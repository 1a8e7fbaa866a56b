/*
 * Calls that only the stage knows (stage.h), for the kernel's side and the programs'.
 */
#ifndef STAGE_CALLS_H
#define STAGE_CALLS_H

#define STAGE_FIRST  0x1000
#define STAGE_TELL   0x1000         /* (a, b): the report gets "told PROGRAM a b", in hexadecimal */
#define STAGE_BYTES  0x1001         /* (tag, address, n): "bytes tag", then "data" and n bytes */
#define STAGE_STAY   0x1002         /* (): the machine halts, to be looked at */

#define STAGE_CODE 0x08048000       /* where the image of all programs begins */
#define STAGE_ZEROS 0x10000         /* bytes behind it, for .bss and more: zeros at first */
#define STAGE_STACK_TOP 0xbfff0000u
#define STAGE_STACK 0x10000         /* bytes of stack; it grows below that */

#endif
