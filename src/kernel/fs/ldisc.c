/*
 * The line discipline. In canonical mode the newest `line` characters in the ring are the line that
 * is being typed; a delimiter makes them readable and marks its own place as an end. VEOF leaves an
 * end without a character: a NUL that is marked, which readers never see.
 */
#include "fs/ldisc.h"
#include "abi/signal.h"
#include "lib/string.h"

#define CTRL(letter) ((letter) & 31)
#define DELETE    0x7f
#define TAB_WIDTH 8

static bool has(const struct ldisc *ldisc, uint32_t lflag)
{
    return (ldisc->termios.lflag & lflag) == lflag;
}

/* Is it the character at that place in cc? A NUL there means that there is none. */
static bool is(const struct ldisc *ldisc, unsigned place, uint8_t c)
{
    return c && ldisc->termios.cc[place] == c;
}

/* The same for one that IEXTEN turns on. */
static bool is_extended(const struct ldisc *ldisc, unsigned place, uint8_t c)
{
    return has(ldisc, IEXTEN) && is(ldisc, place, c);
}

void ldisc_init(struct ldisc *ldisc, void (*put)(const char *text, size_t n))
{
    static const struct termios initial = {
        .iflag = ICRNL | IXON, .oflag = OPOST | ONLCR, .cflag = B38400 | CS8 | CREAD | HUPCL,
        .lflag = ISIG | ICANON | ECHO | ECHOE | ECHOK | ECHOCTL | ECHOKE | IEXTEN,
        .cc = { [VINTR] = CTRL('C'), [VQUIT] = CTRL('\\'), [VERASE] = DELETE, [VKILL] = CTRL('U'),
                [VEOF] = CTRL('D'), [VMIN] = 1, [VSTART] = CTRL('Q'), [VSTOP] = CTRL('S'),
                [VSUSP] = CTRL('Z'), [VREPRINT] = CTRL('R'), [VDISCARD] = CTRL('O'),
                [VWERASE] = CTRL('W'), [VLNEXT] = CTRL('V') },
    };

    memset(ldisc, 0, sizeof(*ldisc));
    ldisc->termios = initial;
    ldisc->put = put;
}

/* ---- output */

/* One character of output; what comes of it is appended to `to`. Returns how many. */
static unsigned process(struct ldisc *ldisc, char c, char to[2])
{
    uint32_t oflag = ldisc->termios.oflag;

    if (!(oflag & OPOST)) {
        to[0] = c;
        return 1;
    }
    if (c == '\n' && (oflag & ONLCR)) {
        ldisc->column = 0;
        to[0] = '\r';
        to[1] = '\n';
        return 2;
    }
    if (c == '\r' && (oflag & ONOCR) && ldisc->column == 0)
        return 0;
    if (c == '\r' && (oflag & OCRNL))
        c = '\n';
    if (c == '\r' || (c == '\n' && (oflag & ONLRET)))
        ldisc->column = 0;
    else if (c == '\t')
        ldisc->column += TAB_WIDTH - ldisc->column % TAB_WIDTH;
    else if (c == '\b')
        ldisc->column -= ldisc->column > 0;
    else if ((uint8_t)c >= ' ' && c != DELETE)
        ldisc->column++;
    to[0] = c;
    return 1;
}

void ldisc_output(struct ldisc *ldisc, const char *text, size_t n)
{
    char out[128];
    unsigned used = 0;

    for (; n; n--) {
        used += process(ldisc, *text++, out + used);
        if (used > sizeof(out) - 2 || n == 1) {
            ldisc->put(out, used);
            used = 0;
        }
    }
}

/* ---- echo */

static bool is_control(const struct ldisc *ldisc, uint8_t c)
{
    return has(ldisc, ECHOCTL) && (c < ' ' || c == DELETE) && c != '\t' && c != '\n';
}

/* Show a character as echo shows it: control characters as ^X. */
static void show(struct ldisc *ldisc, uint8_t c)
{
    char text[2] = { '^', (char)(c ^ 0x40) };

    if (is_control(ldisc, c))
        ldisc_output(ldisc, text, 2);
    else
        ldisc_output(ldisc, (const char *)&c, 1);
}

static void echo(struct ldisc *ldisc, uint8_t c)
{
    if (has(ldisc, ECHO) || (c == '\n' && has(ldisc, ECHONL | ICANON)))
        show(ldisc, c);
}

/* ---- the line that is being typed */

static unsigned place(const struct ldisc *ldisc, unsigned n)
{
    return (ldisc->tail + n) % LDISC_BYTES;
}

static uint8_t at(const struct ldisc *ldisc, unsigned n)
{
    return ldisc->ring[place(ldisc, n)];
}

