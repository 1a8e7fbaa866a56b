/*
 * lib/cmdline: words, values, and lines that are not quite right.
 */
#include "check.h"
#include <stdbool.h>
#include <string.h>

bool cmdline_find(const char *line, const char *key, char *value, size_t size);

static void expect(const char *line, const char *key, const char *wanted)
{
    char value[8];
    bool found = cmdline_find(line, key, value, sizeof(value));

    CHECK(found == (wanted != NULL), "\"%s\" %s", line, key);
    CHECK(!found || strcmp(value, wanted) == 0, "\"%s\" %s is \"%s\"", line, key, value);
    CHECK(cmdline_find(line, key, NULL, 0) == found, "\"%s\" %s", line, key);
}

int main(void)
{
    expect("", "a", NULL);
    expect("quiet", "quiet", "");
    expect("quiet=", "quiet", "");
    expect("  quiet  ", "quiet", "");
    expect("quieter unquiet", "quiet", NULL);
    expect("a=1 b=2 ab=3", "b", "2");
    expect("root=hda1 root=hda2", "root", "hda2");
    expect("x=a=b", "x", "a=b");
    expect("x=longer-than-it-fits y", "x", "longer-");
    return 0;
}
