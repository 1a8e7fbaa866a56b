"""
Right solutions of lab 3 that differ from ours must get full marks, as in test_alternatives.py: whatever the headers leave
open, each way of doing it is right. Which block, which half, which slab; in what order; moved or not; by what helper.
"""

import pytest

import grading

# ---- 3.1 and 3.2: page.c

TAKE_THE_UPPER_HALF = """
    for (unsigned from = order; from <= PAGE_ORDER_MAX; from++) {
        if (list_empty(&free_list[from]))
            continue;
        struct page *page = list_entry(free_list[from].prev, struct page, node);
        unlist_block(page);
        while (from-- > order) {
            list_block(page, from);
            page += 1u << from;
        }
        return page;
    }
    return NULL;
"""

TAKE_BY_RECURSION = """
    struct page *page;

    if (order > PAGE_ORDER_MAX)
        return NULL;
    if (list_empty(&free_list[order])) {
        page = take_block(order + 1);
        if (page)
            list_block(page + (1u << order), order);
    } else {
        page = list_entry(free_list[order].next, struct page, node);
        unlist_block(page);
    }
    return page;
"""

GIVE_BY_RECURSION = """
    uint32_t frame = page - pages, buddy = frame ^ 1u << order;

    if (order == PAGE_ORDER_MAX || buddy >= page_count || pages[buddy].state != PAGE_FREE
        || pages[buddy].order != order) {
        list_block(page, order);
        return;
    }
    unlist_block(&pages[buddy]);
    give_block(&pages[frame & buddy], order + 1);
"""

GIVE_AND_LIST_EACH = """
    list_block(page, order);
    for (; order < PAGE_ORDER_MAX; order++) {
        struct page *buddy = pages + ((page - pages) ^ (1 << order));
        if (buddy >= pages + page_count || buddy->order != order || buddy->state != PAGE_FREE)
            return;
        unlist_block(buddy);
        unlist_block(page);
        page = buddy < page ? buddy : page;
        list_block(page, order + 1);
    }
"""

ADD_FRAME_BY_FRAME = """
    for (; first < end; first++) {
        stats.usable++;
        stats.free++;
        give_block(&pages[first], 0);
    }
"""

ADD_FROM_THE_END = """
    stats.usable += end - first;
    stats.free += end - first;
    while (first < end) {
        unsigned order = 0;
        while (order < PAGE_ORDER_MAX && !(end >> order & 1) && end - first >= 2u << order)
            order++;
        end -= 1u << order;
        list_block(pages + end, order);
    }
"""

USABLE_FRAME_BY_FRAME = """
    for (uint32_t frame = 0; frame < page_count; frame++) {
        uint64_t start = (uint64_t)frame << PAGE_SHIFT;
        bool usable = false;
        for (unsigned i = 0; i < n; i++)
            usable |= map[i].type == E820_USABLE && map[i].base <= start
                      && start + PAGE_SIZE <= map[i].base + map[i].length;
        for (unsigned t = 0; t < TAKEN; t++)
            usable &= frame < taken[t].first || frame >= taken[t].end;
        if (usable)
            add_frames(frame, frame + 1);
    }
"""

USABLE_BY_CUTTING = """
    while (n-- > 0) {
        uint64_t start = map[n].base, stop = start + map[n].length;
        struct frames part[TAKEN + 1];
        unsigned parts = 1;
        if (map[n].type != E820_USABLE || start >> PAGE_SHIFT >= page_count)
            continue;
        part[0].first = (start + PAGE_SIZE - 1) / PAGE_SIZE;
        part[0].end = stop >> PAGE_SHIFT < page_count ? stop >> PAGE_SHIFT : page_count;
        for (unsigned t = 0; t < TAKEN; t++) {
            for (unsigned i = 0, all = parts; i < all; i++) {
                if (part[i].end <= taken[t].first || taken[t].end <= part[i].first)
                    continue;
                part[parts++] = (struct frames){ taken[t].end, part[i].end };
                part[i].end = taken[t].first;
            }
        }
        while (parts-- > 0)
            if (part[parts].first < part[parts].end)
                add_frames(part[parts].first, part[parts].end);
    }
"""

