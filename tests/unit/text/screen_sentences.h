/* What the shipped cue lists say of a sentence, as a row; one file of rows a language. */
#ifndef VERBATIM_TEST_SCREEN_SENTENCES_H
#define VERBATIM_TEST_SCREEN_SENTENCES_H

#include "screen_rig.h"

#define AE    (1u << SCREEN_ADVERSE_EVENT)
#define HAZ   (1u << SCREEN_HAZARD)
#define COMP  (1u << SCREEN_PRODUCT_COMPLAINT)
#define SPEC  (1u << SCREEN_SPECIAL_SITUATION)
#define DEATH (1u << SCREEN_DEATH)
#define LIFE  (1u << SCREEN_LIFE_THREATENING)
#define HOSP  (1u << SCREEN_HOSPITALISATION)
#define DISAB (1u << SCREEN_DISABILITY)
#define CONG  (1u << SCREEN_CONGENITAL_ANOMALY)
#define MED   (1u << SCREEN_MEDICALLY_IMPORTANT)

enum {
    AFF = SCREEN_AFFIRMED,
    NEG = SCREEN_NEGATED,
    CON = SCREEN_CONDITIONAL,
    IND = SCREEN_INDICATION,
    FIG = SCREEN_FIGURATIVE,
    UNR = SCREEN_UNRELATED
};

/* kinds 0: negative. quote: what one hit must cover, byte for byte, with this polarity; NULL with
 * polarity 0: there is no hit. */
struct screen_case {
    const char *why, *language, *text;
    uint32_t kinds, seriousness;
    const char *quote;
    int polarity;
};

static inline void print_hits(const struct screen_result *result, struct str text)
{
    for (uint32_t i = 0; i < result->count; i++) {
        const struct screen_hit *hit = &result->hits[i];
        struct str quote = str_slice(text, hit->start, hit->end);
        print_message("      \"%.*s\" %s by %.*s\n", STR_ARGS(quote),
                      screen_polarity_name(hit->polarity), STR_ARGS(hit->cue));
    }
}

static inline void judge_cases(const struct screen_case *cases, size_t count)
{
    struct arena arena = {0};
    int wrong = 0;
    for (size_t i = 0; i < count; i++) {
        const struct screen_case *c = &cases[i];
        struct str text = str_of(c->text);
        arena_reset(&arena);
        struct screen_result result = judge(shipped, text, c->language, 0.99f, &arena);
        check_sound(&result, text);
        bool right =
            result.kinds == c->kinds && result.seriousness == c->seriousness && !result.reason;
        if (c->quote) right &= has_hit(&result, text, c->quote, c->polarity);
        right &= (result.count > 0) == (c->quote || c->polarity);
        if (right) continue;
        wrong++;
        print_message("  - %s: %s: kinds %x, seriousness %x\n", c->why, c->text, result.kinds,
                      result.seriousness);
        print_hits(&result, text);
    }
    assert_int_equal(wrong, 0);
    arena_deinit(&arena);
}

struct sentences {
    const struct screen_case *cases;
    size_t count;
};

static void judges_the_cases(void **state)
{
    const struct sentences *sentences = *state;
    judge_cases(sentences->cases, sentences->count);
}

/* A program of one table. */
static inline int judge_sentences(const struct screen_case *cases, size_t count)
{
    struct sentences sentences = {cases, count};
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_prestate(judges_the_cases, &sentences),
    };
    return cmocka_run_group_tests(tests, open_shipped, close_shipped);
}

#endif
