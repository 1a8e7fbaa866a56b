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

/* Where what the vectors point to comes to lie. */
struct layout {
    uintptr_t path;                 /* AT_EXECFN: the topmost */
    uintptr_t strings;              /* of the arguments and, behind them, of the environment */
    uintptr_t platform;
    uintptr_t random;               /* a multiple of 16, and the lowest but for the vectors */
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
    // exercise 6.4 begin: a word for each string, and a 0
    while (count--) {
        size_t bytes = strlen(*string) + 1;
        put(vectors, *at);
        *at += bytes;
        *string += bytes;
    }
    put(vectors, 0);
    // exercise 6.4 stub
    // (void)vectors, (void)count, (void)string, (void)at;
    // exercise 6.4 end
}

static void put_auxv(struct vectors *vectors, const struct user_stack *stack,
                     const struct layout *at)
{
    const struct credentials *ids = stack->ids;

    put_aux(vectors, AT_SYSINFO, VDSO_ADDRESS(vdso_call));
    put_aux(vectors, AT_SYSINFO_EHDR, vdso_base);
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
    put_aux(vectors, AT_SECURE, credentials_differ(ids));
    put_aux(vectors, AT_RANDOM, at->random);
    put_aux(vectors, AT_EXECFN, at->path);
    put_aux(vectors, AT_PLATFORM, at->platform);
    put_aux(vectors, AT_NULL, 0);
}

/*
 * Put the vectors together, and say where everything comes to lie: in `at`, and in what `stack` is
 * asked for (the strings' places, the first stack pointer). Returns 0.
 */
static int lay_out(struct user_stack *stack, struct layout *at, struct vectors *vectors)
{
    // exercise 6.4 begin: addresses from the top down; then argc, argv, envp, auxv; ESP
    const struct exec_args *args = stack->args;
    const char *string = args->strings;
    uint32_t next;

    at->path = stack->top - 4 - (strlen(stack->path) + 1);      /* a NULL lies at the top */
    at->strings = next = at->path - args->bytes;
    at->platform = at->strings - sizeof(PLATFORM);
    at->random = (at->platform - RANDOM) & ~15u;
    put(vectors, args->argc);
    stack->arg_start = next;
    put_strings(vectors, args->argc, &string, &next);
    stack->arg_end = next;
    put_strings(vectors, args->envc, &string, &next);
    stack->env_end = next;
    put_auxv(vectors, stack, at);
    stack->esp = (at->random - vectors->count * 4) & ~15u;
    return 0;
    // exercise 6.4 stub
    // (void)stack, (void)at, (void)vectors, (void)put_strings, (void)put_auxv;
    // return -ENOSYS;
    // exercise 6.4 end
}

/* All of it to where it comes to lie. */
static int copy_out(const struct user_stack *stack, const struct layout *at,
                    const struct vectors *vectors)
{
    const struct exec_args *args = stack->args;
    uint8_t random[RANDOM];

    random_bytes(random, sizeof(random));
    int error = copy_to_user((void *)at->path, stack->path, strlen(stack->path) + 1);
    if (!error)
        error = copy_to_user((void *)at->strings, args->strings, args->bytes);
    if (!error)
        error = copy_to_user((void *)at->platform, PLATFORM, sizeof(PLATFORM));
    if (!error)
        error = copy_to_user((void *)at->random, random, sizeof(random));
    if (!error)
        error = copy_to_user((void *)stack->esp, vectors->words, vectors->count * 4);
    return error;
}

int user_stack_write(struct user_stack *stack)
{
    unsigned words = 1 + stack->args->argc + 1 + stack->args->envc + 1 + AUX_WORDS;
    struct vectors vectors = { kmalloc(words * 4), 0 };
    struct layout at;

    if (!vectors.words)
        return -ENOMEM;
    int error = lay_out(stack, &at, &vectors);
    if (!error)
        error = copy_out(stack, &at, &vectors);
    kfree(vectors.words);
    return error;
}
