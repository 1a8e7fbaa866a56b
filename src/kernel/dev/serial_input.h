/*
 * Typing on the serial console: what COM1 receives becomes input.
 */
#ifndef DEV_SERIAL_INPUT_H
#define DEV_SERIAL_INPUT_H

/* Take interrupt line 4. After serial_init(); a machine without COM1 goes without. */
void serial_input_init(void);

#endif
