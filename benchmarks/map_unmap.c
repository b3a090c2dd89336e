/*
 * The yardstick of benchmarks/map_unmap.py: the same steps as scenarios/models (map_pages and unmap_pages of one 4 KiB
 * page, table counted at offset 32 of its descriptor, empty tables kept) written in C, compiled -O2.
 *
 * usage: map_unmap THREADS PROCESSES SECONDS     prints map+unmap calls a second, of all threads together
 *
 * One shared anonymous mapping holds the lock, the descriptors and the frames, so that threads and processes run the
 * same code. Random page numbers in 16 GiB; each worker takes its own residue class, as in the Python role.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { LEVELS = 4, SHIFT = 9, ENTRIES = 1 << SHIFT, FRAMES = 8400, PAGES = 1 << 22, MAX = 16 };
#define ACCESS 3ull
#define LARGE 0x80ull
#define ADDRESS 0x000ffffffffff000ull
#define DEVICE_PFN (1ull << 30)

typedef _Atomic uint64_t word;
struct worker { _Alignas(64) uint64_t ops, random; };
struct arena {
    _Alignas(64) _Atomic uint32_t cnts;
    _Alignas(64) _Atomic uint32_t go, stop, next_frame;
    _Alignas(64) word root;
    struct worker workers[MAX];
    _Alignas(64) uint8_t descriptors[FRAMES][64];
    _Alignas(4096) word frames[FRAMES][ENTRIES];
};
static struct arena *a;

static inline uint64_t load(word *at) { return atomic_load_explicit(at, memory_order_relaxed); }
static inline _Atomic uint32_t *count_of(word *table)
{
    uint64_t pfn = ((uintptr_t)table - (uintptr_t)a->frames) >> 12;
    return (_Atomic uint32_t *)(a->descriptors[pfn] + 32);
}
static inline word *table_of(uint64_t entry) { return a->frames[(entry & ADDRESS) >> 12]; }
static inline int present(uint64_t entry) { return (entry & ACCESS) != 0; }
static inline int is_table(uint64_t entry, int level) { return level > 1 && !(entry & LARGE); }
static inline uint64_t span(int level) { return 1ull << (SHIFT * (level - 1)); }
static inline word *entry_at(word *table, uint64_t vpfn, int level)
{
    return table + (vpfn >> (SHIFT * (level - 1)) & (ENTRIES - 1));
}

/* qrwlock: the readers' fast path; this benchmark has no writer. */
static inline void read_lock(void)
{
    uint32_t cnts = atomic_fetch_add_explicit(&a->cnts, 0x200, memory_order_acquire) + 0x200;
    while (cnts & 0x1ff) {
        sched_yield();
        cnts = atomic_load_explicit(&a->cnts, memory_order_acquire);
    }
}
static inline void read_unlock(void) { atomic_fetch_sub_explicit(&a->cnts, 0x200, memory_order_release); }

static word *alloc_table(void)
{
    uint32_t pfn = atomic_fetch_add(&a->next_frame, 1);
    if (pfn >= FRAMES)
        return NULL;
    memset((void *)a->frames[pfn], 0, 4096);
    atomic_store_explicit(count_of(a->frames[pfn]), 0, memory_order_relaxed);
    return a->frames[pfn];
}

static uint64_t set_pte(word *pte, word *table, uint64_t new)
{
    uint64_t old = 0;
    if (atomic_compare_exchange_strong(pte, &old, new))
        atomic_fetch_add_explicit(count_of(table), 1, memory_order_relaxed);
    return old;
}
static uint64_t clear_pte(word *pte, word *table)
{
    uint64_t old = atomic_exchange(pte, 0);
    if (present(old))
        atomic_fetch_sub_explicit(count_of(table), 1, memory_order_relaxed);
    return old;
}

static word *walk_alloc(uint64_t vpfn, int lowest, word **table_out)
{
    word *table = (word *)load(&a->root);
    for (int level = LEVELS; level > lowest; level--) {
        word *pte = entry_at(table, vpfn, level);
        uint64_t entry = load(pte);
        if (!present(entry)) {
            word *child = alloc_table();
            if (!child)
                return NULL;
            uint64_t pfn = ((uintptr_t)child - (uintptr_t)a->frames) >> 12;
            set_pte(pte, table, pfn << 12 | ACCESS);
            entry = load(pte);
        }
        if (!is_table(entry, level))
            return NULL;
        table = table_of(entry);
    }
    *table_out = table;
    return entry_at(table, vpfn, lowest);
}

