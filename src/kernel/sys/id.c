/*
 * Calls about users and groups. Those of 16 bits are here for old programs: an id that does not fit
 * is OVERFLOW_ID to them. All threads of a process have the same ids; they change under
 * process_lock, so that nobody sees half of a change.
 *
 * credentials(7).
 */
#include "abi/errno.h"
#include "abi/prctl.h"
#include "lib/string.h"
#include "mm/usercopy.h"
#include "proc/process.h"
#include "sys/calls.h"

#define OVERFLOW_ID 65534u
#define KEEP        (~0u)           /* -1: as it is */

/* One kind of ids of a process: of users or of groups. */
struct trio {
    uint32_t *real, *effective, *saved, *files;
};

static struct trio users(void)
{
    struct credentials *ids = &process_current()->ids;

    return (struct trio){ &ids->uid, &ids->euid, &ids->suid, &ids->fsuid };
}

static struct trio groups(void)
{
    struct credentials *ids = &process_current()->ids;

    return (struct trio){ &ids->gid, &ids->egid, &ids->sgid, &ids->fsgid };
}

static bool is_root(void)
{
    return process_current()->ids.euid == 0;
}

/* May it become `id`: one of those it has, or anything for root? */
static bool may_become(const struct trio *ids, uint32_t id, bool saved_too)
{
    return id == KEEP || is_root() || id == *ids->real || id == *ids->effective ||
           (saved_too && id == *ids->saved);
}

static void set(const struct trio *ids, uint32_t real, uint32_t effective, uint32_t saved)
{
    uint32_t flags = spin_lock_irqsave(&process_lock);

    if (real != KEEP)
        *ids->real = real;
    if (effective != KEEP)
        *ids->effective = effective;
    if (saved != KEEP)
        *ids->saved = saved;
    *ids->files = *ids->effective;
    spin_unlock_irqrestore(&process_lock, flags);
}

/* setuid(2) and setgid(2). */
static long set_one(struct trio ids, uint32_t id)
{
    if (id == KEEP)
        return -EINVAL;
    if (is_root())
        set(&ids, id, id, id);
    else if (id == *ids.real || id == *ids.saved)
        set(&ids, KEEP, id, KEEP);
    else
        return -EPERM;
    return 0;
}

/* setreuid(2) and setregid(2). */
static long set_two(struct trio ids, uint32_t real, uint32_t effective)
{
    if (!may_become(&ids, real, false) || !may_become(&ids, effective, true))
        return -EPERM;
    bool save = real != KEEP || (effective != KEEP && effective != *ids.real);
    set(&ids, real, effective, !save ? KEEP : effective != KEEP ? effective : *ids.effective);
    return 0;
}

/* setresuid(2) and setresgid(2). */
static long set_three(struct trio ids, uint32_t real, uint32_t effective, uint32_t saved)
{
    if (!may_become(&ids, real, true) || !may_become(&ids, effective, true) ||
        !may_become(&ids, saved, true))
        return -EPERM;
    set(&ids, real, effective, saved);
    return 0;
}

static long get_three(struct trio ids, void *real, void *effective, void *saved, size_t size)
{
    const uint32_t values[] = { *ids.real, *ids.effective, *ids.saved };
    void *const to[] = { real, effective, saved };

    for (unsigned i = 0; i < ARRAY_SIZE(values); i++) {
        uint32_t value = size == 2 && values[i] > 0xffff ? OVERFLOW_ID : values[i];
        if (copy_to_user(to[i], &value, size))      /* the low half comes first */
            return -EFAULT;
    }
    return 0;
}

/* setfsuid(2) and setfsgid(2): they answer what it was, whether it worked or not. */
static long set_files(struct trio ids, uint32_t id)
{
    uint32_t old = *ids.files;

    if (id != KEEP && (may_become(&ids, id, true) || id == old))
        *ids.files = id;
    return (long)old;
}

static uint32_t from_16(uint32_t id)
{
    return (id & 0xffff) == 0xffff ? KEEP : id & 0xffff;
}

static long to_16(uint32_t id)
{
    return (long)(id > 0xffff ? OVERFLOW_ID : id);
}

long sys_getuid32(void)
{
    return (long)*users().real;
}

long sys_geteuid32(void)
{
    return (long)*users().effective;
}

long sys_getgid32(void)
{
    return (long)*groups().real;
}

long sys_getegid32(void)
{
    return (long)*groups().effective;
}

long sys_setuid32(uint32_t id)
{
    return set_one(users(), id);
}

long sys_setgid32(uint32_t id)
{
    return set_one(groups(), id);
}

long sys_setreuid32(uint32_t real, uint32_t effective)
{
    return set_two(users(), real, effective);
}

long sys_setregid32(uint32_t real, uint32_t effective)
{
    return set_two(groups(), real, effective);
}

long sys_setresuid32(uint32_t real, uint32_t effective, uint32_t saved)
{
    return set_three(users(), real, effective, saved);
}

long sys_setresgid32(uint32_t real, uint32_t effective, uint32_t saved)
{
    return set_three(groups(), real, effective, saved);
}

long sys_getresuid32(uint32_t *real, uint32_t *effective, uint32_t *saved)
{
    return get_three(users(), real, effective, saved, 4);
}

long sys_getresgid32(uint32_t *real, uint32_t *effective, uint32_t *saved)
{
    return get_three(groups(), real, effective, saved, 4);
}

long sys_setfsuid32(uint32_t id)
{
    return set_files(users(), id);
}

long sys_setfsgid32(uint32_t id)
{
    return set_files(groups(), id);
}

