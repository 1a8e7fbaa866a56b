/*
 * Descriptors of threads.
 */
#include "proc/tls.h"
#include "abi/errno.h"
#include "mm/usercopy.h"
#include "proc/process.h"
#include "x86/irqflags.h"
#include "x86/tss.h"

#define ANY_ENTRY (~0u)             /* entry_number: a free one, please */

/* The high word of a data segment's descriptor. */
#define HIGH_PRESENT  0x0000f200u   /* present, ring 3, data, may be written */
#define HIGH_WRITE    0x00000200u
#define HIGH_DOWN     0x00000400u   /* its limit is its lower end */
#define HIGH_USEABLE  0x00100000u
#define HIGH_32BIT    0x00400000u
#define HIGH_PAGES    0x00800000u
#define CONTENTS_DATA 0
#define CONTENTS_DOWN 1

static unsigned contents_of(uint32_t flags)
{
    return (flags & DESC_CONTENTS) >> 1;
}

/* Does it say "none"? All zero does, and what Linux's own empty entries look like. */
static bool is_empty(const struct user_desc *desc)
{
    return !desc->base && !desc->limit &&
           (desc->flags == 0 || desc->flags == (DESC_READ_ONLY | DESC_NOT_PRESENT));
}

static int make_descriptor(const struct user_desc *desc, uint64_t *descriptor)
{
    uint32_t low = (desc->limit & 0xffff) | desc->base << 16;
    uint32_t high = (desc->base & 0xff000000) | (desc->base >> 16 & 0xff) |
                    (desc->limit & 0xf0000) | HIGH_PRESENT | HIGH_32BIT;

    *descriptor = 0;
    if (is_empty(desc))
        return 0;
    if (!(desc->flags & DESC_32BIT) || (desc->flags & DESC_NOT_PRESENT) ||
        contents_of(desc->flags) > CONTENTS_DOWN)
        return -EINVAL;
    if (contents_of(desc->flags) == CONTENTS_DOWN)
        high |= HIGH_DOWN;
    if (desc->flags & DESC_READ_ONLY)
        high &= ~HIGH_WRITE;
    if (desc->flags & DESC_PAGES)
        high |= HIGH_PAGES;
    if (desc->flags & DESC_USEABLE)
        high |= HIGH_USEABLE;
    *descriptor = (uint64_t)high << 32 | low;
    return 0;
}

static int read_desc(const struct user_desc *user, struct user_desc *desc, uint64_t *descriptor)
{
    if (copy_from_user(desc, user, sizeof(*desc)))
        return -EFAULT;
    desc->flags &= DESC_USEABLE * 2 - 1;
    return make_descriptor(desc, descriptor);
}

int tls_read(const struct user_desc *user, unsigned *entry, uint64_t *descriptor)
{
    struct user_desc desc;
    int error = read_desc(user, &desc, descriptor);

    *entry = desc.entry_number - GDT_TLS;
    return error ? error : *entry < TLS_ENTRIES ? 0 : -EINVAL;
}

void tls_check_frame(struct trapframe *tf, unsigned entry, uint64_t descriptor)
{
    uint16_t selector = SELECTOR(GDT_TLS + entry) | 3;
    uint32_t *const segments[] = { &tf->gs, &tf->fs, &tf->es, &tf->ds };

    for (unsigned i = 0; i < ARRAY_SIZE(segments) && !descriptor; i++)
        if ((uint16_t)(*segments[i] | 3) == selector)
            *segments[i] = 0;
    if ((uint16_t)tf->user_ss == selector && !(descriptor >> 32 & HIGH_WRITE))
        tf->user_ss = SELECTOR(GDT_USER_DATA) | 3;
}

static void set(unsigned entry, uint64_t descriptor)
{
    uint32_t flags = irq_save();

    current()->tls[entry] = descriptor;
    this_cpu()->gdt[GDT_TLS + entry] = descriptor;
    tls_check_frame(user_frame(current()), entry, descriptor);
    irq_restore(flags);
}

long tls_set(struct user_desc *user)
{
    struct user_desc desc;
    uint64_t descriptor;
    int error = read_desc(user, &desc, &descriptor);
    unsigned entry = desc.entry_number - GDT_TLS;

    if (error)
        return error;
    if (desc.entry_number == ANY_ENTRY) {
        for (entry = 0; entry < TLS_ENTRIES && current()->tls[entry]; entry++)
            ;
        if (entry == TLS_ENTRIES)
            return -ESRCH;
        desc.entry_number = GDT_TLS + entry;
        if (copy_to_user(&user->entry_number, &desc.entry_number, sizeof(desc.entry_number)))
            return -EFAULT;
    }
    if (entry >= TLS_ENTRIES)
        return -EINVAL;
    set(entry, descriptor);
    return 0;
}

long tls_get(struct user_desc *user)
{
    struct user_desc desc;

    if (copy_from_user(&desc.entry_number, &user->entry_number, sizeof(desc.entry_number)))
        return -EFAULT;
    unsigned entry = desc.entry_number - GDT_TLS;
    if (entry >= TLS_ENTRIES)
        return -EINVAL;
    uint64_t descriptor = current()->tls[entry];
    uint32_t low = (uint32_t)descriptor, high = (uint32_t)(descriptor >> 32);
    desc.base = low >> 16 | (high & 0xff) << 16 | (high & 0xff000000);
    desc.limit = (low & 0xffff) | (high & 0xf0000);
    desc.flags = (high & HIGH_32BIT ? DESC_32BIT : 0) | (high & HIGH_DOWN ? 1u << 1 : 0) |
                 (high & HIGH_WRITE ? 0 : DESC_READ_ONLY) | (high & HIGH_PAGES ? DESC_PAGES : 0) |
                 (high & 0x8000 ? 0 : DESC_NOT_PRESENT) | (high & HIGH_USEABLE ? DESC_USEABLE : 0);
    return copy_to_user(user, &desc, sizeof(desc)) ? -EFAULT : 0;
}
