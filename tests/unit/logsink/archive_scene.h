/* Where most tests of the archive begin: a world with one member, its options as rig_options() has
 * them until a test says otherwise. */
#ifndef VERBATIM_TESTS_ARCHIVE_SCENE_H
#define VERBATIM_TESTS_ARCHIVE_SCENE_H

#include "archive_rig.h"

static struct world world;
static struct member member;
static struct archive_options options;

static inline void set_up(void)
{
    options = rig_options();
    world_init(&world);
}

/* The member may be dead already, and another one in its place. */
static inline void tear_down(void)
{
    member_kill(&member);
    world_deinit(&world);
}

#endif
