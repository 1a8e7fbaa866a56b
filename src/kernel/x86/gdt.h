/*
 * The kernel's own segment descriptors: the loader's lie in memory that will be used otherwise.
 *
 * Intel SDM volume 3A, 3.4.5.
 */
#ifndef X86_GDT_H
#define X86_GDT_H

#define KERNEL_CODE 0x08            /* selectors */
#define KERNEL_DATA 0x10

/* Load the kernel's descriptor table and reload every segment register from it. */
void gdt_init(void);

#endif
