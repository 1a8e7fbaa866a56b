/*
 * ext2's directories: files full of entries, each with the length to the next one; a block's
 * entries fill it, and none crosses its end. A name that is taken away becomes room behind the
 * entry before it.
 *
 * ext3's hash trees hide in entries that look empty here, so such a directory can be read; once it
 * is written to, the tree is no longer true, and its flag is cleared.
 */
#include "fs/ext2.h"
#include "abi/errno.h"
#include "lib/string.h"

#define HEADER 8u                   /* bytes of an entry before its name */
#define ENTRY_MIN 12u

/* Bytes that an entry of a name of n bytes takes at least. */
static uint32_t entry_size(uint32_t n)
{
    return (HEADER + n + 3) & ~3u;
}

static uint32_t block_count(const struct vnode *dir)
{
    return dir->size >> ext2_of(dir)->shift;
}

/* Block n of the directory; for bcache_put(). */
static int open_block(struct vnode *dir, uint32_t n, struct buffer **buffer)
{
    struct ext2 *fs = ext2_of(dir);
    uint32_t start;
    int run = ext2_map(dir, n, block_count(dir) - n, &start);

    if (run < 0)
        return run;
    if (start == 0)
        return ext2_damaged(fs, "directory %u has a hole", dir->ino);
    return bcache_get(fs->dev, start, fs->block_size, buffer);
}

static __attribute__((noinline)) struct ext2_entry *
bad_entry(const struct vnode *dir, const struct buffer *buffer, uint32_t offset)
{
    ext2_damaged(ext2_of(dir), "directory %u has a bad entry at byte %u of block %u", dir->ino,
                 offset, buffer->block);
    return NULL;
}

/* The entry at this byte of the block, or NULL if it cannot be one. */
static inline struct ext2_entry *entry_at(struct vnode *dir, struct buffer *buffer,
                                          uint32_t offset)
{
    struct ext2 *fs = ext2_of(dir);
    struct ext2_entry *entry = (struct ext2_entry *)((char *)buffer->data + offset);

    if (entry->length >= ENTRY_MIN && entry->length % 4 == 0
            && entry->length <= fs->block_size - offset
            && entry_size(entry->name_length) <= entry->length
            && entry->inode <= fs->super.inodes)
        return entry;
    return bad_entry(dir, buffer, offset);
}

static bool is_named(const struct ext2_entry *entry, const char *name, uint32_t length)
{
    return entry->inode && entry->name_length == length && entry->name[0] == name[0]
        && memcmp(entry->name, name, length) == 0;
}

/* Look for the name in one block: 1 and the place, else 0 or -ERRNO and no buffer. */
static int find_in_block(struct vnode *dir, uint32_t n, const char *name, uint32_t length,
                         struct ext2_place *place)
{
    int error = open_block(dir, n, &place->buffer);

    place->block = n;
    if (error) {
        place->buffer = NULL;
        return error;
    }
    for (uint32_t offset = 0; offset < place->buffer->size; offset += place->entry->length) {
        place->entry = entry_at(dir, place->buffer, offset);
        if (place->entry && !is_named(place->entry, name, length))
            continue;
        if (place->entry)
            return 1;
        bcache_put(place->buffer);
        place->buffer = NULL;
        return -EUCLEAN;
    }
    bcache_put(place->buffer);
    place->buffer = NULL;
    return 0;
}

int ext2_dir_find(struct vnode *dir, const char *name, struct ext2_place *place)
{
    struct ext2_node *node = ext2_node(dir);
    uint32_t length = strlen(name), count = block_count(dir);

    /* Names are often looked up in the order in which they stand: go on where the last one was. */
    for (uint32_t i = 0; i < count; i++) {
        uint32_t n = (node->found + i) % count;
        int result = find_in_block(dir, n, name, length, place);
        if (result == 1)
            node->found = n;
        if (result)
            return result < 0 ? result : 0;
    }
    return -ENOENT;
}

/* What directories call the type of a file: 0 if the volume's do not tell. */
static uint8_t type_of(const struct ext2 *fs, uint32_t mode)
{
    static const uint8_t types[16] = {
        [DT_OF(S_IFREG)] = 1, [DT_OF(S_IFDIR)] = 2, [DT_OF(S_IFCHR)] = 3, [DT_OF(S_IFBLK)] = 4,
        [DT_OF(S_IFIFO)] = 5, [DT_OF(S_IFSOCK)] = 6, [DT_OF(S_IFLNK)] = 7,
    };

    return fs->super.incompat & EXT2_INCOMPAT_FILETYPE ? types[DT_OF(mode)] : 0;
}

static uint8_t type_from(const struct ext2 *fs, uint8_t type)
{
    static const uint8_t types[8] = {
        DT_UNKNOWN, DT_OF(S_IFREG), DT_OF(S_IFDIR), DT_OF(S_IFCHR), DT_OF(S_IFBLK), DT_OF(S_IFIFO),
        DT_OF(S_IFSOCK), DT_OF(S_IFLNK),
    };

    return fs->super.incompat & EXT2_INCOMPAT_FILETYPE ? types[type & 7] : DT_UNKNOWN;
}

