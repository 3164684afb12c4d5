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

#include <float.h>
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if !defined(__GNUC__)
#error "snellen's kernel needs GCC or Clang (vector extensions); without it the NumPy version is used"
#endif

#if defined(_WIN32)
#define EXPORT __declspec(dllexport)
#else
#include <pthread.h>
#define EXPORT __attribute__((visibility("default")))
#endif

/* Helpers are inlined into one entry per instruction set and compiled for it, so that no vector ever
 * crosses a call: the warning about how it would does not apply. */
#pragma GCC diagnostic ignored "-Wpsabi"
#define INLINE static inline __attribute__((always_inline))

enum { LANES = 8, COLUMNS = 8, AXES = 5 };
enum { BLOCK = 1024 };        /* Values per lane and row between two additions to the table. */
enum { CHANNEL_GROUP = 256 }; /* Channels taken together where they are neighbours in memory. */
enum { CACHED = 4096 };       /* Values of a channel group that stay in the first cache level. */
enum { MAX_THREADS = 64 };

typedef enum { FLOAT32, BFLOAT16, FLOAT16, FLOAT64 } Kind;
enum { SUM, SQUARES, MAGNITUDES, MINIMUM, MAXIMUM, BELOW, ABOVE, NONFINITE };

typedef float Floats __attribute__((vector_size(32)));
typedef int32_t Ints __attribute__((vector_size(32)));
typedef uint32_t Words __attribute__((vector_size(32)));
typedef uint16_t Halves __attribute__((vector_size(16)));
typedef double Doubles __attribute__((vector_size(64)));
typedef int64_t Longs __attribute__((vector_size(64)));

typedef struct {
    const char *data;
    Kind kind;
    int64_t size;          /* Bytes of one value. */
    int64_t images, channels;
    int64_t count[3];      /* Positions, outermost axis first; neighbouring axes are joined. */
    int64_t step[3];       /* Bytes from one position to the next, per axis. */
    int64_t image_step, channel_step;
    int64_t positions;
    double low, high;
    float low32, high32;   /* The rails as float32, rounded so that comparisons stay exact. */
    int channels_last;
    int contiguous;        /* All positions of a channel lie side by side. */
    int64_t units, rows_per_unit, groups;
    int64_t next;          /* The next unit of work that no thread has taken. */
    double *table;
} Job;

typedef struct {
    Floats sum, squares, magnitudes, minimum, maximum;
    Ints below, above; /* Counted downwards: a comparison that holds is -1 in every lane. */
} Lanes;

/* ---- Eight values ---------------------------------------------------------------------------- */

INLINE Floats smaller(Floats a, Floats b) {
    Floats r;
    for (int i = 0; i < LANES; i++) r[i] = a[i] < b[i] ? a[i] : b[i];
    return r;
}

INLINE Floats larger(Floats a, Floats b) {
    Floats r;
    for (int i = 0; i < LANES; i++) r[i] = a[i] > b[i] ? a[i] : b[i];
    return r;
}

INLINE Floats magnitude(Floats x) { return (Floats)((Ints)x & 0x7fffffff); }

INLINE Floats from_float16(Halves halves) {
    Words h = __builtin_convertvector(halves, Words);
    Words bits = (h & 0x7fff) << 13;
    Words normal = bits + (112u << 23); /* From an exponent bias of 15 to one of 127. */
    Words special = (Words)(bits >= (0x7c00u << 13)) & (112u << 23);
    /* A half with exponent 0 has no implicit 1: put one in front and subtract it again. */
    Floats unit = (Floats)((Words){0} + (113u << 23));
    Words tiny = (Words)((Floats)(bits + (113u << 23)) - unit);
    Words is_tiny = (Words)(bits < (0x0400u << 13));
    Words value = (is_tiny & tiny) | (~is_tiny & (normal + special));
    return (Floats)(value | ((h & 0x8000) << 16));
}

INLINE Floats load(const char *at, Kind kind) {
    if (kind == FLOAT32) {
        Floats x;
        memcpy(&x, at, sizeof x);
        return x;
    }
    Halves h;
    memcpy(&h, at, sizeof h);
    if (kind == BFLOAT16) return (Floats)(__builtin_convertvector(h, Words) << 16);
    return from_float16(h);
}

