; Calls e820_collect with an INT 15h AX = E820h of its own. Parameters: u32 flags, u32 count, then
; count entries of 32 bytes: base, length (u64), type, attributes, CL to return (0: 20 or 24 as
; asked), the next entry (0: none).
;     flags: 1 = the last entry ends with CF on the next call instead of EBX = 0; 2 = destroys EDX;
;            4 = no E820 at all; 8 = no E820 and no AH = 88h either; 16 = EAX is not 'SMAP'. The
;            upper 24 bits turn the number of an entry into what EBX shows (by xor), since it means
;            nothing to anybody but the BIOS.
;
; Reports "count N" and each raw entry "entry" in six words, then "calls N".

%include "lab01-boot/harness/program.inc"
extern e820_collect, e820_raw, e820_raw_count

main:
    mov eax, [0x15 * 4]
    mov [old15], eax
    mov word [0x15 * 4], int15
    mov word [0x15 * 4 + 2], 0
    mov cx, 64 * 24 / 4             ; .bss is not cleared here
    mov di, e820_raw
    mov eax, 0xa5a5a5a5
    rep stosd
    call e820_collect
    xor ax, ax
    mov ds, ax
    SAY "count"
    movzx eax, word [e820_raw_count]
    call hex
    SAY 10
    mov si, e820_raw
    mov bx, [e820_raw_count]
    cmp bx, 64
    jbe .entries
    mov bx, 64
.entries:
    test bx, bx
    jz .done
    SAY "entry"
    mov cx, 6
.word:
    mov eax, [si]
    call hex
    add si, 4
    loop .word
    SAY 10
    dec bx
    jmp .entries
.done:
    SAY "calls"
    movzx eax, word [calls]
    call hex
    SAY 10
    call leave_qemu

int15:
    push ds
    push word PARAMETERS >> 4
    pop ds
    cmp ax, 0xe820
    je .e820
    test byte [0], 8
    jnz .refuse88
    pop ds
    jmp far [cs:old15]
.refuse88:
    cmp ah, 0x88
    je .refuse
    pop ds
    jmp far [cs:old15]
.e820:
    inc word [cs:calls]
    test byte [0], 12
    jnz .refuse
    cmp edx, 'PAMS'
    jne .refuse
    cmp ecx, 20
    jb .refuse
    test ebx, ebx
    jz .first
    call number
.first:
    cmp ebx, [4]                    ; EBX is the entry's number now
    jae .refuse
    push si
    push di
    push cx
    mov si, bx
    shl si, 5
    add si, 8
    mov eax, [si]
    mov [es:di], eax
    mov eax, [si + 4]
    mov [es:di + 4], eax
    mov eax, [si + 8]
    mov [es:di + 8], eax
    mov eax, [si + 12]
    mov [es:di + 12], eax
    mov eax, [si + 16]
    mov [es:di + 16], eax
    cmp byte [si + 24], 20          ; a BIOS of before ACPI 3.0 leaves the last word alone
    je .short
    mov eax, [si + 20]
    mov [es:di + 20], eax
.short:
    mov ebx, [si + 28]
    test ebx, ebx
    jz .last
    call number
.last:
    movzx eax, byte [si + 24]
    pop cx
    test al, al
    jz .asked
    mov ecx, eax
.asked:
    pop di
    pop si
    mov eax, 'PAMS'
    test byte [0], 16
    jz .smap
    mov eax, 'SMAP'
.smap:
    test byte [0], 2
    jz .edx
    mov edx, 0xdeadbeef
.edx:
    pop ds
    push bp
    mov bp, sp
    and byte [bp + 6], 0xfe
    pop bp
    iret
.refuse:
    pop ds
    mov ah, 0x86
    push bp
    mov bp, sp
    or byte [bp + 6], 1
    pop bp
    iret

; EBX from an entry's number to what the caller sees, and back.
number:
    xor ebx, [0]
    push eax
    movzx eax, byte [0]
    xor ebx, eax
    pop eax
    ret

section .bss
old15: resd 1
calls: resw 1
