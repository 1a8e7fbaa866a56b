/*
 * Around mm/slab.c: object caches over frames of this folder's own.
 *
 * A case is a row of operations of four words. Objects are known by number, in the order in which
 * they were allocated; each is filled with its number's low byte while it is in use, so that
 * another one's growing into it shows.
 *      1 size align ctor   "create CACHE" or "create -"; ctor: 1 if there is one, 2 more: the cache
 *                          is made by slab_create, else by slab_cache_init
 *      2 cache             "alloc ADDRESS BUILT CLEAN" or "alloc -": from the start of memory on,
 *                          "alloc ADDRESS stray" if that is no allocated memory;
 *                          with a constructor, how often it was called for the object since it was
 *                          last in the hands of mm/page, and whether the object is as it left it
 *      3 object            "free BYTE", what all bytes of it held, or "free mixed"; "free -" if it
 *                          could not be allocated
 *      4 cache             "stats USED OBJECTS SLABS PAGES FRAMES BUILT": FRAMES: all that are
 *                          allocated; BUILT: calls of constructors
 *      5 cache             slab_shrink      "shrink FRAMES"
 *      6                   slab_check       "check BROKEN"
 *      7 n                 let so many allocations of frames succeed
 *      8 cache             slab_destroy     "destroy"
 *      9 cache object n    slab_free of the address n bytes behind that object's    "freed"
 *     10                   slab_reclaim     "reclaim FRAMES"
 *     11 on                call slab_reclaim in the middle of each allocation of frames
 *     12 cache address     slab_free of an address, from the start of memory on     "freed"
 */
#include "fakes.h"
#include "frames.h"
#include "mm/slab.h"

#define RAM       (24u << 20)
#define CACHES    16
#define OBJECTS   20000
#define CONSTRUCTED 0xc7

static struct {
    struct slab_cache *cache;
    char name[8];
    size_t size;
    bool ctor;
} caches[CACHES];
static unsigned cache_count;

static struct {
    uint8_t *address;
    unsigned cache;
} objects[OBJECTS];
static unsigned object_count;

static unsigned built;                      /* calls of constructors */
static uint8_t built_at[RAM / 4];           /* the same, by address */
static size_t ctor_size;                    /* of the objects of the cache that is in use */
static bool reclaiming;

static void construct(void *object)
{
    built++;
    built_at[((uintptr_t)object - KERNEL_BASE) / 4]++;
    memset(object, CONSTRUCTED, ctor_size);
}

/* The byte that all n hold; -1 if they differ. */
static int same_byte(const uint8_t *p, size_t n)
{
    for (size_t i = 1; i < n; i++)
        if (p[i] != p[0])
            return -1;
    return p[0];
}

static void watch(unsigned order)
{
    (void)order;
    if (!irq_enabled())
        printf("locked\n");
    if (reclaiming)
        slab_reclaim();
}

static void create(size_t size, size_t align, unsigned how)
{
    unsigned i = cache_count;
    void (*ctor)(void *) = how & 1 ? construct : NULL;

    caches[i].name[0] = 'a' + i;
    caches[i].size = size;
    caches[i].ctor = how & 1;
    if (how & 2) {
        caches[i].cache = slab_create(caches[i].name, size, align, ctor);
    } else {
        caches[i].cache = malloc(sizeof(struct slab_cache));
        if (slab_cache_init(caches[i].cache, caches[i].name, size, align, ctor) != 0)
            caches[i].cache = NULL;
    }
    check_interrupts("slab_create");
    cache_count++;
    if (caches[i].cache)
        printf("create %u\n", i);
    else
        printf("create -\n");
}

static void allocate(unsigned i)
{
    ctor_size = caches[i].size;
    uint8_t *p = slab_alloc(caches[i].cache);

    check_interrupts("slab_alloc");
    unsigned n = object_count++;
    if (!p) {
        printf("alloc -\n");
        return;
    }
    uint32_t offset = (uintptr_t)p - KERNEL_BASE;
    if (!frames_own(p, ctor_size)) {
        printf("alloc %x stray\n", offset);
        return;
    }
    bool clean = !caches[i].ctor || same_byte(p, ctor_size) == CONSTRUCTED;
    printf("alloc %x %u %u\n", offset, built_at[offset / 4], clean);
    memset(p, n, ctor_size);
    objects[n].address = p;
    objects[n].cache = i;
}

static void give_back(unsigned n)
{
    unsigned i = objects[n].cache;

    if (!objects[n].address) {
        printf("free -\n");
        return;
    }
    int byte = same_byte(objects[n].address, caches[i].size);
    if (byte < 0)
        printf("free mixed\n");
    else
        printf("free %u\n", byte);
    if (caches[i].ctor)
        memset(objects[n].address, CONSTRUCTED, caches[i].size);
    slab_free(caches[i].cache, objects[n].address);
    check_interrupts("slab_free");
}

static void print_stats(unsigned i)
{
    struct slab_stats s;

    for (unsigned n = 0; slab_stats(n, &s); n++)
        if (s.name == caches[i].name)
            printf("stats %u %u %u %u %u %u\n", s.used, s.objects, s.slabs, s.pages, frames_out,
                   built);
}

static void ignore(const char *format, ...)
{
    (void)format;
}

static void operation(uint32_t what, uint32_t a, uint32_t b, uint32_t c)
{
    bool of_cache = what == 2 || what == 4 || what == 5 || what == 8 || what == 9 || what == 12;

    if (of_cache && !caches[a].cache) {
        printf("no cache\n");
        return;
    }
    switch (what) {
    case 1:
        create(a, b, c);
        break;
    case 2:
        allocate(a);
        break;
    case 3:
        give_back(a);
        break;
    case 4:
        print_stats(a);
        break;
    case 5:
        printf("shrink %u\n", slab_shrink(caches[a].cache));
        break;
    case 6:
        printf("check %u\n", slab_check(ignore));
        break;
    case 7:
        frames_limit(a);
        break;
    case 8:
        slab_destroy(caches[a].cache);
        printf("destroy\n");
        break;
    case 9:
        slab_free(caches[a].cache, objects[b].address + c);
        printf("freed\n");
        break;
    case 10:
        printf("reclaim %u\n", slab_reclaim());
        break;
    case 11:
        reclaiming = a;
        break;
    case 12:
        slab_free(caches[a].cache, (void *)(uintptr_t)(KERNEL_BASE + b));
        printf("freed\n");
        break;
    }
}

static void one_case(void)
{
    frames_init(RAM / PAGE_SIZE, 1);
    frames_watch(watch);
    slab_init();
    while (more()) {
        uint32_t what = word(), a = word(), b = word();
        operation(what, a, b, word());
    }
}

int main(void)
{
    ram_map(RAM, true);
    each_case(one_case);
    return 0;
}
