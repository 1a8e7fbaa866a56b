; The stage's gate, and the image of all its programs.

bits 32
global stage_gate, stage_image, stage_image_end
extern stage_syscall

KERNEL_DATA equ 0x10
TRAP_SYSCALL equ 128

section .text

; Makes a struct trapframe (x86/trap.h) for stage_syscall(tf), and undoes it.
stage_gate:
    push dword 0
    push dword TRAP_SYSCALL
    pushad
    push ds
    push es
    push fs
    push gs
    mov eax, KERNEL_DATA
    mov ds, eax
    mov es, eax
    mov fs, eax
    mov gs, eax
    cld
    push esp
    call stage_syscall
    add esp, 4
    pop gs
    pop fs
    pop es
    pop ds
    popad
    add esp, 8
    iret

section .rodata
align 16
stage_image:
    incbin STAGE_IMAGE
stage_image_end:
