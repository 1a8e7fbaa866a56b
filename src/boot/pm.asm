; The way into protected mode, for good and for a moment.
;
; Intel SDM volume 3A: 3.4.5 (segment descriptors), 9.9 (switching modes).

bits 16
global protected_jump, copy_high

CODE32 equ 0x08
DATA32 equ 0x10
CODE16 equ 0x18
DATA16 equ 0x20

section .text

; Enter protected mode for good and jump to EBX: flat 4 GiB segments, interrupts off, stack below
; 0x7C00. Expects DS = 0. Does not return.
protected_jump:
    cli                             ; the BIOS's handlers are 16-bit code: none may run from here on
    ; exercise 1.5 begin: load the GDT, set CR0.PE, far-jump, load data segments and ESP = 0x7C00
    lgdt [gdt_pointer]
    mov eax, cr0
    or al, 1
    mov cr0, eax
    jmp dword CODE32:.protected
bits 32
.protected:
    mov ax, DATA32
    mov ds, ax
    mov es, ax
    mov ss, ax
    mov fs, ax
    mov gs, ax
    mov esp, 0x7c00
    jmp ebx
bits 16
    ; exercise 1.5 stub
; .halt:
    ; hlt
    ; jmp .halt
    ; exercise 1.5 end

; Copy ECX bytes (a multiple of 4) from the physical address ESI to EDI, anywhere in the 4 GiB, by a
; moment in protected mode. Expects DS = SS = 0. Keeps everything.
copy_high:
    pushad
    push es
    pushf
    cli
    lgdt [gdt_pointer]
    mov eax, cr0
    or al, 1
    mov cr0, eax
    jmp dword CODE32:.protected
bits 32
.protected:
    mov ax, DATA32
    mov ds, ax
    mov es, ax
    cld
    shr ecx, 2
    rep movsd
    jmp CODE16:.sixteen             ; real mode keeps the segments' limits and sizes as they are,
bits 16                             ; so they must be 64 KiB and 16-bit before PE goes
.sixteen:
    mov ax, DATA16
    mov ds, ax
    mov es, ax
    mov eax, cr0
    and al, 0xfe
    mov cr0, eax
    jmp 0:.real
.real:
    xor ax, ax
    mov ds, ax
    popf
    pop es
    popad
    ret

section .data
align 8
gdt:
    dq 0                            ; selector 0 is never usable
    ; exercise 1.5 begin: code (0x08), data (0x10): base 0, 4 GiB, 32-bit, ring 0, read and write
    dq 0x00cf9a000000ffff           ; G D limit F, P S type A (execute, read)
    dq 0x00cf92000000ffff           ; G B limit F, P S type 2 (read, write)
    ; exercise 1.5 stub
    ; dq 0
    ; dq 0
    ; exercise 1.5 end
    dq 0x00009a000000ffff           ; 0x18: code, 64 KiB, 16-bit: the way back to real mode
    dq 0x000092000000ffff           ; 0x20: data, 64 KiB
gdt_pointer:
    dw gdt_pointer - gdt - 1
    dd gdt
