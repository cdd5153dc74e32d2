/* links: common_model common_text */
/* Any text through the judges that ship: the screen's lists, the safety model, the insight engine.
 * Every claim's evidence holds, numbers lie in their ranges, the model takes nothing back that the
 * lists found, and the same text is judged the same again. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "model/insight.h"
#include "model/safety.h"

static struct screen *screen;
static struct safety_model safety;
static struct insight_engine *engine;

/* From the folder that a test names, or from the one that the fuzzer runs in. */
static const char *config_path(const char *name)
{
    static char path[1024];
    const char *source = getenv("VERBATIM_SOURCE");
    snprintf(path, sizeof path, "%s/config%s", source ? source : ".", name);
    return path;
}

static void open_judges(void)
{
    struct err err;
    if (screen_open(config_path("/cues"), &screen, &err) ||
        safety_model_open(config_path("/models/safety.model"), &safety, &err) ||
        insight_engine_create(config_path(""), &engine, &err)) {
        fprintf(stderr, "%s\n", err.text);
        abort();
    }
}

static void check_screened(struct str text, const struct screen_result *lists,
                           const struct screen_result *all)
{
    assert(lists->state == SCREEN_NEGATIVE || all->state == lists->state);
    assert((all->kinds & lists->kinds) == lists->kinds && (all->serious || !lists->serious));
    assert(all->state != SCREEN_UNASSESSED || all->reason);
    for (uint32_t i = 0; i < all->count; i++) {
        const struct screen_hit *hit = &all->hits[i];
        assert(evidence_holds(text, hit->start, hit->end));
        assert(hit->kind < SCREEN_KIND_COUNT && hit->polarity < SCREEN_POLARITY_COUNT);
    }
}

static void screen_twice(struct str text, const struct tokens *tokens, const char *language,
                         struct arena *arena, struct screen_result *ret_result)
{
    struct safety_about about = {.screen = screen, .language = language, .language_confidence = 1};
    struct screen_result lists;
    struct err err;
    assert(!screen_text(screen, text, tokens, language, 1, false, arena, &lists, &err));
    *ret_result = lists;
    assert(!safety_model_join(&safety, text, tokens, &about, arena, ret_result, &err));
    check_screened(text, &lists, ret_result);
}

static void check_span(struct str text, struct insight_span span)
{
    assert(evidence_holds(text, span.start, span.end));
}

static void check_score(float score) { assert(score >= -1 && score <= 1); }

static void check_insight(struct str text, const struct insight_result *result)
{
    check_score(result->score);
    assert(result->confidence >= 0 && result->confidence <= 1);
    assert(result->evidence_count <= INSIGHT_EVIDENCE_MAX);
    assert(result->need_count <= INSIGHT_NEEDS_MAX);
    for (uint32_t i = 0; i < result->evidence_count; i++) check_span(text, result->evidence[i]);
    for (uint32_t i = 0; i < result->need_count; i++) {
        const struct insight_need *need = &result->needs[i];
        check_span(text, need->span);
        assert(need->text.size && need->text.size <= INSIGHT_NEED_TEXT_BYTES);
        assert(str_is_utf8(need->text) && need->confidence >= 0 && need->confidence <= 1);
    }
    assert(result->topic_count <= INSIGHT_TOPICS_MAX);
    assert(result->aspect_count <= INSIGHT_ASPECTS_MAX);
    for (uint32_t i = 0; i < result->topic_count; i++) {
        check_span(text, result->topics[i].span);
        check_score(result->topics[i].score);
    }
    for (uint32_t i = 0; i < result->aspect_count; i++) {
        check_span(text, result->aspects[i].span);
        check_score(result->aspects[i].score);
        assert(result->aspects[i].worst <= result->aspects[i].best);
    }
    assert(result->recommendation_count <= INSIGHT_RECOMMENDATIONS_MAX);
    for (uint32_t i = 0; i < result->recommendation_count; i++) {
        const struct insight_recommendation *advice = &result->recommendations[i];
        check_span(text, advice->span);
        assert(advice->priority >= 1 && advice->priority <= 5);
    }
}

static void check_same(const struct insight_result *a, const struct insight_result *b)
{
    assert(a->sentiment == b->sentiment && a->score == b->score);
    assert(a->need_count == b->need_count && a->topic_count == b->topic_count);
    for (uint32_t i = 0; i < a->need_count; i++)
        assert(str_equal(a->needs[i].text, b->needs[i].text));
}

static void ask(struct str text, const struct tokens *tokens, const char *language, bool rated,
                const struct insight_harm *harm, struct arena *arena,
                struct insight_result *ret_result)
{
    struct err err;
    assert(!insight_analyze(engine, text, tokens, language, rated, 1, harm, arena, ret_result,
                            &err));
}

/* As preprocess and genai do it: what the screen found is what the engine is told. */
static void judge(struct str text, const char *language, bool rated, struct arena *arena)
{
    struct insight_result result, again;
    struct screen_result screened;
    struct tokens tokens, fresh;
    struct insight_span spans[SCREEN_MAX_HITS];
    struct insight_harm harm = {.spans = spans};
    struct err err;
    assert(!text_tokenize(text, arena, &tokens, &err));
    assert(!text_tokenize(text, arena, &fresh, &err));
    screen_twice(text, &tokens, language, arena, &screened);
    if (screened.state == SCREEN_POSITIVE) harm.alarm = INSIGHT_ALERT;
    if (screened.state == SCREEN_UNASSESSED) harm.alarm = INSIGHT_UNASSESSED;
    for (uint32_t i = 0; i < screened.count; i++) {
        const struct screen_hit *hit = &screened.hits[i];
        if (hit->decisive) spans[harm.count++] = (struct insight_span){hit->start, hit->end};
    }
    if (harm.count) harm.first = spans[0];
    ask(text, &tokens, language, rated, &harm, arena, &result);
    check_insight(text, &result);
    ask(text, &fresh, language, rated, &harm, arena, &again);
    check_same(&result, &again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const languages[] = {"en", "es", "fr", "pt"};
    static struct arena arena;
    if (!engine) open_judges();
    struct str text = str_make(data, size);
    text = str_trim(str_slice(text, 0, str_utf8_valid_prefix(text))); /* as it is cleaned */
    if (text.size) judge(text, languages[size % 4], size % 5 == 0, &arena);
    arena_reset(&arena);
    return 0;
}
