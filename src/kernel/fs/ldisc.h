/*
 * A terminal's line discipline: what becomes of characters between a keyboard, a program, and a
 * screen. It edits lines, echoes what is typed, knows which characters are signals, and makes of a
 * program's output what the screen shall get. It neither waits nor sends signals: that is the
 * terminal's business (proc/tty), which also locks.
 *
 * POSIX.1-2017, XBD chapter 11 (general terminal interface); termios(3).
 */
#ifndef FS_LDISC_H
#define FS_LDISC_H

#include "abi/termios.h"

#define LDISC_BYTES 4096u           /* that have been typed, and not read; a power of two */

struct ldisc {
    struct termios termios;
    /* Where the terminal's output goes, as it is. Set by the owner. */
    void (*put)(const char *text, size_t n);
    unsigned column;                /* where the cursor is, as far as we know */
    bool stopped;                   /* by VSTOP: programs' output waits */

    unsigned tail;                  /* the oldest character's place in the ring */
    unsigned count;                 /* characters in it */
    unsigned line;                  /* the newest of them that can still be edited */
    unsigned line_column;           /* where they begin on the screen */
    bool literal;                   /* VLNEXT: the next character means itself */
    uint8_t ring[LDISC_BYTES];
    uint32_t ends[LDISC_BYTES / 32];        /* a bit for each place: a line ends with it */
};

/* As a terminal is after it has been opened for the first time: canonical, with echo. */
void ldisc_init(struct ldisc *ldisc, void (*put)(const char *text, size_t n));

/* tcsetattr(3): also what that does to characters that were typed before. */
void ldisc_set(struct ldisc *ldisc, const struct termios *termios);

/*
 * A character has been typed. Returns 0, or the signal that it is for the terminal's foreground
 * processes.
 */
int ldisc_input(struct ldisc *ldisc, uint8_t c);

/* How many characters a read would get now: in canonical mode, of whole lines only. */
unsigned ldisc_readable(const struct ldisc *ldisc);

/* Can a read return? In canonical mode: there is a line, even if it is an empty one (VEOF). */
bool ldisc_ready(const struct ldisc *ldisc);

/*
 * Take up to n characters; in canonical mode, of one line. Returns how many; *ended: the line is
 * over (or there was nothing to read).
 */
unsigned ldisc_read(struct ldisc *ldisc, char *to, unsigned n, bool *ended);

/* Forget what was typed and not read. */
void ldisc_flush(struct ldisc *ldisc);

/* Put a program's output out, as oflag says. */
void ldisc_output(struct ldisc *ldisc, const char *text, size_t n);

#endif
