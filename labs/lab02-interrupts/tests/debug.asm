; What debug.c needs of code and data whose bytes it knows.

bits 32
global backtrace_last_call, backtrace_behind, every_byte

section .text

; uint32_t backtrace_last_call(uint32_t (*function)(void))
;
; Calls function by its last instruction: the return address is the first one of another function,
; which goes on. Returns what function returns.
backtrace_last_call:
    push ebp
    mov ebp, esp
    call [ebp + 8]
backtrace_behind:
    pop ebp
    ret

; const uint8_t every_byte[256]: each value once, in an order of no meaning.
section .rodata
every_byte:
%assign i 0
%rep 256
    db (i * 167 + 91) & 0xff
  %assign i i + 1
%endrep
