"""
Two other right solutions of exercise 6.9: FIRST and SECOND are {file: [a text for each of its regions, None to keep it]}.
"""

END_CALL_BY_CASES = """
    int error = -(int)tf->eax;
    bool again = false;

    if (tf->vector != TRAP_SYSCALL || !made_way(error))
        return;
    switch (error) {
    case ERESTARTNOINTR:
        again = true;
        break;
    case ERESTARTSYS:
        again = action == NULL || (action->flags & SA_RESTART) != 0;
        break;
    default:
        again = action == NULL;
        break;
    }
    if (!again) {
        tf->eax = -EINTR;
        tf->vector = TRAP_NO_SYSCALL;
        return;
    }
    uint32_t number = tf->unused_esp;
    if (error == ERESTART_RESTARTBLOCK)
        number = RESTART_SYSCALL;
    call_again(tf, number);
"""

HANDLE_BY_STEPS = """
    struct thread *me = thread_current();
    uint64_t after = me->blocked;
    uint64_t during = after;

    end_call(tf, action);
    if (me->restore_blocked) {
        me->restore_blocked = false;
        after = me->saved_blocked;
    }
    during |= action->mask;
    if ((action->flags & SA_NODEFER) == 0)
        during |= SIGNAL_BIT(info->signo);
    int error = sigframe_build(tf, info, action, after);
    if (error)
        no_room(info);
    else
        signal_set_blocked(during);
"""

BEGIN_WITH_A_NEW_FRAME = """
    struct trapframe begun = {
        .gs = tf->gs, .fs = tf->fs, .es = USER_DATA, .ds = USER_DATA,
        .vector = tf->vector, .eip = action->handler, .cs = USER_CODE,
        .eax = eax, .edx = edx, .ecx = ecx, .eflags = 0x202u,
        .user_esp = frame, .user_ss = USER_DATA,
    };

    fpu_forget();
    *tf = begun;
"""

BUILD_WORD_BY_WORD = """
    uint32_t fpu, sp = place_frame(tf, action, sizeof(struct sigframe), &fpu);
    struct sigframe *frame = user(sp);
    uint32_t back = VDSO_ADDRESS(vdso_sigreturn), high = blocked >> 32;
    struct sigcontext context;

    if (sp == 0)
        return -EFAULT;
    if (action->flags & SA_RESTORER)
        back = action->restorer;
    save_registers(&context, tf, blocked, fpu);
    int failed = copy_to_user(&frame->context, &context, sizeof(context));
    failed |= copy_to_user(&frame->return_address, &back, 4);
    failed |= copy_to_user(&frame->signo, &info->signo, 4);
    failed |= copy_to_user(&frame->mask_high, &high, 4);
    failed |= copy_to_user(&frame->retcode, &retcode, sizeof(retcode));
    failed |= fpu_to_user(fpu);
    if (failed)
        return -EFAULT;
    begin_handler(tf, action, sp, info->signo, 0, 0);
    return 0;
"""

BUILD_ALL_AT_ONCE = """
    static struct sigframe zero;
    uint32_t fpu, sp = place_frame(tf, action, sizeof(struct sigframe), &fpu);

    if (!sp)
        return -EFAULT;
    struct sigframe frame = zero;
    frame.return_address = (action->flags & SA_RESTORER) ? action->restorer : VDSO_ADDRESS(vdso_sigreturn);
    frame.signo = info->signo;
    save_registers(&frame.context, tf, blocked, fpu);
    frame.mask_high = blocked >> 32;
    frame.retcode = retcode;
    int error = fpu_to_user(fpu);
    if (!error)
        error = copy_to_user(user(sp), &frame, sizeof(frame));
    if (!error)
        begin_handler(tf, action, sp, info->signo, 0, 0);
    return error;
"""

RESTORE_ONE_BY_ONE = """
    const uint32_t mine = 0xdd5u | 1u << 16 | 1u << 18;

    if (!selectors_ok(from) || fpu_from_user(from->fpstate) != 0)
        return -EFAULT;
    tf->edi = from->edi;
    tf->esi = from->esi;
    tf->ebp = from->ebp;
    tf->ebx = from->ebx;
    tf->edx = from->edx;
    tf->ecx = from->ecx;
    tf->eax = from->eax;
    tf->eip = from->eip;
    tf->user_esp = from->esp;
    tf->user_ss = USER_DATA;
    tf->cs = USER_CODE;
    tf->ds = selector_user(from->ds);
    tf->es = selector_user(from->es);
    tf->fs = selector_user(from->fs);
    tf->gs = selector_user(from->gs);
    tf->eflags = 0x202u | (from->eflags & mine);
    return 0;
"""

