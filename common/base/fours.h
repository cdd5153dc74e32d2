/* Vectors of four numbers, in one register where there are such. */
#ifndef VERBATIM_BASE_FOURS_H
#define VERBATIM_BASE_FOURS_H

#include <stdint.h>

enum { FOUR = 4 };
typedef float floats_4 __attribute__((vector_size(4 * FOUR)));
typedef int32_t ints_4 __attribute__((vector_size(4 * FOUR)));

#endif
