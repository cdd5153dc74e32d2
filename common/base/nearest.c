/* A bound on how far a typo goes, and the least distance within it. */
#include "base/nearest.h"

struct nearest nearest_to(struct str name)
{
    size_t half = name.size / 2, least = half < 3 ? half : 3, share = name.size * 2 / 5;
    return (struct nearest){.name = name, .distance = (share > least ? share : least) + 1};
}

bool nearest_offer(struct nearest *nearest, struct str known)
{
    size_t distance = str_distance(nearest->name, known);
    if (distance >= nearest->distance) return false;
    nearest->distance = distance;
    nearest->found = known;
    return true;
}
