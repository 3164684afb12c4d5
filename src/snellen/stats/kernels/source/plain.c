/* For any processor: the compiler splits the vectors into what it has. */

#define UNITS plain_units
#include "layouts.h"
