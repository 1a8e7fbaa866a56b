"""
Right solutions of lab 4 that differ from ours must get full marks, as in test_alternatives.py: a timer list instead of a wheel,
inheritance by recursion, other orders of what may be done in any order.
"""

import grading

DESCRIPTOR_BY_FIELDS = """
    struct {
        uint32_t limit : 16, base : 24, type : 4, system : 1, dpl : 2, present : 1, limit_high : 4;
        uint32_t zeros : 4, base_high : 8;
    } __attribute__((packed)) d = { .type = 9, .present = 1, .limit = sizeof(struct tss) - 1 };
    union {
        uint8_t bytes[8];
        uint64_t word;
    } answer;

    d.base = (uintptr_t)tss & 0xffffff;
    d.base_high = (uintptr_t)tss >> 24;
    for (int i = 0; i < 8; i++)
        answer.bytes[i] = ((uint8_t *)&d)[i];
    return answer.word;
"""

INIT_GATE_FIRST = """
    struct tss *t = &cpu->fault_tss;

    idt_set(TRAP_DOUBLE_FAULT, gate_make(0, SELECTOR(GDT_FAULT_TSS), GATE_TASK, 0));
    t->ss0 = t->ss = t->ds = t->es = t->fs = t->gs = KERNEL_DATA;
    t->cs = KERNEL_CODE;
    t->esp = t->esp0 = (uint32_t)(uintptr_t)fault_stack_top - 16;
    t->eip = (uint32_t)(uintptr_t)double_fault;
    t->eflags = EFLAGS_ALWAYS;
    t->cr3 = cr3;
    t->iomap = 0xffff;
    cpu->gdt[GDT_FAULT_TSS] = tss_descriptor(t);
    cpu->tss.ss0 = KERNEL_DATA;
    cpu->tss.iomap = 0xffff;
    cpu->gdt[GDT_TSS] = tss_descriptor(&cpu->tss);
    load_task_register(SELECTOR(GDT_TSS));
"""

SWITCH_CR3_FIRST = """
    push ebp
    push ebx
    push esi
    push edi
    mov ecx, [esp + 20]
    mov edx, [esp + 24]
    mov ebx, [esp + 28]
    mov eax, cr3
    cmp ebx, eax
    jz .stay
    mov cr3, ebx
.stay:
    mov [ecx], esp
    mov esp, edx
    pop edi
    pop esi
    pop ebx
    pop ebp
    ret
"""

CONTEXT_BY_PUSHES = """
    uint32_t *sp = (uint32_t *)(task->stack + STACK_SIZE);

    *--sp = 0;
    *--sp = (uint32_t)(uintptr_t)task_main;
    for (int i = 0; i < 4; i++)
        *--sp = 0;
    task->esp = (uintptr_t)sp;
"""

NEW_STACK_FIRST = """
    uintptr_t stack = stack_alloc();
    task_t *task = stack ? slab_alloc(&cache) : NULL;

    if (!task) {
        if (stack)
            stack_free(stack);
        return NULL;
    }
    memset(task, 0, sizeof(*task));
    task->stack = stack;
    enter(task, name, current());
    task->space = space_current();
    task->func = func;
    task->arg = arg;
    first_context(task);
    return task;
"""

EXIT_TELLS_ALWAYS = """
    irq_disable();
    task->status = status;
    orphan(task, NULL);
    sched_set_zombie(task);
    if (!task->parent)
        work_queue(&reaping);
    wait_wake_all(&task->ended);
    for (;;)
        schedule();
"""

JOIN_KEEPS_THE_STATUS = """
    int ended;

    if (current() != task->parent)
        return -ECHILD;
    if (wait_event_interruptible(&task->ended, task->state == TASK_ZOMBIE) != 0)
        return -EINTR;
    ended = task->status;
    task_free(task);
    if (status)
        *status = ended;
    return 0;
"""

