; The first instructions of every program on the stage, at the image's first byte. EAX is the
; program's name (an address), EBX its argument.

bits 32
global _start
extern user_main

section .text
_start:
    push ebx
    push eax
    call user_main                  ; does not return
    hlt
