; Entry and exit of every trap: 256 small stubs, and one way in and out for all.
;
; The processor pushes EFLAGS, CS and EIP, and for some exceptions an error code. What this file
; adds makes it a struct trapframe (x86/trap.h): the two must agree.
;
; Intel SDM volume 3A, 6.12.1 and 6.13 (which vectors have an error code).

bits 32
extern trap_dispatch, trap_exit
global trap_stubs, trap_entry_range, probe_copy

KERNEL_DATA equ 0x10

section .text

; A stub makes the stack the same for every vector - an error code, real or 0, then the vector - and
; goes on at trap_entry. The processor pushes an error code for 8, 10 to 14, 17, 21, 29 and 30 only.
%macro STUB 1
stub_%1:
    ; exercise 2.2 begin: push a 0 unless the processor has pushed an error code; then the vector
  %if !(%1 == 8 || (%1 >= 10 && %1 <= 14) || %1 == 17 || %1 == 21 || %1 == 29 || %1 == 30)
    push dword 0
  %endif
    push dword %1
    ; exercise 2.2 stub
    ; exercise 2.2 end
    jmp trap_entry
%endmacro

%assign vector 0
%rep 256
    STUB vector
  %assign vector vector + 1
%endrep

trap_entry:
    ; exercise 2.2 begin: a struct trapframe, KERNEL_DATA, trap_dispatch(tf), trap_exit(tf), undo it
    pushad
    push ds
    push es
    push fs
    push gs
    mov eax, KERNEL_DATA
    mov ds, eax
    mov es, eax
    mov fs, eax
    mov gs, eax
    cld                             ; C expects it, and the interrupted code may have set it
    mov ebx, esp                    ; the frame's address; a call leaves EBX alone
    push ebx                        ; the argument
    call trap_dispatch
    mov [esp], ebx                  ; where it stood is the called function's to change
    call trap_exit
    add esp, 4
    pop gs
    pop fs
    pop es
    pop ds
    popad
    add esp, 8                      ; vector and error code
    iret
    ; exercise 2.2 stub
; .halt:
    ; cli
    ; hlt
    ; jmp .halt
    ; exercise 2.2 end
.behind_it:

; int probe_copy(void *to, const void *from, size_t n)
probe_copy:
    push esi
    push edi
    mov edi, [esp + 12]
    mov esi, [esp + 16]
    mov ecx, [esp + 20]
.begin:
    rep movsb
.end:
    xor eax, eax
    pop edi
    pop esi
    ret
.fault:
    mov eax, -14                    ; EFAULT
    pop edi
    pop esi
    ret

; lab 6 begin
; int 0x80's own way in and out: to a frame as trap_entry makes it, and without what only the other
; vectors need. What trap_exit does for them, the function does that is called here. All segments
; are the kernel's meanwhile: FS or GS may be a program's own, which the next task does not have.
extern trap_syscall
global syscall_entry_range, probe_exchange

TRAP_SYSCALL equ 128

syscall_entry:
    ; exercise 6.1 begin: a frame as trap_entry makes it; the function in trap_syscall; back
    push dword 0                    ; no error code
    push dword TRAP_SYSCALL
    pushad
    push ds
    push es
    push fs
    push gs
    mov eax, KERNEL_DATA
    mov ds, eax
    mov es, eax
    mov fs, eax
    mov gs, eax
    cld
    push esp
    call [trap_syscall]
    add esp, 4
    pop gs
    pop fs
    pop es
    pop ds
    popad
    add esp, 8                      ; vector and error code
    iret
    ; exercise 6.1 stub
    ; iret
    ; exercise 6.1 end
.behind_it:

; int probe_exchange(uint32_t *at, uint32_t *expected, uint32_t value)
probe_exchange:
    push ebx
    mov edx, [esp + 8]
    mov ebx, [esp + 12]
    mov ecx, [esp + 16]
    mov eax, [ebx]
.begin:
    lock cmpxchg [edx], ecx
.end:
    mov [ebx], eax
    xor eax, eax
    pop ebx
    ret
.fault:
    mov eax, -14                    ; EFAULT
    pop ebx
    ret

section fixups progbits alloc noexec nowrite align=4
    dd probe_exchange.begin, probe_exchange.end, probe_exchange.fault
; lab 6 end

; Where a fault is expected: in [begin, end) it is no fault, but a jump to landing. trap.c reads
; this table.
section fixups progbits alloc noexec nowrite align=4
    dd probe_copy.begin, probe_copy.end, probe_copy.fault

section .rodata
align 4
trap_stubs:
%assign vector 0
%rep 256
    dd stub_%[vector]
  %assign vector vector + 1
%endrep

trap_entry_range:
    dd trap_entry, trap_entry.behind_it
; lab 6 begin
syscall_entry_range:
    dd syscall_entry, syscall_entry.behind_it
; lab 6 end