INLINE void empty(Lanes *lanes) {
    memset(lanes, 0, sizeof *lanes);
    lanes->minimum += INFINITY;
    lanes->maximum -= INFINITY;
}

INLINE void take(Lanes *lanes, Floats x, Floats low, Floats high) {
    lanes->sum += x;
    lanes->squares += x * x;
    lanes->magnitudes += magnitude(x);
    lanes->minimum = smaller(x, lanes->minimum);
    lanes->maximum = larger(x, lanes->maximum);
    lanes->below += x < low;
    lanes->above += x > high;
}

/* As `take`, counting only the lanes that `mask` has set; the others hold values of the same row. */
INLINE void take_masked(Lanes *lanes, Floats x, Ints mask, Floats low, Floats high) {
    Floats y = (Floats)((Ints)x & mask);
    lanes->sum += y;
    lanes->squares += y * y;
    lanes->magnitudes += magnitude(y);
    lanes->minimum = smaller(x, lanes->minimum);
    lanes->maximum = larger(x, lanes->maximum);
    lanes->below += (x < low) & mask;
    lanes->above += (x > high) & mask;
}

/* `vectors` times eight values, `step` bytes apart. Four are combined before they join the sums: a
 * shorter chain of dependent additions, and less rounding. */
INLINE void take_many(
    Lanes *lanes, const char *at, int64_t step, int64_t vectors, Kind kind, Floats low, Floats high
) {
    Lanes l = *lanes;
    for (; vectors >= 4; vectors -= 4, at += 4 * step) {
        Floats a = load(at, kind), b = load(at + step, kind);
        Floats c = load(at + 2 * step, kind), d = load(at + 3 * step, kind);
        l.sum += (a + b) + (c + d);
        l.squares += (a * a + b * b) + (c * c + d * d);
        l.magnitudes += (magnitude(a) + magnitude(b)) + (magnitude(c) + magnitude(d));
        l.minimum = smaller(smaller(smaller(a, b), smaller(c, d)), l.minimum);
        l.maximum = larger(larger(larger(a, b), larger(c, d)), l.maximum);
        l.below += ((a < low) + (b < low)) + ((c < low) + (d < low));
        l.above += ((a > high) + (b > high)) + ((c > high) + (d > high));
    }
    for (; vectors > 0; vectors--, at += step) take(&l, load(at, kind), low, high);
    *lanes = l;
}

/* `values` neighbouring values of one row. */
INLINE void take_run(
    Lanes *lanes, const char *at, int64_t values, Kind kind, Floats low, Floats high
) {
    static const int32_t last[16] = {0, 0, 0, 0, 0, 0, 0, 0, -1, -1, -1, -1, -1, -1, -1, -1};
    static const int32_t first[16] = {-1, -1, -1, -1, -1, -1, -1, -1, 0, 0, 0, 0, 0, 0, 0, 0};
    const int64_t size = kind == FLOAT32 ? 4 : 2;
    int64_t rest = values % LANES;
    Ints mask;
    take_many(lanes, at, LANES * size, values / LANES, kind, low, high);
    if (!rest) return;
    if (values > LANES) {
        /* The last eight values, of which all but `rest` have been counted. */
        memcpy(&mask, last + rest, sizeof mask);
        take_masked(lanes, load(at + (values - LANES) * size, kind), mask, low, high);
    } else {
        char padded[LANES * 4];
        for (int i = 0; i < LANES; i++)
            memcpy(padded + i * size, at + (i < rest ? i : 0) * size, (size_t)size);
        memcpy(&mask, first + LANES - rest, sizeof mask);
        take_masked(lanes, load(padded, kind), mask, low, high);
    }
}

/* ---- Lanes to rows of the table -------------------------------------------------------------- */

