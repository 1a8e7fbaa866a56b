; Text from real mode, by the BIOS. Linked into the boot sector and into the second stage.
;
; Everything here expects DS = 0 and a stack, and leaves all registers as they were, except as said.
; BIOS teletype: INT 10h, AH = 0Eh, AL = character, BH = page.

%include "boot.inc"

bits 16
global puts, puthex, fatal, checkpoint

section .text align=1             ; the boot sector has no byte to waste

; Print the NUL-terminated string at DS:SI. Any length, the empty string too.
puts:
    ; exercise 1.1 begin: print up to the NUL by INT 10h, AH = 0Eh, page 0; keep every register
    pusha
    cld                             ; the caller may have left the direction flag set
.next:
    lodsb
    test al, al
    jz .done
    mov ah, 0x0e
    xor bx, bx                      ; page 0
    int 0x10
    jmp .next
.done:
    popa
    ; exercise 1.1 stub
    ; exercise 1.1 end
    ret

; Print AL as two hexadecimal digits.
puthex:
    pusha
    ; exercise 1.1 begin: print the high four bits of AL as one digit 0-9 or A-F, then the low four
    mov cl, al
    shr al, 4
    call .digit
    mov al, cl
    and al, 0x0f
    call .digit
    jmp .done
.digit:
    cmp al, 10
    jb .decimal
    add al, 'A' - '0' - 10
.decimal:
    add al, '0'
    mov ah, 0x0e
    xor bx, bx
    int 0x10
    ret
.done:
    ; exercise 1.1 stub
    ; exercise 1.1 end
    popa
    ret

; Print the message at DS:SI and the error code in AH, and stop. Does not return.
fatal:
    call puts
    mov al, ah
    call puthex
.halt:
    cli
    hlt
    jmp .halt                       ; a non-maskable interrupt ends hlt

checkpoint:
    push dx
    out 0xe9, al
    mov dx, 0x3f8
    out dx, al
    pop dx
    ret
