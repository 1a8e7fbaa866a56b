"""
What is left of tasks that have ended: the end of the kernel tests in tests/exit.c, seen from outside.
"""

from ..lab3.inside import Pages
from ..verdicts import Mismatch
from .watch import expect_state, STATES, WAITING, ZOMBIE

ECHILD, EINTR = -10, -4
CHILDREN, KIDS, DEAD, LIVING, THOUSAND, BATCH = 16, 4, 4, 24, 1000, 40
STACK = 8192


def signed(word):
    return word - (1 << 32) if word >> 31 else word


def random_status(random):
    high = random(0x10000)
    return signed(high << 16 | random(0x10000))


def before(watch):
    """The tasks that there were when the test began."""
    count, = watch.words("exit_before_count")
    return watch.words("exit_before", min(count, 80))


def expect_tasks(run, watch, others=()):
    """No tasks but those that were there when the test began, and `others`."""
    first = before(watch)
    seen = watch.tasks(first[0])
    known = {*first, *others}
    run.expect("tasks in the list of all, seen from outside, that nobody needs any more",
               [f"pid {task.pid}, {STATES[task.state % 4]}" for task in seen if task.address not in known], [])
    run.expect("tasks in that list that ought to be there", len([task for task in seen if task.address in known]), len(known))


def check_statuses(run, watch):
    random = run.kernel_random()
    for number, (told, result, status, late) in enumerate(watch.rows("exit_notes", 4)):
        wanted, when = random_status(random), random(2)
        what = f"child {number}, which {'calls task_exit' if number % 2 else 'returns'} " + (
            "when its parent has called task_join" if when else "before its parent calls task_join")
        run.expect(f"{what}: its status, seen from outside", [signed(told), late], [wanted, when])
        run.expect(f"{what}: what task_join returned, and the status", [signed(result), signed(status)], [0, wanted])
    expect_tasks(run, watch)


def check_strangers(run, watch):
    results = [signed(word) for word in watch.words("echild_results", 4)]
    run.expect("what task_join returned for a grandchild, for the task itself, for a child that was detached (-ECHILD is -10), "
               "and for a child", results, [ECHILD, ECHILD, ECHILD, 0])
    tasks = zip(("the grandchild, whose parent has ended", "the child that was detached"), watch.words("echild_tasks", 2))
    for what, address in tasks:
        expect_state(run, what, watch.task(address), WAITING)
        run.expect(f"the parent of {what}, seen from outside (0: nobody)", f"{watch.task(address).parent:#x}", "0x0")


def check_interrupted(run, watch):
    random = run.kernel_random()
    first, again, status = [signed(word) for word in watch.words("eintr_results", 3)]
    run.expect("what task_join returned when its caller was interrupted, and when it asked again (-EINTR is -4)", [first, again],
               [EINTR, 0])
    run.expect("the child's state between", STATES[watch.words("eintr_state")[0] % 4], STATES[WAITING])
    run.expect("its status", status, random_status(random))
    run.expect("whether the child is still in the list of all tasks, seen from outside",
               watch.words("eintr_child")[0] in [task.address for task in watch.tasks(before(watch)[0])], False)


def check_orphans(run, watch):
    tasks, counts = watch.words("orphans", KIDS), watch.words("orphans_counts", 4)
    if not all(tasks):
        raise Mismatch("the test could not make its tasks (exercise 4.3)", "a task", "NULL")
    run.expect("what task_join returned for the parent", [signed(word) for word in watch.words("orphans_result")], [0])
    run.expect("how many tasks there were more than at the beginning, when a parent had ended with four children, one of them "
               "dead; when two more had ended; and when two had been detached",
               [count - counts[0] for count in counts[1:]], [3, 1, 1])
    expect_tasks(run, watch, tasks[:1])
    orphan = watch.task(tasks[0])
    expect_state(run, "an orphan that waits", orphan, WAITING)
    run.expect("its parent, seen from outside (0: nobody)", f"{orphan.parent:#x}", "0x0")


def check_dead(run, watch):
    random = run.kernel_random()
    dead, living = watch.words("dead_tasks", DEAD), watch.words("living_tasks", LIVING)
    first = before(watch)
    expect_tasks(run, watch, dead + living)
    for address in dead:
        task, wanted = watch.task(address), random_status(random)
        expect_state(run, "a task that has ended and was not joined", task, ZOMBIE)
        run.expect("whether it is in a run queue, and whether it is on the processor", [task.queued, task.on_cpu], [0, 0])
        run.expect("its status, seen from outside", signed(task.status), wanted)
        run.expect("its parent", f"{task.parent:#x}", f"{first[0]:#x}")
        run.expect("who waits for its end", watch.entries(watch.place(address, "task_t.ended")), [])
    run.expect("how often task_wake() woke one of them", watch.words("dead_woken"), [0])
    run.expect("how often their functions ran", watch.words("dead_steps"), [DEAD])
    stacks = {}
    for task in watch.tasks(first[0])[1:]:              # the first has the boot stack
        if task.stack in stacks:
            raise Mismatch(f"two tasks, pid {stacks[task.stack]} and pid {task.pid}, have the same stack, seen from outside",
                           "one each", f"{task.stack:#010x}", ["Some stack was given back twice, or by a task that was on it."])
        stacks[task.stack] = task.pid
        watch.read(task.stack, STACK)                   # it must be mapped
    for address in living:
        expect_state(run, "a task that waits", watch.task(address), WAITING)


def check_thousand(run, watch):
    random = run.kernel_random()
    for _ in range(3 * BATCH):
        random(100000)
    made = told = 0
    while made < THOUSAND:
        n = min(1 + random(BATCH), THOUSAND - made)
        for i in range(n):
            status = random(100000)
            told += status if i % 4 else 0
        made += n
    run.expect("tasks made, and how many of them ran", [*watch.words("thousand_count"), *watch.words("thousand_ran")],
               [THOUSAND] * 2)
    run.expect("the sum of what those that were joined ended with", watch.words("thousand_sum"), [told])
    tasks, frames = watch.words("thousand_tasks", 2), watch.words("thousand_frames", 2)
    run.expect("how many tasks there are at the end, as before", tasks[1], tasks[0])
    expect_tasks(run, watch)
    run.expect("free frames at the end, as before", frames[1], frames[0])
    run.expect("free frames in the array of struct page, seen from outside", sum(1 << order for _, order in
                                                                               watch.kernel.pages.blocks(Pages.FREE)), frames[0])