ADD_BEFORE_THE_FIRST = """
    struct list *level = &rq->level[task->priority];

    task->queued = true;
    task->ready_since = now;
    list_add(&task->waiting, rq->waiting.prev);
    list_add_tail(&task->level, front ? level->next : level);
    rq->levels |= 1u << task->priority;
    ++rq->count;
"""

REMOVE_BY_SHIFT = """
    task->queued = false;
    --rq->count;
    list_del(&task->waiting);
    list_del(&task->level);
    rq->levels ^= (uint32_t)list_empty(&rq->level[task->priority]) << task->priority;
"""

PICK_ONE_WAY_OUT = """
    task_t *task = NULL, *oldest = list_entry(rq->waiting.next, task_t, waiting);

    rq->rescued = rq->levels && !rq->rescued && now >= oldest->ready_since + STARVE_MS;
    if (rq->rescued)
        task = oldest;
    else if (rq->levels)
        task = list_entry(rq->level[bit_highest(rq->levels)].next, task_t, level);
    if (task)
        rq_remove(rq, task);
    return task;
"""

PREEMPT_FOR_IN_ONE = """
    this_cpu()->resched |= !rq->rescued && current()->priority < task->priority;
"""

TICK_FROM_ABOVE = """
    if (task->priority == 0)
        return;
    if (task->slice > 1) {
        task->slice--;
        return;
    }
    task->slice = 0;
    this_cpu()->resched = true;
"""

# One list for all timers, sorted by when they are due.
ADD_SORTED = """
    uint32_t flags = spin_lock_irqsave(&lock);
    struct list *place = slots[0].next;

    *timer = (struct timer){ .fn = fn, .arg = arg, .due = now + 1 + ms };
    while (place != &slots[0] && list_entry(place, struct timer, node)->due <= timer->due)
        place = place->next;
    list_add_tail(&timer->node, place);
    spin_unlock_irqrestore(&lock, flags);
"""

CANCEL_BY_ITSELF = """
    uint32_t flags = spin_lock_irqsave(&lock);

    if (timer->node.next != &timer->node) {
        list_del(&timer->node);
        pending = true;
    }
    spin_unlock_irqrestore(&lock, flags);
"""

TICK_SORTED = """
    while (!list_empty(&slots[0])) {
        struct timer first, *timer = list_entry(slots[0].next, struct timer, node);
        if (timer->due > now)
            break;
        first = *timer;
        list_del(&timer->node);
        spin_unlock_irqrestore(&lock, flags);
        first.fn(first.arg);
        flags = spin_lock_irqsave(&lock);
    }
"""

SLEEP_TO_AN_END = """
    uint64_t end = timer_now() + ms + 1;

    for (uint64_t time = timer_now(); time < end; time = timer_now()) {
        sched_prepare_wait(false);
        schedule_timeout(end - time - 1);
    }
"""

PREPARE_LISTED_FIRST = """
    uint32_t flags = spin_lock_irqsave(&queue->lock);
    int result = 0;

    if (list_empty(&entry->node))
        list_add(&entry->node, queue->entries.prev);
    if (!sched_prepare_wait(interruptible)) {
        list_del(&entry->node);
        result = -EINTR;
    }
    spin_unlock_irqrestore(&queue->lock, flags);
    return result;
"""

FINISH_LISTED_LAST = """
    uint32_t flags = spin_lock_irqsave(&queue->lock);

    list_del(&entry->node);
    spin_unlock_irqrestore(&queue->lock, flags);
    sched_finish_wait();
"""

WAKE_ONE_BY_BREAK = """
    uint32_t flags = spin_lock_irqsave(&queue->lock);

    for (struct list *node; (node = queue->entries.next) != &queue->entries;) {
        task_t *task = list_entry(node, struct wait_entry, node)->task;
        list_del(node);
        if (task_wake(task)) {
            woken = true;
            break;
        }
    }
    spin_unlock_irqrestore(&queue->lock, flags);
"""

