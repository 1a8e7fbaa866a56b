; void raise(const struct state *before, struct state *after, const void *code)
;
; Load the registers from before, with the direction flag set; call code, which raises a trap; and
; store what the registers are then, with EFLAGS, in after. struct state is trap.c's. DS must be of
; a segment that can be read.

bits 32
global raise

DS_AT    equ 28                     ; before it EAX, EBX, ECX, EDX, ESI, EDI, EBP
ES_AT    equ 32
FS_AT    equ 36
GS_AT    equ 40
FLAGS_AT equ 44

section .text
raise:
    pushad
    mov eax, [esp + 36]
    mov ebx, [esp + 40]
    mov ecx, [esp + 44]
    mov [after], ebx
    mov [code], ecx
    mov ds, [eax + DS_AT]
    mov es, [eax + ES_AT]
    mov fs, [eax + FS_AT]
    mov gs, [eax + GS_AT]
    mov ebx, [eax + 4]
    mov ecx, [eax + 8]
    mov edx, [eax + 12]
    mov esi, [eax + 16]
    mov edi, [eax + 20]
    mov ebp, [eax + 24]
    mov eax, [eax]
    std
    call [code]
    pushfd
    push gs
    push fs
    push es
    push ds
    push eax
    cld
    mov eax, ss                     ; the kernel's data segment
    mov ds, eax
    mov es, eax
    mov fs, eax
    mov gs, eax
    mov eax, [after]
    pop dword [eax]
    mov [eax + 4], ebx
    mov [eax + 8], ecx
    mov [eax + 12], edx
    mov [eax + 16], esi
    mov [eax + 20], edi
    mov [eax + 24], ebp
    pop dword [eax + DS_AT]
    pop dword [eax + ES_AT]
    pop dword [eax + FS_AT]
    pop dword [eax + GS_AT]
    pop dword [eax + FLAGS_AT]
    popad
    ret

section .bss
after: resd 1
code:  resd 1
