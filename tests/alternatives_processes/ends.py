"""
Two other right solutions of exercise 6.6: FIRST and SECOND are {file: [a text for each of its regions, None to keep it]}.
"""

# Under process_lock it does not matter who is woken before: nobody looks until it is free.
TELL_WAKES_FIRST = """
    struct process *parent = process->parent;
    uint32_t handler = parent->actions[SIGCHLD - 1].handler;
    bool quiet = false, unwanted = false;

    if (process->exit_signal == SIGCHLD) {
        quiet = handler == SIG_IGN;
        unwanted = quiet || (parent->actions[SIGCHLD - 1].flags & SA_NOCLDWAIT);
    }
    wait_wake_all(&parent->child_events);
    if (process->exit_signal != 0 && !quiet)
        send_end(parent, process);
    if (unwanted)
        process_remove(process);
"""

# Who ends itself has its orphans for a moment, and gives them away in its turn.
PARENT_BY_A_FOR = """
    for (struct process *at = process->parent; ; at = at->parent)
        if (!at->parent || at->subreaper)
            return at;
"""

CHILDREN_FROM_THE_END = """
    struct process *to = new_parent(process);
    struct list *node;

    list_for_each(each, &process->children) {
        struct process *child = list_entry(each, struct process, sibling);
        child->exit_signal = SIGCHLD;
        child->parent = to;
        child->ppid = to->pid;
    }
    while ((node = process->children.prev) != &process->children) {
        struct process *child = list_entry(node, struct process, sibling);
        list_del(node);
        list_add(node, &to->children);
        if (child->state != PROCESS_ZOMBIE)
            mourn(child, process);
        else
            tell_end(child);
    }
"""

ZOMBIE_FIRST = """
    process->state = PROCESS_ZOMBIE;
    cut_tie(process, process->parent, NULL);        /* zombies watch over nobody */
    give_children_away(process);
    tell_end(process);
"""

BURY_BY_PROCESS_TICKS = """
    uint32_t user, system;

    process_ticks(child, &user, &system);
    parent->child_user_ticks += user;
    parent->child_user_ticks += child->child_user_ticks;
    parent->child_system_ticks += system;
    parent->child_system_ticks += child->child_system_ticks;
    process_remove(child);
"""

LOOK_WITH_A_COUNT = """
    unsigned selected = 0;
    bool told = false;
    uint32_t irq = spin_lock_irqsave(&process_lock);

    for (struct list *node = process->children.next, *next; node != &process->children && !told; node = next) {
        struct process *child = list_entry(node, struct process, sibling);
        next = node->next;
        if (is_selected(child, select)) {
            selected++;
            told = tells(process, child, select->options, answer);
        }
    }
    spin_unlock_irqrestore(&process_lock, irq);
    return told ? 1 : selected ? 0 : -ECHILD;
"""

WAIT_BY_THE_MACRO = """
    struct select select = { .type = type, .id = id, .options = options };
    struct process *process = process_current();
    int result;

    if (options & WNOHANG)
        return look(process, &select, answer);
    int error = wait_event_interruptible(&process->child_events, (result = look(process, &select, answer)) != 0);
    return error ? error : result;
"""

TELL_IN_TWO_CASES = """
    struct process *parent = process->parent;
    struct sigaction action = parent->actions[SIGCHLD - 1];

    if (process->exit_signal != SIGCHLD) {
        if (process->exit_signal)
            send_end(parent, process);
    } else if (action.handler == SIG_IGN) {
        process_remove(process);
    } else {
        send_end(parent, process);
        if (action.flags & SA_NOCLDWAIT)
            process_remove(process);
    }
    wait_wake_all(&parent->child_events);
"""

PARENT_BY_RECURSION = """
    struct process *parent = process->parent;

    if (parent->parent == NULL || (parent->subreaper && !parent->exiting))
        return parent;
    return new_parent(parent);
"""

CHILDREN_THEN_NEWS = """
    struct process *parent = new_parent(process);
    struct list moved;

    list_init(&moved);
    while (!list_empty(&process->children)) {
        struct list *node = process->children.next;
        list_del(node);
        list_add_tail(node, &moved);
    }
    while (!list_empty(&moved)) {
        struct process *child = list_entry(moved.next, struct process, sibling);
        list_del(&child->sibling);
        list_add_tail(&child->sibling, &parent->children);
        child->ppid = parent->pid;
        child->parent = parent;
        child->exit_signal = SIGCHLD;
        if (child->state == PROCESS_ZOMBIE) {
            tell_end(child);
            continue;
        }
        mourn(child, process);
    }
"""

ZOMBIE_IN_ANOTHER_ORDER = """
    cut_tie(process, process->parent, process);
    process->state = PROCESS_ZOMBIE;
    give_children_away(process);
    tell_end(process);
"""

BURY_OTHERS_FIRST = """
    uint32_t system = child->system_ticks + child->child_system_ticks;
    uint32_t user = child->user_ticks + child->child_user_ticks;

    process_remove(child);
    parent->child_system_ticks += system;
    parent->child_user_ticks += user;
"""

LOOK_WITH_GOTO = """
    int result = -ECHILD;
    uint32_t flags = spin_lock_irqsave(&process_lock);

    list_for_each(node, &process->children) {
        struct process *child = list_entry(node, struct process, sibling);
        if (is_selected(child, select)) {
            result = 0;
            if (tells(process, child, select->options, answer)) {
                result = 1;
                goto out;
            }
        }
    }
out:
    spin_unlock_irqrestore(&process_lock, flags);
    return result;
"""

WAIT_LOOKS_TWICE = """
    struct process *process = process_current();
    struct select select = { type, id, options };
    struct wait_entry entry;

    for (;;) {
        int result = look(process, &select, answer);
        if (result || (options & WNOHANG))
            return result;
        wait_entry_init(&entry);
        int error = wait_prepare(&process->child_events, &entry, true);
        result = look(process, &select, answer);
        if (!result && !error)
            schedule();
        wait_finish(&process->child_events, &entry);
        if (result || error)
            return result ? result : error;
    }
"""

FIRST = {
    "src/kernel/proc/exit.c": [TELL_WAKES_FIRST, PARENT_BY_A_FOR, CHILDREN_FROM_THE_END, ZOMBIE_FIRST],
    "src/kernel/proc/wait.c": [BURY_BY_PROCESS_TICKS, LOOK_WITH_A_COUNT, WAIT_BY_THE_MACRO],
}
SECOND = {
    "src/kernel/proc/exit.c": [TELL_IN_TWO_CASES, PARENT_BY_RECURSION, CHILDREN_THEN_NEWS, ZOMBIE_IN_ANOTHER_ORDER],
    "src/kernel/proc/wait.c": [BURY_OTHERS_FIRST, LOOK_WITH_GOTO, WAIT_LOOKS_TWICE],
}
