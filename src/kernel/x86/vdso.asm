; The page of code that every program has from the kernel, and where its sysenter leads.
;
; The page is an ELF file that dynamic linkers and debuggers know as linux-gate.so.1: vdso(7), and
; the ELF specification for its tables. All addresses in it are offsets; nothing must be relocated.
;
; Intel SDM volume 2B, SYSENTER; volume 3A, 5.8.7.

bits 32
extern trap_entry_range
global vdso_image, vdso_image_end, vdso_call, vdso_sigreturn, vdso_rt_sigreturn, vdso_landing
global sysenter_entry

VDSO_BASE    equ 0xbffff000         ; proc/vdso.c, until that moves it
USER_CODE    equ 0x1b
USER_DATA    equ 0x23
VECTOR       equ 129                ; the vector that x86/sysenter handles
EFLAGS_BIT1  equ 0x002
EFLAGS_IF    equ 0x200
TSS_ESP0     equ 4

%define at(label) (label - vdso_image)

section .data

align 16
vdso_image:
    db 0x7f, "ELF", 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0
    dw 3, 3                         ; a shared object for the 386
    dd 1, 0, at(.segments), 0, 0    ; version, entry, program headers, no section headers, flags
    dw 52, 32, 2, 40, 0, 0
.segments:
    dd 1, 0, 0, 0, at(vdso_image_end), at(vdso_image_end), 5, 4096              ; PT_LOAD, R X
    dd 2, at(.dynamic), at(.dynamic), at(.dynamic), .dynamic_end - .dynamic, \
       .dynamic_end - .dynamic, 4, 4                                            ; PT_DYNAMIC, R
.hash:
    dd 1, 4, 1, 0, 2, 3, 0          ; one bucket: symbol 1, then 2, then 3
.symbols:
    dd 0, 0, 0, 0
    dd .vsyscall_name - .names, at(vdso_call), vdso_call_end - vdso_call, 0x10012  ; a function
    dd .sigreturn_name - .names, at(vdso_sigreturn), 8, 0x10012
    dd .rt_sigreturn_name - .names, at(vdso_rt_sigreturn), 7, 0x10012
.names:
    db 0
.soname: db "linux-gate.so.1", 0
.vsyscall_name: db "__kernel_vsyscall", 0
.sigreturn_name: db "__kernel_sigreturn", 0
.rt_sigreturn_name: db "__kernel_rt_sigreturn", 0
.names_end:
align 4
.dynamic:
    dd 14, .soname - .names         ; DT_SONAME
    dd 4, at(.hash)                 ; DT_HASH
    dd 5, at(.names)                ; DT_STRTAB
    dd 6, at(.symbols)              ; DT_SYMTAB
    dd 10, .names_end - .names      ; DT_STRSZ
    dd 11, 16                       ; DT_SYMENT
    dd 0, 0
.dynamic_end:

; How to make a system call. Where there is no sysenter, the kernel writes int 0x80 and ret here.
; sysenter keeps neither ESP nor the address of the next instruction: the kernel finds the former in
; EBP, whose value it takes from the stack, and knows the latter.
align 16
vdso_call:
    push ecx
    push edx
    push ebp
    mov ebp, esp
    sysenter
    int 0x80                        ; a call that a signal has interrupted is made again here
.landing:
    pop ebp
    pop edx
    pop ecx
    ret
vdso_call_end:

; Where signal handlers return to. Debuggers and unwinders know these frames by exactly these bytes.
align 16
    nop                             ; unwinders look up the address before the one returned to
vdso_sigreturn:
    pop eax
    mov eax, 119
    int 0x80

align 16
    nop
vdso_rt_sigreturn:
    mov eax, 173
    int 0x80
vdso_image_end:

align 4
vdso_landing:                       ; where a program goes on after sysenter
    dd VDSO_BASE + at(vdso_call.landing)

section .text

; ESP is the address of this processor's TSS here (x86/sysenter.c), interrupts are off, and the
; flags are the program's: NT would make our iret fail, TF has us stepped through.
sysenter_entry:
    mov esp, [esp + TSS_ESP0]       ; the thread's stack
    push dword USER_DATA
    push ebp
    pushfd
    push dword EFLAGS_BIT1
    popfd
    or dword [esp], EFLAGS_IF
    push dword USER_CODE
    push dword [ss:vdso_landing]    ; DS is the program's: it may be 0
    push dword 0                    ; no error code
    push dword VECTOR
    jmp [ss:trap_entry_range]
