; Calls a20_is_on and a20_enable with the gate open and shut. Parameter byte: what INT 15h
; AX = 2401h does here: 0 = the BIOS's own, 1 = fails, 2 = claims success and does nothing,
; 3 = opens it and changes every register, 4 = fails, and port 0x92 opens nothing either;
; 5 = and port 0x60 neither.
;
; Reports (flags are 0 or 1; KEPT: the registers that must be kept were):
;     shut TRUTH                   is the gate shut after this program shut it? (self-check: 1)
;     watch TRUTH                  modes 4, 5: does it stay shut if this program uses port 0x92? (1)
;     is_on CF WORDS KEPT          a20_is_on, gate shut; then open. WORDS: memory was changed
;     values CF                    mode 0: 1 if a20_is_on took an open gate for shut, for any word
;                                  at FFFF:0510
;     enable CF TRUTH CALLS KEPT   a20_enable: its carry, whether the gate is open, how often
;                                  INT 15h AX = 24xx was called

%include "lab01-boot/harness/program.inc"
extern a20_is_on, a20_enable

main:
    push word PARAMETERS >> 4
    pop es
    mov al, [es:0]
    mov [mode], al
    push word 0
    pop es
    mov eax, [0x15 * 4]             ; hook INT 15h
    mov [old15], eax
    mov word [0x15 * 4], int15
    mov word [0x15 * 4 + 2], 0

    call open_gate
    call shut_gate
    SAY "shut"
    call wraps
    mov eax, 0
    adc eax, 0
    call hex
    SAY 10

    call shut_gate
    call try_is_on
    mov dword [0x500], 0x0abc1234   ; and with other words in the places that tests like to use
    call try_is_on
    call open_gate
    call try_is_on
    call try_equal
    cmp byte [mode], 0
    jne .enable
    call try_values
.enable:
    call shut_gate
    cmp byte [mode], 4
    jb .call
    call watch
    call open_gate
    SAY "watch"
    call wraps
    call carry
    SAY 10
.call:
    SAY "enable"
    call try_enable
    SAY "again"                     ; open already
    call try_enable
    call leave_qemu

; Fill what %1 has to keep, call it, and look ([kept]). Keeps the flags that it returns.
%macro CHECKED 1
    mov ebx, 0x22222222
    mov esi, 0x66666666
    mov edi, 0x55555555
    mov ebp, 0x77777777
    push word 0x4321
    pop es
    call %1
    call look
%endmacro

look:
    pushf
    mov byte [cs:kept], 0
    cmp ebx, 0x22222222
    jne .done
    cmp esi, 0x66666666
    jne .done
    cmp edi, 0x55555555
    jne .done
    cmp ebp, 0x77777777
    jne .done
    mov bx, es
    cmp bx, 0x4321
    jne .done
    mov bx, ds
    test bx, bx
    jnz .done
    mov byte [cs:kept], 1
.done:
    push word 0
    pop ds
    popf
    ret

; Call a20_enable and report.
try_enable:
    mov word [calls], 0
    CHECKED a20_enable
    call carry
    call wraps
    mov eax, 0
    cmc
    adc eax, 0
    call hex
    movzx eax, word [calls]
    call hex
    movzx eax, byte [kept]
    call hex
    SAY 10
    ret

; From now on port 0x92 opens nothing: a debug register watches it, and after each access its
; exception shuts the gate. In mode 5, another one watches port 0x60.
watch:
    mov word [1 * 4], undo
    mov word [1 * 4 + 2], 0
    mov eax, cr4
    or al, 1 << 3                   ; DE: breakpoints on ports
    mov cr4, eax
    mov eax, 0x92
    mov dr0, eax
    mov eax, 0x60
    mov dr1, eax
    mov eax, 2 << 16 | 1            ; number 0 is on: reads and writes of a port, one byte
    cmp byte [mode], 4
    je .on
    or eax, 2 << 20 | 1 << 2        ; number 1, too
.on:
    mov [watched], eax
    mov dr7, eax
    ret

undo:
    push eax
    xor eax, eax
    mov dr7, eax
    mov dr6, eax
    call shut_gate
    mov eax, [cs:watched]
    mov dr7, eax
    pop eax
    iret

; With the gate open, try each word at FFFF:0510: one of them may be what a20_is_on looks for.
try_values:
    xor edx, edx
.next:
    push word 0xffff
    pop es
    mov [es:0x510], dx
    push edx
    call a20_is_on
    pop edx
    jc .wrong
    inc dx
    jnz .next
.wrong:
    SAY "values"
    call carry
    SAY 10
    ret

; Equal words at 0:0500 and at FFFF:0510 are no proof that memory wraps.
try_equal:
    push es
    push word 0xffff
    pop es
    mov di, 0x10
    xor si, si
    mov cx, 0xff0
    rep movsw                       ; the first 8 KiB again, one megabyte higher
    pop es
    call try_is_on
    ret

; Call a20_is_on; report CF, whether the words around changed, and whether registers were kept.
try_is_on:
    call sum
    mov [before], eax
    SAY "is_on"
    mov edx, 0x44444444
    CHECKED a20_is_on
    call carry
    cmp edx, 0x44444444
    je .sum
    mov byte [kept], 0
.sum:
    call sum
    sub eax, [before]
    jz .same
    mov eax, 1
.same:
    call hex
    movzx eax, byte [kept]
    call hex
    SAY 10
    ret

; EAX = a sum over 0:0400-0:7000 and FFFF:0410-FFFF:7010.
sum:
    push es
    push ecx
    push esi
    xor eax, eax
    mov si, 0x400
    mov cx, (0x6000 - 0x400) / 4
    push word 0xffff
    pop es
.next:
    cmp si, 0x46c                   ; the BIOS's tick counter
    je .skip
    add eax, [si]
    rol eax, 1
    add eax, [es:si + 16]
.skip:
    add si, 4
    loop .next
    pop esi
    pop ecx
    pop es
    ret

; CF = 1 if memory wraps: this program's own test, at another place and with three values.
wraps:
    push es
    pushad
    push word 0xffff
    pop es
    mov cx, 3
    mov eax, 0x12345678
.next:
    mov [probe], eax
    not eax
    mov [es:probe + 16], eax
    not eax
    cmp [probe], eax
    je .own
    popad
    pop es
    stc
    ret
.own:
    rol eax, 7
    loop .next
    popad
    pop es
    clc
    ret

shut_gate:
    push ax
    in al, 0x92
    and al, 0xfc
    out 0x92, al
    pop ax
    ret

open_gate:
    push ax
    in al, 0x92
    or al, 2
    and al, 0xfe
    out 0x92, al
    pop ax
    ret

int15:
    cmp ah, 0x24
    jne .own
    inc word [cs:calls]
    cmp byte [cs:mode], 1
    jb .own
    je .fail
    cmp byte [cs:mode], 4
    je .fail
    cmp byte [cs:mode], 3
    jne .well
    call open_gate
    mov bx, 0xdead
    mov cx, 0xdead
    mov dx, 0xdead
    mov si, 0xdead
    mov di, 0xdead
    mov bp, 0xdead
.well:
    mov ah, 0
    push bp
    mov bp, sp
    and byte [bp + 6], 0xfe
    pop bp
    iret
.fail:
    mov ah, 0x86
    push bp
    mov bp, sp
    or byte [bp + 6], 1
    pop bp
    iret
.own:
    jmp far [cs:old15]

section .bss
old15:  resd 1
before: resd 1
watched: resd 1                     ; DR7 while ports are watched
calls:  resw 1
mode:   resb 1
kept:   resb 1
        alignb 4
probe:  resd 1
