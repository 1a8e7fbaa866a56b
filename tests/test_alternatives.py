"""
Right solutions that differ from ours must get full marks: the tests ask for what the contracts say, not for our code.

Whole submissions, in which exercises are solved in other ways. The texts take the places of the exercises' regions,
in the order in which the file has them; None keeps ours.
"""

import pytest

import grading
from alternatives import (
    COLLECT_BY_COPYING, DESCRIPTORS_BY_BYTES, ENABLE_IN_A_LOOP, INIT_ASKING_ALWAYS, IS_ON_BY_OPPOSITES,
    JUMP_BY_RETURNING, PUTHEX_BY_ADJUSTMENT, PUTHEX_BY_TABLE, PUTS_BY_HAND, READ_BY_SECTORS, READ_BY_TRACKS,
)

# ---- 1.4, the C half (1.1 to 1.5 in assembly: alternatives.py)

SANITIZE_BY_INSERTION = """
    /* The greatest type first: each range gives what no range before it has taken. */
    struct e820_entry part[4 * E820_MAX];
    unsigned parts = 0, count = 0;
    bool used[E820_MAX] = { false };

    for (;;) {
        unsigned best = n;
        for (unsigned i = 0; i < n; i++)
            if (!used[i] && (best == n || raw[i].type > raw[best].type))
                best = i;
        if (best == n)
            break;
        used[best] = true;
        uint64_t at = raw[best].base, end = range_end(&raw[best]);
        while (at < end) {
            uint64_t stop = end, skip = at;
            for (unsigned i = 0; i < parts; i++) {
                if (part[i].base <= at && at - part[i].base < part[i].length)
                    skip = part[i].base + part[i].length;
                else if (part[i].base > at && part[i].base < stop)
                    stop = part[i].base;
            }
            if (skip > at) {
                at = skip;
                continue;
            }
            unsigned place = parts++;
            for (; place > 0 && part[place - 1].base > at; place--)
                part[place] = part[place - 1];
            part[place] = (struct e820_entry){ .base = at, .length = stop - at, .type = raw[best].type };
            at = stop;
        }
    }
    for (unsigned i = 0; i < parts; i++) {
        part[i].attributes = 1;
        if (count && map[count - 1].type == part[i].type && map[count - 1].base + map[count - 1].length == part[i].base)
            map[count - 1].length += part[i].length;
        else if (count == max)
            break;
        else
            map[count++] = part[i];
    }
    return count;
"""

SANITIZE_BY_SWEEPING = """
    uint64_t at = 0;
    unsigned count = 0;

    for (;;) {
        uint32_t type = 0;
        uint64_t next = -1ull;
        bool more = false;
        for (unsigned i = 0; i < n; i++) {
            uint64_t end = range_end(&raw[i]);
            if (raw[i].base <= at && at < end) {
                if (raw[i].type > type)
                    type = raw[i].type;
                if (end <= next)
                    next = end, more = true;
            } else if (raw[i].base > at && raw[i].length && raw[i].base <= next) {
                next = raw[i].base, more = true;
            }
        }
        if (!more)
            return count;
        if (type && count && map[count - 1].type == type && map[count - 1].base + map[count - 1].length == at) {
            map[count - 1].length += next - at;
        } else if (type) {
            if (count == max)
                return count;
            map[count].base = at;
            map[count].length = next - at;
            map[count].type = type;
            map[count++].attributes = 1;
        }
        at = next;
    }
"""

# ---- 1.6

SEGMENT_BY_64_BITS = """
    uint64_t start = elf_physical(ph->p_paddr), end = start + ph->p_memsz;

    if ((uint64_t)ph->p_offset + ph->p_filesz > size)
        return -EINVAL;
    if (ph->p_memsz < ph->p_filesz)
        return -EINVAL;
    if (!(low <= start && end <= high))
        return -ENOMEM;
    for (uint32_t i = 0; i < ph->p_memsz; i++)
        memory[start - low + i] = i < ph->p_filesz ? file[ph->p_offset + i] : 0;
    return 0;
"""

