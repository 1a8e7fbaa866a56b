"""
What lab 4's tests share: models of what the kernel has to do, and ways to look into it. Judges by what src/kernel/task's and
src/kernel/x86's headers promise.
"""

KERNEL_CODE, KERNEL_DATA = 0x08, 0x10
GDT_TSS, GDT_FAULT_TSS, GDT_ENTRIES = 5, 9, 10
TSS_SIZE = 104
STARVE_MS, SLICE_TICKS, PRIORITIES, NAME_MAX = 1000, 10, 32, 16
READY, RUNNING, WAITING, ZOMBIE = range(4)
STATES = "READY", "RUNNING", "WAITING", "ZOMBIE"
EXACT = ["-icount", "shift=6,sleep=off"]                    # 64 ns an instruction: a tick is 15,625 of them
CPU = 5                 # seconds for a host program that needs a tenth of one: a list that is broken is walked without end
