# Set gdb up for this system, from the first instruction of the boot sector to C in the higher half.
#
# Loads the symbols of all stages and lets gdb follow the processor from 16 to 32 bits. It does not
# connect: `make debug`, or `make qemu-gdb` and `make gdb`, do that. By hand, from the top folder:
#   gdb -x scripts/myos.gdb -ex 'target remote localhost:PORT'
# Intel's manual (SDM volume 3, section 9.9) says what changes between the two modes.

set confirm off
set pagination off
set osabi none
# gdb waits two seconds for an answer, asks again, and takes the late one for that of its next
# question. A busy computer may need longer to start QEMU.
set remotetimeout 60

# The kernel, linked at its virtual addresses; then the boot sector at 0x7c00 and the second stage
# at 0x8000. Each file says itself where it lives.
file build/kernel.elf
add-symbol-file build/mbr.elf
add-symbol-file build/stage2.elf

# QEMU describes its processor as an i386, and while it says so gdb takes 16-bit instructions for
# 32-bit ones, whatever `set architecture` says. So give gdb QEMU's description without that line.
define myos-describe-target
    set logging file build/gdb-target.raw
    set logging overwrite on
    set logging redirect on
    set logging enabled on
    maint print xml-tdesc
    set logging enabled off
    shell grep -v '<architecture>' build/gdb-target.raw >build/gdb-target.xml
    set tdesc filename build/gdb-target.xml
end
document myos-describe-target
For the stop hook of scripts/myos.gdb.
end

# After each stop, look: while protected mode is off (CR0 bit 0), and until the jump after it has
# loaded CS, instructions are 16-bit ones.
set $myos_bits = 0
define hook-stop
    if $myos_bits == 0
        myos-describe-target
    end
    if ($cr0 & 1) == 0 || $cs < 8
        if $myos_bits != 16
            set architecture i8086
            set $myos_bits = 16
        end
        # gdb takes EIP for an address. That is right in segment 0 only; elsewhere show it here.
        if $cs == 0
            set disassemble-next-line auto
        else
            set disassemble-next-line off
            printf "[%04x:%04x] ", $cs, (unsigned)$eip & 0xffff
            x/i ($cs << 4) + ((unsigned)$eip & 0xffff)
        end
    else
        if $myos_bits != 32
            set architecture i386
            set $myos_bits = 32
        end
        set disassemble-next-line auto
    end
end

# make debug sets $myos_own_qemu: the QEMU that gdb started itself ends with gdb.
set $myos_own_qemu = 0
define hook-quit
    if $myos_own_qemu
        kill
    end
end

define real-stack
    x/8xh ($ss << 4) + ((unsigned)$esp & 0xffff)
end
document real-stack
Show the eight words on top of the stack in real mode, at SS:SP.
end

define machine
    monitor info registers
end
document machine
Show all registers as QEMU has them, with the hidden parts of segment registers, GDT and IDT.
end

define mappings
    monitor info mem
end
document mappings
Show what the page tables map, as QEMU reads them (once paging is on).
end

# Trap frames for people, backtraces through traps, the commands trapframe, dmesg and tasks; then the
# commands pagetable and slabinfo. The last lines of this file: a gdb without Python complains and goes without.
source scripts/myos_gdb.py
source scripts/myos_mm.py
