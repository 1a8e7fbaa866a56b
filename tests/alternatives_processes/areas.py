"""
Two other right solutions of exercise 6.8: FIRST and SECOND are {file: [a text for each of its regions, None to keep it]}.
"""

BREAK_BY_CASES = """
    uintptr_t have = page_up(space->break_end);

    if (!space->break_start || end < space->break_start || end > space->limit)
        return space->break_end;
    size_t more = page_up(end) - have;
    if (page_up(end) < have) {
        if (space_unmap(space, page_up(end), have - page_up(end)) == 0)
            space->break_end = end;
        return space->break_end;
    }
    if (!more || !space_map(space, &have, more, AREA_WRITE | AREA_READ, NULL, 0))
        space->break_end = end;
    return space->break_end;
"""

BREAK_IN_PAGES = """
    uint32_t from = page_up(space->break_end) >> PAGE_SHIFT, to = page_up(end) >> PAGE_SHIFT;
    uintptr_t at = from << PAGE_SHIFT;
    bool well = space->break_start && end >= space->break_start && end <= space->limit;

    if (well && to > from)
        well = !space_place(space, &at, (to - from) * PAGE_SIZE, AREA_READ | AREA_WRITE, NULL, 0,
                            PLACE_NEW);
    if (well && from > to)
        well = !space_unmap(space, to << PAGE_SHIFT, (from - to) * PAGE_SIZE);
    return well ? (space->break_end = end) : space->break_end;
"""

PLACE_BY_LOOKING = """
    bool inside = *va >= space->base && *va <= space->limit && bytes <= space->limit - *va;
    struct area *next = area_above(space, *va);
    bool taken = next && inside && next->start < *va + bytes;

    if (how != PLACE_HINT && *va < space->base)
        return -EPERM;
    if (space->area_count >= AREAS_MAX)
        return -ENOMEM;
    if (how == PLACE_HINT) {
        if (inside && !taken)
            return 0;
        *va = 0;
        return area_place(space, va, bytes, flags);
    }
    if (!inside)
        return -ENOMEM;
    return how == PLACE_NEW && taken ? -EEXIST : 0;
"""

PLACE_BY_A_SWITCH = """
    uintptr_t wish = *va;

    switch (how) {
    case PLACE_NEW:
        return wish < space->base ? -EPERM : area_place(space, va, bytes, flags);
    case PLACE_OVER:
        if (wish < space->base)
            return -EPERM;
        if (bytes > space->limit || wish > space->limit - bytes)
            return -ENOMEM;
        return space->area_count < AREAS_MAX ? 0 : -ENOMEM;
    default:
        break;
    }
    if (!wish || area_place(space, &wish, bytes, flags)) {
        wish = 0;
        if (area_place(space, &wish, bytes, flags))
            return -ENOMEM;
    }
    *va = wish;
    return 0;
"""

CLEAR_FROM_THE_END = """
    if (area_cut(space, end, &spare[0]) || area_cut(space, start, &spare[1]))
        return -ENOMEM;
    areas_leave(space, start, end, gone);
    return 0;
"""

# Never writable at once: the first write says by a fault whether it may be.
CHANGE_LAZILY = """
    pte_t bits = entry & ~(PTE_PRESENT | PTE_HIDDEN | PTE_COW | PTE_WRITE);

    if ((area->flags & AREA_ACCESS) == 0)
        return bits | PTE_HIDDEN;
    bits |= PTE_PRESENT;
    if ((area->flags & AREA_WRITE) && !(area->flags & AREA_SHARED))
        bits |= PTE_COW;
    else if ((area->flags & AREA_WRITE) && !area->object->ops->will_write)
        bits |= PTE_WRITE;
    return bits;
"""

# By whose frame it is.
CHANGE_BY_THE_FRAME = """
    struct page *page = phys_to_page(entry & PTE_FRAME);
    bool shared = area->flags & AREA_SHARED;
    pte_t wish = shared ? PTE_WRITE : page->refs == 1 ? PTE_WRITE : PTE_COW;

    entry &= ~(PTE_HIDDEN | PTE_PRESENT | PTE_COW | (shared && area->object->ops->will_write ? 0 : PTE_WRITE));
    if (!(area->flags & AREA_ACCESS))
        return (entry & ~PTE_WRITE) | PTE_HIDDEN;
    if (!(area->flags & AREA_WRITE))
        return (entry & ~PTE_WRITE) | PTE_PRESENT;
    if (shared && area->object->ops->will_write)
        return entry | PTE_PRESENT;
    return entry | PTE_PRESENT | wish;
"""

# Holes first: then nothing changes.
PROTECT_LOOKS_FIRST = """
    struct area *area = NULL;
    int error = 0;

    for (uintptr_t at = va; at < end; at = area->end) {
        area = space_find(space, at);
        if (!area)
            return -ENOMEM;
    }
    if (area_cut(space, end, &spare[0]) || area_cut(space, va, &spare[1]))
        return -ENOMEM;
    for (struct list *node = &space_find(space, va)->node; node != &space->areas && !error;
         node = node->next) {
        area = list_entry(node, struct area, node);
        if (area->start >= end)
            break;
        error = protect_area(space, area, access);
    }
    return error;
"""

PROTECT_CUTS_ON_ITS_WAY = """
    int error = 0;

    for (struct area *area; va < end && !error; va = area->end) {
        area = space_find(space, va);
        if (!area)
            return -ENOMEM;
        if (area->start < va)
            error = area_cut(space, va, &spare[0]);
        area = space_find(space, va);
        if (!error && area->end > end)
            error = area_cut(space, end, &spare[1]);
        if (!error)
            error = protect_area(space, area, access);
    }
    return error;
"""

FIRST = {
    "src/kernel/mm/grow.c": [BREAK_BY_CASES],
    "src/kernel/mm/mmap.c": [PLACE_BY_LOOKING, CLEAR_FROM_THE_END],
    "src/kernel/mm/protect.c": [CHANGE_LAZILY, PROTECT_LOOKS_FIRST],
}

SECOND = {
    "src/kernel/mm/grow.c": [BREAK_IN_PAGES],
    "src/kernel/mm/mmap.c": [PLACE_BY_A_SWITCH, None],
    "src/kernel/mm/protect.c": [CHANGE_BY_THE_FRAME, PROTECT_CUTS_ON_ITS_WAY],
}
