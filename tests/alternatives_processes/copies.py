"""
Two other right solutions of exercise 6.2: FIRST and SECOND are {file: [a text for each of its regions, None to keep it]}.
"""

COPY_BYTE_BY_BYTE = """
.bytes:
    rep movsb
.end:
    mov eax, ecx
    pop edi
    pop esi
    ret
"""

CLEAR_BYTE_BY_BYTE = """
    xor eax, eax
.bytes:
    rep stosb
.end:
    mov eax, ecx
    pop edi
    ret
"""

FIXUPS_OF_BYTES = """
    dd user_copy.bytes, user_copy.end, user_copy.end
    dd user_clear.bytes, user_clear.end, user_clear.end
"""

RANGE_BY_ITS_LAST_BYTE = """
    uintptr_t first = (uintptr_t)p, last = first + n - 1;

    if (n == 0)
        return first <= KERNEL_BASE;
    return last >= first && last < KERNEL_BASE;
"""

STRING_BYTE_BY_BYTE = """
    for (size_t i = 0; i < size; i++) {
        if (copy_from_user(to + i, from + i, 1))
            return -EFAULT;
        if (!to[i])
            return (ssize_t)i;
    }
    return -ENAMETOOLONG;
"""

COPY_THROUGH_REGISTERS = """
    push ebx
.many:
    cmp ecx, 8
    jb .bytes
    mov eax, [esi]
    mov ebx, [esi + 4]
    mov [edi], eax
    mov [edi + 4], ebx
    add esi, 8
    add edi, 8
    sub ecx, 8
    jmp .many
.bytes:
    jecxz .end
    mov al, [esi]
    mov [edi], al
    inc esi
    inc edi
    dec ecx
    jmp .bytes
.end:
    mov eax, ecx
    pop ebx
    pop edi
    pop esi
    ret
"""

CLEAR_IN_A_LOOP = """
.next:
    test ecx, ecx
    jz .end
    mov byte [edi], 0
    inc edi
    dec ecx
    jmp .next
.fault:
    mov eax, ecx
    jmp .out
.end:
    xor eax, eax
.out:
    pop edi
    ret
"""

FIXUPS_GO_ON_BY_BYTES = """
    dd user_copy.many, user_copy.bytes, user_copy.bytes
    dd user_copy.bytes, user_copy.end, user_copy.end
    dd user_clear.next, user_clear.fault, user_clear.fault
"""

RANGE_IN_64_BITS = """
    return (uint64_t)(uintptr_t)p + n <= KERNEL_BASE;
"""

STRING_PAGE_BY_PAGE = """
    size_t done = 0;

    while (done < size) {
        size_t piece = 4096 - (uintptr_t)(from + done) % 4096;
        if (piece > size - done)
            piece = size - done;
        if (!user_range(from + done, piece))
            return -EFAULT;
        ssize_t length = user_string(to + done, from + done, piece);
        if (length < 0)
            return length;
        done += (size_t)length;
        if ((size_t)length < piece)
            return (ssize_t)done;
    }
    return -ENAMETOOLONG;
"""

FIRST = {
    "src/kernel/x86/usercopy.asm": [COPY_BYTE_BY_BYTE, CLEAR_BYTE_BY_BYTE, FIXUPS_OF_BYTES],
    "src/kernel/mm/usercopy.h": [RANGE_BY_ITS_LAST_BYTE],
    "src/kernel/mm/usercopy.c": [STRING_BYTE_BY_BYTE],
}

SECOND = {
    "src/kernel/x86/usercopy.asm": [COPY_THROUGH_REGISTERS, CLEAR_IN_A_LOOP, FIXUPS_GO_ON_BY_BYTES],
    "src/kernel/mm/usercopy.h": [RANGE_IN_64_BITS],
    "src/kernel/mm/usercopy.c": [STRING_PAGE_BY_PAGE],
}
