/*
 * lib/keymap against a typist who knows keys, not codes: presses, holds and releases any of them in any order, and says
 * what each stroke must give. Then bytes that no keyboard sends.
 */
#include "check.h"
#include <string.h>
#undef NULL
#include "lib/keymap.h"

struct key {
    uint8_t code;
    bool extended;
    enum { PLAIN, LETTER, MOVES, DEAD, SHIFT, CTRL, ALT, CAPS, PAUSE, PRINT } kind;
    char alone, shifted;            /* PLAIN, LETTER */
    const char *sequence;           /* MOVES */
    bool down;
};

static struct key keys[128];
static unsigned key_count;
static bool caps;

static struct key *add(uint8_t code, bool extended, int kind)
{
    struct key *key = &keys[key_count++];

    *key = (struct key){ .code = code, .extended = extended, .kind = kind };
    return key;
}

static void add_plain(uint8_t code, bool extended, char alone, char shifted)
{
    struct key *key = add(code, extended, alone >= 'a' && alone <= 'z' ? LETTER : PLAIN);

    key->alone = alone;
    key->shifted = shifted;
}

/* Keys side by side: each by what it gives alone and with Shift. */
static void add_row(uint8_t code, const char *pairs)
{
    for (; *pairs; pairs += 2)
        add_plain(code++, false, pairs[0], pairs[1]);
}

static void make_keyboard(void)
{
    static const struct { uint8_t code; const char *sequence; } moves[] = {
        { 0x47, "[H" }, { 0x48, "[A" }, { 0x49, "[5~" }, { 0x4b, "[D" }, { 0x4d, "[C" },
        { 0x4f, "[F" }, { 0x50, "[B" }, { 0x51, "[6~" }, { 0x52, "[2~" }, { 0x53, "[3~" },
    };
    static const uint8_t dead[] = { 0x3b, 0x3c, 0x44, 0x45, 0x46, 0x57, 0x58 }, dead_extended[] = { 0x5b, 0x5c, 0x5d, 0x20 };

    add_row(0x01, "\x1b\x1b" "1!2@3#4$5%6^7&8*9(0)-_=+" "\x7f\x7f" "\t\t");
    add_row(0x10, "qQwWeErRtTyYuUiIoOpP[{]}" "\n\n");
    add_row(0x1e, "aAsSdDfFgGhHjJkKlL;:'\"`~");
    add_row(0x2b, "\\|zZxXcCvVbBnNmM,<.>/?");
    add_row(0x37, "**");
    add_row(0x39, "  ");
    add_row(0x47, "778899--445566++11223300..");
    add_row(0x56, "\\|");
    add_plain(0x1c, true, '\n', '\n');
    add_plain(0x35, true, '/', '/');
    for (unsigned i = 0; i < ARRAY_SIZE(moves); i++)
        add(moves[i].code, true, MOVES)->sequence = moves[i].sequence;
    for (unsigned i = 0; i < ARRAY_SIZE(dead); i++)
        add(dead[i], false, DEAD);
    for (unsigned i = 0; i < ARRAY_SIZE(dead_extended); i++)
        add(dead_extended[i], true, DEAD);
    for (int i = 0; i < 4; i++) {   /* several times, so that they are pressed often */
        add(i & 1 ? 0x36 : 0x2a, false, SHIFT);
        add(0x1d, i & 1, CTRL);
        add(0x38, i & 1, ALT);
    }
    add(0x3a, false, CAPS);
    add(0, false, PAUSE);
    add(0, false, PRINT);
}

/* Is a key of this kind held down? */
static bool held(int kind)
{
    for (unsigned i = 0; i < key_count; i++)
        if (keys[i].kind == kind && keys[i].down)
            return true;
    return false;
}

static char character(const struct key *key)
{
    bool shift = held(SHIFT);

    if (key->kind == LETTER && held(CTRL))
        return key->alone & 31;
    if (key->kind == LETTER && caps)
        shift = !shift;
    char c = shift ? key->shifted : key->alone;
    return held(CTRL) && c >= '@' && c <= '_' ? c & 31 : c;
}

