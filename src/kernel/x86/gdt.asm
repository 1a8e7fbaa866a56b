; The kernel's global descriptor table.

bits 32
global gdt_init

section .text
gdt_init:
    lgdt [gdt_pointer]
    jmp 0x08:.code                  ; KERNEL_CODE
.code:
    mov eax, 0x10                   ; KERNEL_DATA
    mov ds, eax
    mov es, eax
    mov fs, eax
    mov gs, eax
    mov ss, eax
    ret

section .data
align 8
gdt:
    dq 0
    dq 0x00cf9a000000ffff           ; 0x08: code, 0 to 4 GiB, 32-bit, ring 0
    dq 0x00cf92000000ffff           ; 0x10: data
gdt_pointer:
    dw gdt_pointer - gdt - 1
    dd gdt
