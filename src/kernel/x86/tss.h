/*
 * The processor's own descriptor table and its task state segments.
 *
 * We switch tasks in software (x86/switch.h). The processor's own kind of task is used for two
 * things only: it takes the stack for a change from ring 3 to ring 0 from a TSS, and a double fault
 * goes through a task gate, because the stack that could not take the first fault's frame cannot
 * take another.
 *
 * Intel SDM volume 3A, 3.4.5 (descriptors), 7.2.1 (TSS), 7.2.2 (its descriptor), 6.15 (vector 8).
 */
#ifndef X86_TSS_H
#define X86_TSS_H

#include "lib/types.h"
#include "x86/gdt.h"

/* The table's entries. Where Linux's programs can see one (TLS), it is Linux's number. */
enum gdt_entry {
    GDT_NULL,
    GDT_KERNEL_CODE,                /* KERNEL_CODE / 8, and so on: sysenter wants these four */
    GDT_KERNEL_DATA,                /* in this order */
    GDT_USER_CODE,
    GDT_USER_DATA,
    GDT_TSS,
    GDT_TLS,                        /* three, of the running task */
    GDT_FAULT_TSS = GDT_TLS + 3,
    GDT_ENTRIES,
};

#define SELECTOR(entry) ((entry) * 8)

#define USER_CODE (SELECTOR(GDT_USER_CODE) | 3)     // lab 6: a program's segment registers
#define USER_DATA (SELECTOR(GDT_USER_DATA) | 3)     // lab 6

/* A 32-bit task state segment, as the processor reads and writes it. 104 bytes. */
struct tss {
    uint32_t link;                  /* selector of the one before, in a nested task */
    uint32_t esp0, ss0;             /* the stack for ring 0 */
    uint32_t esp1, ss1, esp2, ss2;
    uint32_t cr3, eip, eflags;
    uint32_t eax, ecx, edx, ebx, esp, ebp, esi, edi;
    uint32_t es, cs, ss, ds, fs, gs, ldt;
    uint16_t trap, iomap;           /* iomap: offset of the I/O bitmap; sizeof(tss) or more: none */
};

/*
 * The descriptor for `tss`: 32-bit, available, present, of ring 0, its limit that of struct tss.
 * The low half of the answer is the descriptor's first double word.
 */
uint64_t tss_descriptor(const struct tss *tss);

/*
 * Load this processor's table (the code and data segments keep their selectors) and its TSS, with
 * ss0 for a stack in KERNEL_DATA and no I/O bitmap; have double faults run double_fault in
 * fault_tss: in `cr3`'s address space, on its own stack, interrupts off.
 */
void tss_init(uint32_t cr3);

#endif