/* What a stroke of the key must give. */
static unsigned expected(const struct key *key, char *out)
{
    unsigned n = 0;

    if (key->kind != PLAIN && key->kind != LETTER && key->kind != MOVES)
        return 0;
    if (held(ALT))
        out[n++] = 0x1b;
    if (key->kind == MOVES) {
        out[n++] = 0x1b;
        for (const char *s = key->sequence; *s; s++)
            out[n++] = *s;
    } else {
        out[n++] = character(key);
    }
    return n;
}

/* Feed bytes; collect all that they give. */
static unsigned feed(struct keymap *k, const uint8_t *bytes, unsigned count, char *all)
{
    char *out = malloc(KEYMAP_MAX);
    unsigned total = 0;

    for (unsigned i = 0; i < count; i++) {
        int n = keymap_feed(k, bytes[i], out);
        CHECK(n >= 0 && n <= KEYMAP_MAX, "%02x gives %d characters", bytes[i], n);
        memcpy(all + total, out, n);
        total += n;
    }
    free(out);
    return total;
}

static void stroke(struct keymap *k, struct key *key, bool down)
{
    static const uint8_t pause[] = { 0xe1, 0x1d, 0x45, 0xe1, 0x9d, 0xc5 };
    static const uint8_t print[2][4] = { { 0xe0, 0xb7, 0xe0, 0xaa }, { 0xe0, 0x2a, 0xe0, 0x37 } };
    uint8_t bytes[] = { 0xe0, key->code | (down ? 0 : 0x80) };
    char seen[8 * KEYMAP_MAX], wanted[8];
    unsigned n, m = down ? expected(key, wanted) : 0;

    if (key->kind == PAUSE)
        n = down ? feed(k, pause, sizeof(pause), seen) : 0;
    else if (key->kind == PRINT)
        n = feed(k, print[down], sizeof(print[down]), seen);
    else
        n = key->extended ? feed(k, bytes, 2, seen) : feed(k, bytes + 1, 1, seen);
    CHECK(n == m && memcmp(seen, wanted, n) == 0,
          "%s%02x %s (Shift %d, Ctrl %d, Alt %d, Caps Lock %d) gives %u characters, the first %02x; not %u, the first %02x",
          key->extended ? "e0 " : "", key->code, down ? "pressed" : "released", held(SHIFT), held(CTRL), held(ALT), caps,
          n, (uint8_t)seen[0], m, (uint8_t)wanted[0]);
    if (key->kind == CAPS && down && !key->down)
        caps = !caps;
    for (unsigned i = 0; i < key_count; i++)    /* the modifiers are there more than once */
        if (keys[i].kind == key->kind && keys[i].code == key->code && keys[i].extended == key->extended)
            keys[i].down = down;
}

static struct key *some_key(bool down)
{
    for (;;) {
        struct key *key = &keys[check_random(key_count)];
        if (!down || key->down)
            return key;
    }
}

static bool any_down(void)
{
    for (unsigned i = 0; i < key_count; i++)
        if (keys[i].down)
            return true;
    return false;
}

/* A key that is down already repeats. */
static void test_typing(void)
{
    struct keymap k = { 0 };

    caps = false;
    for (int i = 0; i < 300; i++) {
        if (any_down() && check_random(5) < 2)
            stroke(&k, some_key(true), false);
        else
            stroke(&k, some_key(false), true);
    }
    while (any_down())
        stroke(&k, some_key(true), false);
}

/* Noise does no harm, and once all keys are up it has left nothing but perhaps Caps Lock. */
static void test_noise(void)
{
    static const uint8_t up[] = {
        0, 0, 0, 0, 0, 0xaa, 0xb6, 0x9d, 0xe0, 0x9d, 0xb8, 0xe0, 0xb8, 0xba,
    };
    static const uint8_t letter[] = { 0x1e, 0x9e };
    struct keymap k = { 0 };
    uint8_t noise[200];
    char out[sizeof(noise) * KEYMAP_MAX];

    for (unsigned i = 0; i < sizeof(noise); i++)
        noise[i] = check_random(4) ? check_random(256) : 0xe0 + check_random(2);
    feed(&k, noise, sizeof(noise), out);
    feed(&k, up, sizeof(up), out);
    CHECK(feed(&k, letter, sizeof(letter), out) == 1 && out[0] == (k.caps_lock ? 'A' : 'a'), "%02x", (uint8_t)out[0]);
}

int main(void)
{
    make_keyboard();
    for (int i = 0; i < 300; i++) {
        test_typing();
        test_noise();
    }
    return 0;
}
