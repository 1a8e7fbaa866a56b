; Calls disk_init and disk_read with an INT 13h of its own in between. Parameters:
;     0 u8 mode   0 = the BIOS takes packets; 1 = AH = 41h fails; 2 = AH = 41h leaves BX;
;                 3 = CX bit 0 is clear; 4 = there is no drive: everything fails with code 0x80
;     1 u8 sectors per track   2 u16 heads   the geometry that AH = 08h tells and AH = 02h goes by
;     4 u32 LBA   8 u8 times   9 u8 code     reads of that sector fail so often, with that code
;    10 u16 n, then n requests: u32 LBA, u16 count, u16 buffer offset
;
; Reports "init CF AH", per request "read CF AH SUM GUARD" (GUARD: 1 if the 512 bytes behind were
; touched), and in between every call: "reset", "packet COUNT LBA", "chs COUNT LBA", "geometry",
; "check".

%include "lab01-boot/harness/program.inc"
extern disk_init, disk_read

BUFFER equ 0x3000                   ; segment

main:
    push word PARAMETERS >> 4
    pop fs                          ; FS stays on the parameters
    mov [drive], dl
    mov eax, [0x13 * 4]
    mov [old13], eax
    mov word [0x13 * 4], int13
    mov word [0x13 * 4 + 2], 0
    mov eax, [fs:8]
    mov [failures], al

    call disk_init
    SAY "init"
    call answer
    SAY 10
    jc .done
    mov si, 12
.request:
    cmp word [fs:10], 0
    je .done
    dec word [fs:10]
    mov [place], si
    call fill
    mov ax, BUFFER
    mov es, ax
    mov eax, [fs:si]
    mov cx, [fs:si + 4]
    mov bx, [fs:si + 6]
    call disk_read
    push word 0                     ; CF is the answer
    pop ds
    SAY "read"
    call answer
    mov si, [place]
    call sum
    SAY 10
    add si, 8
    jmp .request
.done:
    call leave_qemu

; Print CF and AH.
answer:
    push eax
    pushf
    call carry
    movzx eax, ah
    call hex
    popf
    pop eax
    ret

; Fill the buffer with 0xEE.
fill:
    push es
    push si
    mov ax, BUFFER
    mov es, ax
    xor di, di
    mov cx, 0x8000
    mov ax, 0xeeee
    rep stosw
    pop si
    pop es
    ret

; Print the sum of what request SI read, and whether the 512 bytes behind it changed.
sum:
    push es
    mov ax, BUFFER
    mov es, ax
    mov bx, [fs:si + 6]
    movzx ecx, word [fs:si + 4]
    shl cx, 7
    xor eax, eax
.next:
    rol eax, 1
    add eax, [es:bx]
    add bx, 4
    loop .next
    call hex
    xor eax, eax
    mov cx, 128
.guard:
    cmp dword [es:bx], 0xeeeeeeee
    je .same
    mov eax, 1
.same:
    add bx, 4
    loop .guard
    call hex
    pop es
    ret

int13:
    sti
    cmp byte [fs:0], 4
    je .no_drive
    cmp dl, [cs:drive]
    jne .bad
    cmp ah, 0x00
    je .reset
    cmp ah, 0x02
    je .chs
    cmp ah, 0x08
    je .geometry
    cmp ah, 0x41
    je .check
    cmp ah, 0x42
    je .packet
.own:
    jmp far [cs:old13]
.no_drive:
    mov ah, 0x80
    jmp .fail
.bad:
    mov ah, 0x01

.fail:
    push bp
    mov bp, sp
    or byte [bp + 6], 1
    pop bp
    iret
.well:
    mov ah, 0
    push bp
    mov bp, sp
    and byte [bp + 6], 0xfe
    pop bp
    iret

.reset:
    SAY "reset", 10
    jmp .well

.check:
    SAY "check", 10
    cmp byte [fs:0], 1
    je .bad
    mov cx, 7
    cmp byte [fs:0], 2
    je .well
    cmp bx, 0x55aa
    jne .bad
    mov bx, 0xaa55
    cmp byte [fs:0], 3
    jne .well
    mov cx, 6
    jmp .well

.geometry:
    SAY "geometry", 10
    mov ch, 0xff                    ; 1023 is the last cylinder
    mov cl, [fs:1]
    or cl, 0xc0
    mov dx, [fs:2]
    dec dx
    mov dh, dl
    mov dl, 1
    mov di, 0xf00d                  ; a floppy's parameter table, anywhere
    mov ax, 0xf000
    mov es, ax
    jmp .well

.packet:
    SAY "packet"
    push eax
    movzx eax, word [si + 2]
    call hex
    mov eax, [si + 8]
    call hex
    pop eax
    SAY 10
    cmp byte [fs:0], 0
    jne .bad
    cmp word [si], 16
    jb .bad
    cmp word [si + 2], 0
    je .well                        ; nothing asked, nothing done: as real BIOSes answer
    cmp dword [si + 12], 0
    jne .bad
    push eax
    mov eax, [fs:4]
    sub eax, [si + 8]
    jb .good
    cmp eax, 0xffff
    ja .good
    cmp ax, [si + 2]
    jae .good
    cmp byte [cs:failures], 0
    je .good
    dec byte [cs:failures]
    pop eax
    mov word [si + 2], 0            ; no sector was read
    mov ah, [fs:9]
    jmp .fail
.good:
    pop eax
    jmp .own

; Check cylinder, head and sector against the geometry and read by a packet.
.chs:
    cmp byte [fs:0], 0
    je .bad                         ; the BIOS that takes packets has none of these
    mov byte [cs:code], 1
    pushad
    push ds
    push word 0
    pop ds
    mov [chs_count], al
    mov byte [chs_count + 1], 0
    mov [chs_offset], bx
    mov [chs_segment], es
    mov bl, cl
    and bl, 0x3f
    jz .chs_bad
    cmp bl, [fs:1]
    ja .chs_bad
    mov bh, bl
    add bh, al
    dec bh
    cmp bh, [fs:1]
    ja .chs_bad                     ; past the end of the track
    movzx eax, dh
    cmp ax, [fs:2]
    jae .chs_bad
    movzx esi, cl
    shr esi, 6
    shl esi, 8
    movzx edi, ch
    or esi, edi                     ; cylinder
    movzx edi, word [fs:2]
    imul esi, edi
    add esi, eax
    movzx edi, byte [fs:1]
    imul esi, edi
    movzx edi, bl
    lea esi, [esi + edi - 1]
    mov [chs_lba], esi
    SAY "chs"
    movzx eax, word [chs_count]
    call hex
    mov eax, esi
    call hex
    SAY 10
    mov eax, [fs:4]
    sub eax, esi
    cmp eax, 0xffff
    ja .chs_read
    cmp ax, [chs_count]
    jae .chs_read
    cmp byte [failures], 0
    je .chs_read
    dec byte [failures]
    mov al, [fs:9]
    mov [code], al
.chs_bad:
    pop ds
    popad
    mov ah, [cs:code]
    jmp .fail
.chs_read:
    mov si, chs_packet
    mov ah, 0x42
    mov dl, [drive]
    pushf
    call far [cs:old13]
    jc .chs_bad
    pop ds
    popad
    jmp .well

section .data
align 4
chs_packet:  dw 16
chs_count:   dw 0
chs_offset:  dw 0
chs_segment: dw 0
chs_lba:     dd 0, 0
failures:     db 0
code:        db 0
drive:       db 0

section .bss
old13: resd 1
place: resw 1
