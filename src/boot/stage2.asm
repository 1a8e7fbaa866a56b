; The second stage: finds out what machine this is while the BIOS can still be asked, gathers the
; kernel's ELF file above 1 MiB, and hands over to 32-bit C (load.c).
;
; The boot sector loaded it to 0000:8000, with the drive in DL, and DS, ES, SS = 0.

%include "boot.inc"

bits 16
extern puts, fatal, checkpoint, disk_init, disk_read, a20_enable, e820_collect
extern protected_jump, copy_high, load_main, loader_bss, loader_end
global _start, boot_drive, kernel_bytes, cmdline

section .start progbits alloc exec nowrite

_start:
    jmp near start
    align 4, db 0

; The image maker fills these in; it finds them by their place.
                dd STAGE2_MAGIC     ; + 4
kernel_lba:     dd 0                ; + 8
kernel_bytes:   dd 0                ; + 12
cmdline:        times 256 db 0      ; + 16, NUL-terminated

section .text

start:
    mov cx, loader_end              ; .bss is not in the file
    mov di, loader_bss
    sub cx, di
    xor al, al
    rep stosb
    mov [boot_drive], dl
    CHECKPOINT 'C'

    call check_cpu
    CHECKPOINT 'D'
    call e820_collect
    CHECKPOINT 'E'
    call a20_enable
    mov si, no_a20
    mov ah, 0
    jc fatal
    CHECKPOINT 'F'
    call load_kernel
    CHECKPOINT 'G'
    mov ebx, load_main
    jmp protected_jump

; myOS maps its memory in 4 MiB pages, so it needs a CPU that has them (CPUID function 1, EDX
; bit 3): a Pentium does.
check_cpu:
    pushfd                          ; a CPU with CPUID lets EFLAGS bit 21 be changed
    pop eax
    mov ecx, eax
    xor eax, 1 << 21
    push eax
    popfd
    pushfd
    pop eax
    xor eax, ecx
    test eax, 1 << 21
    jz .old
    mov eax, 1
    cpuid
    test dl, 1 << 3
    jz .old
    ret
.old:
    mov si, no_pse
    mov ah, 0
    jmp fatal

; Read the kernel's file, 32 KiB at a time: the BIOS reaches only the first megabyte, copy_high all.
load_kernel:
    mov dl, [boot_drive]
    call disk_init
    jc .failed
    mov edi, KERNEL_FILE
    mov eax, [kernel_lba]
    mov ebp, [kernel_bytes]
    add ebp, 511
    shr ebp, 9                      ; sectors to go
    cmp ebp, KERNEL_SECTORS
    ja .too_large
.next:
    test ebp, ebp
    jz .done
    mov ecx, BOUNCE_SECTORS
    cmp ebp, ecx
    jae .read
    mov ecx, ebp
.read:
    pushad
    mov bx, BOUNCE_ADDR >> 4
    mov es, bx
    xor bx, bx
    call disk_read
    jc .failed
    popad
    mov esi, BOUNCE_ADDR
    push ecx
    shl ecx, 9
    call copy_high
    add edi, ecx
    pop ecx
    add eax, ecx
    sub ebp, ecx
    jmp .next
.done:
    ret
.failed:
    mov si, disk_error
    jmp fatal
.too_large:
    mov si, too_large
    mov ah, 0
    jmp fatal

section .data
disk_error: db 13, 10, "Cannot read the kernel: disk error ", 0
too_large:  db "Cannot start the kernel: the file on the disk is too large. ", 0
no_pse:     db "myOS needs a Pentium or later: this CPU has no 4 MiB pages (PSE). ", 0
no_a20:     db "The A20 gate does not open. ", 0

section .bss
boot_drive: resb 1
