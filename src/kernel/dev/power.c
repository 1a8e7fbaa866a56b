/*
 * Off, again, or still.
 */
#include "dev/power.h"
#include "debug/log.h"
#include "x86/cpu.h"

#define PM1_QEMU  0x604             /* the PIIX4's, as SeaBIOS places it */
#define PM1_BOCHS 0xb004            /* Bochs, and QEMU before version 2 */
#define SLEEP     0x2000            /* SLP_EN, with SLP_TYP 0: off, on both */

void power_off(void)
{
    outw(PM1_QEMU, SLEEP);
    outw(PM1_BOCHS, SLEEP);
    kprintf(LOG_WARNING, "the machine can be switched off now\n");
    cpu_stop();
}

void power_restart(void)
{
    cpu_reset();
}

void power_halt(void)
{
    kprintf(LOG_WARNING, "halted\n");
    cpu_stop();
}
