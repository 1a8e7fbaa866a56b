; The master boot record: the first 446 bytes of the disk, before the partition table.
;
; The BIOS loads it to 0000:7C00 and jumps there, with the drive number in DL; nothing else is
; certain. It loads the second stage, and says why when it cannot. It does not look at the
; partition table: the loader lives in the gap before the first partition.

%include "boot.inc"

bits 16
extern puts, fatal, checkpoint, disk_init, disk_read
global _start

section .text align=1             ; the boot sector has no byte to waste

_start:
    cli                             ; no interrupt between the two halves of a stack pointer
    xor ax, ax
    mov ds, ax
    mov es, ax
    mov ss, ax
    mov sp, 0x7c00                  ; down from here: 30 KiB that nobody uses
    sti
    cld
    jmp 0:.normalised               ; some BIOSes come in as 07C0:0000
.normalised:
    mov [boot_drive], dl
    CHECKPOINT 'A'

    ; exercise 1.1 begin: print the banner (it ends its own line)
    mov si, banner
    call puts
    ; exercise 1.1 stub
    ; exercise 1.1 end

    call disk_init                  ; DL is still the drive
    jc .failed
    xor ax, ax
    mov es, ax
    mov eax, STAGE2_LBA
    mov cx, STAGE2_SECTORS
    mov bx, STAGE2_ADDR
    call disk_read
    jc .failed
    cmp dword [STAGE2_ADDR + 4], STAGE2_MAGIC
    jne .foreign
    CHECKPOINT 'B'
    mov dl, [boot_drive]
    jmp 0:STAGE2_ADDR

.foreign:
    mov ah, 0
    mov si, no_stage2
    jmp fatal
.failed:
    mov si, disk_error
    jmp fatal

section .data align=1
boot_drive: db 0
banner:     db "myOS boot", 13, 10, 0
disk_error: db "Disk error ", 0
no_stage2:  db "No stage 2 ", 0
