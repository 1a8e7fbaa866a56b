; A call of a copy with registers that it must keep: see copies.c.

bits 32
global copies_probe

section .bss
before: resd 1

section .text

; uint32_t copies_probe(fn, a, b, c, struct probed *probed): call fn(a, b, c), and store what is in
; the registers then. Returns what it returned.
EBX_WAS equ 0xb0b0b0b0
ESI_WAS equ 0x51515151
EDI_WAS equ 0xd1d1d1d1
EBP_WAS equ 0xb9b9b9b9
copies_probe:
    pushad
    push dword [esp + 48]
    push dword [esp + 48]
    push dword [esp + 48]
    mov eax, [esp + 48]
    mov [before], esp
    mov ebx, EBX_WAS
    mov esi, ESI_WAS
    mov edi, EDI_WAS
    mov ebp, EBP_WAS
    mov ecx, 0xc1c1c1c1
    mov edx, 0xd2d2d2d2
    call eax
    mov ecx, esp
    mov esp, [before]
    mov edx, [esp + 64]
    sub ecx, esp
    mov [edx], ecx
    xor ebx, EBX_WAS
    mov [edx + 4], ebx
    xor esi, ESI_WAS
    mov [edx + 8], esi
    xor edi, EDI_WAS
    mov [edx + 12], edi
    xor ebp, EBP_WAS
    mov [edx + 16], ebp
    pushfd
    pop ecx
    cld
    and ecx, 0x400                  ; DF
    mov [edx + 20], ecx
    add esp, 12
    mov [esp + 28], eax             ; popad's EAX
    popad
    ret
