/*
 * Threads as glibc makes them, in a static program: mutexes, conditions, keys, joining, time-outs, and the
 * end of the process while others wait.
 */
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define THREADS 8
#define ROUNDS 2000

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static pthread_barrier_t barrier;
static pthread_key_t key;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static sem_t items;
static int total, stage, onces, destroyed, consumed;
static __thread int own = 5;

static void only_once(void)
{
    onces++;
}

static void destroy(void *value)
{
    __atomic_fetch_add(&destroyed, *(int *)value, __ATOMIC_SEQ_CST);
}

static void *add(void *argument)
{
    int *number = argument;

    pthread_once(&once, only_once);
    pthread_setspecific(key, number);
    own += *number;
    for (int i = 0; i < ROUNDS; i++) {
        pthread_mutex_lock(&mutex);
        total++;
        pthread_mutex_unlock(&mutex);
    }
    pthread_barrier_wait(&barrier);
    return (void *)(long)own;
}

static void *follow(void *argument)
{
    int mine = *(int *)argument;

    pthread_mutex_lock(&mutex);
    while (stage != mine)
        pthread_cond_wait(&changed, &mutex);
    printf("stage %d\n", mine);
    stage++;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&mutex);
    return NULL;
}

static void *consume(void *argument)
{
    for (int i = 0; i < 100; i++)
        sem_wait(&items);
    __atomic_fetch_add(&consumed, 100, __ATOMIC_SEQ_CST);
    return argument;
}

static void *sleep_long(void *argument)
{
    sleep(100);
    return argument;
}

static void run(const char *what, void *(*function)(void *), int count)
{
    static int numbers[THREADS];
    pthread_t threads[THREADS];
    long sum = 0;

    for (int i = 0; i < count; i++) {
        numbers[i] = count - 1 - i;
        if (pthread_create(&threads[i], NULL, function, &numbers[i])) {
            printf("pthread_create failed\n");
            exit(1);
        }
    }
    if (function == consume)
        for (int i = 0; i < 100 * count; i++)
            sem_post(&items);
    for (int i = 0; i < count; i++) {
        void *result;
        pthread_join(threads[i], &result);
        if (function == add)
            sum += (long)result;
    }
    printf("%s: %ld\n", what, sum);
}

int main(void)
{
    struct timespec until;
    pthread_t thread;
    void *result;

    setvbuf(stdout, NULL, _IOLBF, 0);
    pthread_key_create(&key, destroy);
    pthread_barrier_init(&barrier, NULL, THREADS);
    sem_init(&items, 0, 0);
    run("adding", add, THREADS);
    printf("total %d, once %d, destroyed %d, own %d\n", total, onces, destroyed, own);
    run("following", follow, THREADS);
    run("consuming", consume, 4);
    printf("consumed %d\n", consumed);
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += 50000000;
    if (until.tv_nsec >= 1000000000)
        until.tv_sec++, until.tv_nsec -= 1000000000;
    pthread_mutex_lock(&mutex);
    printf("time-out: %d\n", pthread_cond_timedwait(&changed, &mutex, &until) == ETIMEDOUT);
    pthread_mutex_unlock(&mutex);
    pthread_create(&thread, NULL, sleep_long, NULL);
    printf("cancel: %d\n", pthread_cancel(thread));
    pthread_join(thread, &result);
    printf("cancelled: %d\n", result == PTHREAD_CANCELED);
    pthread_create(&thread, NULL, sleep_long, NULL);
    printf("leaving\n");
    return 17;
}
