; The graders' own boot sector: loads a test program (63 sectors) to 0x8000 and its parameters
; (64 sectors) to 0x20000 and jumps there with DS = ES = SS = 0 and DL = the drive.

bits 16
org 0x7c00

    cli
    xor ax, ax
    mov ds, ax
    mov es, ax
    mov ss, ax
    mov sp, 0x7c00
    sti
    cld
    jmp 0:.start
.start:
    mov [drive], dl
    mov si, program
    call load
    mov si, parameters
    call load
    mov dl, [drive]
    jmp 0:0x8000
load:
    mov ah, 0x42
    mov dl, [drive]
    int 0x13
    jc .failed
    ret
.failed:
    mov al, '!'
    out 0xe9, al
    cli
    hlt

drive:      db 0
align 4, db 0
program:    dw 16, 63, 0x8000, 0
            dq 1
parameters: dw 16, 64, 0, 0x2000
            dq 64
    times 510 - ($ - $$) db 0
    dw 0xaa55
