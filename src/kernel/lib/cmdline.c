/*
 * Looking words up in the kernel command line.
 */
#include "lib/cmdline.h"
#include "lib/string.h"

bool cmdline_find(const char *line, const char *key, char *value, size_t size)
{
    size_t key_length = strlen(key);
    bool found = false;

    while (*line) {
        size_t n = 0;
        while (line[n] && line[n] != ' ')
            n++;
        if (n >= key_length && strncmp(line, key, key_length) == 0 &&
            (n == key_length || line[key_length] == '=')) {
            size_t skip = n == key_length ? n : key_length + 1;
            found = true;
            if (value)
                strlcpy(value, line + skip, n - skip + 1 < size ? n - skip + 1 : size);
        }
        line += n;
        while (*line == ' ')
            line++;
    }
    return found;
}