#if defined(__clang__)
#define SHUFFLE(a, b, ...) __builtin_shufflevector(a, b, __VA_ARGS__)
#else
#define SHUFFLE(a, b, ...) __builtin_shuffle(a, b, (Ints){__VA_ARGS__})
#endif
/* Within each half of a vector, as AVX does it; only the last two cross the halves. */
#define EVENS(a, b) SHUFFLE(a, b, 0, 8, 1, 9, 4, 12, 5, 13)
#define ODDS(a, b) SHUFFLE(a, b, 2, 10, 3, 11, 6, 14, 7, 15)
#define LOW_PAIRS(a, b) SHUFFLE(a, b, 0, 1, 8, 9, 4, 5, 12, 13)
#define HIGH_PAIRS(a, b) SHUFFLE(a, b, 2, 3, 10, 11, 6, 7, 14, 15)
#define LOW_QUADS(a, b) SHUFFLE(a, b, 0, 1, 2, 3, 8, 9, 10, 11)
#define HIGH_QUADS(a, b) SHUFFLE(a, b, 4, 5, 6, 7, 12, 13, 14, 15)
#define ADD(a, b) ((a) + (b))

/* Lane i of the result combines all lanes of the column `C` of rows[i]. */
#define ACROSS(TYPE, OP, C)                                                                        \
    do {                                                                                           \
        TYPE p[4], q[2];                                                                           \
        for (int i = 0; i < 4; i++)                                                                \
            p[i] = OP(EVENS(rows[2 * i].C, rows[2 * i + 1].C), ODDS(rows[2 * i].C, rows[2 * i + 1].C)); \
        for (int i = 0; i < 2; i++)                                                                \
            q[i] = OP(LOW_PAIRS(p[2 * i], p[2 * i + 1]), HIGH_PAIRS(p[2 * i], p[2 * i + 1]));      \
        out->C = OP(LOW_QUADS(q[0], q[1]), HIGH_QUADS(q[0], q[1]));                                \
    } while (0)

/* From the lanes of eight rows to one lane per row. */
INLINE void across(const Lanes rows[LANES], Lanes *out) {
    ACROSS(Floats, ADD, sum);
    ACROSS(Floats, ADD, squares);
    ACROSS(Floats, ADD, magnitudes);
    ACROSS(Floats, smaller, minimum);
    ACROSS(Floats, larger, maximum);
    ACROSS(Ints, ADD, below);
    ACROSS(Ints, ADD, above);
}

/* Writes lanes `from` to 8 into eight, or fewer, rows of the table that begin at `table`; with `add`
 * they join what stands there. */
INLINE void write_rows(const Lanes *lanes, double *table, int from, int until, int add) {
    Floats c[COLUMNS] = {
        lanes->sum, lanes->squares, lanes->magnitudes, lanes->minimum, lanes->maximum,
        __builtin_convertvector(-lanes->below, Floats),
        __builtin_convertvector(-lanes->above, Floats), (Floats){0},
    };
    Floats p[8], q[8], r[8];
    for (int i = 0; i < 4; i++) {
        p[2 * i] = EVENS(c[2 * i], c[2 * i + 1]);
        p[2 * i + 1] = ODDS(c[2 * i], c[2 * i + 1]);
    }
    for (int h = 0; h < 2; h++) {
        for (int i = 0; i < 2; i++) {
            q[4 * h + 2 * i] = LOW_PAIRS(p[4 * h + i], p[4 * h + i + 2]);
            q[4 * h + 2 * i + 1] = HIGH_PAIRS(p[4 * h + i], p[4 * h + i + 2]);
        }
    }
    for (int i = 0; i < 4; i++) {
        r[i] = LOW_QUADS(q[i], q[4 + i]);
        r[4 + i] = HIGH_QUADS(q[i], q[4 + i]);
    }
    for (int i = from; i < until; i++) {
        double *row = table + (i - from) * COLUMNS;
        Doubles values = __builtin_convertvector(r[i], Doubles);
        if (add) {
            for (int k = 0; k < COLUMNS; k++) {
                if (k == MINIMUM) row[k] = values[k] < row[k] ? values[k] : row[k];
                else if (k == MAXIMUM) row[k] = values[k] > row[k] ? values[k] : row[k];
                else row[k] += values[k];
            }
        } else {
            memcpy(row, &values, sizeof values);
        }
    }
}

/* ---- With care ------------------------------------------------------------------------------- */

