/* Bugs on purpose: a build with -DVERBATIM_MUTANT=NAME (CMake's option of that name) has one
 * of them, and the tests that promise to see it must fail (tests/sim, ops/soak). Otherwise
 * MUTANT(NAME) is the constant 0. Never installed: see CMakeLists.txt.
 *
 * commit_before_produce  positions are committed first, outputs in a commit of their own after
 * no_fencing what a lost generation has in flight is kept, and its commit is let through
 * unstable_object_name an object's name holds the time of its upload offset_off_by_one the position
 * that is committed is the last record's, not the next one's */
#ifndef VERBATIM_BASE_MUTANT_H
#define VERBATIM_BASE_MUTANT_H

enum mutant {
    MUTANT_none,
    MUTANT_commit_before_produce,
    MUTANT_no_fencing,
    MUTANT_unstable_object_name,
    MUTANT_offset_off_by_one,
};

#ifndef VERBATIM_MUTANT
#define VERBATIM_MUTANT none
#endif

#define MUTANT_JOIN(prefix, name) prefix##name
#define MUTANT_NAMED(name) MUTANT_JOIN(MUTANT_, name)
#define MUTANT(name) (MUTANT_NAMED(VERBATIM_MUTANT) == MUTANT_##name)

#endif
