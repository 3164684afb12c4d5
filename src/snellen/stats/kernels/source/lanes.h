/* Eight values at a time: what one vector adds to the seven columns that need no mask, and the way from
 * lanes to rows of the table. Included once per instruction set (`plain.c`, `avx2.c`). */

#include <math.h>
#include <string.h>

#include "job.h"

#if defined(AVX2)
#include <immintrin.h>
#define TARGET __attribute__((target("avx2,fma,f16c")))
#else
#define TARGET
#endif

/* Every helper is inlined: no vector crosses a call. */
#define INLINE static inline TARGET __attribute__((always_inline))

enum { AHEAD = 2048 }; /* Bytes by which a run is fetched before it is read. */

typedef float Floats __attribute__((vector_size(32)));
typedef int32_t Ints __attribute__((vector_size(32)));
typedef uint32_t Words __attribute__((vector_size(32)));
typedef uint16_t Halves __attribute__((vector_size(16)));
typedef double Row __attribute__((vector_size(64))); /* Of the table. */
typedef double Doubles __attribute__((vector_size(32)));
typedef int64_t Longs __attribute__((vector_size(32)));

typedef struct {
    Floats sum, squares, magnitudes, minimum, maximum;
    Ints below, above; /* Counted downwards: a comparison that holds is -1 in every lane. */
} Lanes;

#if defined(AVX2)
INLINE Floats smaller(Floats a, Floats b) { return (Floats)_mm256_min_ps((__m256)a, (__m256)b); }
INLINE Floats larger(Floats a, Floats b) { return (Floats)_mm256_max_ps((__m256)a, (__m256)b); }
INLINE Floats from_bfloat16(Halves h) {
    return (Floats)_mm256_slli_epi32(_mm256_cvtepu16_epi32((__m128i)h), 16);
}
INLINE Floats from_float16(Halves h) { return (Floats)_mm256_cvtph_ps((__m128i)h); }
#else
INLINE Floats smaller(Floats a, Floats b) {
    Ints less = a < b;
    return (Floats)(((Ints)a & less) | ((Ints)b & ~less));
}

INLINE Floats larger(Floats a, Floats b) {
    Ints more = a > b;
    return (Floats)(((Ints)a & more) | ((Ints)b & ~more));
}

INLINE Floats from_bfloat16(Halves h) {
    return (Floats)(__builtin_convertvector(h, Words) << 16);
}

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

#endif

INLINE Floats magnitude(Floats x) { return (Floats)((Ints)x & 0x7fffffff); }

INLINE Floats load(const char *at, Kind kind) {
    if (kind == FLOAT32) {
        Floats x;
        memcpy(&x, at, sizeof x);
        return x;
    }
    Halves h;
    memcpy(&h, at, sizeof h);
    if (kind == BFLOAT16) return from_bfloat16(h);
    return from_float16(h);
}

INLINE void empty(Lanes *lanes) {
    const Floats zero = {0};
    lanes->sum = lanes->squares = lanes->magnitudes = zero;
    lanes->minimum = zero + INFINITY;
    lanes->maximum = zero - INFINITY;
    lanes->below = lanes->above = (Ints){0};
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

/* `vectors` times eight values, `step` bytes apart; as many bytes are fetched meanwhile from `soon`.
 *
 * Against rounding, sums are taken of four vectors, of up to 32 such fours, and only then joined to the
 * ones before; four at a time is also a shorter chain of dependent additions. */
INLINE void take_many(
    Lanes *lanes, const char *at, int64_t step, int64_t vectors, const char *soon, Kind kind,
    Floats low, Floats high
) {
    Lanes l = *lanes;
    while (vectors >= 4) {
        Floats sum = {0}, squares = {0}, magnitudes = {0};
        int64_t stretch = vectors < 128 ? vectors & ~3 : 128;
        const char *end = at + stretch * step;
        vectors -= stretch;
        for (; at != end; at += 4 * step) {
            __builtin_prefetch(soon);
            if (kind == FLOAT32) __builtin_prefetch(soon + 64);
            soon += kind == FLOAT32 ? 128 : 64;
            Floats a = load(at, kind), b = load(at + step, kind);
            Floats c = load(at + 2 * step, kind), d = load(at + 3 * step, kind);
            sum += (a + b) + (c + d);
            squares += (a * a + b * b) + (c * c + d * d);
            magnitudes += (magnitude(a) + magnitude(b)) + (magnitude(c) + magnitude(d));
            l.minimum = smaller(smaller(smaller(a, b), smaller(c, d)), l.minimum);
            l.maximum = larger(larger(larger(a, b), larger(c, d)), l.maximum);
            l.below += ((a < low) + (b < low)) + ((c < low) + (d < low));
            l.above += ((a > high) + (b > high)) + ((c > high) + (d > high));
        }
        l.sum += sum;
        l.squares += squares;
        l.magnitudes += magnitudes;
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
    take_many(lanes, at, LANES * size, values / LANES, at + AHEAD, kind, low, high);
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
        Row values = __builtin_convertvector(r[i], Row);
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
