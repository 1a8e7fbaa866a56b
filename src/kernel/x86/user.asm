; The first way into ring 3, for a thread that has not been there.

bits 32
extern trap_exit
global enter_user

FRAME_BYTES equ 19 * 4              ; struct trapframe, with the stack of ring 3

section .text

; void enter_user(const struct trapframe *tf, uintptr_t stack_top)
; The frame becomes the first thing on the thread's stack, as if a trap had come from ring 3; what
; was there is not needed any more. `tf` may lie on the stack, too, and reach into that place from
; below: the last word is moved first.
enter_user:
    mov esi, [esp + 4]
    mov edi, [esp + 8]
    cli
    sub edi, FRAME_BYTES
    mov esp, edi
    add esi, FRAME_BYTES - 4
    add edi, FRAME_BYTES - 4
    mov ecx, FRAME_BYTES / 4
    std
    rep movsd
    cld
    xor ebp, ebp                    ; backtraces end here
    push esp
    call trap_exit
    add esp, 4
    pop gs
    pop fs
    pop es
    pop ds
    popad
    add esp, 8                      ; vector and error code
    iret