# ---- 3.3, 3.4, 3.5: map.c

WALK_BY_COPIES = """
    pde_t pde = dir[va >> LARGE_SHIFT];

    if ((pde & (PTE_PRESENT | PTE_LARGE)) == (PTE_PRESENT | PTE_LARGE))
        return NULL;
    if (!(pde & PTE_PRESENT)) {
        struct page *page = create ? alloc_pages(0) : NULL;
        if (!page)
            return NULL;
        uint32_t *words = page_to_virt(page);
        for (unsigned i = 0; i < TABLE_SIZE; i++)
            words[i] = 0;
        pde = page_to_phys(page) | PTE_PRESENT | PTE_WRITE | PTE_ACCESSED;
        if (va < KERNEL_BASE)
            pde |= PTE_USER;
        dir[va >> LARGE_SHIFT] = pde;
    }
    pte_t *table = phys_to_virt(pde & ~0xfffu);
    return &table[va >> PAGE_SHIFT & 0x3ff];
"""

MAP_BY_WALKING = """
    pte_t *pte = page_walk(dir, va, false);

    if (!pte && dir[pde_index(va)] & PTE_PRESENT)       /* a large page */
        return -EEXIST;
    if (!pte && !(pte = page_walk(dir, va, true)))
        return -ENOMEM;
    if (*pte & PTE_PRESENT)
        return -EEXIST;
    *pte = (pa & PTE_FRAME) + ((flags | PTE_PRESENT) & ~PTE_FRAME);
    tlb_invalidate(dir, va, 1);
    return 0;
"""

UNMAP_BY_ONE_BIT = """
    pte_t was = page_lookup(dir, va), *pte = page_walk(dir, va, false);

    if (!was || !pte)
        return 0;
    *pte &= ~PTE_PRESENT;
    tlb_flush();
    return was;
"""

UNMAP_WITH_NEIGHBOURS = """
    pte_t was = 0;

    if ((dir[pde_index(va)] & (PTE_PRESENT | PTE_LARGE)) == PTE_PRESENT) {
        pte_t *table = phys_to_virt(dir[pde_index(va)] & PTE_FRAME);
        was = table[pte_index(va)];
        if (!(was & PTE_PRESENT))
            return 0;
        table[pte_index(va)] = 0;
        tlb_invalidate(dir, va & ~(4 * PAGE_SIZE - 1), 4);
    }
    return was;
"""

HALF_BY_CR3 = """
    const pte_t all = PTE_PRESENT | PTE_WRITE | PTE_ACCESSED | PTE_DIRTY | global;
    unsigned first = pde_index(KERNEL_BASE), count = end / LARGE_SIZE;

    for (unsigned i = TABLE_SIZE; i-- > 0;)
        image_table[i] = (i * PAGE_SIZE) | (is_read_only(i * PAGE_SIZE) ? all & ~PTE_WRITE & ~PTE_DIRTY : all);
    dir[first] = virt_to_phys(image_table) + (PTE_PRESENT | PTE_WRITE);
    for (unsigned i = TABLE_SIZE; i-- > first + 1;)
        dir[i] = i < first + count ? (i - first) * LARGE_SIZE | all | PTE_LARGE : 0;
    while (first-- > 0)
        dir[first] = 0;
    paging_switch(dir);         /* what was there was not global */
"""

# ---- 3.6: fault.c

DESCRIBE_BY_STEPS = """
    const char *what = error & FAULT_WRITE ? "write to" : "read of", *wrong;
    const char *who = error & FAULT_USER ? "user" : "kernel";

    if (error & FAULT_RESERVED)
        wrong = "corrupt";
    else if (!(error & FAULT_PRESENT) && va < USER_BASE)
        wrong = "null";
    else if (!(error & FAULT_PRESENT))
        wrong = "unmapped";
    else if (error & FAULT_USER && !(entry & PTE_USER))
        wrong = "kernel-only";
    else if (error & FAULT_WRITE)
        wrong = "read-only";
    else
        wrong = "accessible";
    int n = snprintf(text, size, "%s ", what);
    size_t at = (size_t)n < size ? (size_t)n : size;
    n += snprintf(text + at, size - at, "%s page 0x%05x000 ", wrong, va >> PAGE_SHIFT);
    at = (size_t)n < size ? (size_t)n : size;
    return n + snprintf(text + at, size - at, "(address 0x%08x) by %s", va, who);
"""

