/*
 * The VGA console: newline, carriage return, backspace, tab, scrolling, a cursor, and a colour
 * per log level.
 */
#include "dev/vga.h"
#include "debug/log.h"
#include "lib/string.h"
#include "x86/io.h"
#include "x86/mmu.h"

#define VGA_MEMORY 0xb8000u
#define COLUMNS 80
#define ROWS    25

#define CRTC_INDEX  0x3d4
#define CRTC_DATA   0x3d5
#define CURSOR_HIGH 0x0e            /* the cursor's place in cells, two registers */
#define CURSOR_LOW  0x0f

#define GREY  0x07                  /* low four bits: the character; high four: behind it */
#define WHITE 0x0f
#define RED   0x0c
#define BROWN 0x06

static uint16_t *const screen = (uint16_t *)(VGA_MEMORY + KERNEL_BASE);
static unsigned cursor;             /* cells from the top left */

static void scroll(void)
{
    memmove(screen, screen + COLUMNS, (ROWS - 1) * COLUMNS * sizeof(*screen));
    for (int i = 0; i < COLUMNS; i++)
        screen[(ROWS - 1) * COLUMNS + i] = GREY << 8 | ' ';
    cursor -= COLUMNS;
}

static void put(char c, uint8_t colour)
{
    switch (c) {
    case '\n':
        cursor += COLUMNS - cursor % COLUMNS;
        break;
    case '\r':
        cursor -= cursor % COLUMNS;
        break;
    case '\b':
        if (cursor % COLUMNS)
            cursor--;
        break;
    case '\t':
        do
            put(' ', colour);
        while (cursor % 8);
        break;
    default:
        screen[cursor++] = colour << 8 | (uint8_t)c;
    }
    if (cursor >= ROWS * COLUMNS)
        scroll();
}

static void show_cursor(void)
{
    outb(CRTC_INDEX, CURSOR_HIGH);
    outb(CRTC_DATA, cursor >> 8);
    outb(CRTC_INDEX, CURSOR_LOW);
    outb(CRTC_DATA, cursor);
}

static void vga_write(const char *text, size_t n, enum log_level level)
{
    uint8_t colour = level <= LOG_ERR ? RED : level == LOG_WARNING ? BROWN
                     : level == LOG_INFO ? GREY : WHITE;

    // until lab 6: for (; n; n--)
    for (; n; n--) {                                                        // lab 6
        unsigned column = cursor % COLUMNS;                                 // lab 6
        bool down = level == LOG_RAW && *text == '\n';                      // lab 6
        put(*text++, colour);
        if (down)                                                           // lab 6
            cursor += column;                                               // lab 6
    }                                                                       // lab 6
    show_cursor();
}

static struct console vga_console = { .name = "vga", .write = vga_write };

void vga_init(void)
{
    outb(CRTC_INDEX, CURSOR_HIGH);
    cursor = inb(CRTC_DATA) << 8;
    outb(CRTC_INDEX, CURSOR_LOW);
    cursor |= inb(CRTC_DATA);
    if (cursor >= ROWS * COLUMNS)
        cursor = 0;
    console_register(&vga_console);
}
