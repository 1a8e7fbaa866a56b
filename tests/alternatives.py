"""
Other right solutions of the exercises in 16-bit assembly, for test_alternatives.py, which has the others.
"""

# ---- 1.1

PUTS_BY_HAND = """
    push ax
    push bx
    push bp
    pushf
    push si
.next:
    mov al, [si]
    or al, al
    jz .done
    mov ah, 0x0e
    mov bx, 7                       ; a colour for graphics modes, page 0
    int 0x10
    inc si
    jmp .next
.done:
    pop si
    popf
    pop bp
    pop bx
    pop ax
"""

PUTHEX_BY_TABLE = """
    mov cx, 2
.next:
    rol al, 4
    push ax
    and al, 0x0f
    mov bx, .digits
    cs xlatb
    mov ah, 0x0e
    mov bh, 0
    int 0x10
    pop ax
    loop .next
    jmp .done
.digits: db "0123456789ABCDEF"
.done:
"""

PUTHEX_BY_ADJUSTMENT = """
    push ax
    shr al, 4
    call .digit
    pop ax
    and al, 0x0f
    call .digit
    popa
    ret
.digit:
    cmp al, 10
    sbb al, 0x69
    das
    mov ah, 0x0e
    mov bh, 0
    int 0x10
    ret
"""

# ---- 1.2

# Asks for the geometry in any case; it does not matter if there are packets.
INIT_ASKING_ALWAYS = """
    mov bx, 0x55aa
    mov ah, 0x41
    int 0x13
    jc .old
    sub bx, 0xaa55
    jnz .old
    and cl, 1
    mov [packets], cl
.old:
    mov ah, 0x08
    mov dl, [drive]
    xor di, di
    int 0x13
    jnc .known
    cmp byte [packets], 1           ; CF = 1 if there are none
    ret
.known:
    and cx, 0x3f
    mov [sectors], cx
    mov dl, dh
    mov dh, 0
    inc dx
    mov [heads], dx
"""

READ_BY_SECTORS = """
.sector:
    push cx
    mov byte [tries], 3
.try:
    pushad
    cmp byte [packets], 0
    je .chs
    mov [packet + 4], bx
    mov [packet + 6], es
    mov [packet + 8], eax
    mov dword [packet], 0x00010010
    mov si, packet
    mov ah, 0x42
    jmp .call
.chs:
    cdq
    movzx ecx, word [sectors]
    div ecx
    lea ecx, [edx + 1]
    xor edx, edx
    movzx esi, word [heads]
    div esi
    mov dh, dl
    mov ch, al
    shl ah, 6
    or cl, ah
    mov ax, 0x0201
.call:
    mov dl, [drive]
    int 0x13
    mov [code], ah
    popad
    jnc .read
    dec byte [tries]
    jz .failed
    pushad
    xor ax, ax
    mov dl, [drive]
    int 0x13
    popad
    jmp .try
.read:
    pop cx
    add bx, 512
    inc eax
    loop .sector
    clc
    ret
.failed:
    pop cx
    mov ah, [code]
    stc
    ret
section .data
code:   db 0
packet: times 16 db 0
section .text
"""

# As much of a track at a time as there is left of it.
READ_BY_TRACKS = """
    mov [left], cx
    mov byte [tries], 3
.again:
    pushad
    call .once
    mov [code], ah
    popad
    jnc .well
    dec byte [tries]
    jz .failed
    pushad
    mov ah, 0
    mov dl, [drive]
    int 0x13
    popad
    jmp .again
.failed:
    mov ah, [code]
    stc
    ret
.well:
    movzx ecx, word [part]
    add eax, ecx
    shl cx, 9
    add bx, cx
    mov cx, [left]
    sub cx, [part]
    jnz disk_read
    ret
.once:
    cmp byte [packets], 0
    je .chs
    mov [part], cx
    push dword 0
    push eax
    push es
    push bx
    push cx
    push 16
    mov si, sp
    mov ah, 0x42
    mov dl, [drive]
    int 0x13
    lea sp, [esp + 16]
    ret
.chs:
    xor dx, dx
    div word [sectors]
    mov di, [sectors]
    sub di, dx                      ; left of this track
    cmp di, cx
    jbe .part
    mov di, cx
.part:
    mov [part], di
    mov cx, dx
    inc cx
    xor dx, dx
    div word [heads]
    mov dh, dl
    mov ch, al
    shl ah, 6
    or cl, ah
    mov ax, di
    mov ah, 2
    mov dl, [drive]
    int 0x13
    ret
section .data align=1
left: dw 0
part: dw 0
code: db 0
section .text
"""