long sys_getuid(void)
{
    return to_16(*users().real);
}

long sys_geteuid(void)
{
    return to_16(*users().effective);
}

long sys_getgid(void)
{
    return to_16(*groups().real);
}

long sys_getegid(void)
{
    return to_16(*groups().effective);
}

long sys_setuid(uint32_t id)
{
    return set_one(users(), from_16(id));
}

long sys_setgid(uint32_t id)
{
    return set_one(groups(), from_16(id));
}

long sys_setreuid(uint32_t real, uint32_t effective)
{
    return set_two(users(), from_16(real), from_16(effective));
}

long sys_setregid(uint32_t real, uint32_t effective)
{
    return set_two(groups(), from_16(real), from_16(effective));
}

long sys_setresuid(uint32_t real, uint32_t effective, uint32_t saved)
{
    return set_three(users(), from_16(real), from_16(effective), from_16(saved));
}

long sys_setresgid(uint32_t real, uint32_t effective, uint32_t saved)
{
    return set_three(groups(), from_16(real), from_16(effective), from_16(saved));
}

long sys_getresuid(uint16_t *real, uint16_t *effective, uint16_t *saved)
{
    return get_three(users(), real, effective, saved, 2);
}

long sys_getresgid(uint16_t *real, uint16_t *effective, uint16_t *saved)
{
    return get_three(groups(), real, effective, saved, 2);
}

long sys_setfsuid(uint32_t id)
{
    return to_16((uint32_t)set_files(users(), from_16(id)));
}

long sys_setfsgid(uint32_t id)
{
    return to_16((uint32_t)set_files(groups(), from_16(id)));
}

/* getgroups(2); `bytes` of each id. */
static long get_groups(int count, void *user, size_t bytes)
{
    const struct credentials *ids = &process_current()->ids;

    if (count < 0 || (count && (uint32_t)count < ids->group_count))
        return -EINVAL;
    for (unsigned i = 0; count && i < ids->group_count; i++) {
        uint32_t id = bytes == 2 ? (uint32_t)to_16(ids->groups[i]) : ids->groups[i];
        if (copy_to_user((char *)user + i * bytes, &id, bytes))
            return -EFAULT;
    }
    return (long)ids->group_count;
}

static long set_groups(uint32_t count, const void *user, size_t bytes)
{
    struct credentials *ids = &process_current()->ids;
    uint32_t new[GROUPS_MAX] = { 0 };

    if (!is_root())
        return -EPERM;
    if (count > GROUPS_MAX)
        return -EINVAL;
    for (unsigned i = 0; i < count; i++)
        if (copy_from_user(&new[i], (const char *)user + i * bytes, bytes))
            return -EFAULT;
    uint32_t flags = spin_lock_irqsave(&process_lock);
    memcpy(ids->groups, new, sizeof(new));
    ids->group_count = count;
    spin_unlock_irqrestore(&process_lock, flags);
    return 0;
}

long sys_getgroups32(int count, uint32_t *user)
{
    return get_groups(count, user, 4);
}

long sys_setgroups32(uint32_t count, const uint32_t *user)
{
    return set_groups(count, user, 4);
}

long sys_getgroups(int count, uint16_t *user)
{
    return get_groups(count, user, 2);
}

long sys_setgroups(uint32_t count, const uint16_t *user)
{
    return set_groups(count, user, 2);
}

/* How many structures follow this version of the header: 0 if it is none that there is. */
static unsigned capability_words(uint32_t version)
{
    return version == CAPABILITY_VERSION_1 ? 1 :
           version == CAPABILITY_VERSION_2 || version == CAPABILITY_VERSION_3 ? 2 : 0;
}

/* Reads the header; one of an unknown version is told the one that there is. */
static long capability_header(struct capability_header *user, struct capability_header *header)
{
    static const uint32_t version = CAPABILITY_VERSION_3;

    if (copy_from_user(header, user, sizeof(*header)))
        return -EFAULT;
    if (capability_words(header->version))
        return header->pid < 0 ? -EINVAL : 0;
    return copy_to_user(&user->version, &version, sizeof(version)) ? -EFAULT : -EINVAL;
}

/* Root has all capabilities, others have none. */
long sys_capget(struct capability_header *user, struct capability_sets *sets)
{
    struct capability_header header;
    struct capability_sets words[2] = { { 0 } };
    long error = capability_header(user, &header);

    if (error)                      /* without sets, it was the version that was asked for */
        return error == -EINVAL && !sets && header.pid >= 0 ? 0 : error;
    uint32_t flags = spin_lock_irqsave(&process_lock);
    const struct process *process = header.pid ? process_find((uint32_t)header.pid)
                                               : process_current();
    if (process && process->ids.euid == 0) {
        words[0].effective = words[0].permitted = ~0u;
        words[1].effective = words[1].permitted = (1u << (CAPABILITIES - 32)) - 1;
    }
    spin_unlock_irqrestore(&process_lock, flags);
    if (!process)
        return -ESRCH;
    return copy_to_user(sets, words, capability_words(header.version) * sizeof(*words)) ? -EFAULT
                                                                                        : 0;
}

/* They cannot be given away one by one: root is told that they were. */
long sys_capset(struct capability_header *user, const struct capability_sets *sets)
{
    struct capability_header header;
    struct capability_sets words[2];
    long error = capability_header(user, &header);

    if (!error && copy_from_user(words, sets, capability_words(header.version) * sizeof(*words)))
        error = -EFAULT;
    if (error)
        return error;
    bool self = !header.pid || (uint32_t)header.pid == process_current()->pid;
    return is_root() && self ? 0 : -EPERM;
}
