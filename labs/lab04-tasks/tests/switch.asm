; Calls of context_switch with all registers filled, and the place where handmade contexts begin:
; see switch.c.

bits 32
global switch_regs, switch_regs_back, switch_landing, switch_bounce
extern context_switch, switch_arrived, switch_landed
extern switch_home, switch_test, switch_bounced

section .text

; void switch_regs(struct call *call): fill the registers from it, call context_switch, and store
; what is in them when somebody has switched back.
FILLED equ 0                        ; edi, esi, ebx, ebp
FOUND  equ 16                       ; the same
BEFORE equ 32                       ; esp at the call
AFTER  equ 36
SAVE   equ 40                       ; the arguments
NEXT   equ 44
SPACE  equ 48
switch_regs:
    pushad
    mov eax, [esp + 36]
    push eax
    push dword [eax + SPACE]
    push dword [eax + NEXT]
    push dword [eax + SAVE]
    mov [eax + BEFORE], esp
    mov edi, [eax + FILLED]
    mov esi, [eax + FILLED + 4]
    mov ebx, [eax + FILLED + 8]
    mov ebp, [eax + FILLED + 12]
    mov ecx, 0xc0c0c0c0
    mov edx, 0xd0d0d0d0
    call context_switch
switch_regs_back:
    mov ecx, esp
    mov eax, [ecx + 12]             ; wherever esp is: memory that can be read, or a page fault
    mov [eax + AFTER], ecx
    mov [eax + FOUND], edi
    mov [eax + FOUND + 4], esi
    mov [eax + FOUND + 8], ebx
    mov [eax + FOUND + 12], ebp
    mov esp, [eax + BEFORE]
    add esp, 16
    popad
    ret

; Where a handmade context goes on. C's part does not come back.
switch_landing:
    mov [switch_landed], edi
    mov [switch_landed + 4], esi
    mov [switch_landed + 8], ebx
    mov [switch_landed + 12], ebp
    mov [switch_landed + 20], esp   ; behind its eip
    call switch_arrived
    hlt

; Another place, from where it goes back at once.
switch_bounce:
    push dword [switch_home]
    push dword [switch_test]
    push dword switch_bounced
    call context_switch
    hlt
