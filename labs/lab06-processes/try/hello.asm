; The smallest program that says something: two system calls of Linux's for the i386. It runs on
; Linux as it does here.
;
; write(2), exit(2); handouts/reference/abi.md.

bits 32
global _start

section .text

_start:
    mov eax, 4                      ; write
    mov ebx, 1                      ; to standard output
    mov ecx, text
    mov edx, text.end - text
    int 0x80
    mov eax, 1                      ; exit
    mov ebx, 0                      ; all is well
    int 0x80

section .data

text: db "hello from ring 3", 10
.end:
