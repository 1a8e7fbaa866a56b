/*
 * The keyboard behind the PC's 8042 controller: key strokes become input characters, Ctrl-Alt-Esc
 * calls the monitor.
 *
 * Intel 8042 data sheet; IBM PS/2 Hardware Interface Technical Reference, keyboard and auxiliary
 * device controller.
 */
#ifndef DEV_KBD_H
#define DEV_KBD_H

/* Set up the controller for scan code set 1 and take interrupt line 1. */
void kbd_init(void);

#endif
