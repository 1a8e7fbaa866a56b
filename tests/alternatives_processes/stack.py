"""
Two other right solutions of exercise 6.4: FIRST and SECOND are {file: [a text for each of its regions, None to keep it]}.
"""

STRINGS_BY_SEARCHING_ENDS = """
    const char *from = *string;
    unsigned done = 0;

    while (done < count) {
        put(vectors, *at + (uint32_t)(*string - from));
        while (*(*string)++)
            ;
        done++;
    }
    *at += (uint32_t)(*string - from);
    put(vectors, 0);
"""

# The random bytes at the top, then the platform, the path, and the strings lowest.
LAY_OUT_RANDOM_FIRST = """
    const struct exec_args *args = stack->args;
    const char *string = args->strings;
    uint32_t place;

    at->random = (stack->top & ~15u) - RANDOM;
    at->platform = at->random - sizeof(PLATFORM);
    at->path = at->platform - strlen(stack->path) - 1;
    at->strings = at->path - args->bytes;
    place = at->strings;
    stack->arg_start = place;
    put(vectors, args->argc);
    put_strings(vectors, args->argc, &string, &place);
    stack->arg_end = place;
    put_strings(vectors, args->envc, &string, &place);
    stack->env_end = place;
    put_auxv(vectors, stack, at);
    stack->esp = at->strings - vectors->count * sizeof(uint32_t);
    stack->esp -= stack->esp % 16;
    return 0;
"""

FRAME_FIELD_BY_FIELD = """
    memset(tf, 0, sizeof(*tf));
    tf->cs = USER_CODE;
    tf->user_ss = tf->ds = tf->es = tf->fs = tf->gs = USER_DATA;
    tf->eflags = EFLAGS_USER;
    tf->vector = TRAP_NO_SYSCALL;
    tf->user_esp = load->stack.esp;
    if (load->interpreter)
        tf->eip = load->interpreter_image.entry;
    else
        tf->eip = load->image.entry;
"""

STRINGS_BY_RECURSION = """
    if (count == 0) {
        put(vectors, 0);
        return;
    }
    put(vectors, *at);
    *at += strlen(*string) + 1;
    *string += strlen(*string) + 1;
    put_strings(vectors, count - 1, string, at);
"""

# The whole size first, then all from the bottom up.
LAY_OUT_FROM_THE_BOTTOM = """
    const struct exec_args *args = stack->args;
    unsigned words = 1 + args->argc + 1 + args->envc + 1 + AUX_WORDS;
    size_t bytes = words * 4 + RANDOM + args->bytes + sizeof(PLATFORM) + strlen(stack->path) + 1;
    const char *string = args->strings;

    stack->esp = (stack->top - bytes) / 16 * 16;
    at->random = stack->esp + words * 4;
    at->platform = at->random + RANDOM;
    at->path = at->platform + sizeof(PLATFORM);
    at->strings = at->path + strlen(stack->path) + 1;
    vectors->words[vectors->count++] = args->argc;
    uint32_t here = at->strings;
    put_strings(vectors, args->argc, &string, &here);
    put_strings(vectors, args->envc, &string, &here);
    put_auxv(vectors, stack, at);
    stack->arg_start = stack->arg_end = at->strings;
    for (unsigned i = 0; i < args->argc; i++)
        stack->arg_end += strlen((const char *)args->strings + (stack->arg_end - stack->arg_start)) + 1;
    stack->env_end = at->strings + args->bytes;
    return 0;
"""

FRAME_BY_WHICH_ELF = """
    struct trapframe frame = { 0 };

    frame.eip = load->image.bias + load->elf->header.e_entry;
    if (load->interpreter_elf)
        frame.eip = load->interpreter_image.bias + load->interpreter_elf->header.e_entry;
    frame.user_esp = load->stack.esp;
    frame.ds = frame.es = frame.user_ss = SELECTOR(GDT_USER_DATA) | 3;
    frame.cs = SELECTOR(GDT_USER_CODE) | 3;
    frame.eflags = 0x200 | 0x2;
    frame.vector = TRAP_NO_SYSCALL;
    *tf = frame;
"""

FIRST = {
    "src/kernel/proc/userstack.c": [STRINGS_BY_SEARCHING_ENDS, LAY_OUT_RANDOM_FIRST],
    "src/kernel/proc/exec.c": [FRAME_FIELD_BY_FIELD],
}

SECOND = {
    "src/kernel/proc/userstack.c": [STRINGS_BY_RECURSION, LAY_OUT_FROM_THE_BOTTOM],
    "src/kernel/proc/exec.c": [FRAME_BY_WHICH_ELF],
}
