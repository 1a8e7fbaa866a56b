"""
Two other right solutions of exercise 6.5: FIRST and SECOND are {file: [a text for each of its regions, None to keep it]}.
"""

COPY_BY_CASES = """
    struct fd_table *files = parent->files;
    struct space *space = parent->space;

    if (flags & CLONE_VM)
        space_get(space);
    else if (!(space = space_clone(space)))
        return -ENOMEM;
    child->space = space;
    if (!files)
        return 0;
    if (!(flags & CLONE_FILES)) {
        files = fd_table_copy(files);
        if (!files)
            return -ENOMEM;
    } else {
        fd_table_get(files);
    }
    child->files = files;
    return 0;
"""

# The first context anew, below the frame; the vector stays what it is, as 0 asks for no restart.
FRAME_WITH_A_NEW_CONTEXT = """
    struct context first = *(struct context *)task->esp;
    struct trapframe *tf = user_frame(task);
    uint32_t *end_of_backtrace = (uint32_t *)tf - 1;
    struct context *context = (struct context *)end_of_backtrace - 1;

    *end_of_backtrace = 0;
    *context = first;
    memcpy(tf, frame, sizeof(*tf));
    tf->eax = 0;
    tf->user_esp = stack ? stack : frame->user_esp;
    task->esp = (uintptr_t)context;
"""

WAIT_WITH_AN_ENTRY = """
    struct wait_entry entry;
    bool killed = false;

    wait_entry_init(&entry);
    while (!killed) {
        int error = wait_prepare(&vfork->queue, &entry, true);
        if (vfork->done)
            break;
        if (!error) {
            schedule();
        } else {
            current()->interrupted = false;
            killed = process_killed();
        }
    }
    wait_finish(&vfork->queue, &entry);
    if (killed) {
        uint32_t irq = spin_lock_irqsave(&process_lock);
        if (!vfork->done)
            child->vfork = NULL;
        spin_unlock_irqrestore(&process_lock, irq);
    }
"""

LAUNCH_NUMBER_LAST = """
    struct vfork place = { 0 }, *waits = NULL;
    uint32_t pid = task->pid;

    if (clone->flags & CLONE_VFORK) {
        waits = &place;
        wait_init(&waits->queue);
        clone->process->vfork = waits;
    }
    thread_enter(clone->process, clone->thread, task, (clone->flags & CLONE_PARENT) != 0);
    if (clone->flags & CLONE_PARENT_SETTID && copy_to_user((void *)parent_tid, &task->pid, 4))
        parent_tid = 0;
    sched_start(task);
    if (waits)
        wait_for_child(waits, clone->process);
    return pid;
"""

FILES_FIRST = """
    if (parent->files) {
        if (flags & CLONE_FILES)
            fd_table_get(child->files = parent->files);
        else
            child->files = fd_table_copy(parent->files);
        if (!child->files)
            return -ENOMEM;
    }
    child->space = flags & CLONE_VM ? parent->space : space_clone(parent->space);
    if (flags & CLONE_VM)
        space_get(child->space);
    return child->space ? 0 : -ENOMEM;
"""

FRAME_BYTE_BY_BYTE = """
    size_t bytes = task->stack + STACK_SIZE - task->esp;
    char *to = (char *)task->esp - sizeof(*frame);

    for (size_t i = 0; i < bytes; i++)
        to[i] = to[i + sizeof(*frame)];
    task->esp = (uintptr_t)to;
    struct trapframe copy = *frame;
    copy.eax = 0;
    copy.vector = TRAP_NO_SYSCALL;
    copy.user_esp = stack == 0 ? copy.user_esp : stack;
    *user_frame(task) = copy;
"""

WAIT_BY_RECURSION = """
    if (wait_event_interruptible(&vfork->queue, vfork->done)) {
        current()->interrupted = false;
        if (!process_killed()) {
            wait_for_child(vfork, child);
            return;
        }
    }
    uint32_t flags = spin_lock_irqsave(&process_lock);
    child = vfork->done ? NULL : child;
    if (child)
        child->vfork = NULL;
    spin_unlock_irqrestore(&process_lock, flags);
"""

LAUNCH_ENTERS_FIRST = """
    long pid = (long)task->pid;
    struct process *child = clone->process;
    struct vfork vfork;

    thread_enter(child, clone->thread, task, clone->flags & CLONE_PARENT);
    if (clone->flags & CLONE_PARENT_SETTID)
        copy_to_user((void *)parent_tid, &task->pid, sizeof(task->pid));
    if (!(clone->flags & CLONE_VFORK)) {
        sched_start(task);
        return pid;
    }
    vfork.done = false;
    wait_init(&vfork.queue);
    child->vfork = &vfork;
    sched_start(task);
    wait_for_child(&vfork, child);
    return pid;
"""

FIRST = {"src/kernel/proc/fork.c": [COPY_BY_CASES, FRAME_WITH_A_NEW_CONTEXT, WAIT_WITH_AN_ENTRY, LAUNCH_NUMBER_LAST]}
SECOND = {"src/kernel/proc/fork.c": [FILES_FIRST, FRAME_BYTE_BY_BYTE, WAIT_BY_RECURSION, LAUNCH_ENTERS_FIRST]}