WAKE_ALL_IN_PLACE = """
    uint32_t flags = spin_lock_irqsave(&queue->lock);

    for (struct list *node = queue->entries.next, *next; node != &queue->entries; node = next) {
        next = node->next;
        list_del(node);
        if (task_wake(list_entry(node, struct wait_entry, node)->task))
            woken++;
    }
    spin_unlock_irqrestore(&queue->lock, flags);
"""

BEST_FROM_THE_END = """
    for (struct list *node = mutex->waiters.prev; node != &mutex->waiters; node = node->prev) {
        struct waiter *waiter = list_entry(node, struct waiter, node);
        if (!best || waiter->task->priority >= best->task->priority)
            best = waiter;
    }
"""

INHERIT_BY_RECURSION = """
    unsigned wanted = task->base_priority;

    list_for_each(node, &task->held) {
        struct waiter *best = best_waiter(list_entry(node, struct mutex, node));
        wanted = best && best->task->priority > wanted ? best->task->priority : wanted;
    }
    if (wanted != task->priority) {
        sched_set_priority(task, wanted);
        if (task->blocked_on)
            inherit(task->blocked_on->owner);
    }
"""

LOCK_FREE_FIRST = """
    struct waiter waiter = { .task = task };
    uint32_t flags = spin_lock_irqsave(&lock);

    if (mutex->owner) {
        task->blocked_on = mutex;
        list_add_tail(&waiter.node, &mutex->waiters);
        inherit(mutex->owner);
        do {
            sched_prepare_wait(false);
            spin_unlock_irqrestore(&lock, flags);
            schedule();
            flags = spin_lock_irqsave(&lock);
        } while (mutex->owner != task);
    } else {
        own(mutex, task);
    }
    spin_unlock_irqrestore(&lock, flags);
"""

UNLOCK_AND_WAKE_LAST = """
    uint32_t flags = spin_lock_irqsave(&lock);
    struct waiter *next = best_waiter(mutex);
    task_t *heir = next ? next->task : NULL;

    mutex->owner = NULL;
    list_del(&mutex->node);
    inherit(task);
    if (heir) {
        list_del(&next->node);
        heir->blocked_on = NULL;
        own(mutex, heir);
        inherit(heir);
        task_wake(heir);
    }
    spin_unlock_irqrestore(&lock, flags);
"""

ANOTHER = {
    "src/kernel/x86/tss.c": [DESCRIPTOR_BY_FIELDS, INIT_GATE_FIRST],
    "src/kernel/x86/switch.asm": [SWITCH_CR3_FIRST],
    "src/kernel/task/task.c": [CONTEXT_BY_PUSHES, NEW_STACK_FIRST, EXIT_TELLS_ALWAYS, JOIN_KEEPS_THE_STATUS],
    "src/kernel/task/runqueue.c": [ADD_BEFORE_THE_FIRST, REMOVE_BY_SHIFT, PICK_ONE_WAY_OUT],
    "src/kernel/task/sched.c": [None, PREEMPT_FOR_IN_ONE, TICK_FROM_ABOVE, None],
    "src/kernel/task/timer.c": [ADD_SORTED, CANCEL_BY_ITSELF, TICK_SORTED, SLEEP_TO_AN_END],
    "src/kernel/task/wait.c": [PREPARE_LISTED_FIRST, FINISH_LISTED_LAST, WAKE_ONE_BY_BREAK, WAKE_ALL_IN_PLACE],
    "src/kernel/task/mutex.c": [BEST_FROM_THE_END, INHERIT_BY_RECURSION, LOCK_FREE_FIRST, UNLOCK_AND_WAKE_LAST],
}


def test_another_right_solution_gets_full_marks():
    with grading.grader(4) as grader:
        graded = grader.grade(grader.solved_with(ANOTHER))
        assert graded.total == 100, graded.output