static __attribute__((noinline)) uint64_t map_pages(uint64_t vpfn, uint64_t pages, uint64_t pfn)
{
    uint64_t done = 0;
    read_lock();
    while (done < pages) {
        int level = 3;
        uint64_t alignment = (vpfn + done) | (pfn + done);
        while (level > 1 && ((alignment & (span(level) - 1)) || pages - done < span(level)))
            level--;
        word *table, *pte = walk_alloc(vpfn + done, level, &table);
        if (!pte || set_pte(pte, table, (pfn + done) << 12 | ACCESS | (level > 1 ? LARGE : 0)))
            break;
        done += span(level);
    }
    read_unlock();
    return done;
}

static void clear_level(int level, word *table, uint64_t first, uint64_t last, uint64_t *removed)
{
    uint64_t at = first;
    do {
        uint64_t base = at & ~(span(level) - 1);
        word *pte = entry_at(table, at, level);
        uint64_t entry = load(pte);
        if (present(entry)) {
            if (first <= base && base + span(level) - 1 <= last) {
                *removed += span(level);
                clear_pte(pte, table);
            } else if (level > 1 && is_table(entry, level)) {
                clear_level(level - 1, table_of(entry), at, last, removed);
            }
        }
        at = base + span(level);
    } while (at <= last && (at >> (SHIFT * (level - 1)) & (ENTRIES - 1)));
}

static __attribute__((noinline)) uint64_t unmap_pages(uint64_t vpfn, uint64_t pages)
{
    uint64_t removed = 0;
    read_lock();
    clear_level(LEVELS, (word *)load(&a->root), vpfn, vpfn + pages - 1, &removed);
    read_unlock();
    return removed;
}

static void run(int me, int workers)
{
    struct worker *w = &a->workers[me];
    uint64_t x = 0x9e3779b97f4a7c15ull * (me + 1), ops = 0;
    while (!atomic_load(&a->go))
        sched_yield();
    while (!atomic_load_explicit(&a->stop, memory_order_relaxed)) {
        x ^= x << 13; x ^= x >> 7; x ^= x << 17;
        uint64_t vpfn = (x >> 20) % (PAGES / workers) * workers + me;
        ops += map_pages(vpfn, 1, DEVICE_PFN + vpfn) == 1;
        ops += unmap_pages(vpfn, 1) == 1;
    }
    w->ops = ops;
}

static int n_threads, n_workers;
static void *thread_main(void *index) { run((int)(intptr_t)index, n_workers); return NULL; }
static void run_threads(int first)
{
    pthread_t threads[MAX];
    for (int i = 0; i < n_threads; i++)
        pthread_create(&threads[i], NULL, thread_main, (void *)(intptr_t)(first + i));
    for (int i = 0; i < n_threads; i++)
        pthread_join(threads[i], NULL);
}

int main(int argc, char **argv)
{
    if (argc != 4)
        return 2;
    int processes = atoi(argv[2]);
    double seconds = atof(argv[3]);
    n_threads = atoi(argv[1]);
    n_workers = n_threads * processes;
    if (n_workers < 1 || n_workers > MAX)
        return 2;
    a = mmap(NULL, sizeof *a, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (a == MAP_FAILED)
        return 3;
    atomic_store(&a->next_frame, 1);
    atomic_store(&a->root, (uint64_t)(uintptr_t)alloc_table());
    for (uint64_t vpfn = 0; vpfn < PAGES; vpfn += ENTRIES) { /* tables first, as the Python side's set-up does */
        map_pages(vpfn, 1, DEVICE_PFN + vpfn);
        unmap_pages(vpfn, 1);
    }
    for (int p = 0; p < processes; p++)
        if (fork() == 0) {
            run_threads(p * n_threads);
            _exit(0);
        }
    struct timespec begin, end, pause = { (time_t)seconds, (long)((seconds - (time_t)seconds) * 1e9) };
    usleep(50000);
    clock_gettime(CLOCK_MONOTONIC, &begin);
    atomic_store(&a->go, 1);
    nanosleep(&pause, NULL);
    atomic_store(&a->stop, 1);
    clock_gettime(CLOCK_MONOTONIC, &end);
    while (wait(NULL) > 0)
        ;
    uint64_t ops = 0;
    for (int i = 0; i < n_workers; i++)
        ops += a->workers[i].ops;
    printf("%.0f\n", ops / ((end.tv_sec - begin.tv_sec) + (end.tv_nsec - begin.tv_nsec) * 1e-9));
    return 0;
}