/* Copies `values` values of one row, from position `from` on, side by side into `buffer`. */
INLINE void gather(
    const Job *job, const char *row, int64_t from, int64_t values, char *buffer, const int64_t size
) {
    int64_t d = from % job->count[2], outer = from / job->count[2];
    int64_t b = outer % job->count[1], a = outer / job->count[1];
    const int64_t step = job->step[2];
    while (values > 0) {
        const char *at = row + a * job->step[0] + b * job->step[1] + d * step;
        int64_t n = job->count[2] - d < values ? job->count[2] - d : values;
        if (step == size) memcpy(buffer, at, (size_t)(n * size));
        else
            for (int64_t i = 0; i < n; i++) memcpy(buffer + i * size, at + i * step, (size_t)size);
        buffer += n * size;
        values -= n;
        d = 0;
        if (++b == job->count[1]) b = 0, a++;
    }
}

INLINE Doubles load_double(const char *at, Kind kind) {
    if (kind != FLOAT64) return __builtin_convertvector(load(at, kind), Doubles);
    Doubles x;
    memcpy(&x, at, sizeof x);
    return x;
}

static const char *row_start(const Job *job, int64_t row) {
    return job->data + row / job->channels * job->image_step
           + row % job->channels * job->channel_step;
}

/* One row in float64, over its finite values. */
INLINE void careful_row(const Job *job, int64_t row, Kind kind) {
    static const uint64_t nan64 = 0x7ff8000000000000u;
    static const uint32_t nan32 = 0x7fc00000u;
    static const uint16_t nan16[2] = {0x7fc0u, 0x7e00u}; /* bfloat16, float16 */
    const void *nan = kind == FLOAT64   ? (const void *)&nan64
                      : kind == FLOAT32 ? (const void *)&nan32
                                        : (const void *)&nan16[kind == FLOAT16];
    const int64_t size = kind == FLOAT64 ? 8 : kind == FLOAT32 ? 4 : 2;
    enum { CHUNK = 256 };
    char buffer[CHUNK * 8];
    Doubles sum = {0}, squares = {0}, magnitudes = {0};
    Doubles minimum = sum + INFINITY, maximum = sum - INFINITY;
    Longs finite = {0}, below = {0}, above = {0};
    for (int64_t from = 0; from < job->positions; from += CHUNK) {
        int64_t n = job->positions - from < CHUNK ? job->positions - from : CHUNK;
        gather(job, row_start(job, row), from, n, buffer, size);
        for (; n % LANES; n++) memcpy(buffer + n * size, nan, (size_t)size);
        for (int64_t i = 0; i < n; i += LANES) {
            Doubles x = load_double(buffer + i * size, kind);
            Doubles m = (Doubles)((Longs)x & INT64_MAX);
            Longs kept = m <= DBL_MAX;
            Doubles y = (Doubles)((Longs)x & kept);
            finite += kept;
            sum += y;
            squares += y * y;
            magnitudes += (Doubles)((Longs)m & kept);
            below += (x < job->low) & kept;
            above += (x > job->high) & kept;
            for (int k = 0; k < LANES; k++) {
                minimum[k] = kept[k] && x[k] < minimum[k] ? x[k] : minimum[k];
                maximum[k] = kept[k] && x[k] > maximum[k] ? x[k] : maximum[k];
            }
        }
    }
    double *out = job->table + row * COLUMNS;
    double t[COLUMNS] = {0, 0, 0, INFINITY, -INFINITY, 0, 0, (double)job->positions};
    for (int k = 0; k < LANES; k++) {
        t[SUM] += sum[k];
        t[SQUARES] += squares[k];
        t[MAGNITUDES] += magnitudes[k];
        t[MINIMUM] = minimum[k] < t[MINIMUM] ? minimum[k] : t[MINIMUM];
        t[MAXIMUM] = maximum[k] > t[MAXIMUM] ? maximum[k] : t[MAXIMUM];
        t[BELOW] -= (double)below[k];
        t[ABOVE] -= (double)above[k];
        t[NONFINITE] += (double)finite[k];
    }
    memcpy(out, t, sizeof t);
}