static bool ends_at(const struct ldisc *ldisc, unsigned n)
{
    unsigned where = place(ldisc, n);

    return ldisc->ends[where / 32] >> where % 32 & 1;
}

static void mark(struct ldisc *ldisc, unsigned n, bool end)
{
    unsigned where = place(ldisc, n);

    ldisc->ends[where / 32] = (ldisc->ends[where / 32] & ~(1u << where % 32))
        | (uint32_t)end << where % 32;
}

/* Put a character in, the line's last. One place is kept for what ends a line. */
static void append(struct ldisc *ldisc, uint8_t c)
{
    if (ldisc->count + 1 >= LDISC_BYTES)
        return;
    if (ldisc->line == 0)
        ldisc->line_column = ldisc->column;
    ldisc->ring[place(ldisc, ldisc->count)] = c;
    mark(ldisc, ldisc->count, false);
    ldisc->count++;
    if (has(ldisc, ICANON))
        ldisc->line++;
    echo(ldisc, c);
}

/* The line is over, with this character: it can be read. */
static void end_line(struct ldisc *ldisc, uint8_t c)
{
    if (ldisc->count == LDISC_BYTES)
        return;
    ldisc->ring[place(ldisc, ldisc->count)] = c;
    mark(ldisc, ldisc->count, true);
    ldisc->count++;
    ldisc->line = 0;
}

/* Is it a byte of a UTF-8 character, but its first? */
static bool goes_on(const struct ldisc *ldisc, uint8_t c)
{
    return (ldisc->termios.iflag & IUTF8) && (c & 0xc0) == 0x80;
}

/* Where the cursor stands after the first n characters of the line. */
static unsigned column_after(const struct ldisc *ldisc, unsigned n)
{
    unsigned column = ldisc->line_column;

    for (unsigned i = ldisc->count - ldisc->line; n; i++, n--) {
        uint8_t c = at(ldisc, i);
        if (c == '\t')
            column += TAB_WIDTH - column % TAB_WIDTH;
        else if (is_control(ldisc, c))
            column += 2;
        else if (c >= ' ' && c != DELETE && !goes_on(ldisc, c))
            column++;
    }
    return column;
}

/* Take n characters off the line's end, from the screen, too. */
static void erase(struct ldisc *ldisc, unsigned n)
{
    unsigned columns = column_after(ldisc, ldisc->line) - column_after(ldisc, ldisc->line - n);

    ldisc->count -= n;
    ldisc->line -= n;
    if (has(ldisc, ECHO | ECHOE))
        while (columns--)
            ldisc_output(ldisc, "\b \b", 3);
}

static void erase_character(struct ldisc *ldisc, uint8_t c)
{
    unsigned n = 0;

    while (n < ldisc->line && goes_on(ldisc, at(ldisc, ldisc->count - 1 - n)))
        n++;
    if (n < ldisc->line)
        n++;
    if (n == 0)
        return;
    erase(ldisc, n);
    if (has(ldisc, ECHO) && !has(ldisc, ECHOE))
        show(ldisc, c);
}

static bool in_word(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')
        || c == '_' || c >= 0x80;
}

static void erase_word(struct ldisc *ldisc)
{
    unsigned n = 0;

    while (n < ldisc->line && !in_word(at(ldisc, ldisc->count - 1 - n)))
        n++;
    while (n < ldisc->line && in_word(at(ldisc, ldisc->count - 1 - n)))
        n++;
    erase(ldisc, n);
}

static void erase_line(struct ldisc *ldisc, uint8_t c)
{
    if (has(ldisc, ECHOE | ECHOKE)) {
        erase(ldisc, ldisc->line);
        return;
    }
    ldisc->count -= ldisc->line;
    ldisc->line = 0;
    if (has(ldisc, ECHO | ECHOK)) {
        show(ldisc, c);
        ldisc_output(ldisc, "\n", 1);
    }
}

static void reprint(struct ldisc *ldisc, uint8_t c)
{
    show(ldisc, c);
    ldisc_output(ldisc, "\n", 1);
    ldisc->line_column = ldisc->column;
    for (unsigned i = ldisc->count - ldisc->line; i < ldisc->count; i++)
        show(ldisc, at(ldisc, i));
}

/* ---- input */

/* The signal that the character stands for, or 0. */
static int signal_of(const struct ldisc *ldisc, uint8_t c)
{
    if (!has(ldisc, ISIG))
        return 0;
    return is(ldisc, VINTR, c) ? SIGINT : is(ldisc, VQUIT, c) ? SIGQUIT :
           is(ldisc, VSUSP, c) ? SIGTSTP : 0;
}

