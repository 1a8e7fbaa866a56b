/*
 * The initial stack, from the top down: the program's path, the strings of the environment and of
 * the arguments, the platform's name, 16 random bytes; then the vectors, from the bottom up.
 */
#include "proc/userstack.h"
#include "abi/auxvec.h"
#include "abi/errno.h"
#include "lib/string.h"
#include "mm/kmalloc.h"
#include "mm/usercopy.h"
#include "x86/cpu.h"
#include "x86/random.h"

#define PLATFORM    "i686"
#define RANDOM      16
#define AUX_WORDS   (2 * 20)

/* The vectors, as they are put together in the kernel's memory. */
struct vectors {
    uint32_t *words;
    unsigned count;
};

static void put(struct vectors *vectors, uint32_t word)
{
    vectors->words[vectors->count++] = word;
}

static void put_aux(struct vectors *vectors, uint32_t type, uint32_t value)
{
    put(vectors, type);
    put(vectors, value);
}

/* Pointers to `count` strings, one behind the other from *at on, and the NULL. */
static void put_strings(struct vectors *vectors, unsigned count, const char **string, uint32_t *at)
{
    while (count--) {
        size_t bytes = strlen(*string) + 1;
        put(vectors, *at);
        *at += bytes;
        *string += bytes;
    }
    put(vectors, 0);
}

static void put_auxv(struct vectors *vectors, const struct user_stack *stack, uint32_t path,
                     uint32_t platform, uint32_t random)
{
    const struct credentials *ids = stack->ids;

    put_aux(vectors, AT_SYSINFO, VDSO_ADDRESS(vdso_call));
    put_aux(vectors, AT_SYSINFO_EHDR, VDSO_BASE);
    put_aux(vectors, AT_HWCAP, cpuid_features());
    put_aux(vectors, AT_PAGESZ, PAGE_SIZE);
    put_aux(vectors, AT_CLKTCK, 100);
    put_aux(vectors, AT_PHDR, stack->program->phdr);
    put_aux(vectors, AT_PHENT, sizeof(Elf32_Phdr));
    put_aux(vectors, AT_PHNUM, stack->phnum);
    put_aux(vectors, AT_BASE, stack->interpreter);
    put_aux(vectors, AT_FLAGS, 0);
    put_aux(vectors, AT_ENTRY, stack->program->entry);
    put_aux(vectors, AT_UID, ids->uid);
    put_aux(vectors, AT_EUID, ids->euid);
    put_aux(vectors, AT_GID, ids->gid);
    put_aux(vectors, AT_EGID, ids->egid);
    put_aux(vectors, AT_SECURE, ids->uid != ids->euid || ids->gid != ids->egid);
    put_aux(vectors, AT_RANDOM, random);
    put_aux(vectors, AT_EXECFN, path);
    put_aux(vectors, AT_PLATFORM, platform);
    put_aux(vectors, AT_NULL, 0);
}

int user_stack_write(struct user_stack *stack)
{
    const struct exec_args *args = stack->args;
    uint8_t random[RANDOM];
    uint32_t path = stack->top - 4 - (strlen(stack->path) + 1);     /* a NULL lies at the top */
    uint32_t strings = path - args->bytes;
    uint32_t platform = strings - sizeof(PLATFORM), random_at = (platform - RANDOM) & ~15u;
    unsigned words = 1 + args->argc + 1 + args->envc + 1 + AUX_WORDS;
    struct vectors vectors = { kmalloc(words * 4), 0 };
    const char *string = args->strings;
    uint32_t at = strings;

    if (!vectors.words)
        return -ENOMEM;
    random_bytes(random, sizeof(random));
    put(&vectors, args->argc);
    stack->arg_start = at;
    put_strings(&vectors, args->argc, &string, &at);
    stack->arg_end = at;
    put_strings(&vectors, args->envc, &string, &at);
    stack->env_end = at;
    put_auxv(&vectors, stack, path, platform, random_at);
    stack->esp = (random_at - vectors.count * 4) & ~15u;
    int error = copy_to_user((void *)path, stack->path, strlen(stack->path) + 1);
    if (!error)
        error = copy_to_user((void *)strings, args->strings, args->bytes);
    if (!error)
        error = copy_to_user((void *)platform, PLATFORM, sizeof(PLATFORM));
    if (!error)
        error = copy_to_user((void *)random_at, random, sizeof(random));
    if (!error)
        error = copy_to_user((void *)stack->esp, vectors.words, vectors.count * 4);
    kfree(vectors.words);
    return error;
}