/* Does again the rows that float32 without masks could not do. Sums that are not finite: a value was
 * not, or overflowed. Squares below what float32 holds with all its digits: they underflowed. */
INLINE void mend_rows(const Job *job, int64_t row, int64_t rows, Kind kind) {
    const double least = 1e6 * FLT_MIN * (double)job->positions;
    for (int64_t i = row; i < row + rows; i++) {
        const double *t = job->table + i * COLUMNS;
        int sound = t[MAGNITUDES] <= DBL_MAX && t[SQUARES] <= DBL_MAX
                    && (t[SQUARES] >= least || t[MAGNITUDES] == 0);
        if (__builtin_expect(!sound, 0)) careful_row(job, i, kind);
    }
}

/* ---- The layouts ----------------------------------------------------------------------------- */

/* Rows whose values are neighbours, and any other layout, a block at a time through a buffer. */
INLINE void rows_unit(const Job *job, int64_t unit, Kind kind) {
    const Floats low = (Floats){0} + job->low32, high = (Floats){0} + job->high32;
    const int64_t size = kind == FLOAT32 ? 4 : 2, all = job->images * job->channels;
    int64_t row = unit * job->rows_per_unit;
    int64_t stop = row + job->rows_per_unit < all ? row + job->rows_per_unit : all;
    char buffer[BLOCK * 4];
    Lanes eight[LANES], lanes;
    for (int i = 0; i < LANES; i++) empty(&eight[i]);
    for (; row < stop; row += LANES) {
        int rows = stop - row < LANES ? (int)(stop - row) : LANES;
        for (int64_t from = 0; from < job->positions; from += BLOCK) {
            int64_t n = job->positions - from < BLOCK ? job->positions - from : BLOCK;
            for (int i = 0; i < rows; i++) {
                const char *at = row_start(job, row + i);
                if (job->contiguous) at += from * size;
                else gather(job, at, from, n, buffer, size), at = buffer;
                empty(&eight[i]);
                take_run(&eight[i], at, n, kind, low, high);
            }
            across(eight, &lanes);
            write_rows(&lanes, job->table + row * COLUMNS, 0, rows, from > 0);
        }
        mend_rows(job, row, rows, kind);
    }
}

/* Adds the lanes of a group of channels to the table. The last vector of a group that is no multiple of
 * eight overlaps the one before: its first lanes are left out. */
INLINE void write_group(const Lanes *lanes, double *table, int64_t channels, int add) {
    for (int64_t c = 0; c < channels; c += LANES) {
        int from = c + LANES <= channels ? 0 : (int)(c + LANES - channels);
        write_rows(&lanes[c / LANES], table + c * COLUMNS, from, LANES, add);
    }
}

/* One image and a group of channels that are neighbours: a lane per channel. */
INLINE void channels_unit(const Job *job, int64_t unit, Kind kind) {
    const Floats low = (Floats){0} + job->low32, high = (Floats){0} + job->high32;
    const int64_t size = kind == FLOAT32 ? 4 : 2;
    const int64_t image = unit / job->groups, begin = unit % job->groups * CHANNEL_GROUP;
    int64_t channels = job->channels - begin;
    /* What is left after the last full group may be less than a vector: it joins that group. */
    if (unit % job->groups < job->groups - 1) channels = CHANNEL_GROUP;
    const int64_t row = image * job->channels + begin, step = job->step[2];
    const int64_t chunk = channels * 16 < CACHED ? CACHED / channels : 16;
    const char *start = job->data + image * job->image_step + begin * size;
    double *table = job->table + row * COLUMNS;
    Lanes lanes[CHANNEL_GROUP / LANES + 1];
    int64_t vectors = (channels + LANES - 1) / LANES, held = 0;
    int add = 0;
    for (int64_t v = 0; v < vectors; v++) empty(&lanes[v]);
    for (int64_t outer = 0; outer < job->count[0] * job->count[1]; outer++) {
        const char *run = start + outer / job->count[1] * job->step[0]
                          + outer % job->count[1] * job->step[1];
        for (int64_t d = 0; d < job->count[2]; d += chunk) {
            int64_t n = job->count[2] - d < chunk ? job->count[2] - d : chunk;
            if (held + n > BLOCK) {
                write_group(lanes, table, channels, add);
                for (int64_t v = 0; v < vectors; v++) empty(&lanes[v]);
                held = 0, add = 1;
            }
            held += n;
            for (int64_t v = 0; v < vectors; v++) {
                int64_t c = v * LANES + LANES <= channels ? v * LANES : channels - LANES;
                take_many(&lanes[v], run + d * step + c * size, step, n, kind, low, high);
            }
        }
    }
    write_group(lanes, table, channels, add);
    mend_rows(job, row, channels, kind);
}

