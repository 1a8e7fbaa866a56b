/*
 * The per-processor descriptor table, and what becomes of a double fault.
 */
#include "x86/tss.h"
#include "x86/cpu.h"
#include "x86/idt.h"
#include "x86/percpu.h"
#include "x86/trap.h"

#define FLAT_CODE      0x00cf9a000000ffffull    /* 0 to 4 GiB, 32-bit, ring 0 */
#define FLAT_DATA      0x00cf92000000ffffull
#define RING3          0x0000600000000000ull    /* a descriptor's privilege level */
#define FAULT_STACK    4096
#define EFLAGS_ALWAYS  0x2u

struct cpu cpus[CPUS];
void (*preempt_hook)(void);

static uint8_t fault_stacks[CPUS][FAULT_STACK] __attribute__((aligned(16)));

/*
 * The interrupted state is in the TSS that was left, so it becomes a trap frame. Nothing returns to
 * it: the stack is gone.
 */
static __attribute__((noreturn)) void double_fault(void)
{
    static struct trapframe tf;
    const struct tss *t = &this_cpu()->tss;

    tf = (struct trapframe){
        .gs = t->gs, .fs = t->fs, .es = t->es, .ds = t->ds,
        .edi = t->edi, .esi = t->esi, .ebp = t->ebp, .ebx = t->ebx, .edx = t->edx, .ecx = t->ecx,
        .eax = t->eax, .vector = TRAP_DOUBLE_FAULT, .eip = t->eip, .cs = t->cs,
        .eflags = t->eflags, .user_esp = t->esp, .user_ss = t->ss,
    };
    trap_dispatch(&tf);
    cpu_stop();
}

uint64_t tss_descriptor(const struct tss *tss)
{
    // exercise 4.1 begin: limit and base in their pieces, present, type "available 32-bit TSS"
    uint32_t base = (uint32_t)(uintptr_t)tss, limit = sizeof(*tss) - 1;
    uint32_t low = base << 16 | (limit & 0xffff);
    uint32_t high = (base & 0xff000000) | (limit & 0xf0000) | 0x8900 | (base >> 16 & 0xff);

    return (uint64_t)high << 32 | low;
    // exercise 4.1 stub
    // (void)tss;
    // return 0;
    // exercise 4.1 end
}

static void load_table(struct cpu *cpu)
{
    struct {
        uint16_t limit;
        uint32_t base;
    } __attribute__((packed)) pointer = { sizeof(cpu->gdt) - 1, (uint32_t)(uintptr_t)cpu->gdt };

    cpu->gdt[GDT_KERNEL_CODE] = FLAT_CODE;
    cpu->gdt[GDT_KERNEL_DATA] = FLAT_DATA;
    cpu->gdt[GDT_USER_CODE] = FLAT_CODE | RING3;
    cpu->gdt[GDT_USER_DATA] = FLAT_DATA | RING3;
    /* The segment registers keep what they hold: the same descriptors stood there before. */
    __asm__ volatile("lgdt %0" : : "m"(pointer));
    __asm__ volatile("lldt %w0" : : "r"(0));    // lab 6: nobody has a table of his own
}

static void load_task_register(uint16_t selector)
{
    __asm__ volatile("ltr %0" : : "r"(selector));
}

void tss_init(uint32_t cr3)
{
    struct cpu *cpu = this_cpu();
    uint8_t *fault_stack_top = fault_stacks[cpu - cpus] + FAULT_STACK;

    load_table(cpu);
    // exercise 4.1 begin: fill cpu->tss and cpu->fault_tss, enter both, ltr, the gate for vector 8
    cpu->tss.ss0 = KERNEL_DATA;
    cpu->tss.iomap = sizeof(cpu->tss);
    cpu->fault_tss = (struct tss){
        .cr3 = cr3,
        .eip = (uint32_t)(uintptr_t)double_fault,
        .esp = (uint32_t)(uintptr_t)fault_stack_top,
        .eflags = EFLAGS_ALWAYS,
        .cs = KERNEL_CODE, .ss = KERNEL_DATA, .ds = KERNEL_DATA, .es = KERNEL_DATA,
        .fs = KERNEL_DATA, .gs = KERNEL_DATA,
        .iomap = sizeof(cpu->fault_tss),
    };
    cpu->gdt[GDT_TSS] = tss_descriptor(&cpu->tss);
    cpu->gdt[GDT_FAULT_TSS] = tss_descriptor(&cpu->fault_tss);
    load_task_register(SELECTOR(GDT_TSS));
    idt_set(TRAP_DOUBLE_FAULT, gate_make(0, SELECTOR(GDT_FAULT_TSS), GATE_TASK, 0));
    // exercise 4.1 stub
    // (void)cr3, (void)fault_stack_top, (void)load_task_register, (void)double_fault;
    // exercise 4.1 end
}