ALLOWED_BY_NEED = """
    unsigned need = error & FAULT_WRITE ? AREA_WRITE : AREA_READ, has = area->flags;

    if (has & (AREA_WRITE | AREA_EXEC))
        has |= AREA_READ;
    if (error & FAULT_USER && area->start >= KERNEL_BASE)
        return false;
    return !(has & AREA_GUARD) && (has & need);
"""

ZERO_BY_HAND = """
    struct page *page = alloc_page();
    int result = -ENOMEM;

    if (page) {
        uint32_t *word = page_to_virt(page);
        for (int i = 0; i < TABLE_SIZE; i++)
            word[i] = 0;
        result = space_enter(space, area, va & PTE_FRAME, page);
        if (result < 0)
            free_page(page);
    }
    return result;
"""

LOCKED_BY_LIST = """
    list_for_each(node, &space->areas) {
        struct area *area = list_entry(node, struct area, node);
        if (va < area->start || va - area->start >= area->end - area->start)
            continue;
        if (!fault_allowed(area, error))
            break;
        if (error & FAULT_PRESENT)
            return cow_fault(space, area, va);
        if (!area->object)
            return large_fault(space, area, va) ? 0 : fault_zero(space, area, va);
        return fault_object(space, area, va, error, irq);
    }
    return -EFAULT;
"""

# ---- 3.7: slab.c

CARVE_FORWARD = """
    void **link = &slab->free;

    for (char *object = start; object < start + cache->per_slab * cache->stride; object += cache->stride) {
        if (cache->ctor)
            cache->ctor(object);
        *link = object;
        link = link_of(cache, object);
    }
    *link = NULL;
"""

CARVE_FROM_THE_END = """
    for (unsigned i = 0; i < cache->per_slab; i++) {
        char *object = start + i * cache->stride;
        if (cache->ctor)
            (*cache->ctor)(object);
        *(void **)(object + cache->link) = slab->free;
        slab->free = object;
    }
"""

ALLOC_IN_A_LOOP = """
    uint32_t flags = spin_lock_irqsave(&cache->lock);

    while (list_empty(&cache->partial)) {
        struct page *fresh;
        if (list_empty(&cache->empty)) {
            spin_unlock_irqrestore(&cache->lock, flags);
            fresh = new_slab(cache);
            if (!fresh)
                return NULL;
            flags = spin_lock_irqsave(&cache->lock);
            cache->slabs++;
        } else {
            fresh = list_entry(cache->empty.prev, struct page, node);
            list_del(&fresh->node);
        }
        list_add(&fresh->node, &cache->partial);
    }
    struct page *slab = list_entry(cache->partial.prev, struct page, node);
    char *object = slab->free;
    slab->free = *(void **)(object + cache->link);
    cache->used++;
    if (++slab->in_use == cache->per_slab) {
        list_del(&slab->node);
        list_add_tail(&slab->node, &cache->full);
    }
    spin_unlock_irqrestore(&cache->lock, flags);
    return object;
"""

ALLOC_FROM_THE_FULLEST = """
    struct page *slab = NULL;
    uint32_t flags = spin_lock_irqsave(&cache->lock);

    list_for_each(node, &cache->partial) {
        struct page *other = list_entry(node, struct page, node);
        if (!slab || other->in_use > slab->in_use)
            slab = other;
    }
    if (!slab && !list_empty(&cache->empty))
        slab = list_entry(cache->empty.next, struct page, node);
    if (!slab) {
        spin_unlock_irqrestore(&cache->lock, flags);
        if (!(slab = new_slab(cache)))
            return NULL;
        flags = spin_lock_irqsave(&cache->lock);
        list_add(&slab->node, &cache->empty);
        cache->slabs++;
    }
    void *object = slab->free;
    slab->free = *link_of(cache, object);
    slab->in_use++, cache->used++;
    list_del(&slab->node);
    list_add_tail(&slab->node, slab->free ? &cache->partial : &cache->full);
    spin_unlock_irqrestore(&cache->lock, flags);
    return object;
"""