INLINE void careful_unit(const Job *job, int64_t unit, Kind kind) {
    int64_t row = unit * job->rows_per_unit, all = job->images * job->channels;
    int64_t stop = row + job->rows_per_unit < all ? row + job->rows_per_unit : all;
    for (; row < stop; row++) careful_row(job, row, kind);
}

INLINE void one_unit(const Job *job, int64_t unit, Kind kind) {
    if (job->channels_last) channels_unit(job, unit, kind);
    else rows_unit(job, unit, kind);
}

INLINE void work(Job *job) {
    for (;;) {
        int64_t unit = __atomic_fetch_add(&job->next, 1, __ATOMIC_RELAXED);
        if (unit >= job->units) return;
        switch (job->kind) {
        case FLOAT32: one_unit(job, unit, FLOAT32); break;
        case BFLOAT16: one_unit(job, unit, BFLOAT16); break;
        case FLOAT16: one_unit(job, unit, FLOAT16); break;
        case FLOAT64: careful_unit(job, unit, FLOAT64); break;
        }
    }
}

/* ---- One entry per instruction set, and the threads ------------------------------------------- */

static void *work_anywhere(void *job) {
    work(job);
    return NULL;
}

#if defined(__x86_64__)
__attribute__((target("avx2,fma"))) static void *work_avx2(void *job) {
    work(job);
    return NULL;
}
#endif

static void *(*best_work(void))(void *) {
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return work_avx2;
#endif
    return work_anywhere;
}

static void run(Job *job, int threads) {
    void *(*entry)(void *) = best_work();
#if !defined(_WIN32)
    pthread_t helper[MAX_THREADS];
    int helpers = 0;
    if (threads > MAX_THREADS) threads = MAX_THREADS;
    if (threads > job->units) threads = (int)job->units;
    while (helpers < threads - 1 && !pthread_create(&helper[helpers], NULL, entry, job)) helpers++;
    entry(job);
    while (helpers > 0) pthread_join(helper[--helpers], NULL);
#else
    (void)threads;
    entry(job);
#endif
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
    Job job = {.data = data, .kind = (Kind)kind, .low = low, .high = high, .table = table};
    job.size = kind == FLOAT64 ? 8 : kind == FLOAT32 ? 4 : 2;
    job.images = shape[0], job.channels = shape[1];
    job.image_step = strides[0], job.channel_step = strides[1];
    join_positions(&job, shape, strides);
    /* x < low is x < (the next float32 from low upwards), for every float32 x. */
    job.low32 = (float)low;
    if (job.low32 < low) job.low32 = nextafterf(job.low32, INFINITY);
    job.high32 = (float)high;
    if (job.high32 > high) job.high32 = nextafterf(job.high32, -INFINITY);
    int one_axis = job.count[0] == 1 && job.count[1] == 1;
    job.contiguous = one_axis && (job.positions == 1 || job.step[2] == job.size);
    job.channels_last = kind != FLOAT64 && job.channels >= LANES && job.channel_step == job.size
                        && (!job.contiguous || job.positions == 1);
    if (job.channels_last) {
        job.groups = job.channels / CHANNEL_GROUP;
        if (job.channels % CHANNEL_GROUP >= LANES || !job.groups) job.groups++;
        job.units = job.images * job.groups;
    } else {
        int64_t rows = (65536 / job.positions + LANES - 1) / LANES * LANES;
        job.rows_per_unit = rows > LANES ? rows : LANES;
        job.units = (job.images * job.channels + job.rows_per_unit - 1) / job.rows_per_unit;
    }
    run(&job, threads);
}
