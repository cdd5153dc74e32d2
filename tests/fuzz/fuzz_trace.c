/* links: common_observe */
/* A traceparent header: whatever comes, what goes on is valid, and of the same
 * trace if that was. */
#include <assert.h>

#include "observe/trace.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str parent = str_make(data, size);
    struct random random;
    char child[TRACE_TEXT_BYTES], grandchild[TRACE_TEXT_BYTES];
    random_seed(&random, 1);
    trace_child(parent, &random, child);
    assert(strlen(child) == TRACE_TEXT_BYTES - 1 && trace_is_valid(str_of(child)));
    if (trace_is_valid(parent)) assert(memcmp(parent.data + 3, child + 3, 32) == 0);
    trace_child(str_of(child), &random, grandchild);
    assert(memcmp(child, grandchild, 36) == 0 && memcmp(child + 36, grandchild + 36, 16) != 0);
    return 0;
}