static void write_entry(struct ext2_entry *entry, const char *name, const struct vnode *file)
{
    entry->inode = file->ino;
    entry->name_length = strlen(name);
    entry->type = type_of(ext2_of(file), file->mode);
    memcpy(entry->name, name, entry->name_length);
}

/* The directory, and perhaps this block of it, was changed. */
static void changed(struct vnode *dir, struct buffer *buffer)
{
    bcache_dirty(buffer);
    ext2_node(dir)->flags &= ~EXT2_FL_INDEX;
    dir->mtime = dir->ctime = vnode_time();
    ext2_changed(dir);
}

/* Put the name where one block has room: 1, 0 if it has none, or -ERRNO. */
static int add_in_block(struct vnode *dir, uint32_t n, const char *name, const struct vnode *file)
{
    struct buffer *buffer;
    struct ext2_entry *entry;
    uint32_t need = entry_size(strlen(name));
    int result = open_block(dir, n, &buffer);

    if (result)
        return result;
    for (uint32_t offset = 0; offset < buffer->size; offset += entry->length) {
        entry = entry_at(dir, buffer, offset);
        if (!entry) {
            result = -EUCLEAN;
            break;
        }
        uint32_t used = entry->inode ? entry_size(entry->name_length) : 0;
        if (entry->length - used < need)
            continue;
        if (used) {
            struct ext2_entry *behind = (struct ext2_entry *)((char *)entry + used);
            behind->length = entry->length - used;
            entry->length = used;
            entry = behind;
        }
        write_entry(entry, name, file);
        changed(dir, buffer);
        result = 1;
        break;
    }
    bcache_put(buffer);
    return result;
}

/* One block more, with one entry as long as it that has no name. */
static int add_block(struct vnode *dir, struct buffer **buffer)
{
    struct ext2 *fs = ext2_of(dir);
    uint32_t n = block_count(dir), start;
    int error = ext2_map_alloc(dir, n, n + 1);

    if (error)
        return error;
    error = ext2_map(dir, n, 1, &start);
    if (error > 0)
        error = bcache_get_new(fs->dev, start, fs->block_size, buffer);
    if (error) {
        ext2_map_truncate(dir, n);
        return error;
    }
    struct ext2_entry *entry = (*buffer)->data;
    entry->length = fs->block_size;
    dir->size += fs->block_size;
    changed(dir, *buffer);
    return 0;
}

int ext2_dir_add(struct vnode *dir, const char *name, const struct vnode *file)
{
    struct ext2_node *node = ext2_node(dir);
    struct buffer *buffer;

    /* Where the last one found room; before another block is added, also where it found none. */
    for (uint32_t i = 0, count = block_count(dir); i < count; i++) {
        uint32_t n = (node->room + i) % count;
        int result = add_in_block(dir, n, name, file);
        if (result == 0)
            continue;
        node->room = n;
        return result < 0 ? result : 0;
    }
    int error = add_block(dir, &buffer);
    if (error)
        return error;
    write_entry(buffer->data, name, file);
    bcache_put(buffer);
    node->room = block_count(dir) - 1;
    return 0;
}

void ext2_dir_remove(struct vnode *dir, struct ext2_place *place)
{
    struct ext2_node *node = ext2_node(dir);
    struct ext2_entry *entry = place->buffer->data, *before = NULL;

    /* Its block was gone through when it was found, so each length leads to an entry. */
    while (entry < place->entry) {
        before = entry;
        entry = (struct ext2_entry *)((char *)entry + entry->length);
    }
    if (before)
        before->length += entry->length;
    entry->inode = 0;
    changed(dir, place->buffer);
    if (node->room > place->block)
        node->room = place->block;
    node->cursor = 0;               /* may be inside the longer one now */
}

void ext2_dir_set(struct vnode *dir, struct ext2_place *place, const struct vnode *file)
{
    place->entry->inode = file->ino;
    place->entry->type = type_of(ext2_of(dir), file->mode);
    changed(dir, place->buffer);
}

int ext2_dir_make(struct vnode *dir, const struct vnode *parent)
{
    struct buffer *buffer;
    int error = add_block(dir, &buffer);

    if (error)
        return error;
    struct ext2_entry *entry = buffer->data;
    uint32_t whole = entry->length;
    write_entry(entry, ".", dir);
    entry->length = entry_size(1);
    entry = (struct ext2_entry *)((char *)entry + entry->length);
    write_entry(entry, "..", parent);
    entry->length = whole - entry_size(1);
    bcache_put(buffer);
    return 0;
}

int ext2_dir_parent(struct vnode *dir, struct ext2_place *place)
{
    int found = find_in_block(dir, 0, "..", 2, place);

    if (found == 0)
        return ext2_damaged(ext2_of(dir), "directory %u has no \"..\"", dir->ino);
    return found < 0 ? found : 0;
}

static bool is_dots(const struct ext2_entry *entry)
{
    return entry->name[0] == '.'
        && (entry->name_length == 1 || (entry->name_length == 2 && entry->name[1] == '.'));
}

