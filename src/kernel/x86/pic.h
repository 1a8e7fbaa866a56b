/*
 * The PC's two 8259A interrupt controllers: lines 0-7, and 8-15 through the first one's line 2.
 *
 * Intel 8259A data sheet (231468); PC wiring: line 2 is the cascade.
 */
#ifndef X86_PIC_H
#define X86_PIC_H

/*
 * Map lines 0-15 to vectors 32-47, all masked but the cascade, and make this the kernel's interrupt
 * chip.
 */
void pic_init(void);

#endif