LOAD_IN_TWO_PASSES = """
    const uint8_t *headers = (const uint8_t *)file + e->e_phoff;
    Elf32_Phdr ph;

    for (int load = 0; load < 2; load++) {
        for (unsigned i = 0; i < e->e_phnum; i++) {
            memcpy(&ph, headers + i * e->e_phentsize, sizeof(ph));
            uint32_t start = elf_physical(ph.p_paddr);
            if (ph.p_type != PT_LOAD || !ph.p_memsz)
                continue;
            if (load) {
                error = load_segment(file, size, &ph, memory, low, high);
                if (error)
                    return error;
                continue;
            }
            image->start = start < image->start ? start : image->start;
            if (start + ph.p_memsz > image->end)
                image->end = start + ph.p_memsz;
        }
    }
    image->entry = elf_physical(e->e_entry);
    if (image->entry - image->start >= image->end - image->start || image->end == 0)
        return -EINVAL;
    return 0;
"""

# ---- 1.7

PAGING_BY_MACRO = """
%macro BOTH 1                       ; a page of 4 MiB, at both places
    mov dword [early_page_directory - KERNEL_BASE + ((KERNEL_BASE >> 22) + %1) * 4], (%1 << 22) | 0x83
    mov dword [early_page_directory - KERNEL_BASE + %1 * 4], (%1 << 22) | 0x83
%endmacro
%assign page 4
%rep 4
%assign page page - 1
    BOTH page
%endrep
    mov eax, early_page_directory - KERNEL_BASE
    mov cr3, eax
    mov ecx, cr4
    bts ecx, 4
    mov cr4, ecx
    mov ecx, cr0
    bts ecx, 31
    mov cr0, ecx
    push .high
    ret
.high:
    mov ecx, cr0
    bts ecx, 16
    mov cr0, ecx
"""

PAGING_BY_STRING = """
    pushad
    mov edi, early_page_directory - KERNEL_BASE
    mov ecx, EARLY_PAGES
    mov eax, 0x83
    cld
.low:
    stosd
    add eax, 0x400000
    loop .low
    mov esi, early_page_directory - KERNEL_BASE
    lea edi, [esi + 0xc00]
    mov ecx, EARLY_PAGES
    rep movsd
    popad
    mov eax, early_page_directory - KERNEL_BASE
    mov cr3, eax
    mov eax, cr4
    or eax, CR4_PSE
    mov cr4, eax
    mov eax, cr0
    or eax, CR0_WP
    mov cr0, eax
    or eax, CR0_PG
    mov cr0, eax
    lea ecx, [.high]
    jmp ecx
.high:
"""

# ---- 1.8

NUMBER_BY_ITSELF = """
    char text[96];
    int n = 0, least = s->precision < 0 ? 1 : s->precision, sign = strlen(prefix);

    (void)put_field;
    for (; value || n < least; value /= base)
        text[n++] = digits[value % base];
    if (s->precision < 0 && s->zero && !s->left)
        while (n + sign < s->width)
            text[n++] = '0';
    if (!s->left)
        pad(out, ' ', s->width - sign - n);
    while (*prefix)
        emit(out, *prefix++);
    for (int i = n; i > 0; i--)
        emit(out, text[i - 1]);
    if (s->left)
        pad(out, ' ', s->width - sign - n);
"""

CONVERT_BY_IFS = """
    char one[2] = { 0, 0 };
    const char *text = one;
    int n = 1;

    if (conversion == 'd' || conversion == 'i') {
        int64_t value = take_signed(s, args);
        if (value < 0)
            put_number(out, s, "-", 0 - (uint64_t)value, 10, "0123456789");
        else
            put_number(out, s, s->plus ? "+" : s->space ? " " : "", value, 10, "0123456789");
        return;
    }
    if (conversion == 'p') {
        struct spec p = *s;
        p.precision = 8;
        put_number(out, &p, "0x", va_arg(*args, uint32_t), 16, "0123456789abcdef");
        return;
    }
    if (conversion != 's' && conversion != 'c') {
        uint64_t value = take_unsigned(s, args);
        bool capital = conversion == 'X';
        const char *prefix = s->alternate && value && conversion != 'u' ? capital ? "0X" : "0x" : "";
        put_number(out, s, prefix, value, conversion == 'u' ? 10 : 16, capital ? "0123456789ABCDEF" : "0123456789abcdef");
        return;
    }
    if (conversion == 'c') {
        one[0] = (char)va_arg(*args, int);
    } else {
        text = va_arg(*args, char *);
        if (!text)
            text = "(null)";
        for (n = 0; n != s->precision && text[n]; n++)
            ;
    }
    if (!s->left)
        pad(out, ' ', s->width - n);
    for (int i = 0; i < n; i++)
        emit(out, text[i]);
    if (s->left)
        pad(out, ' ', s->width - n);
"""