# ---- 1.3

ENABLE_IN_A_LOOP = """
    push si
    mov si, .ways
.next:
    call a20_is_on
    jnc .end
    cmp word [si], 0
    stc
    je .end
    pushad
    call [si]
    popad
    add si, 2
    jmp .next
.end:
    pop si
    ret
.bios:
    mov ax, 0x2401
    int 0x15
    ret
.fast:
    in al, 0x92
    test al, 2
    jnz .is_set
    or al, 2
    and al, 0xfe
    out 0x92, al
.is_set:
    ret
.controller:
    pushf
    cli
    call wait_input
    mov al, 0xad                    ; keyboard off
    out 0x64, al
    call wait_input
    mov al, 0xd1
    out 0x64, al
    call wait_input
    mov al, 0xdf
    out 0x60, al
    call wait_input
    mov al, 0xae                    ; and on
    out 0x64, al
    call wait_input
    popf
    ret
.ways: dw .bios, .fast, .controller, 0
"""

IS_ON_BY_OPPOSITES = """
    pushf
    push ds
    push es
    push bx
    cli
    mov ax, 0
    mov ds, ax
    not ax
    mov es, ax
    mov bx, 0x600
    mov cx, [bx]
    mov ax, [es:bx + 16]
    push ax
    not ax
    mov [bx], ax                    ; the opposite of what is up there
    cmp [es:bx + 16], ax
    pop ax
    mov [es:bx + 16], ax
    mov [bx], cx
    pop bx
    pop es
    pop ds
    je .follows
    popf
    clc
    ret
.follows:
    popf
    stc
    ret
"""

# ---- 1.4

COLLECT_BY_COPYING = """
    push es
    push ds
    pop es
    xor ebx, ebx
    mov word [.entry + 24], 300      ; calls
.call:
    mov di, .entry
    mov dword [di + 20], 1
    mov eax, 0xe820
    mov ecx, 24
    mov edx, 0x534d4150
    clc
    int 0x15
    jc .over
    cmp eax, 0x534d4150
    jne .over
    cmp ecx, 20
    jb .next
    test dword [.entry + 20], 1
    jz .next
    cmp dword [.entry + 8], 0
    jne .take
    cmp dword [.entry + 12], 0
    je .next
.take:
    mov ax, E820_ENTRY
    mul word [e820_raw_count]
    mov di, e820_raw
    add di, ax
    mov si, .entry
    mov cx, 6
    cld
    rep movsd
    inc word [e820_raw_count]
    cmp word [e820_raw_count], E820_MAX
    jae .over
.next:
    cmp ebx, 0
    je .over
    dec word [.entry + 24]
    jnz .call
.over:
    pop es
    jmp .collected
section .bss
.entry: resb 26
section .text
.collected:
"""

# ---- 1.5

JUMP_BY_RETURNING = """
    lgdt [gdt_pointer]
    mov ecx, cr0
    inc cx                          ; PE was 0
    mov cr0, ecx
    push dword CODE32
    push dword .protected
    o32 retf
bits 32
.protected:
    mov ecx, DATA32
    mov gs, cx
    mov fs, cx
    mov es, cx
    mov ds, cx
    mov ss, cx
    mov esp, 0x7c00
    push ebx
    ret
bits 16
"""

DESCRIPTORS_BY_BYTES = """
    dw 0xffff, 0
    db 0, 10011010b, 11001111b, 0
    dw 0xffff, 0
    db 0, 10010010b, 11001111b, 0
"""
