; Reading the boot disk by INT 13h. Linked into the boot sector and into the second stage.
;
; Two ways lead to a sector: the extensions (AH = 42h, a packet that names a 64-bit sector number),
; and for drives whose BIOS has none (floppies, old PCs) cylinder, head and sector.
; Expects DS = SS = 0.
;
; Phoenix, BIOS Enhanced Disk Drive Specification 3.0; IBM PC/AT Technical Reference
; (AH = 00h, 02h, 08h).

%include "boot.inc"

bits 16
global disk_init, disk_read

TRIES equ 3                         ; a floppy motor that still spins up needs two

section .text align=1             ; the boot sector has no byte to waste

; Take DL as the drive to read and find out how. Expects ES = 0.
; Returns CF = 0, or CF = 1 with the BIOS error code in AH. Changes AX, BX, CX, DX, DI, ES.
disk_init:
    mov [drive], dl
    ; exercise 1.2 begin: packets if AH = 41h offers them (BX = AA55h, CX bit 0); else ask AH = 08h
    mov ah, 0x41
    mov bx, 0x55aa
    int 0x13
    jc .geometry
    cmp bx, 0xaa55
    jne .geometry
    test cl, 1                      ; some BIOSes have the call, but not the packets
    jz .geometry
    inc byte [packets]              ; leaves CF = 0 from test
    ret
.geometry:
    mov ah, 0x08
    mov dl, [drive]
    xor di, di                      ; ES:DI = 0:0: some BIOSes go wrong with another
    int 0x13
    jc .done
    and cx, 0x3f                    ; bits 6 and 7 belong to the cylinder
    mov [sectors], cx
    mov dl, dh
    xor dh, dh                      ; CF = 0
    inc dx                          ; the highest head number, not their count
    mov [heads], dx
.done:
    ; exercise 1.2 stub
    ; mov ah, 0xff
    ; stc
    ; exercise 1.2 end
    ret

; Read CX sectors (1 to 64, within one 64 KiB segment) from LBA EAX to ES:BX. Each read is tried
; three times, with a drive reset between. Returns CF = 0, or CF = 1 with the BIOS error code in AH.
; Changes AX, BX, CX.
disk_read:
    ; exercise 1.2 begin: one packet call for all, or CHS sector by sector; three tries each
    cmp byte [packets], 0
    jne read_tries
.sector:
    push cx
    mov cx, 1                       ; a CHS read must not cross the end of a track
    call read_tries
    pop cx
    jc .done
    inc eax
    add bx, 512
    loop .sector
    clc
.done:
    ret

; Read CX sectors, three tries. Keeps everything; on CF = 1 AH is the error code.
read_tries:
    mov byte [tries], TRIES
.again:
    pushad
    call read_once
    jnc .done
    dec byte [tries]
    jz .failed
    mov ah, 0x00                    ; reset the drive, then afresh
    mov dl, [drive]
    int 0x13
    popad
    jmp .again
.failed:
    mov bp, sp
    mov [bp + 29], ah               ; AH as popad restores it
    stc
.done:
    popad
    ret

; One try by either way. Changes everything.
read_once:
    cmp byte [packets], 0
    je .chs
    push dword 0                    ; the packet, on the stack and so anew on every try:
    push eax                        ; a failed call may leave its count of good sectors in it
    push es
    push bx
    push cx
    push word 16
    mov si, sp
    mov ah, 0x42
    mov dl, [drive]
    int 0x13
    lea sp, [esp + 16]              ; not add: CF is the answer
    ret
.chs:
    xor dx, dx                      ; such drives are small: the LBA fits AX, the cylinder CX
    div word [sectors]              ; AX = track, DX = sector - 1
    mov cx, dx
    inc cx
    xor dx, dx
    div word [heads]                ; AX = cylinder, DX = head
    mov dh, dl
    mov dl, [drive]
    mov ch, al
    shl ah, 6
    or cl, ah                       ; the cylinder's bits 8 and 9
    mov ax, 0x0201
    int 0x13
    ; exercise 1.2 stub
    ; mov ah, 0xff
    ; stc
    ; exercise 1.2 end
    ret

section .data align=1
drive:    db 0
packets:  db 0                      ; does the BIOS take packets?
tries:    db 0
sectors:  dw 0                      ; per track
heads:    dw 0
