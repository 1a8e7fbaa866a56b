/*
 * The VGA text screen: 80 by 25 cells at physical 0xB8000, each a character and its colours.
 *
 * IBM VGA Technical Reference (CRT controller); FreeVGA, "Manipulating the Text-mode Cursor".
 */
#ifndef DEV_VGA_H
#define DEV_VGA_H

/* Go on where the BIOS's cursor stands, and register the screen as a console. */
void vga_init(void);

#endif
