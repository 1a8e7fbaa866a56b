; An option ROM that makes the machine another one. The grader sets its parameters and its checksum.
;
; With garbage, it takes over INT 19h, and when the BIOS wants to boot, it fills the RAM that
; nobody owns with garbage, shuts the A20 gate, sets odd registers and jumps to the boot sector at
; 0000:7C00. Replacing INT 19h is the way that works under SeaBIOS: what a ROM does to RAM at its
; initialisation is undone, and chaining to the BIOS's own handler comes too early. Reports one
; line on port 0xE9: "hostile 1" if the gate is really shut, "hostile 0" if not.
;
; With an entry, INT 15h AX = E820h tells one more range, behind the BIOS's own.

bits 16
org 0

    dw 0xaa55
    db 4                            ; 2 KiB
    jmp near init
    times 0x20 - ($ - $$) db 0
garbage: dd 0                       ; at 0x20
entry:   dq 0, 0                    ; at 0x24: base, length, type
         dd 0
MORE     equ 0x6d6f7265             ; the EBX that asks for it
old15:   dd 0                       ; a ROM can be written until its initialisation is over

init:
    push ds
    push eax
    push word 0
    pop ds
    cmp dword [cs:garbage], 0
    je .map
    mov word [0x19 * 4], boot
    mov [0x19 * 4 + 2], cs
.map:
    cmp dword [cs:entry + 16], 0
    je .done
    mov eax, [0x15 * 4]
    mov [cs:old15], eax
    mov word [0x15 * 4], int15
    mov [0x15 * 4 + 2], cs
.done:
    pop eax
    pop ds
    retf

int15:
    cmp eax, 0xe820
    jne .own
    cmp ebx, MORE
    je .entry
    pushf
    call far [cs:old15]
    jc .end
    test ebx, ebx
    jnz .well
    mov ebx, MORE
.well:
    clc
.end:
    sti
    retf 2                          ; with the flags as they are
.own:
    jmp far [cs:old15]
.entry:
    push si
    push di
    mov si, entry
    mov cx, 20
    cld
    cs rep movsb
    pop di
    pop si
    mov eax, 'PAMS'
    xor ebx, ebx
    mov ecx, 20
    jmp .well

boot:
    cli
    cld
    xor ax, ax
    mov ds, ax
    mov es, ax
    mov ss, ax
    mov sp, 0x600
    sti
    mov dl, 0x80
    mov ah, 0x42
    mov word [0x600], 16            ; the packet
    mov word [0x602], 1
    mov word [0x604], 0x7c00
    mov word [0x606], 0
    mov dword [0x608], 0
    mov dword [0x60c], 0
    mov dword [0x610], 0
    mov si, 0x600
    int 0x13
    jc failed
    cli

    mov edx, [cs:garbage]
    mov di, 0x700                   ; low memory up to the boot sector
    mov cx, (0x7c00 - 0x700) / 4
    call fill
    mov di, 0x7e00                  ; and from it on to the EBDA, segment by segment
    mov cx, (0x10000 - 0x7e00) / 4
    call fill
    mov bx, 0x1000
.segment:
    mov es, bx
    xor di, di
    mov cx, 0x4000
    call fill
    add bh, 0x10
    cmp bh, 0x90
    jb .segment
    mov es, bx
    xor di, di
    mov cx, 0xf000 / 4
    call fill

    xor eax, eax                    ; a table of one descriptor at 0:0620, for ES without a limit
    mov [0x620], eax
    mov [0x624], eax
    mov dword [0x628], 0x0000ffff
    mov dword [0x62c], 0x00cf9200
    mov word [0x630], 15
    mov dword [0x632], 0x620
    lgdt [0x630]                    ; above 1 MiB, by way of protected mode (the gate is open still)
    mov eax, cr0
    or al, 1
    mov cr0, eax
    jmp short $ + 2
    mov bx, 8
    mov es, bx
    mov edi, 0x100000
    mov ecx, (0x380000 - 0x100000) / 4  ; a machine of 4 MiB keeps its tables at the top
    mov eax, edx
    a32 rep stosd
    mov eax, cr0
    and al, 0xfe
    mov cr0, eax
    xor ax, ax
    mov es, ax

    in al, 0x92
    and al, 0xfc
    out 0x92, al
    mov ax, 0xffff                  ; does 0:0600 show at FFFF:0610?
    mov es, ax
    mov word [0x600], 0x1234
    mov word [es:0x610], 0x4321
    cmp word [0x600], 0x4321
    mov al, '1'
    je .shut
    mov al, '0'
.shut:
    mov ah, al
    mov si, text
.say:
    cs lodsb
    test al, al
    jz .said
    out 0xe9, al
    jmp .say
.said:
    mov al, ah
    out 0xe9, al
    mov al, 10
    out 0xe9, al

    mov ax, 0x5555                  ; odd, but legal
    mov ds, ax
    mov es, ax
    mov fs, ax
    mov gs, ax
    mov sp, 0x100
    mov ax, 0x9800
    mov ss, ax
    mov ebx, 0xbbbbbbbb
    mov ecx, 0xcccccccc
    mov esi, 0x66666666
    mov edi, 0x77777777
    mov ebp, 0x88888888
    mov edx, 0xffffff80             ; DL: the drive
    std
    sti
    jmp 0x07c0:0                    ; not 0000:7C00: some BIOSes do so

failed:
    mov al, '!'
    out 0xe9, al
    cli
    hlt

; Fill CX double words at ES:DI with garbage.
fill:
    mov eax, edx
    rep stosd
    ret

text: db "hostile ", 0
    times 2048 - ($ - $$) db 0
