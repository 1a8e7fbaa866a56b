/*
 * kmain: the start of everything, and the kernel's table of contents.
 *
 * entry.asm calls it in the higher half, on the boot stack, with interrupts off.
 */
#include "debug/canary.h"           // lab 4
#include "debug/gdbstub.h"          // lab 2
#include "debug/locks.h"            // lab 4
#include "debug/log.h"
#include "debug/monitor.h"          // lab 2
#include "debug/panic.h"
#include "dev/ata.h"                // lab 5
#include "dev/clock.h"              // lab 6
#include "dev/debugcon.h"
#include "dev/fwcfg.h"
#include "dev/gdbport.h"            // lab 2
#include "dev/kbd.h"                // lab 2
#include "dev/pci.h"                // lab 5
#include "dev/pit.h"                // lab 2
#include "dev/rtc.h"                // lab 2
#include "dev/serial.h"
#include "dev/serial_input.h"       // lab 2
#include "dev/vga.h"
#include "fs/vfs.h"                 // lab 5
#include "ktest.h"
#include "lib/cmdline.h"
#include "lib/e820.h"
#include "mm/commit.h"              // lab 6
#include "mm/fault.h"               // lab 3
#include "mm/kmalloc.h"             // lab 3
#include "mm/map.h"                 // lab 3
#include "mm/page.h"                // lab 3
#include "mm/pagecache.h"           // lab 3
#include "mm/shared.h"              // lab 6
#include "proc/aslr.h"              // lab 6
#include "proc/exec.h"              // lab 6
#include "proc/procfiles.h"         // lab 6
#include "proc/signal.h"            // lab 6
#include "proc/tty.h"               // lab 6
#include "sys/limit.h"              // lab 6
#include "sys/name.h"               // lab 6
#include "sys/syscall.h"            // lab 6
#include "task/reader.h"            // lab 4
#include "task/sched.h"             // lab 4
#include "task/timer.h"             // lab 4
#include "task/work.h"              // lab 4
#include "x86/bootinfo.h"
#include "x86/cpu.h"
#include "x86/fpu.h"                // lab 4
#include "x86/gdt.h"                // lab 2
#include "x86/irqflags.h"           // lab 2
#include "x86/pic.h"                // lab 2
#include "x86/random.h"             // lab 4
#include "x86/trap.h"               // lab 2
#include "x86/tss.h"                // lab 4

void kmain(uint32_t magic, uint32_t info);

/* The command line: QEMU's own item wins over the boot loader's. */
static void cmdline_init(void)
{
    fwcfg_read("opt/myos/cmdline", boot_info.cmdline, sizeof(boot_info.cmdline));
    if (cmdline_find(boot_info.cmdline, "quiet", NULL, 0))
        log_set_level(LOG_WARNING);
}

static void show_boot_info(void)
{
    kprintf(LOG_INFO, "kernel at 0x%08x-0x%08x, %u bytes of symbols, booted from drive 0x%02x\n",
            boot_info.kernel_start, boot_info.kernel_end, boot_info.symtab_bytes,
            boot_info.boot_drive);
    if (*boot_info.cmdline)
        kprintf(LOG_INFO, "command line: %s\n", boot_info.cmdline);
    for (unsigned i = 0; i < boot_info.e820_count; i++) {
        const struct e820_entry *e = &boot_info.e820[i];
        kprintf(LOG_INFO, "memory 0x%012llx-0x%012llx %s\n", e->base, e->base + e->length - 1,
                e820_type_name(e->type));
    }
}

// lab 2 begin
static void show_time(void)
{
    struct rtc_time t = rtc_read();

    kprintf(LOG_INFO, "time of day %04u-%02u-%02u %02u:%02u:%02u UTC\n",
            t.year, t.month, t.day, t.hour, t.minute, t.second);
}
// lab 2 end

// lab 4 begin
/* What finds mistakes of the kernel's own: canaries on its stacks, the order of its locks. */
static void protection_init(void)
{
    random_init(boot_info.cmdline);
    canary_init(random_word());     /* whoever has arrays in a frame must not call this */
    locks_init(boot_info.cmdline);
}

// lab 4 end
// lab 5 begin
/* Disks: found by polling, since nobody can be interrupted yet; later they interrupt. */
static void disks_init(void)
{
    pci_init();
    ata_init();
    ata_use_interrupts();
}

// lab 5 end
// lab 6 begin
/* What programs may be promised, and what becomes of the files that they map. */
static void memory_promises_init(void)
{
    struct page_stats memory;

    page_stats(&memory);
    commit_init(memory.usable);
    shared_init();
}

// lab 6 end
void kmain(uint32_t magic, uint32_t info)
{
    checkpoint('L');
    serial_init();                  /* consoles first, so that whatever happens can be seen */
    vga_init();
    debugcon_init();
    int error = boot_info_init(magic, info);    /* before anything uses the memory it lies in */
    if (error)
        panic("no boot loader that I know: magic number 0x%08x", magic);
    cmdline_init();
    kprintf(LOG_INFO, "\nmyOS\n");
    show_boot_info();

    gdt_init();                     // lab 2: the loader's GDT lies in memory that we cannot keep
    trap_init();                    // lab 2
    panic_init();                   // lab 2: from here on an exception is told, and no triple fault
    protection_init();              // lab 4
    kernel_map_init(&boot_info);    // lab 3: all memory is within reach from here on
    page_init(&boot_info);          // lab 3
    kmalloc_init(boot_info.cmdline);    // lab 3
    pagecache_init();               // lab 3
    fault_init();                   // lab 3
    memory_promises_init();         // lab 6
    tss_init(virt_to_phys(kernel_directory));   // lab 4: a stack overflow is told, too
    fpu_init();                     // lab 4
    task_init();                    // lab 4: what runs here is a task from now on
    pic_init();                     // lab 2: before any device may interrupt
    clock_init();                   // lab 6: timers, which come next, look at it
    timer_init();                   // lab 4
    sched_init();                   // lab 4: this task may lose the processor from here on
    work_start();                   // lab 4
    reader_init();                  // lab 4
    pit_init();                     // lab 2
    kbd_init();                     // lab 2
    serial_input_init();            // lab 2
    gdbport_init();                 // lab 2
    show_time();                    // lab 2
    disks_init();                   // lab 5
    vfs_init();                     // lab 5: the types of file systems; / is mounted later
    tty_init();                     // lab 6
    process_init();                 // lab 6: this task is process 1 from now on
    signal_init();                  // lab 6
    name_init();                    // lab 6: files know who programs act for
    limit_init();                   // lab 6: files end where a process's limit is
    procfiles_init();               // lab 6
    aslr_init(boot_info.cmdline);   // lab 6: where programs go
    syscall_init();                 // lab 6
    if (cmdline_find(boot_info.cmdline, "gdb", NULL, 0))            // lab 2
        gdb_break();                // lab 2: waits for gdb on COM2

    ktest_run(boot_info.cmdline);   /* does not come back if ktest= names tests */
    irq_enable();                   // lab 2: a kernel test that needs them lets them in itself
    vfs_mount_root(boot_info.cmdline);  // lab 5: from here on files can be had by name
    process_run_init(boot_info.cmdline);    // lab 6: comes back if there is no init=
    // until lab 2: kprintf(LOG_INFO, "nothing more to do: halted\n");
    kprintf(LOG_INFO, "help lists what the monitor can do\n");          // lab 2
    monitor(NULL);                  // lab 2
    cpu_stop();
}
