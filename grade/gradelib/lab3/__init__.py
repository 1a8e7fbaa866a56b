"""
What the grader of lab 3 is made of: models of memory and of what manages it, and ways to look at them. The tests are in
grade/lab3. Here: the numbers that all of them know.
"""

KERNEL_BASE, LOWMEM_END, DEVICE_BASE, USER_BASE = 0xC0000000, 0x38000000, 0xF8000000, 0x10000
FRAME, LARGE = 4096, 1 << 22
ORDER_MAX = 10
USABLE = 1
PRESENT, WRITE, USER, THROUGH, UNCACHED, ACCESSED, DIRTY, PS, GLOBAL, COW = (1 << bit for bit in range(10))
ENOMEM, EFAULT, EEXIST, EIO = -12, -14, -17, -5
