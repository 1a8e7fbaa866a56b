/*
 * The end of the machine's work: off, or once more from the beginning. Files and programs are not
 * this module's matter: they have come to rest before.
 *
 * ACPI specification 4.8.3.2 (PM1 control: SLP_TYP, SLP_EN). Where the register is stands in tables
 * that we do not read; QEMU and Bochs have it at fixed places.
 */
#ifndef DEV_POWER_H
#define DEV_POWER_H

/* Switch the machine off. If it does not know how, it stands still. */
void power_off(void) __attribute__((noreturn));

/* Reset it. */
void power_restart(void) __attribute__((noreturn));

/* Stand still, with interrupts off. */
void power_halt(void) __attribute__((noreturn));

#endif
