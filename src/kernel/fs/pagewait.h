/*
 * How tasks wait for pages of the page cache that are being read or written.
 */
#ifndef FS_PAGEWAIT_H
#define FS_PAGEWAIT_H

/* From here on tasks may share cached objects. */
void pagewait_init(void);

#endif
