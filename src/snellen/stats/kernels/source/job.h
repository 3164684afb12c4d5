/* What one call of the map table asks for. */

#ifndef SNELLEN_JOB_H
#define SNELLEN_JOB_H

#include <stdint.h>

#if !defined(__GNUC__)
#error "snellen's kernel needs GCC or Clang (vector extensions); without it the NumPy version is used"
#endif

enum { LANES = 8 };
enum { SUM, SQUARES, MAGNITUDES, MINIMUM, MAXIMUM, BELOW, ABOVE, NONFINITE, COLUMNS };
enum { CHANNEL_GROUP = 256 }; /* Channels taken together where they are neighbours in memory. */

typedef enum { FLOAT32, BFLOAT16, FLOAT16, FLOAT64 } Kind;

typedef struct {
    const char *data;
    int64_t images, channels;
    int64_t count[3];      /* Positions, outermost axis first; neighbouring axes are joined. */
    int64_t step[3];       /* Bytes from one position to the next, per axis. */
    int64_t image_step, channel_step;
    int64_t positions;
    double low, high;
    float low32, high32;   /* The rails as float32, rounded so that comparisons stay exact. */
    int contiguous;        /* All positions of a channel lie side by side. */
    int64_t rows_per_unit; /* Layout of rows. */
    int64_t groups;        /* Layout of channels: groups per image. */
    double *table;
} Job;

static inline const char *row_start(const Job *job, int64_t row) {
    return job->data + row / job->channels * job->image_step
           + row % job->channels * job->channel_step;
}

/* Fills the rows of one unit of work. */
typedef void (*Unit)(const Job *job, int64_t unit);

/* By layout (0: rows, 1: channels last) and kind, for each instruction set. */
extern const Unit plain_units[2][4];
extern const Unit avx2_units[2][4];

#endif