FORMAT_BY_STEPS = """
    va_list all;

    va_copy(all, args);
    while (*format) {
        const char *start = format;
        if (*format++ != '%') {
            emit(&out, *start);
            continue;
        }
        struct spec s = parse_spec(&format, &all);
        switch (*format) {
        case 'd': case 'i': case 'u': case 'x': case 'X': case 'p': case 's': case 'c':
            convert(&out, &s, *format++, &all);
            continue;
        case '%':
            emit(&out, *format++);
            continue;
        }
        if (*format)
            format++;
        while (start < format)
            emit(&out, *start++);
    }
    va_end(all);
"""

# ---- 1.9

CASES = r"""
"%d|%i", -1, 0 -> "-1|0"
"%i", -2147483648 -> "-2147483648"
"%u %x", 4000000000, 4000000000 -> "4000000000 ee6b2800"
"%X", 0xabc -> "ABC"
"%06d", -5 -> "-00005"
"<%4d>", 1 -> "<   1>"
"<%-4d>", 1 -> "<1   >"
"<%4s>", "a" -> "<   a>"
"<%1s>", "xyz" -> "<xyz>"
"<%.1s>", "xyz" -> "<x>"
"<%.4d>", 1 -> "<0001>"
"%lld,%d", 4294967296LL, 1 -> "4294967296,1"
"%llx", 0xffffffffffLL -> "ffffffffff"
"%s", NULL -> "(null)"
"%p", 1 -> "0x00000001"
"%%", 1 -> "%"
"""

FIRST = {
    "src/boot/print.asm": [PUTS_BY_HAND, PUTHEX_BY_ADJUSTMENT],
    "src/boot/disk.asm": [INIT_ASKING_ALWAYS, READ_BY_SECTORS],
    "src/boot/a20.asm": [ENABLE_IN_A_LOOP, IS_ON_BY_OPPOSITES],
    "src/boot/e820.asm": [COLLECT_BY_COPYING],
    "src/kernel/lib/e820.c": [SANITIZE_BY_INSERTION],
    "src/boot/pm.asm": [JUMP_BY_RETURNING, DESCRIPTORS_BY_BYTES],
    "src/boot/elf.c": [SEGMENT_BY_64_BITS, LOAD_IN_TWO_PASSES],
    "src/kernel/x86/entry.asm": [PAGING_BY_MACRO],
    "src/kernel/lib/printf.c": [NUMBER_BY_ITSELF, CONVERT_BY_IFS, FORMAT_BY_STEPS],
    "src/kernel/lib/printf.cases": [CASES],
}

SECOND = {
    "src/boot/disk.asm": [None, READ_BY_TRACKS],
    "src/kernel/lib/e820.c": [SANITIZE_BY_SWEEPING],
    "src/kernel/x86/entry.asm": [PAGING_BY_STRING],
    "src/boot/elf.c": [SEGMENT_BY_64_BITS, None],
}


@pytest.fixture(scope="module")
def grader():
    with grading.grader() as grader:
        yield grader


# Too long to go into one boot sector with the others.
THIRD = {
    "src/boot/print.asm": [None, PUTHEX_BY_TABLE],
}


@pytest.mark.parametrize("alternatives, tests, points", [(FIRST, [], 100), (SECOND, [], 100), (THIRD, ["1.1"], 8)],
                         ids=["first", "second", "third"])
def test_another_right_solution_gets_full_marks(grader, alternatives, tests, points):
    graded = grader.grade(grader.solved_with(alternatives), *tests)
    assert graded.total == points, graded.output
