; void raise(const uint32_t before[7], uint32_t after[7], const void *code)
;
; Load EAX, EBX, ECX, EDX, ESI, EDI, EBP from before, with the direction flag set; call code, which raises a trap; and store
; what the registers are then in after, and EFLAGS in raise_flags.

bits 32
global raise, raise_flags

section .text
raise:
    pushad
    mov eax, [esp + 36]
    mov ebx, [esp + 40]
    mov ecx, [esp + 44]
    mov [after], ebx
    mov [code], ecx
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
    cld
    pop dword [raise_flags]
    push eax
    mov eax, [after]
    mov [eax + 4], ebx
    mov [eax + 8], ecx
    mov [eax + 12], edx
    mov [eax + 16], esi
    mov [eax + 20], edi
    mov [eax + 24], ebp
    pop dword [eax]
    popad
    ret

section .bss
after:       resd 1
code:        resd 1
raise_flags: resd 1