LEAVE_BY_POINTER = """
    const struct sigframe *frame = user(tf->user_esp - 2 * sizeof(uint32_t));
    uint32_t words[2];
    struct sigcontext context;

    int error = copy_from_user(&context, &frame->context, sizeof(context));
    if (!error)
        error = copy_from_user(&words[1], &frame->mask_high, sizeof(words[1]));
    if (error)
        return error;
    error = restore_registers(tf, &context);
    words[0] = context.oldmask;
    *blocked = words[0] + ((uint64_t)words[1] << 32);
    return error;
"""

LEAVE_ALL_AT_ONCE = """
    struct sigframe frame;

    if (copy_from_user(&frame, user(tf->user_esp - 8), sizeof(frame)))
        return -EFAULT;
    *blocked = frame.mask_high;
    *blocked = *blocked << 32 | frame.context.oldmask;
    return restore_registers(tf, &frame.context);
"""

END_CALL_BY_A_TABLE = """
    static const struct { int error; bool with_none, with_any, with_restart; } rules[] = {
        { ERESTARTSYS, true, false, true }, { ERESTARTNOINTR, true, true, true },
        { ERESTARTNOHAND, true, false, false }, { ERESTART_RESTARTBLOCK, true, false, false },
    };

    (void)made_way;
    for (unsigned i = 0; i < ARRAY_SIZE(rules); i++) {
        if (tf->vector != TRAP_SYSCALL || tf->eax != (uint32_t)-rules[i].error)
            continue;
        bool again = !action ? rules[i].with_none
                     : action->flags & SA_RESTART ? rules[i].with_restart : rules[i].with_any;
        if (again)
            call_again(tf, i == 3 ? RESTART_SYSCALL : tf->unused_esp);
        else
            tf->eax = -EINTR;
        break;
    }
"""

HANDLE_MASK_FIRST = """
    struct thread *thread = thread_current();
    uint64_t now = thread->blocked, own = SIGNAL_BIT(info->signo);

    end_call(tf, action);
    if (sigframe_build(tf, info, action, thread->restore_blocked ? thread->saved_blocked : now) < 0) {
        thread->restore_blocked = false;
        no_room(info);
    } else {
        thread->restore_blocked = false;
        signal_set_blocked(action->flags & SA_NODEFER ? now | action->mask : now | action->mask | own);
    }
"""

BEGIN_IN_PLACE = """
    fpu_forget();
    tf->eflags = (tf->eflags & ~0x10500u) | 0x202;
    tf->user_ss = USER_DATA;
    tf->cs = USER_CODE;
    tf->es = USER_DATA;
    tf->ds = USER_DATA;
    tf->ecx = ecx, tf->edx = edx, tf->eax = eax;
    tf->eip = action->handler;
    tf->user_esp = frame;
"""

RESTORE_INTO_A_COPY = """
    struct trapframe new = *tf;

    if (!selectors_ok(from))
        return -EFAULT;
    new.gs = selector_user(from->gs), new.fs = selector_user(from->fs);
    new.es = selector_user(from->es), new.ds = selector_user(from->ds);
    memcpy(&new.edi, &from->edi, 3 * sizeof(uint32_t));             /* edi, esi, ebp */
    memcpy(&new.ebx, &from->ebx, 4 * sizeof(uint32_t));             /* ebx, edx, ecx, eax */
    new.eip = from->eip;
    new.user_esp = from->esp;
    new.cs = USER_CODE, new.user_ss = USER_DATA;
    new.eflags ^= (new.eflags ^ from->eflags) & EFLAGS_USER;
    new.vector = TRAP_NO_SYSCALL;
    if (fpu_from_user(from->fpstate))
        return -EFAULT;
    *tf = new;
    return 0;
"""

DELIVER, SIGFRAME = "src/kernel/proc/deliver.c", "src/kernel/proc/sigframe.c"
FIRST = {
    DELIVER: [END_CALL_BY_CASES, HANDLE_BY_STEPS],
    SIGFRAME: [BEGIN_WITH_A_NEW_FRAME, BUILD_WORD_BY_WORD, RESTORE_ONE_BY_ONE, LEAVE_BY_POINTER],
}
SECOND = {
    DELIVER: [END_CALL_BY_A_TABLE, HANDLE_MASK_FIRST],
    SIGFRAME: [BEGIN_IN_PLACE, BUILD_ALL_AT_ONCE, RESTORE_INTO_A_COPY, LEAVE_ALL_AT_ONCE],
}
