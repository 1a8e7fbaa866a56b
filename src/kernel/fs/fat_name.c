/*
 * FAT: names. Long ones are UTF-16 on the disk and UTF-8 everywhere else; each has a short name
 * besides, which is made here.
 *
 * Half a surrogate pair, which some disks have, becomes the three bytes that UTF-8 would give it,
 * and back: every name that can be seen can be used.
 *
 * Specification, "Long Directory Entries"; RFC 3629 (UTF-8); RFC 2781 (UTF-16).
 */
#include "fs/fat.h"
#include "abi/errno.h"
#include "lib/string.h"

/* Characters 0x80 to 0xff of IBM's code page 437. */
static const uint16_t oem[128] = {
    0x00c7, 0x00fc, 0x00e9, 0x00e2, 0x00e4, 0x00e0, 0x00e5, 0x00e7, 0x00ea, 0x00eb, 0x00e8, 0x00ef,
    0x00ee, 0x00ec, 0x00c4, 0x00c5, 0x00c9, 0x00e6, 0x00c6, 0x00f4, 0x00f6, 0x00f2, 0x00fb, 0x00f9,
    0x00ff, 0x00d6, 0x00dc, 0x00a2, 0x00a3, 0x00a5, 0x20a7, 0x0192, 0x00e1, 0x00ed, 0x00f3, 0x00fa,
    0x00f1, 0x00d1, 0x00aa, 0x00ba, 0x00bf, 0x2310, 0x00ac, 0x00bd, 0x00bc, 0x00a1, 0x00ab, 0x00bb,
    0x2591, 0x2592, 0x2593, 0x2502, 0x2524, 0x2561, 0x2562, 0x2556, 0x2555, 0x2563, 0x2551, 0x2557,
    0x255d, 0x255c, 0x255b, 0x2510, 0x2514, 0x2534, 0x252c, 0x251c, 0x2500, 0x253c, 0x255e, 0x255f,
    0x255a, 0x2554, 0x2569, 0x2566, 0x2560, 0x2550, 0x256c, 0x2567, 0x2568, 0x2564, 0x2565, 0x2559,
    0x2558, 0x2552, 0x2553, 0x256b, 0x256a, 0x2518, 0x250c, 0x2588, 0x2584, 0x258c, 0x2590, 0x2580,
    0x03b1, 0x00df, 0x0393, 0x03c0, 0x03a3, 0x03c3, 0x00b5, 0x03c4, 0x03a6, 0x0398, 0x03a9, 0x03b4,
    0x221e, 0x03c6, 0x03b5, 0x2229, 0x2261, 0x00b1, 0x2265, 0x2264, 0x2320, 0x2321, 0x00f7, 0x2248,
    0x00b0, 0x2219, 0x00b7, 0x221a, 0x207f, 0x00b2, 0x25a0, 0x00a0,
};

uint16_t fat_oem(uint8_t c)
{
    return oem[c & 0x7f];
}

/* How many bytes the character has that begins with this one; 0: none does. */
static unsigned utf8_length(uint8_t lead)
{
    if (lead < 0xc2)
        return lead < 0x80;
    return lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : lead < 0xf5 ? 4 : 0;
}

/* The character at *text, which moves behind it; -EINVAL: it is not UTF-8. */
static int utf8_next(const char **text)
{
    static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
    const uint8_t *at = (const uint8_t *)*text;
    unsigned length = utf8_length(*at);

    if (!length)
        return -EINVAL;
    uint32_t c = length == 1 ? *at : *at & (0x7fu >> length);
    for (unsigned n = 1; n < length; n++) {
        if ((at[n] & 0xc0) != 0x80)
            return -EINVAL;
        c = c << 6 | (at[n] & 0x3f);
    }
    if (c < least[length] || c > 0x10ffff)
        return -EINVAL;
    *text += length;
    return c;
}

int fat_name_units(const char *name, uint16_t units[FAT_UNITS + 1])
{
    unsigned n = 0, kept = 0;

    while (*name) {
        int c = utf8_next(&name);
        if (c < 0x20 || (c < 0x80 && strchr("\"*/:<>?\\|", c)))
            return -EINVAL;
        if (n + (c > 0xffff) >= FAT_UNITS)
            return -EINVAL;
        if (c > 0xffff) {
            units[n++] = 0xd800 + ((c - 0x10000) >> 10);
            c = 0xdc00 + (c & 0x3ff);
        }
        units[n++] = c;
        if (c != '.' && c != ' ')
            kept = n;
    }
    units[kept] = 0;
    return kept ? (int)kept : -EINVAL;
}