/* Flow control: VSTOP and VSTART mean nothing else then. Returns whether it was one of them. */
static bool flow(struct ldisc *ldisc, uint8_t c)
{
    bool start = is(ldisc, VSTART, c), stop = is(ldisc, VSTOP, c);

    if (!(ldisc->termios.iflag & IXON))
        return false;
    if (start || (ldisc->termios.iflag & IXANY))
        ldisc->stopped = false;
    if (stop && !start)
        ldisc->stopped = true;
    return start || stop;
}

/* What iflag makes of the character; -1: nothing is left. */
static int map(const struct ldisc *ldisc, uint8_t c)
{
    uint32_t iflag = ldisc->termios.iflag;

    if (c == '\r')
        return iflag & IGNCR ? -1 : iflag & ICRNL ? '\n' : c;
    if (c == '\n' && (iflag & INLCR))
        return '\r';
    return c;
}

/* A character for a line. */
static void edit(struct ldisc *ldisc, uint8_t c)
{
    if (is(ldisc, VERASE, c)) {
        erase_character(ldisc, c);
    } else if (is_extended(ldisc, VWERASE, c)) {
        erase_word(ldisc);
    } else if (is(ldisc, VKILL, c)) {
        erase_line(ldisc, c);
    } else if (is_extended(ldisc, VREPRINT, c) && has(ldisc, ECHO)) {
        reprint(ldisc, c);
    } else if (is_extended(ldisc, VLNEXT, c)) {
        ldisc->literal = true;
        if (has(ldisc, ECHO | ECHOCTL))
            ldisc_output(ldisc, "^\b", 2);
    } else if (is(ldisc, VEOF, c)) {
        end_line(ldisc, '\0');
    } else if (c == '\n' || is(ldisc, VEOL, c) || is_extended(ldisc, VEOL2, c)) {
        echo(ldisc, c);
        end_line(ldisc, c);
    } else {
        append(ldisc, c);
    }
}

int ldisc_input(struct ldisc *ldisc, uint8_t c)
{
    if (ldisc->termios.iflag & ISTRIP)
        c &= 0x7f;
    if (ldisc->literal) {
        ldisc->literal = false;
        append(ldisc, c);
        return 0;
    }
    if (flow(ldisc, c))
        return 0;
    int number = signal_of(ldisc, c);
    if (number) {
        if (!has(ldisc, NOFLSH))
            ldisc_flush(ldisc);
        ldisc->stopped = false;
        echo(ldisc, c);
        return number;
    }
    int mapped = map(ldisc, c);
    if (mapped < 0)
        return 0;
    if (has(ldisc, ICANON))
        edit(ldisc, (uint8_t)mapped);
    else
        append(ldisc, (uint8_t)mapped);
    return 0;
}

/* ---- reading */

/* Characters in lines that are over. */
static unsigned whole(const struct ldisc *ldisc)
{
    return ldisc->count - ldisc->line;
}

unsigned ldisc_readable(const struct ldisc *ldisc)
{
    unsigned n = whole(ldisc), marks = 0;

    for (unsigned i = 0; i < n; i++)
        marks += ends_at(ldisc, i) && at(ldisc, i) == '\0';
    return n - marks;
}

bool ldisc_ready(const struct ldisc *ldisc)
{
    return whole(ldisc) > 0;
}

unsigned ldisc_read(struct ldisc *ldisc, char *to, unsigned n, bool *ended)
{
    unsigned done = 0;

    *ended = !ldisc_ready(ldisc);
    while (!*ended && ldisc_ready(ldisc)) {
        uint8_t c = at(ldisc, 0);
        bool end = ends_at(ldisc, 0), eof = end && c == '\0';
        if (done == n && !(eof && n))
            break;                  /* VEOF behind the last character asked for goes with it */
        if (!eof)
            to[done++] = (char)c;
        mark(ldisc, 0, false);
        ldisc->tail = place(ldisc, 1);
        ldisc->count--;
        *ended = end && has(ldisc, ICANON);
    }
    return done;
}

void ldisc_flush(struct ldisc *ldisc)
{
    ldisc->count = ldisc->line = ldisc->tail = 0;
    ldisc->literal = false;
    memset(ldisc->ends, 0, sizeof(ldisc->ends));
}

void ldisc_set(struct ldisc *ldisc, const struct termios *termios)
{
    bool was = has(ldisc, ICANON);

    ldisc->termios = *termios;
    if (has(ldisc, ICANON) == was)
        return;
    ldisc->line = 0;                /* what is there can be read, as one line */
    memset(ldisc->ends, 0, sizeof(ldisc->ends));
    if (!was && ldisc->count)
        mark(ldisc, ldisc->count - 1, true);
}
