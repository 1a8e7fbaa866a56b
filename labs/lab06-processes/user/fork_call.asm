; A system call with all registers set, by which one becomes two, and what both find afterwards.

bits 32
global fork_call
extern fork_in, fork_out, fork_child

section .text

; Register by register into this half of fork_out. ECX is the answer, EAX what ECX was.
%macro keep 1
    mov [fork_out + %1], ecx
    mov [fork_out + %1 + 4], eax
    mov [fork_out + %1 + 8], ebx
    mov [fork_out + %1 + 12], edx
    mov [fork_out + %1 + 16], esi
    mov [fork_out + %1 + 20], edi
    mov [fork_out + %1 + 24], ebp
    mov [fork_out + %1 + 28], esp
    pushfd
    pop dword [fork_out + %1 + 32]
    mov [fork_out + %1 + 36], fs
    mov [fork_out + %1 + 40], gs
    cld
%endmacro

; void fork_call(void): with fork_in's eax, ebx, ecx, edx, esi, edi, ebp, eflags; fork_in[8] becomes
; esp. The parent returns, the child goes to fork_child().
fork_call:
    pushad
    mov [fork_in + 32], esp
    push dword [fork_in + 28]
    popfd
    mov eax, [fork_in]
    mov ebx, [fork_in + 4]
    mov ecx, [fork_in + 8]
    mov edx, [fork_in + 12]
    mov esi, [fork_in + 16]
    mov edi, [fork_in + 20]
    mov ebp, [fork_in + 24]
    int 0x80
    xchg eax, ecx                   ; jecxz leaves the flags as they are
    jecxz .is_child
    jmp near .is_parent
.is_child:
    keep 64
    call fork_child
    hlt
.is_parent:
    keep 0
    mov esp, [fork_in + 32]
    popad
    ret
