"""
Two other right solutions of exercise 6.1: FIRST and SECOND are {file: [a text for each of its regions, None to keep it]}.
"""

ENTRY_REGISTER_BY_REGISTER = """
    cld
    sub esp, 8
    mov dword [esp + 4], 0
    mov dword [esp], TRAP_SYSCALL
    push eax
    push ecx
    push edx
    push ebx
    push esp
    push ebp
    push esi
    push edi
    push ds
    push es
    push fs
    push gs
    mov ecx, KERNEL_DATA
    mov gs, ecx
    mov fs, ecx
    mov es, ecx
    mov ds, ecx
    mov ebx, esp
    push ebx
    call [trap_syscall]
    mov esp, ebx
    pop gs
    pop fs
    pop es
    pop ds
    pop edi
    pop esi
    pop ebp
    pop ebx                         ; ESP's place
    pop ebx
    pop edx
    pop ecx
    pop eax
    lea esp, [esp + 8]
    iretd
"""

GATE_BY_HAND = """
    uint32_t entry = syscall_entry_range[0];
    struct gate gate = { (uint32_t)KERNEL_CODE << 16 | (uint16_t)entry, entry >> 16 << 16 | 0xee00 };

    idt_set(TRAP_SYSCALL, gate);
"""

DISPATCH_BY_EXITS = """
    const uint32_t n = tf->eax;

    tf->eax = (uint32_t)-ENOSYS;
    if (n > ARRAY_SIZE(table) - 1)
        return;
    if (table[n] == NULL)
        return;
    tf->eax = (uint32_t)table[n](tf->ebx, tf->ecx, tf->edx, tf->esi, tf->edi, tf->ebp);
"""

ENTRY_BY_MOVING = """
    push 0
    push 128
    pushad
    sub esp, 16
    mov [esp], gs                   ; 16 bits of each count
    mov [esp + 4], fs
    mov [esp + 8], es
    mov [esp + 12], ds
    mov ax, ss                      ; the processor has taken it from the TSS
    mov ds, ax
    mov es, ax
    xor eax, eax
    mov fs, ax
    mov gs, ax
    cld
    mov eax, esp
    push eax
    mov edx, [trap_syscall]
    call edx
    pop edx
    mov gs, [esp]
    mov fs, [esp + 4]
    mov es, [esp + 8]
    mov ds, [esp + 12]
    add esp, 16
    popad
    add esp, 4
    add esp, 4
    iret
"""

GATE_FROM_A_VARIABLE = """
    const unsigned ring = 3;
    struct gate gate = gate_make(*syscall_entry_range, KERNEL_CODE, GATE_INTERRUPT, 0);

    gate.high |= ring << 13;
    idt_set(0x80, gate);
"""

DISPATCH_BY_AN_ARRAY = """
    const uint32_t *at = &tf->edi;
    uint32_t arguments[6] = { tf->ebx, tf->ecx, tf->edx, at[1], at[0], at[2] };
    syscall_fn none = NULL, fn = none;
    long answer;

    for (unsigned n = 0; n < sizeof(table) / sizeof(*table) && fn == none; n++)
        if (n == tf->eax)
            fn = table[n];
    answer = fn ? fn(arguments[0], arguments[1], arguments[2], arguments[3], arguments[4], arguments[5]) : -ENOSYS;
    tf->eax = answer;
"""

FIRST = {
    "src/kernel/x86/trap.asm": [ENTRY_REGISTER_BY_REGISTER],
    "src/kernel/x86/trap.c": [GATE_BY_HAND],
    "src/kernel/sys/syscall.c": [DISPATCH_BY_EXITS],
}

SECOND = {
    "src/kernel/x86/trap.asm": [ENTRY_BY_MOVING],
    "src/kernel/x86/trap.c": [GATE_FROM_A_VARIABLE],
    "src/kernel/sys/syscall.c": [DISPATCH_BY_AN_ARRAY],
}
