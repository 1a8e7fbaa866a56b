; Exercise 6.1: a system call with any registers.

bits 32
global gate_try, gate_before, gate_after, gate_back

; Offsets in struct gate_registers (tests/gate.h).
%assign at 0
%macro REGISTER 1
  %assign AT_%1 at
  %assign at at + 4
%endmacro
REGISTER EDI
REGISTER ESI
REGISTER EBP
REGISTER ESP
REGISTER EBX
REGISTER EDX
REGISTER ECX
REGISTER EAX
REGISTER EFLAGS
REGISTER DS
REGISTER ES
REGISTER FS
REGISTER GS

section .text

; void gate_try(void)
; One int 0x80 with all registers as in gate_before; they are in gate_after then. Only SS is sure to
; lead to memory meanwhile, and there is no stack.
gate_try:
    pushad
    mov [own_esp], esp
    push dword [gate_before + AT_EFLAGS]
    popfd                           ; movs leave the flags alone
    mov eax, [ss:gate_before + AT_GS]
    mov gs, eax
    mov eax, [ss:gate_before + AT_FS]
    mov fs, eax
    mov eax, [ss:gate_before + AT_ES]
    mov es, eax
    mov eax, [ss:gate_before + AT_DS]
    mov ds, eax
    mov edi, [ss:gate_before + AT_EDI]
    mov esi, [ss:gate_before + AT_ESI]
    mov ebp, [ss:gate_before + AT_EBP]
    mov ebx, [ss:gate_before + AT_EBX]
    mov edx, [ss:gate_before + AT_EDX]
    mov ecx, [ss:gate_before + AT_ECX]
    mov eax, [ss:gate_before + AT_EAX]
    mov esp, [ss:gate_before + AT_ESP]
    int 0x80
gate_back:
    mov [ss:gate_after + AT_EAX], eax
    mov [ss:gate_after + AT_ECX], ecx
    mov [ss:gate_after + AT_EDX], edx
    mov [ss:gate_after + AT_EBX], ebx
    mov [ss:gate_after + AT_ESP], esp
    mov [ss:gate_after + AT_EBP], ebp
    mov [ss:gate_after + AT_ESI], esi
    mov [ss:gate_after + AT_EDI], edi
    mov eax, ds
    mov [ss:gate_after + AT_DS], eax
    mov eax, es
    mov [ss:gate_after + AT_ES], eax
    mov eax, fs
    mov [ss:gate_after + AT_FS], eax
    mov eax, gs
    mov [ss:gate_after + AT_GS], eax
    mov esp, [ss:own_esp]
    pushfd
    pop dword [ss:gate_after + AT_EFLAGS]
    push dword 0x202
    popfd
    mov eax, ss
    mov ds, eax
    mov es, eax
    xor eax, eax
    mov fs, eax
    mov gs, eax
    popad
    ret

section .data
align 4
gate_before: times at db 0
gate_after: times at db 0
own_esp: dd 0
