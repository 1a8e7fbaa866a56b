; Calls copy_high (with parameter byte 0 = 1) or protected_jump (= 0).
;
; copy_high: copies 4 KiB of the parameters to 5 MiB + 16 and from there back to 0x30000, then
;     reports the sums: copy SUM SUM, after "changed" if copy_high changed a register, and "real"
;     if the BIOS still works afterwards; then it halts for a look at the memory from outside.
; protected_jump: ends in 32-bit code here that puts EBX's copy into ESI and halts with
;     EDI = 0x600DC0DE; the grader then looks at the registers from outside.

%include "lab01-boot/harness/program.inc"
extern protected_jump, copy_high

main:
    in al, 0x92                     ; the gate must be open; not this exercise's business
    or al, 2
    and al, 0xfe
    out 0x92, al
    push word PARAMETERS >> 4
    pop es
    cmp byte [es:0], 1
    push word 0
    pop es
    je copying
    mov ebx, landed
    mov esp, 0x12345678             ; real mode looks at SP only
    jmp protected_jump

bits 32
landed:
    mov esi, ebx
    mov edi, 0x600dc0de
.halt:
    hlt                             ; no cli: if interrupts are on, the first one shows it
    jmp .halt
bits 16

copying:
    mov esi, PARAMETERS
    mov edi, 0x500010
    mov ecx, 4096
    mov eax, 0x11111111
    mov ebx, 0x22222222
    mov edx, 0x44444444
    mov ebp, 0x77777777
    call copy_high
    cmp esi, PARAMETERS
    jne .changed
    cmp edi, 0x500010
    jne .changed
    cmp ecx, 4096
    jne .changed
    cmp eax, 0x11111111
    jne .changed
    cmp ebx, 0x22222222
    jne .changed
    cmp edx, 0x44444444
    jne .changed
    cmp ebp, 0x77777777
    je .kept
.changed:
    SAY "changed", 10
.kept:
    mov esi, 0x500010
    mov edi, 0x30000
    mov ecx, 4096
    call copy_high
    SAY "copy"
    mov ax, PARAMETERS >> 4
    call sum
    mov ax, 0x3000
    call sum
    SAY 10
    mov ah, 0x02                    ; ask the BIOS what needs interrupts and real mode to work
    mov ecx, [0x46c]
.tick:
    hlt
    cmp ecx, [0x46c]
    je .tick
    SAY "real", 10
.halt:
    cli
    hlt
    jmp .halt

; Print the sum of the 4 KiB in segment AX.
sum:
    push es
    mov es, ax
    xor eax, eax
    xor si, si
    mov cx, 1024
.next:
    rol eax, 1
    add eax, [es:si]
    add si, 4
    loop .next
    pop es
    call hex
    ret
