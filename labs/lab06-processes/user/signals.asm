; Where programs of signals.c come to with any registers: as a handler begins, and behind a frame
; that was given back. Nothing is believed but the segment in SS.

bits 32
global signals_handler, signals_landing, signals_halt, signals_astray, signals_restorer
global signals_rt_restorer, signals_fpu, signals_saw
extern signals_entered, signals_landed, signals_lost

USER_DATA  equ 0x23
STAGE_STAY equ 0x1002               ; stage_calls.h
STACK      equ 8192

section .text

; What the registers hold goes to signals_saw (signals_calls.h), and the C function is called.
%macro SAVE_AND_CALL 1
    mov [ss:signals_saw], eax
    mov [ss:signals_saw + 4], ebx
    mov [ss:signals_saw + 8], ecx
    mov [ss:signals_saw + 12], edx
    mov [ss:signals_saw + 16], esi
    mov [ss:signals_saw + 20], edi
    mov [ss:signals_saw + 24], ebp
    mov [ss:signals_saw + 28], esp
    mov esp, stack_top
    pushfd
    pop dword [ss:signals_saw + 56]
    mov [ss:signals_saw + 32], ds
    mov [ss:signals_saw + 36], es
    mov [ss:signals_saw + 40], fs
    mov [ss:signals_saw + 44], gs
    mov [ss:signals_saw + 48], cs
    mov [ss:signals_saw + 52], ss
    push dword 2
    popfd
    mov eax, USER_DATA
    mov ds, eax
    mov es, eax
    fnstcw [signals_saw + 60]
    fnstsw [signals_saw + 64]
    movups [signals_saw + 68], xmm0
    call %1
    hlt
%endmacro

signals_handler:
    SAVE_AND_CALL signals_entered

signals_landing:
    SAVE_AND_CALL signals_landed

; A handler, and where a frame may lead: all registers but EAX stay for whoever looks from outside.
signals_halt:
    mov eax, STAGE_STAY
    int 0x80
    hlt

; Where a program goes on that a handler should have interrupted.
signals_astray:
    mov eax, USER_DATA
    mov ds, eax
    mov es, eax
    mov esp, stack_top
    cld
    call signals_lost
    hlt

; Where handlers return to.
signals_restorer:
    pop eax
    mov eax, 119
    int 0x80
    hlt

signals_rt_restorer:
    mov eax, 173
    int 0x80
    hlt

; void signals_fpu(uint32_t control, uint32_t xmm): the FPU is in use, and holds these.
signals_fpu:
    fninit
    fldcw [esp + 4]
    fldpi
    movd xmm0, [esp + 8]
    pshufd xmm0, xmm0, 0
    ret

section .bss
align 16
signals_saw: resd 21
    resb STACK
stack_top:
