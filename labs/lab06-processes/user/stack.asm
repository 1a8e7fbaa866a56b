; Exercise 6.4: a program that another one takes the place of, and that one.

bits 32
global stack_give_way, stack_runs

STACK_BEGIN equ 0x1100              ; tests/stack_call.h
EFLAGS_OLD equ 0x240e93             ; CF, AF, SF, OF, DF, AC, ID, and IF

section .text

; void stack_give_way(void)
; Leaves something in each register that the next program must not find there.
stack_give_way:
    mov eax, ss
    mov fs, eax
    mov gs, eax
    mov ecx, 0xc0ffee01
    mov edx, 0xc0ffee02
    mov esi, 0xc0ffee03
    mov edi, 0xc0ffee04
    mov ebp, 0xc0ffee05
    push dword EFLAGS_OLD
    popfd
    mov eax, STACK_BEGIN
    mov ebx, stack_runs
    int 0x80
    hlt

; The new program. It leaves all registers as it finds them.
stack_runs:
    jmp stack_runs
