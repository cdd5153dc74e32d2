/* The shipped cue lists, a text judged by them, and what holds of every result. */
#ifndef VERBATIM_TEST_SCREEN_RIG_H
#define VERBATIM_TEST_SCREEN_RIG_H

#include "test.h"

#include <stdlib.h>

#include "text/screen.h"

static struct screen *shipped;

static inline struct str folder_of_cues(struct arena *arena)
{
    const char *source = getenv("VERBATIM_SOURCE");
    return arena_printf(arena, "%s/config/cues", source ? source : ".");
}

static inline int open_shipped(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct err err = {0};
    int rc = screen_open(folder_of_cues(&arena).data, &shipped, &err);
    if (rc) print_error("%s\n", err.text);
    arena_deinit(&arena);
    return rc;
}

static inline int close_shipped(void **state)
{
    (void)state;
    screen_close(shipped);
    return 0;
}

static inline struct screen_result judge(const struct screen *screen, struct str text,
                                  const char *language, float confidence, struct arena *arena)
{
    struct err err = {0};
    struct tokens tokens;
    struct screen_result result;
    assert_int_equal(text_tokenize(text, arena, &tokens, &err), E_OK);
    assert_int_equal(
        screen_text(screen, text, &tokens, language, confidence, true, arena, &result, &err), E_OK);
    return result;
}

/* What holds of every result: evidence within the text and in order, and bits only from hits that
 * decide. */
static inline void check_sound(const struct screen_result *result, struct str text)
{
    uint32_t kinds = 0, seriousness = 0;
    assert_true(result->count <= SCREEN_MAX_HITS);
    for (uint32_t i = 0; i < result->count; i++) {
        const struct screen_hit *hit = &result->hits[i];
        assert_true(hit->start < hit->end && hit->end <= text.size);
        assert_true(i == 0 || result->hits[i - 1].start <= hit->start);
        assert_true(hit->cue.size > 0);
        if (hit->polarity == SCREEN_NEGATED || hit->polarity >= SCREEN_FIGURATIVE)
            assert_false(hit->decisive);
        if (hit->polarity == SCREEN_AFFIRMED) assert_true(hit->decisive);
        if (hit->decisive) kinds |= 1u << hit->kind, seriousness |= hit->seriousness;
    }
    assert_int_equal(result->kinds, kinds);
    assert_int_equal(result->seriousness, seriousness);
    assert_int_equal(result->serious, seriousness != 0);
    assert_int_equal(result->state == SCREEN_POSITIVE, kinds != 0);
    assert_int_equal(result->state == SCREEN_UNASSESSED, result->reason != NULL);
}

static inline bool has_hit(const struct screen_result *result, struct str text, const char *quote,
                    int polarity)
{
    for (uint32_t i = 0; i < result->count; i++) {
        const struct screen_hit *hit = &result->hits[i];
        if (hit->polarity == polarity &&
            str_equal(str_slice(text, hit->start, hit->end), str_of(quote)))
            return true;
    }
    return false;
}

#endif
