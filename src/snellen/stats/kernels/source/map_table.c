/* The map table: eight numbers per image and channel, in one pass over memory.
 *
 * Called through ctypes, so that it needs no Python headers and runs without the interpreter's lock.
 *
 * Values are taken eight at a time. The fast path knows nothing of NaN: it keeps seven columns per lane
 * in float32 over at most BLOCK values, then adds them to the table in float64. A row whose sums show
 * that a value was not finite, or that its squares left the range of float32, is done again with care in
 * float64; float64 maps always are. So looking for NaN costs nothing while there is none.
 *
 * The lanes of a vector are either eight neighbouring values of one row (channels first) or one value of
 * eight neighbouring channels (channels last).
 */

#include <math.h>
#include <stddef.h>

#include "job.h"

#if defined(_WIN32)
#define EXPORT __declspec(dllexport)
#else
#include <pthread.h>
#define EXPORT __attribute__((visibility("default")))
#endif

enum { AXES = 5, MAX_THREADS = 64 };

typedef struct {
    const Job *job;
    Unit fill;
    int64_t units;
    int64_t next; /* The next unit that no thread has taken. */
} Work;

static void *share(void *shared) {
    Work *work = shared;
    for (;;) {
        int64_t unit = __atomic_fetch_add(&work->next, 1, __ATOMIC_RELAXED);
        if (unit >= work->units) return NULL;
        work->fill(work->job, unit);
    }
}

static void run(Work *work, int threads) {
#if !defined(_WIN32)
    pthread_t helper[MAX_THREADS];
    int helpers = 0;
    if (threads > MAX_THREADS) threads = MAX_THREADS;
    if (threads > work->units) threads = (int)work->units;
    while (helpers < threads - 1 && !pthread_create(&helper[helpers], NULL, share, work)) helpers++;
    share(work);
    while (helpers > 0) pthread_join(helper[--helpers], NULL);
#else
    (void)threads;
    share(work);
#endif
}

static Unit best_unit(int channels_last, Kind kind) {
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
        return avx2_units[channels_last][kind];
#endif
    return plain_units[channels_last][kind];
}

/* Joins neighbouring position axes that are one axis in memory; axes of length 1 go first. */
static void join_positions(Job *job, const int64_t *shape, const int64_t *strides) {
    int kept = 3;
    for (int axis = AXES - 1; axis >= 2; axis--) {
        if (shape[axis] == 1) continue;
        if (kept < 3 && strides[axis] == job->count[kept] * job->step[kept]) {
            job->count[kept] *= shape[axis];
        } else {
            kept--;
            job->count[kept] = shape[axis];
            job->step[kept] = strides[axis];
        }
    }
    while (kept > 0) job->count[--kept] = 1, job->step[kept] = 0;
    job->positions = job->count[0] * job->count[1] * job->count[2];
}

/* Fills `table` (images, channels, 8) from `data` (images, channels, 3 position axes); strides in bytes.
 * No axis is empty. */
EXPORT void snellen_map_table(
    const void *data, int kind, const int64_t *shape, const int64_t *strides, double low, double high,
    int threads, double *table
) {
    const int64_t size = kind == FLOAT64 ? 8 : kind == FLOAT32 ? 4 : 2;
    Job job = {.data = data, .low = low, .high = high, .table = table};
    Work work = {.job = &job};
    job.images = shape[0], job.channels = shape[1];
    job.image_step = strides[0], job.channel_step = strides[1];
    join_positions(&job, shape, strides);
    /* x < low is x < (the next float32 from low upwards), for every float32 x. */
    job.low32 = (float)low;
    if (job.low32 < low) job.low32 = nextafterf(job.low32, INFINITY);
    job.high32 = (float)high;
    if (job.high32 > high) job.high32 = nextafterf(job.high32, -INFINITY);
    int one_axis = job.count[0] == 1 && job.count[1] == 1;
    job.contiguous = one_axis && (job.positions == 1 || job.step[2] == size);
    int channels_last = kind != FLOAT64 && job.channels >= LANES && job.channel_step == size
                        && (!job.contiguous || job.positions == 1);
    if (channels_last) {
        job.groups = job.channels / CHANNEL_GROUP;
        if (job.channels % CHANNEL_GROUP >= LANES || !job.groups) job.groups++;
        work.units = job.images * job.groups;
    } else {
        int64_t rows = (65536 / job.positions + LANES - 1) / LANES * LANES;
        job.rows_per_unit = rows > LANES ? rows : LANES;
        work.units = (job.images * job.channels + job.rows_per_unit - 1) / job.rows_per_unit;
    }
    work.fill = best_unit(channels_last, (Kind)kind);
    run(&work, threads);
}
