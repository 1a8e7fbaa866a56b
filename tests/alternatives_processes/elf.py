"""
Two other right solutions of exercise 6.3: FIRST and SECOND are {file: [a text for each of its regions, None to keep it]}.
"""

HEADER_FIELD_BY_FIELD = """
    const uint8_t *ident = header->e_ident;

    if (ident[0] != 0x7f || ident[1] != 'E' || ident[2] != 'L' || ident[3] != 'F')
        return false;
    if (ident[4] != ELFCLASS32 || ident[5] != ELFDATA2LSB || ident[6] != 1 || header->e_version != 1)
        return false;
    if (header->e_machine != EM_386 || header->e_phentsize != 32)
        return false;
    if (header->e_phnum == 0 || header->e_phnum > ELF_SEGMENTS_MAX)
        return false;
    return header->e_type == ET_EXEC || header->e_type == ET_DYN;
"""

SEGMENT_IN_64_BITS = """
    uint64_t end = (uint64_t)segment->p_vaddr + segment->p_memsz;
    uint64_t file_end = (uint64_t)segment->p_offset + segment->p_filesz;

    if (segment->p_filesz > segment->p_memsz)
        return false;
    if (end > KERNEL_BASE || file_end > UINT32_MAX)
        return false;
    return ((segment->p_vaddr ^ segment->p_offset) & (PAGE_SIZE - 1)) == 0;
"""

CHECK_IN_TWO_LOOPS = """
    unsigned n = elf->header.e_phnum, loads = 0;

    if (!header_is_right(&elf->header))
        return -ENOEXEC;
    elf->interp_bytes = 0;
    for (unsigned i = 0; i < n; i++)
        if (elf->segments[i].p_type == PT_INTERP && take_interpreter(elf, &elf->segments[i]) != 0)
            return -ENOEXEC;
    for (const Elf32_Phdr *s = elf->segments; s < elf->segments + n; s++) {
        uint32_t start = page_down(s->p_vaddr), end = page_up(s->p_vaddr + s->p_memsz);
        if (s->p_type != PT_LOAD || !s->p_memsz)
            continue;
        if (!segment_is_right(s) || (elf->header.e_type == ET_EXEC && s->p_vaddr < USER_BASE))
            return -ENOEXEC;
        elf->low = loads && elf->low < start ? elf->low : start;
        elf->high = loads && elf->high > end ? elf->high : end;
        loads++;
    }
    return loads ? 0 : -ENOEXEC;
"""

FLAGS_BY_A_TABLE = """
    static const unsigned flags[8] = {
        0, AREA_EXEC, AREA_WRITE, AREA_WRITE | AREA_EXEC,
        AREA_READ, AREA_READ | AREA_EXEC, AREA_READ | AREA_WRITE, AREA_READ | AREA_WRITE | AREA_EXEC,
    };

    return flags[segment->p_flags & 7];
"""

MAP_PAGE_BY_PAGE = """
    uint32_t from = segment->p_vaddr + bias, file_end = from + segment->p_filesz;
    uint32_t end = from + segment->p_memsz, index = segment->p_offset / PAGE_SIZE;
    uintptr_t at = page_down(from);
    unsigned flags = area_flags(segment);

    if (segment->p_filesz)
        for (; at < file_end; at += PAGE_SIZE) {
            int error = space_map(space, &at, PAGE_SIZE, flags, &vnode->pages, index++);
            if (error)
                return error;
        }
    if (at < end) {
        int error = space_map(space, &at, end - at, flags, NULL, 0);
        if (error)
            return error;
    }
    if (segment->p_filesz && file_end < end && (flags & AREA_WRITE)) {
        uint32_t stop = page_up(file_end) < end ? page_up(file_end) : end;
        return clear_part((void *)(uintptr_t)file_end, stop - file_end) == stop - file_end ? 0 : -EFAULT;
    }
    return 0;
"""

HEADER_BY_ITS_WORDS = """
    const uint32_t *word = (const uint32_t *)(const void *)header->e_ident;
    bool right = word[0] == 0x464c457fu && (word[1] & 0xffffffu) == 0x010101u;

    right = right && header->e_machine == EM_386 && header->e_version == 1;
    right = right && (unsigned)(header->e_type - ET_EXEC) <= ET_DYN - ET_EXEC;
    return right && header->e_phentsize == sizeof(Elf32_Phdr)
           && (unsigned)header->e_phnum - 1 < ELF_SEGMENTS_MAX;
"""

SEGMENT_BY_WHAT_IS_LEFT = """
    if (segment->p_vaddr >= KERNEL_BASE || segment->p_memsz > KERNEL_BASE - segment->p_vaddr)
        return false;
    if (segment->p_filesz > UINT32_MAX - segment->p_offset || segment->p_filesz > segment->p_memsz)
        return false;
    return (segment->p_vaddr - segment->p_offset) % PAGE_SIZE == 0;
"""

MAP_ALL_THEN_CUT = """
    uint32_t from = segment->p_vaddr + bias, file_end = from + segment->p_filesz;
    uintptr_t start = page_down(from), end = page_up(from + segment->p_memsz);
    uintptr_t cut = segment->p_filesz ? page_up(file_end) : start;
    unsigned flags = area_flags(segment);
    bool whole = cut == start;
    int error = space_map(space, &start, end - start, flags, whole ? NULL : &vnode->pages,
                          whole ? 0 : segment->p_offset >> PAGE_SHIFT);

    if (error || whole)
        return error;
    if (cut < end) {
        error = space_unmap(space, cut, end - cut);
        if (!error)
            error = space_map(space, &cut, end - cut, flags, NULL, 0);
    }
    if (!error && segment->p_memsz > segment->p_filesz && (segment->p_flags & PF_W))
        error = clear_user((void *)(uintptr_t)file_end, -file_end % PAGE_SIZE);
    return error;
"""

FIRST = {
    "src/kernel/proc/elf.c": [HEADER_FIELD_BY_FIELD, SEGMENT_IN_64_BITS, CHECK_IN_TWO_LOOPS, FLAGS_BY_A_TABLE, MAP_PAGE_BY_PAGE],
}

SECOND = {
    "src/kernel/proc/elf.c": [HEADER_BY_ITS_WORDS, SEGMENT_BY_WHAT_IS_LEFT, CHECK_IN_TWO_LOOPS, None, MAP_ALL_THEN_CUT],
}
