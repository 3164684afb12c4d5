/* For x86-64 processors with AVX2, FMA and F16C (since 2013), whatever the compiler is told to assume. */

#if defined(__x86_64__)
#define AVX2
#define UNITS avx2_units
#include "layouts.h"
#else
typedef int not_for_this_processor; /* ISO C has no empty file. */
#endif
