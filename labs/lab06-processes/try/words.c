/*
 * What a program finds on its stack: the words of its command, its environment, and two entries of
 * the auxiliary vector.
 */
#include "abi/auxvec.h"
#include "try.h"

int start(uint32_t *stack)
{
    uint32_t *word = stack + 1;

    tell("ESP modulo 16: ", (long)((uintptr_t)stack % 16));
    tell("words: ", (long)*stack);
    for (; *word; word++) {
        say("  ");
        say((const char *)*word);
        say("\n");
    }
    say("environment:\n");
    for (word++; *word; word++) {
        say("  ");
        say((const char *)*word);
        say("\n");
    }
    for (word++; word[0] != AT_NULL; word += 2) {
        if (word[0] == AT_PAGESZ)
            tell("AT_PAGESZ: ", (long)word[1]);
        if (word[0] == AT_EXECFN) {
            say("AT_EXECFN: ");
            say((const char *)word[1]);
            say("\n");
        }
    }
    return 0;
}
