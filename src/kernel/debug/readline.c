/*
 * Line editing. What it draws uses backspaces and blanks only: every console understands it.
 */
#include "debug/readline.h"
#include "debug/input.h"
#include "debug/log.h"
#include "lib/string.h"

#define CTRL(letter) ((letter) & 31)
#define ESCAPE    0x1b
#define BACKSPACE 0x7f

struct editor {
    char *line;
    unsigned size, length, at;
};

static void back(unsigned n)
{
    while (n--)
        console_printf("\b");
}

/*
 * Draw the line from the cursor on, over `gone` characters that stood behind it, and put the cursor
 * back.
 */
static void redraw(const struct editor *e, unsigned gone)
{
    console_printf("%.*s%*s", (int)(e->length - e->at), e->line + e->at, (int)gone, "");
    back(e->length - e->at + gone);
}

static void move(struct editor *e, unsigned to)
{
    if (to > e->length)
        return;
    if (to < e->at)
        back(e->at - to);
    else
        console_printf("%.*s", (int)(to - e->at), e->line + e->at);
    e->at = to;
}

static void insert(struct editor *e, char c)
{
    if (e->length + 1 >= e->size)
        return;
    memmove(e->line + e->at + 1, e->line + e->at, e->length - e->at);
    e->line[e->at] = c;
    e->length++;
    move(e, e->at + 1);             /* this prints the character ... */
    redraw(e, 0);                   /* ... and this what it pushed along */
}

/* Delete n characters from the cursor on. */
static void delete(struct editor *e, unsigned n)
{
    if (n > e->length - e->at)
        n = e->length - e->at;
    memmove(e->line + e->at, e->line + e->at + n, e->length - e->at - n);
    e->length -= n;
    redraw(e, n);
}

/* The rest of an escape sequence: keys that move, or something that is not for us. */
static void escape(struct editor *e)
{
    char c = input_get(), last = 0;

    if (c != '[')
        return;
    while ((c = input_get()) >= '0' && c <= '9')
        last = c;
    switch (c) {
    case 'C': move(e, e->at + 1); break;
    case 'D': move(e, e->at - 1); break;        /* from 0 it would be too far: move() refuses */
    case 'H': move(e, 0); break;
    case 'F': move(e, e->length); break;
    case '~':
        if (last == '3')
            delete(e, 1);
    }
}

unsigned readline(const char *prompt, char *line, unsigned size)
{
    struct editor e = { .line = line, .size = size };

    console_printf("%s", prompt);
    for (;;) {
        char c = input_get();
        switch (c) {
        case '\r':
        case '\n':
            console_printf("\n");
            line[e.length] = '\0';
            return e.length;
        case CTRL('C'):
            console_printf("^C\n");
            line[0] = '\0';
            return 0;
        case CTRL('A'): move(&e, 0); break;
        case CTRL('E'): move(&e, e.length); break;
        case CTRL('B'): move(&e, e.at - 1); break;
        case CTRL('F'): move(&e, e.at + 1); break;
        case CTRL('D'): delete(&e, 1); break;
        case CTRL('U'):
            move(&e, 0);
            delete(&e, e.length);
            break;
        case '\b':
        case BACKSPACE:
            if (e.at > 0) {
                move(&e, e.at - 1);
                delete(&e, 1);
            }
            break;
        case ESCAPE:
            escape(&e);
            break;
        default:
            if (c >= ' ' && c < BACKSPACE)
                insert(&e, c);
        }
    }
}
