/*
 * The emulators' debug console: bytes written to port 0xE9 appear in a file on the host.
 *
 * Bochs: port_e9_hack; QEMU: -debugcon.
 */
#ifndef DEV_DEBUGCON_H
#define DEV_DEBUGCON_H

/* Register the port as a console, where there is one. */
void debugcon_init(void);

#endif
