; Copies that survive faults: what page faults cannot bring in ends them, and they say how far they
; came. x86/usercopy.h has the contracts.
;
; A fault in the middle of a string instruction leaves ECX, ESI and EDI where it stood (Intel SDM
; volume 1, 7.3.9.2), so that it goes on when the page is there.

bits 32
global user_copy, user_clear, user_string

EFAULT equ 14

section .text

; size_t user_copy(void *to, const void *from, size_t n)
user_copy:
    push esi
    push edi
    mov edi, [esp + 12]
    mov esi, [esp + 16]
    mov ecx, [esp + 20]
    ; exercise 6.2 begin: words, then bytes; a fault ends it, with what is left in EAX
    mov edx, ecx
    shr ecx, 2
    and edx, 3
.words:
    rep movsd
    mov ecx, edx
.bytes:
    rep movsb
.end:
    mov eax, ecx                    ; what is left
    pop edi
    pop esi
    ret
.words_fault:
    lea ecx, [ecx * 4 + edx]        ; the last word may lie on two pages: as far as it is there
    jmp .bytes
    ; exercise 6.2 stub
    ; rep movsb
    ; mov eax, ecx
    ; pop edi
    ; pop esi
    ; ret
    ; exercise 6.2 end

; size_t user_clear(void *to, size_t n)
user_clear:
    push edi
    mov edi, [esp + 8]
    mov ecx, [esp + 12]
    ; exercise 6.2 begin: the same with zeros
    mov edx, ecx
    shr ecx, 2
    and edx, 3
    xor eax, eax
.words:
    rep stosd
    mov ecx, edx
.bytes:
    rep stosb
.end:
    mov eax, ecx
    pop edi
    ret
.words_fault:
    lea ecx, [ecx * 4 + edx]
    jmp .bytes
    ; exercise 6.2 stub
    ; xor eax, eax
    ; rep stosb
    ; mov eax, ecx
    ; pop edi
    ; ret
    ; exercise 6.2 end

; ssize_t user_string(char *to, const char *from, size_t n)
user_string:
    push esi
    push edi
    mov edi, [esp + 12]
    mov esi, [esp + 16]
    mov ecx, [esp + 20]
    jecxz .end
.next:
    lodsb
.loaded:
    stosb
    test al, al
    jz .nul
    dec ecx
    jnz .next
    inc esi                         ; so that the NUL, which is not there, is not taken off
.nul:
    dec esi
.end:
    mov eax, esi
    sub eax, [esp + 16]
    pop edi
    pop esi
    ret
.fault:
    mov eax, -EFAULT
    pop edi
    pop esi
    ret

; As in trap.asm: a fault in [begin, end) goes on at landing.
section fixups progbits alloc noexec nowrite align=4
    ; exercise 6.2 begin: where a fault is expected, and where it goes on then
    dd user_copy.words, user_copy.bytes, user_copy.words_fault
    dd user_copy.bytes, user_copy.end, user_copy.end
    dd user_clear.words, user_clear.bytes, user_clear.words_fault
    dd user_clear.bytes, user_clear.end, user_clear.end
    ; exercise 6.2 stub
    ; exercise 6.2 end
    dd user_string.next, user_string.loaded, user_string.fault
