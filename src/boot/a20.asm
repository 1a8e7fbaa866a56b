; The A20 gate: address line 20, which PCs can hold at 0, so that addresses wrap at 1 MiB as they
; do on an 8086.
;
; With the gate shut, every odd megabyte is the even one below it, so it must be open before
; anything goes above 1 MiB. Three ways to open it, the least dangerous first; after each the only
; proof that counts: does memory still wrap? Expects DS = 0.
;
; Intel 8042 data sheet (output port bit 1); PS/2 port 92h bit 1; INT 15h AX = 2401h.

bits 16
global a20_enable, a20_is_on

section .text

; Open the gate. Returns CF = 0, or CF = 1 if no way works. Changes AX, CX, DX.
a20_enable:
    ; exercise 1.3 begin: if shut, try INT 15h AX = 2401h, port 92h, the 8042; test after each
    call a20_is_on
    jnc .done
    pushad                          ; BIOSes have been seen to change registers here
    mov ax, 0x2401
    int 0x15
    popad
    call a20_is_on
    jnc .done

    in al, 0x92
    or al, 2
    and al, 0xfe                    ; bit 0 resets the machine
    out 0x92, al
    call a20_is_on
    jnc .done

    cli
    call wait_input
    mov al, 0xd1                    ; the next byte goes to the output port
    out 0x64, al
    call wait_input
    mov al, 0xdf                    ; A20 open, reset line high
    out 0x60, al
    call wait_input
    mov al, 0xff                    ; pulse nothing: lets old controllers finish
    out 0x64, al
    call wait_input
    sti
    mov dx, 1000                    ; and give slow hardware time
.slow:
    call a20_is_on
    jnc .done
    dec dx
    jnz .slow
    stc
.done:
    ; exercise 1.3 stub
    ; clc
    ; exercise 1.3 end
    ret

; Returns CF = 0 if addresses above 1 MiB are their own, CF = 1 if they wrap.
; Changes AX and CX; no memory changes.
a20_is_on:
    ; exercise 1.3 begin: write to 0000:0500 and see if FFFF:0510 follows; put everything back
    push ds
    push es
    pushf
    cli                             ; a handler must not meet the changed words
    xor ax, ax
    mov ds, ax
    dec ax
    mov es, ax
    mov cx, [0x500]
    push word [es:0x510]            ; FFFF:0510 is 0x100500
    mov word [0x500], 0x55aa
    mov word [es:0x510], 0xaa55     ; two different values: equal memory by chance proves nothing
    mov ax, [0x500]
    pop word [es:0x510]
    mov [0x500], cx
    popf
    pop es
    pop ds
    cmp ax, 0xaa55
    je .wraps
    clc
    ret
.wraps:
    stc
    ; exercise 1.3 stub
    ; clc
    ; exercise 1.3 end
    ret

; Wait until the keyboard controller takes a byte, but not for ever: some machines have none.
wait_input:
    mov cx, 0xffff
.busy:
    in al, 0x64
    test al, 2
    loopnz .busy
    ret