int ext2_dir_empty(struct vnode *dir)
{
    for (uint32_t n = 0; n < block_count(dir); n++) {
        struct buffer *buffer;
        struct ext2_entry *entry;
        int result = open_block(dir, n, &buffer);
        if (result)
            return result;
        for (uint32_t offset = 0; offset < buffer->size && !result; offset += entry->length) {
            entry = entry_at(dir, buffer, offset);
            if (!entry)
                result = -EUCLEAN;
            else if (entry->inode && !is_dots(entry))
                result = 1;
            if (result)
                break;
        }
        bcache_put(buffer);
        if (result)
            return result < 0 ? result : 0;
    }
    return 1;
}

/*
 * Go to the first entry at this byte of the block or behind it: names may have come and gone since
 * the byte was where one began, and a program may ask for any.
 */
static int settle(struct vnode *dir, struct buffer *buffer, uint32_t *offset)
{
    uint32_t at = 0;

    while (at < *offset) {
        struct ext2_entry *entry = entry_at(dir, buffer, at);
        if (!entry)
            return -EUCLEAN;
        at += entry->length;
    }
    *offset = at;
    return 0;
}

/* Copy an entry out. A name with what no name can have is damage. */
static int copy_entry(struct vnode *dir, const struct ext2_entry *from, struct dirent *entry)
{
    memcpy(entry->name, from->name, from->name_length);
    entry->name[from->name_length] = '\0';
    if (from->name_length == 0 || strlen(entry->name) != from->name_length
            || strchr(entry->name, '/'))
        return ext2_damaged(ext2_of(dir), "directory %u has a name that is none", dir->ino);
    entry->ino = from->inode;
    entry->type = type_from(ext2_of(dir), from->type);
    return 1;
}

int ext2_readdir(struct vnode *dir, uint64_t *position, struct dirent *to)
{
    struct ext2 *fs = ext2_of(dir);
    uint32_t byte = *position;

    if (*position >= (uint64_t)dir->size)
        return 0;
    while (byte >> fs->shift < block_count(dir)) {
        struct buffer *buffer;
        struct ext2_entry *entry;
        uint32_t base = byte & ~(fs->block_size - 1), offset = byte - base;
        int result = open_block(dir, byte >> fs->shift, &buffer);
        if (result)
            return result;
        if (byte != ext2_node(dir)->cursor)
            result = settle(dir, buffer, &offset);
        for (; !result && offset < fs->block_size; offset += entry->length) {
            entry = entry_at(dir, buffer, offset);
            if (!entry)
                result = -EUCLEAN;
            else if (entry->inode)
                result = copy_entry(dir, entry, to);
            if (result)
                break;
        }
        if (result == 1)
            offset += entry->length;
        bcache_put(buffer);
        if (result < 0)
            return result;
        *position = byte = base + offset;
        ext2_node(dir)->cursor = byte;
        if (result == 1)
            return 1;
    }
    return 0;
}

// lab 6 begin
/* Has the name only what names can have? */
static bool is_name(const struct ext2_entry *entry)
{
    const char *end = entry->name + entry->name_length;

    for (const char *c = entry->name; c < end; c++)
        if (*c == '/' || *c == '\0')
            return false;
    return entry->name_length > 0;
}

/*
 * Pass on the entries of one block from *offset on, which moves along. Returns 1: all were taken;
 * 0: one was not; -EUCLEAN.
 */
static int pass_block(struct vnode *dir, struct buffer *buffer, uint32_t base, uint32_t *offset,
                      entry_take take, void *arg)
{
    struct ext2 *fs = ext2_of(dir);
    uint32_t at = *offset, end = fs->block_size;
    int result = 1;

    while (at < end) {
        const struct ext2_entry *entry = entry_at(dir, buffer, at);
        result = !entry ? -EUCLEAN : !entry->inode || is_name(entry) ? 1 :
                 ext2_damaged(fs, "directory %u has a name that is none", dir->ino);
        if (result < 0)
            break;
        struct entry_view view = {
            .name = entry->name, .length = entry->name_length, .ino = entry->inode,
            .type = type_from(fs, entry->type), .next = base + at + entry->length,
        };
        result = !entry->inode || take(arg, &view);
        if (!result)
            break;
        at += entry->length;
    }
    *offset = at;
    return result;
}

int ext2_read_entries(struct vnode *dir, uint64_t *position, entry_take take, void *arg)
{
    struct ext2 *fs = ext2_of(dir);
    int result = 1;

    while (result == 1 && *position < (uint64_t)dir->size) {
        struct buffer *buffer;
        uint32_t byte = *position, base = byte & ~(fs->block_size - 1), offset = byte - base;
        result = open_block(dir, byte >> fs->shift, &buffer);
        if (result)
            return result;
        if (byte != ext2_node(dir)->cursor)
            result = settle(dir, buffer, &offset);
        if (!result)
            result = pass_block(dir, buffer, base, &offset, take, arg);
        bcache_put(buffer);
        *position = ext2_node(dir)->cursor = base + offset;
    }
    return result < 0 ? result : 0;
}
// lab 6 end
