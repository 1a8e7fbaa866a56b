/*
 * The registers of FPU, MMX and SSE: each task has its own, and most never use them.
 *
 * They are saved when the task that used them is switched out, and loaded again when a task first
 * uses them: CR0.TS makes that use trap (vector 7). Intel SDM volume 3A, 2.5 (TS), 13.4 (FXSAVE).
 */
#ifndef X86_FPU_H
#define X86_FPU_H

#include "lib/types.h"

/* All zero: never used. */
struct fpu {
    uint8_t image[512] __attribute__((aligned(16)));    /* as fxsave or fnsave wrote it */
    bool saved;                                         /* the image holds something */
};

/* After trap_init(). Uses FXSAVE and SSE if the CPU has them. */
void fpu_init(void);

/* The current task is another one from here on, and `fpu` is where its registers are kept. */
void fpu_switch(struct fpu *fpu);

// lab 6 begin
/* The current task's registers begin anew. */
void fpu_forget(void);

/* Is an image what fxsave writes (else fnsave)? After fpu_init(). */
bool fpu_has_fxsr(void);

/* Store what the current task's registers hold: for a copy of it. */
void fpu_get(struct fpu *fpu);

/* What they hold, in place: as long as the task does not use them. */
const struct fpu *fpu_look(void);

/*
 * Give the current task's registers other contents: fpu_change() forgets what they hold, the caller
 * fills in the image that it returns, which may sleep, and fpu_changed() has the registers loaded
 * from it. Returns 0, or -EINVAL: MXCSR has bits that this CPU does not know; they begin anew then.
 */
uint8_t *fpu_change(void);
int fpu_changed(void);

// lab 6 end
#endif
