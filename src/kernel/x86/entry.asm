; The kernel's first instructions: from physical addresses to the higher half.
;
; Comes here from the loader (EAX = BOOT_INFO_MAGIC, EBX = struct boot_info) or from a Multiboot
; loader such as GRUB or `qemu -kernel` (EAX = 0x2BADB002, EBX = its information). Both give flat
; 32-bit segments, paging off, interrupts off. The kernel is linked at 0xC0100000 and runs at
; 0x00100000 until paging is on, so every address here has KERNEL_BASE taken off until then.
;
; Multiboot specification 0.6.96, 3.1 and 3.2; Intel SDM volume 3A, 4.3 (32-bit paging).

KERNEL_BASE equ 0xc0000000
EARLY_PAGES equ 4                   ; 4 MiB each: 16 MiB hold the kernel and what the loader left
PDE_PRESENT equ 1 << 0
PDE_WRITE   equ 1 << 1
PDE_4M      equ 1 << 7
CR0_WP      equ 1 << 16             ; the kernel, too, respects read-only pages
CR0_PG      equ 1 << 31
CR4_PSE     equ 1 << 4
CPUID_PSE   equ 1 << 3              ; function 1, EDX

extern kmain
global _start, early_page_directory

bits 32
section .text

_start:
    jmp near start

align 4
multiboot_header:                   ; within the file's first 8 KiB
    dd 0x1badb002
    dd 0x00000002                   ; flags: memory map wanted
    dd -(0x1badb002 + 0x00000002)

start:
    mov esp, boot_stack_top - KERNEL_BASE           ; Multiboot promises no stack
    mov esi, eax                    ; the magic number, and what it tells about
    mov edi, ebx
    mov al, 'J'
    call checkpoint
    mov eax, 1
    cpuid
    test edx, CPUID_PSE
    jz no_pse

    ; Free to use from here on: EAX, EBX, ECX, EDX.
    ; exercise 1.7 begin: fill early_page_directory (low and high), turn on PSE, paging, WP; jump up
    mov ebx, early_page_directory - KERNEL_BASE
    mov eax, PDE_PRESENT | PDE_WRITE | PDE_4M
    mov ecx, EARLY_PAGES
.map:
    mov [ebx], eax                                  ; identity: where CR0.PG finds this code
    mov [ebx + (KERNEL_BASE >> 22) * 4], eax        ; and the same memory from KERNEL_BASE on
    add eax, 4 << 20
    add ebx, 4
    loop .map

    mov eax, cr4
    or eax, CR4_PSE
    mov cr4, eax
    mov eax, early_page_directory - KERNEL_BASE
    mov cr3, eax
    mov eax, cr0
    or eax, CR0_PG | CR0_WP
    mov cr0, eax
    mov eax, .high                                  ; absolute: a relative jump would stay down
    jmp eax
.high:
    ; exercise 1.7 stub
; .high:
    ; cli
    ; hlt
    ; jmp .high
    ; exercise 1.7 end
    mov esp, boot_stack_top
    xor ebp, ebp                    ; backtraces end here
    mov al, 'K'
    call checkpoint
    push edi
    push esi
    call kmain                      ; does not return

; AL to port 0xE9 and COM1. Changes EDX. Position independent, so it serves below and above.
checkpoint:
    out 0xe9, al
    mov dx, 0x3f8
    out dx, al
    ret

; Runs at physical addresses. Our loader checks this too, and better; this is for Multiboot's.
no_pse:
    mov esi, no_pse_text - KERNEL_BASE
    mov edi, 0xb8000                ; top left of the screen
.next:
    lodsb
    test al, al
    jz .halt
    mov ah, 0x4f                    ; white on red
    stosw
    call checkpoint
    jmp .next
.halt:
    cli
    hlt
    jmp .halt

section .rodata
no_pse_text: db "myOS needs a Pentium or later: this CPU has no 4 MiB pages (PSE).", 0

section .bss
alignb 4096
early_page_directory:
    resd 1024                       ; zero: not present
boot_stack:
    resb 8192
boot_stack_top:
