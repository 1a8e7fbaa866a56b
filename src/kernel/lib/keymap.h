/*
 * From scan codes to characters: the PC keyboard's set 1 and the US layout.
 *
 * A key sends its code when it goes down (again and again while it is held) and the code with bit 7
 * set when it comes up. Keys that the first PC did not have send 0xE0 before; Pause sends six bytes
 * that begin with 0xE1.
 *
 * IBM PC/AT Technical Reference; Microsoft, Keyboard Scan Code Specification, appendix A.
 */
#ifndef LIB_KEYMAP_H
#define LIB_KEYMAP_H

#include "lib/types.h"

#define KEYMAP_MAX 6                /* the most characters that one key gives */

#define KEY_ESCAPE     0x01         /* scan codes that others ask for */
#define KEY_RELEASED   0x80

/* What a keyboard's keys are doing. All zero is a keyboard at rest. */
struct keymap {
    bool shift[2], ctrl[2], alt[2]; /* left and right */
    bool caps_lock;                 /* the light, so to speak */
    bool caps_held;                 /* the key: it repeats, but locks once */
    bool extended;                  /* the byte before was 0xE0 */
    uint8_t skip;                   /* bytes of Pause still to come */
};

/*
 * Take one byte of the keyboard's. Writes the characters that it gives to `out` (KEYMAP_MAX bytes)
 * and returns their number; 0 for releases, modifiers, and keys without characters.
 *
 * Shift and Caps Lock as typewriters have them (Caps Lock for letters only, and Shift undoes it);
 * the keys of the keypad, whose slash is an extended key, give the same with them.
 * Ctrl with @ to _ gives the control character (letters: 1 to 26). Alt puts ESC before what the key
 * gives. Enter gives '\n', Backspace 0x7F, and the keys for moving about the sequences of a VT220:
 * ESC [ A (up) B (down) C (right) D (left) H (Home) F (End), ESC [ 2 ~ (Insert) 3 ~ (Delete)
 * 5 ~ (Page Up) 6 ~ (Page Down).
 */
int keymap_feed(struct keymap *k, uint8_t byte, char *out);

#endif