/* Append a character; returns where it goes on, or NULL without room. */
static char *utf8_put(char *to, const char *end, uint32_t c)
{
    unsigned length = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;

    if (end - to < (ssize_t)length)
        return NULL;
    for (unsigned n = length; n-- > 1; c >>= 6)
        to[n] = 0x80 | (c & 0x3f);
    to[0] = length == 1 ? c : c | (0xf00u >> length & 0xff);
    return to + length;
}

int fat_name_text(const uint16_t *units, char text[NAME_MAX + 1])
{
    char *to = text, *end = text + NAME_MAX;

    while (*units) {
        uint32_t c = *units++;
        if (c == '/')
            return 0;
        if (c >= 0xd800 && c < 0xdc00 && *units >= 0xdc00 && *units < 0xe000)
            c = 0x10000 + ((c - 0xd800) << 10) + (*units++ - 0xdc00);
        to = utf8_put(to, end, c);
        if (!to)
            return 0;
    }
    *to = '\0';
    return strcmp(text, ".") == 0 || strcmp(text, "..") == 0 ? 0 : to - text;
}

/* Upper case, of the Latin, Greek and Cyrillic letters that have it 32 or 80 places below. */
static uint16_t upper(uint16_t c)
{
    if (c < 0x80)
        return c >= 'a' && c <= 'z' ? c - 0x20 : c;
    if ((c >= 0xe0 && c <= 0xfe && c != 0xf7) || (c >= 0x3b1 && c <= 0x3cb && c != 0x3c2)
        || (c >= 0x430 && c <= 0x44f))
        return c - 0x20;
    return c >= 0x450 && c <= 0x45f ? c - 0x50 : c;
}

bool fat_name_same(const uint16_t *a, const uint16_t *b)
{
    while (*a && upper(*a) == upper(*b))
        a++, b++;
    return !*a && !*b;
}

uint8_t fat_checksum(const uint8_t name[FAT_SHORT])
{
    uint8_t sum = 0;

    for (unsigned n = 0; n < FAT_SHORT; n++)
        sum = (sum << 7 | sum >> 1) + name[n];
    return sum;
}

/* The character as a short name has it; 0: it has no such; *fit becomes worse if it is another. */
static uint8_t short_character(uint16_t c, enum fat_fit *fit)
{
    uint8_t result = upper(c);

    if (c == ' ' || c == '.') {
        *fit = FAT_CUT;
        return 0;
    }
    if (c > 0x7e || strchr("+,;=[]", c)) {
        *fit = FAT_CUT;
        return '_';
    }
    if (result != c && *fit == FAT_EXACT)
        *fit = FAT_FITS;
    return result;
}

enum fat_fit fat_name_short(const uint16_t *units, uint8_t name[FAT_SHORT])
{
    enum fat_fit fit = FAT_EXACT;
    unsigned dot = 0, at = 0, end = 8;

    for (unsigned n = 1; units[n]; n++)         /* the last dot, unless nothing is before it */
        if (units[n] == '.')
            dot = n;
    memset(name, ' ', FAT_SHORT);
    for (unsigned n = 0; units[n]; n++) {
        if (dot && n == dot) {
            at = 8;
            end = FAT_SHORT;
            continue;
        }
        uint8_t c = short_character(units[n], &fit);
        if (!c)
            continue;
        if (at == end)
            fit = FAT_CUT;
        else
            name[at++] = c;
    }
    if (name[0] == ' ') {
        name[0] = '_';
        fit = FAT_CUT;
    }
    return fit;
}

void fat_name_tail(uint8_t name[FAT_SHORT], const uint16_t *units, unsigned n)
{
    unsigned length = 0, digit = n;

    while (length < 8 && name[length] != ' ')
        length++;
    if (n >= FAT_TAILS) {
        uint32_t hash = n / 9;
        for (; *units; units++)
            hash = (hash ^ *units) * 0x01000193u;           /* FNV-1 */
        hash ^= hash >> 16;
        length = length < 2 ? length : 2;
        for (unsigned i = 0; i < 4; i++, hash >>= 4)
            name[length++] = "0123456789ABCDEF"[hash & 15];
        digit = n % 9 + 1;
    }
    if (length > 6)
        length = 6;
    name[length++] = '~';
    name[length++] = '0' + digit;
    while (length < 8)
        name[length++] = ' ';
}
