/*
 * The US layout and the keyboard's modifiers.
 */
#include "lib/keymap.h"

#define LEFT_SHIFT  0x2a
#define RIGHT_SHIFT 0x36
#define CTRL        0x1d            /* with 0xE0 before: the right one */
#define ALT         0x38
#define CAPS_LOCK   0x3a
#define SLASH       0x35            /* extended: the keypad's */
#define ENTER       0x1c
#define EXTENDED    0xe0
#define PAUSE       0xe1
#define PAUSE_MORE  5               /* E1 1D 45 E1 9D C5 */

/* What each key gives alone and with Shift, by its code. */
static const char plain[] = {
    0, 0x1b, '1', '2', '3', '4', '5', '6', '7', '8', '9', '0', '-', '=', 0x7f, '\t',
    'q', 'w', 'e', 'r', 't', 'y', 'u', 'i', 'o', 'p', '[', ']', '\n', 0, 'a', 's',
    'd', 'f', 'g', 'h', 'j', 'k', 'l', ';', '\'', '`', 0, '\\', 'z', 'x', 'c', 'v',
    'b', 'n', 'm', ',', '.', '/', 0, '*', 0, ' ', 0, 0, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, '7', '8', '9', '-', '4', '5', '6', '+', '1',
    '2', '3', '0', '.', 0, 0, '\\',
};
static const char shifted[] = {
    0, 0x1b, '!', '@', '#', '$', '%', '^', '&', '*', '(', ')', '_', '+', 0x7f, '\t',
    'Q', 'W', 'E', 'R', 'T', 'Y', 'U', 'I', 'O', 'P', '{', '}', '\n', 0, 'A', 'S',
    'D', 'F', 'G', 'H', 'J', 'K', 'L', ':', '"', '~', 0, '|', 'Z', 'X', 'C', 'V',
    'B', 'N', 'M', '<', '>', '?', 0, '*', 0, ' ', 0, 0, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, '7', '8', '9', '-', '4', '5', '6', '+', '1',
    '2', '3', '0', '.', 0, 0, '|',
};

/* The sequence behind ESC [ for an extended key, or NULL. */
static const char *movement(uint8_t code)
{
    switch (code) {
    case 0x47: return "H";
    case 0x48: return "A";
    case 0x49: return "5~";
    case 0x4b: return "D";
    case 0x4d: return "C";
    case 0x4f: return "F";
    case 0x50: return "B";
    case 0x51: return "6~";
    case 0x52: return "2~";
    case 0x53: return "3~";
    default:   return NULL;
    }
}

/* Notes a modifier's press or release; false if the key is none. */
static bool modifier(struct keymap *k, uint8_t code, bool extended, bool pressed)
{
    // exercise 2.5 begin: left and right keys apart; Caps Lock toggles when it goes down
    switch (code) {
    case LEFT_SHIFT:
    case RIGHT_SHIFT:
        if (!extended)              /* E0 2A and E0 36 come along with some keys and mean nothing */
            k->shift[code == RIGHT_SHIFT] = pressed;
        return true;
    case CTRL:
        k->ctrl[extended] = pressed;
        return true;
    case ALT:
        k->alt[extended] = pressed;
        return true;
    case CAPS_LOCK:
        if (pressed && !k->caps_held)
            k->caps_lock = !k->caps_lock;
        k->caps_held = pressed;
        return true;
    }
    return false;
    // exercise 2.5 stub
    // (void)k, (void)code, (void)extended, (void)pressed;
    // return false;
    // exercise 2.5 end
}

/* The character that a key gives with these modifiers, or -1. (Ctrl-@ is the character 0.) */
static int character(const struct keymap *k, uint8_t code)
{
    // exercise 2.5 begin: plain or shifted; Ctrl makes '@' to '_' and letters control characters
    if (code >= sizeof(plain) || plain[code] == 0)
        return -1;
    bool letter = plain[code] >= 'a' && plain[code] <= 'z';
    bool upper = (k->shift[0] || k->shift[1]) != (letter && k->caps_lock);
    char c = upper ? shifted[code] : plain[code];

    if (k->ctrl[0] || k->ctrl[1]) {
        if (letter)
            return plain[code] - 'a' + 1;
        if (c >= '@' && c <= '_')
            return c - '@';
    }
    return c;
    // exercise 2.5 stub
    // (void)k, (void)shifted;
    // return code < sizeof(plain) && plain[code] ? plain[code] : -1;
    // exercise 2.5 end
}

int keymap_feed(struct keymap *k, uint8_t byte, char *out)
{
    int n = 0;
    // exercise 2.5 begin: follow the prefixes; use the functions above; Alt puts ESC first
    bool extended = k->extended, pressed = !(byte & KEY_RELEASED);
    uint8_t code = byte & ~KEY_RELEASED;

    if (k->skip) {
        k->skip--;
        return 0;
    }
    k->extended = byte == EXTENDED;
    if (byte == PAUSE)
        k->skip = PAUSE_MORE;
    if (byte == PAUSE || byte == EXTENDED || modifier(k, code, extended, pressed) || !pressed)
        return 0;

    const char *sequence = extended ? movement(code) : NULL;
    int c = !extended || code == ENTER ? character(k, code) : code == SLASH ? '/' : -1;
    if (sequence == NULL && c < 0)
        return 0;
    if (k->alt[0] || k->alt[1])
        out[n++] = 0x1b;
    if (sequence) {
        out[n++] = 0x1b;
        out[n++] = '[';
        while (*sequence)
            out[n++] = *sequence++;
    } else {
        out[n++] = c;
    }
    // exercise 2.5 stub
    // (void)k, (void)byte, (void)out, (void)modifier, (void)character, (void)movement;
    // exercise 2.5 end
    return n;
}