FREE_AND_LIST_ANEW = """
    uint32_t flags = spin_lock_irqsave(&cache->lock);

    *link_of(cache, object) = slab->free;
    slab->free = object;
    cache->used--;
    list_del(&slab->node);
    bool keep = --slab->in_use > 0 || list_empty(&cache->empty);
    if (keep)
        list_add_tail(&slab->node, slab->in_use ? &cache->partial : &cache->empty);
    else
        cache->slabs--;
    spin_unlock_irqrestore(&cache->lock, flags);
    if (!keep)
        free_slab(cache, slab);
"""

FREE_AND_GIVE_THE_OLDER_BACK = """
    struct page *older = NULL;
    uint32_t flags = spin_lock_irqsave(&cache->lock);

    if (slab->in_use == cache->per_slab) {
        list_del(&slab->node);
        list_add(&slab->node, &cache->partial);
    }
    *link_of(cache, object) = slab->free;
    slab->free = object;
    slab->in_use--, cache->used--;
    if (!slab->in_use) {
        if (!list_empty(&cache->empty)) {
            older = list_entry(cache->empty.next, struct page, node);
            list_del(&older->node);
            cache->slabs--;
        }
        list_del(&slab->node);
        list_add(&slab->node, &cache->empty);
    }
    spin_unlock_irqrestore(&cache->lock, flags);
    if (older)
        free_slab(cache, older);
"""

# ---- 3.8: kmalloc.c

ALLOC_BY_SEARCH = """
    for (unsigned i = 0; i < ARRAY_SIZE(classes); i++)
        if (n <= class_size[i] && class_size[i] % align == 0)
            return slab_alloc(&classes[i]);
    size_t least = n < align ? align : n;
    if (least > LARGE_SIZE)
        return NULL;
    struct page *page = alloc_pages(page_order(least));
    if (page)
        page->owner = &large;
    return page ? page_to_virt(page) : NULL;
"""

SIZE_BY_CLASS = """
    for (unsigned i = 0; i < ARRAY_SIZE(classes); i++)
        if (virt_to_page(p) && virt_to_page(p)->state == PAGE_SLAB && virt_to_page(p)->owner == &classes[i])
            return class_size[i];
    return PAGE_SIZE * (1u << large_block("krealloc", p)->order);
"""

FREE_BY_CLASS = """
    for (unsigned i = 0; i < ARRAY_SIZE(classes); i++) {
        if (virt_to_page(p) && virt_to_page(p)->state == PAGE_SLAB && virt_to_page(p)->owner == &classes[i]) {
            slab_free(&classes[i], p);
            return;
        }
    }
    struct page *page = large_block("kfree", p);
    free_pages(page, page->order);
"""

REALLOC_AND_SHRINK = """
    size_t size = p ? heap_size(p) : 0;

    if (p && n <= size && n > size / 2)
        return p;
    void *other = heap_alloc(n, KMALLOC_ALIGN);
    if (!other)
        return p && n <= size ? p : NULL;
    if (p) {
        memcpy(other, p, n < size ? n : size);
        heap_free(p);
    }
    return other;
"""

REALLOC_AND_ALWAYS_MOVE = """
    char *from = p, *to = heap_alloc(n, KMALLOC_ALIGN);

    if (!from || !to)
        return to;
    for (size_t i = 0, size = heap_size(p); i < n && i < size; i++)
        to[i] = from[i];
    heap_free(p);
    return to;
"""

# ---- 3.9: show.c

RUN_BY_LETTERS = """
    static const struct { pte_t bit; char letter; } known[] = {
        { PTE_WRITE, 'w' }, { PTE_USER, 'u' }, { PTE_UNCACHED, 'n' },
        { PTE_GLOBAL, 'g' }, { PTE_ACCESSED, 'a' }, { PTE_DIRTY, 'd' },
    };
    char letters[7] = "------";

    for (int i = 0; i < 6; i++)
        if (entry & known[i].bit)
            letters[i] = known[i].letter;
    console_printf("%08x-%08x -> %08x ", va, va + (pages * PAGE_SIZE - 1), entry & ~0xfffu);
    console_printf("%s %s\\n", entry & PTE_LARGE ? "4M" : "4K", letters);
"""

