; void hold(struct hold *h): fill all registers from *h, and compare them with it for ever. What
; differs is or-ed into h->bad, each round is counted in h->rounds. See preempt.c.

bits 32
global hold

REGS   equ 0                        ; ebx, ecx, edx, esi, edi, ebp
STACK  equ 24                       ; x87: eight whole numbers
BAD    equ 56
ROUNDS equ 60
NOW    equ 64                       ; x87: where one is stored
XMM    equ 80                       ; seven of 16 bytes, at an address for movdqa

section .text
hold:
    mov eax, [esp + 4]
    fninit
%assign i 0
%rep 8
    fild dword [eax + STACK + 4 * i]
%assign i i + 1
%endrep
%assign i 0
%rep 7
    movdqa xmm %+ i, [eax + XMM + 16 * i]
%assign i i + 1
%endrep
    mov ebx, [eax]
    mov esi, [eax + 12]
    mov edi, [eax + 16]
    mov ebp, [eax + 20]
.round:
    mov ecx, [eax + 4]
    mov edx, [eax + 8]
%rep 200                            ; time in which they must stay
    nop
%endrep
    cmp ebx, [eax]
    jne .general
    cmp ecx, [eax + 4]
    jne .general
    cmp edx, [eax + 8]
    jne .general
    cmp esi, [eax + 12]
    jne .general
    cmp edi, [eax + 16]
    jne .general
    cmp ebp, [eax + 20]
    jne .general
%assign i 7
%rep 8                              ; the last one loaded is on top
    fist dword [eax + NOW]
    mov ecx, [eax + NOW]
    cmp ecx, [eax + STACK + 4 * i]
    jne .x87
    fincstp
%assign i i - 1
%endrep
%assign i 0
%rep 7
    movdqa xmm7, xmm %+ i
    pcmpeqd xmm7, [eax + XMM + 16 * i]
    pmovmskb ecx, xmm7
    cmp ecx, 0xffff
    jne .sse
%assign i i + 1
%endrep
    inc dword [eax + ROUNDS]
    jmp .round
.general:
    or dword [eax + BAD], 1
    jmp .stop
.x87:
    or dword [eax + BAD], 2
    jmp .stop
.sse:
    or dword [eax + BAD], 4
.stop:
    jmp .stop
