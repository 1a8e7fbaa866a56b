; FPU state to memory and back: see x86/fpu.h.

bits 32
global fpu_save, fpu_load, fpu_reset

section .text

; void fpu_save(struct fpu *fpu, bool fxsr)
fpu_save:
    mov eax, [esp + 4]
    cmp byte [esp + 8], 0
    je .old
    fxsave [eax]
    ret
.old:
    fnsave [eax]
    ret

; void fpu_load(const struct fpu *fpu, bool fxsr)
fpu_load:
    mov eax, [esp + 4]
    cmp byte [esp + 8], 0
    je .old
    fxrstor [eax]
    ret
.old:
    fnclex                          ; what they hold may be about to trap, which frstor would see
    frstor [eax]
    ret

; void fpu_reset(void): where there is no fxsave, as a program finds it at its start
fpu_reset:
    fninit
    ret
