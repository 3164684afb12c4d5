/* How the values of a map are walked through, for each layout in memory. Included once per instruction
 * set, which says what to call the table of them: `UNITS`. */

#include <float.h>

#include "lanes.h"

enum { BLOCK = 4096 };  /* Values per lane and row between two additions to the table. */
enum { CACHED = 4096 }; /* Values of a channel group that stay in the first cache level. */

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

/* `values` values, a multiple of eight, as float64. */
INLINE void widen(const char *from, double *to, int64_t values, Kind kind) {
    const int64_t size = kind == FLOAT32 ? 4 : 2;
    for (int64_t i = 0; i < values; i += LANES) {
        Floats x = load(from + i * size, kind);
        for (int k = 0; k < LANES; k++) to[i + k] = (double)x[k];
    }
}

/* One row in float64, over its finite values. */
INLINE void careful_row(const Job *job, int64_t row, Kind kind) {
    enum { CHUNK = 256, FOUR = 4 };
    const int64_t size = kind == FLOAT64 ? 8 : kind == FLOAT32 ? 4 : 2;
    char buffer[CHUNK * 4];
    double values[CHUNK];
    Doubles sum = {0}, squares = {0}, magnitudes = {0};
    Doubles minimum = sum + INFINITY, maximum = sum - INFINITY;
    Longs finite = {0}, below = {0}, above = {0};
    for (int64_t from = 0; from < job->positions; from += CHUNK) {
        int64_t n = job->positions - from < CHUNK ? job->positions - from : CHUNK;
        char *gathered = kind == FLOAT64 ? (char *)values : buffer;
        gather(job, row_start(job, row), from, n, gathered, size);
        if (kind != FLOAT64) {
            memset(buffer + n * size, 0, (size_t)(-n & (LANES - 1)) * (size_t)size);
            widen(buffer, values, n + (-n & (LANES - 1)), kind);
        }
        for (; n % FOUR; n++) values[n] = NAN;
        for (int64_t i = 0; i < n; i += FOUR) {
            Doubles x, m, y;
            memcpy(&x, values + i, sizeof x);
            m = (Doubles)((Longs)x & INT64_MAX);
            Longs kept = m <= DBL_MAX;
            y = (Doubles)((Longs)x & kept);
            finite += kept;
            sum += y;
            squares += y * y;
            magnitudes += (Doubles)((Longs)m & kept);
            below += (x < job->low) & kept;
            above += (x > job->high) & kept;
            Longs less = (x < minimum) & kept, more = (x > maximum) & kept;
            minimum = (Doubles)(((Longs)x & less) | ((Longs)minimum & ~less));
            maximum = (Doubles)(((Longs)x & more) | ((Longs)maximum & ~more));
        }
    }
    double t[COLUMNS] = {0, 0, 0, INFINITY, -INFINITY, 0, 0, (double)job->positions};
    for (int k = 0; k < FOUR; k++) {
        t[SUM] += sum[k];
        t[SQUARES] += squares[k];
        t[MAGNITUDES] += magnitudes[k];
        t[MINIMUM] = minimum[k] < t[MINIMUM] ? minimum[k] : t[MINIMUM];
        t[MAXIMUM] = maximum[k] > t[MAXIMUM] ? maximum[k] : t[MAXIMUM];
        t[BELOW] -= (double)below[k];
        t[ABOVE] -= (double)above[k];
        t[NONFINITE] += (double)finite[k];
    }
    memcpy(job->table + row * COLUMNS, t, sizeof t);
}

/* Does again the rows that float32 without masks could not do. Sums that are not finite: a value was
 * not, or overflowed. Squares below what float32 holds with all its digits: they underflowed. */
INLINE void mend_rows(const Job *job, int64_t row, int64_t rows, Kind kind) {
    const double least = 1e6 * FLT_MIN * (double)job->positions;
    for (int64_t i = row; i < row + rows; i++) {
        const double *t = job->table + i * COLUMNS;
        int sound = t[SQUARES] <= DBL_MAX && (t[SQUARES] >= least || t[MAGNITUDES] == 0);
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
    const int dense = step == channels * size;
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
                const char *at = run + d * step + c * size;
                /* Each vector fetches its part of the next chunk, where that is what comes next. */
                const char *soon = dense ? run + (d + n) * step + v * n * LANES * size : at;
                take_many(&lanes[v], at, step, n, soon, kind, low, high);
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

#define UNIT(NAME, KIND, LAYOUT)                                                                  \
    static TARGET __attribute__((noinline)) void NAME(const Job *job, int64_t unit) {             \
        LAYOUT(job, unit, KIND);                                                                   \
    }
UNIT(float32_rows, FLOAT32, rows_unit)
UNIT(bfloat16_rows, BFLOAT16, rows_unit)
UNIT(float16_rows, FLOAT16, rows_unit)
UNIT(float64_rows, FLOAT64, careful_unit)
UNIT(float32_channels, FLOAT32, channels_unit)
UNIT(bfloat16_channels, BFLOAT16, channels_unit)
UNIT(float16_channels, FLOAT16, channels_unit)

const Unit UNITS[2][4] = {
    {float32_rows, bfloat16_rows, float16_rows, float64_rows},
    {float32_channels, bfloat16_channels, float16_channels, NULL},
};
