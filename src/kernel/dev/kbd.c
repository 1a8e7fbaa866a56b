/*
 * The keyboard controller. What the codes mean is lib/keymap's business.
 */
#include "dev/kbd.h"
#include "debug/input.h"
#include "debug/monitor.h"
#include "lib/keymap.h"
#include "x86/io.h"
#include "x86/irq.h"

#define DATA    0x60
#define STATUS  0x64                /* read; written it is the command port */
#define COMMAND 0x64

#define STATUS_OUTPUT 0x01          /* a byte for us */
#define STATUS_INPUT  0x02          /* ours has not been taken yet */
#define STATUS_AUX    0x20          /* the byte is the mouse's */

#define READ_CONFIG   0x20
#define WRITE_CONFIG  0x60
#define CONFIG_IRQ    0x01          /* interrupt for the keyboard */
#define CONFIG_OFF    0x10          /* the keyboard's clock */
#define CONFIG_SET1   0x40          /* translate the keyboard's set 2 to set 1 */

#define KBD_SET_LEDS  0xed
#define KBD_ACK       0xfa
#define LED_CAPS      0x04

#define IRQ_LINE      1
#define SPIN_MAX      100000
#define FLUSH_MAX     64

static struct keymap keymap;
static bool led_wanted;             /* the light was announced: send it after the keyboard's ACK */
static bool led_shown;
static bool attention;              /* Ctrl-Alt-Esc was among what take_all() took */

static void wait_input(void)
{
    for (int i = 0; i < SPIN_MAX && inb(STATUS) & STATUS_INPUT; i++)
        ;
}

static void send(uint16_t port, uint8_t byte)
{
    wait_input();
    outb(port, byte);
}

/*
 * The keyboard takes its lights in two bytes and answers each by an ACK, which comes like a key:
 * never wait for it.
 */
static void update_led(void)
{
    if (led_wanted || led_shown == keymap.caps_lock)
        return;
    led_wanted = true;
    send(DATA, KBD_SET_LEDS);
}

static void take_ack(void)
{
    if (!led_wanted)
        return;
    led_wanted = false;
    led_shown = keymap.caps_lock;
    send(DATA, led_shown ? LED_CAPS : 0);
}

/* Ctrl and Alt are down, and this is Esc going down. */
static bool is_attention(uint8_t byte)
{
    return byte == KEY_ESCAPE && !keymap.extended && (keymap.ctrl[0] || keymap.ctrl[1]) &&
           (keymap.alt[0] || keymap.alt[1]);
}

/* Take what the controller has. */
static void take_all(void)
{
    char out[KEYMAP_MAX];
    uint8_t status;

    while ((status = inb(STATUS)) & STATUS_OUTPUT) {
        uint8_t byte = inb(DATA);
        if (status & STATUS_AUX)
            continue;
        if (byte == KBD_ACK) {
            take_ack();
            continue;
        }
        if (is_attention(byte)) {
            attention = true;
            continue;
        }
        int n = keymap_feed(&keymap, byte, out);
        for (int i = 0; i < n; i++)
            input_put(out[i]);
        update_led();
    }
}

static struct input_source source = { .poll = take_all };

static bool kbd_interrupt(void *arg, struct trapframe *tf)
{
    (void)arg;
    attention = false;
    input_take(&source);
    if (attention)
        monitor(tf);
    return true;
}

void kbd_init(void)
{
    for (int i = 0; i < FLUSH_MAX && inb(STATUS) & STATUS_OUTPUT; i++)
        inb(DATA);                  /* what was typed at the BIOS */
    send(COMMAND, READ_CONFIG);
    for (int i = 0; i < SPIN_MAX && !(inb(STATUS) & STATUS_OUTPUT); i++)
        ;
    uint8_t config = inb(DATA);
    send(COMMAND, WRITE_CONFIG);
    send(DATA, (config | CONFIG_IRQ | CONFIG_SET1) & ~CONFIG_OFF);
    input_register(&source);
    irq_register(IRQ_LINE, kbd_interrupt, NULL);
}
