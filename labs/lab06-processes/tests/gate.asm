; Exercise 6.1: what stands in trap_syscall while its tests run. It looks before anything else does.

bits 32
global gate_look, gate_halt, gate_inside
extern gate_looked, gate_halts

KERNEL_DATA equ 0x10

section .text

; void gate_look(struct trapframe *tf)
; As the student's gate calls it, whatever the segments and flags are: only SS is the processor's
; own. They are noted, and put in order, so that one mistake is not taken for another.
gate_look:
    pushfd
    pop eax
    mov [ss:gate_inside], eax
    mov eax, ds
    mov [ss:gate_inside + 4], eax
    mov eax, es
    mov [ss:gate_inside + 8], eax
    mov eax, fs
    mov [ss:gate_inside + 12], eax
    mov eax, gs
    mov [ss:gate_inside + 16], eax
    cmp dword [ss:gate_halts], 0
    jne gate_halt
    mov eax, KERNEL_DATA
    mov ds, eax
    mov es, eax
    mov fs, eax
    mov gs, eax
    cli
    cld
    jmp gate_looked

; The machine halts with nothing changed but EAX.
gate_halt:
    cli
    hlt
    jmp gate_halt
.end:

section .bss
align 4
gate_inside: resd 5                 ; struct inside of gate.c