SHOW_PAGE_BY_PAGE = """
    uint32_t page = start >> PAGE_SHIFT, first = 0, pages = 0;
    pte_t entry = 0;

    for (;; page++) {
        pte_t here = page_lookup(dir, page << PAGE_SHIFT);
        if (pages && here == entry + (pages << PAGE_SHIFT) && here) {
            pages++;
        } else {
            if (pages)
                show_run(first << PAGE_SHIFT, pages, entry);
            first = page, entry = here, pages = here != 0;
        }
        if (page == last >> PAGE_SHIFT)
            break;
    }
    if (pages)
        show_run(first << PAGE_SHIFT, pages, entry);
"""

SHOW_TABLE_BY_TABLE = """
    uintptr_t va = start & ~(PAGE_SIZE - 1), first = va;
    pte_t expected = 0, begun = 0;              /* the entry that would go on with the run */

    last |= PAGE_SIZE - 1;
    for (;;) {
        pde_t pde = dir[pde_index(va)];
        pte_t entry = 0;
        if (pde & PTE_PRESENT && pde & PTE_LARGE)
            entry = pde + (va & (LARGE_SIZE - 1));
        else if (pde & PTE_PRESENT)
            entry = ((pte_t *)phys_to_virt(pde & PTE_FRAME))[pte_index(va)];
        if (!(entry & PTE_PRESENT))
            entry = 0;
        if (begun && entry != expected) {
            show_run(first, (va - first) >> PAGE_SHIFT, begun);
            begun = 0;
        }
        if (entry && !begun)
            first = va, begun = entry;
        expected = entry + PAGE_SIZE;
        uintptr_t end = pde & PTE_PRESENT ? va + (PAGE_SIZE - 1) : va | (LARGE_SIZE - 1);
        if (end >= last)
            break;
        va = end + 1;
    }
    if (begun)
        show_run(first, (last - first + 1) >> PAGE_SHIFT, begun);
"""

FIRST = {
    "src/kernel/mm/page.c": [TAKE_THE_UPPER_HALF, GIVE_BY_RECURSION, ADD_FRAME_BY_FRAME, USABLE_FRAME_BY_FRAME],
    "src/kernel/mm/map.c": [WALK_BY_COPIES, MAP_BY_WALKING, UNMAP_BY_ONE_BIT, HALF_BY_CR3],
    "src/kernel/mm/fault.c": [DESCRIBE_BY_STEPS, ALLOWED_BY_NEED, ZERO_BY_HAND, LOCKED_BY_LIST],
    "src/kernel/mm/slab.c": [CARVE_FORWARD, ALLOC_IN_A_LOOP, FREE_AND_LIST_ANEW],
    "src/kernel/mm/kmalloc.c": [ALLOC_BY_SEARCH, SIZE_BY_CLASS, FREE_BY_CLASS, REALLOC_AND_SHRINK],
    "src/kernel/mm/show.c": [RUN_BY_LETTERS, SHOW_PAGE_BY_PAGE],
}

SECOND = {
    "src/kernel/mm/page.c": [TAKE_BY_RECURSION, GIVE_AND_LIST_EACH, ADD_FROM_THE_END, USABLE_BY_CUTTING],
    "src/kernel/mm/map.c": [None, None, UNMAP_WITH_NEIGHBOURS, None],
    "src/kernel/mm/slab.c": [CARVE_FROM_THE_END, ALLOC_FROM_THE_FULLEST, FREE_AND_GIVE_THE_OLDER_BACK],
    "src/kernel/mm/kmalloc.c": [None, None, None, REALLOC_AND_ALWAYS_MOVE],
    "src/kernel/mm/show.c": [None, SHOW_TABLE_BY_TABLE],
}


@pytest.mark.parametrize("alternatives", [FIRST, SECOND], ids=["first", "second"])
def test_another_right_solution_gets_full_marks(alternatives):
    with grading.grader(3) as grader:
        graded = grader.grade(grader.solved_with(alternatives))
        assert graded.total == 100, graded.output
