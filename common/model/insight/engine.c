/* Opens what insight needs from a configuration folder, and runs the readers one
 * after the other. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/nearest.h"
#include "model/insight/internal.h"
#include "model/insight/own_words.h"
#include "model/insight/turns.h"

static int need_class(const struct linear_model *model, const char *name, uint32_t *ret_class,
                      struct err *err)
{
    *ret_class = linear_class(model, name);
    if (*ret_class < LINEAR_CLASSES_MAX) return E_OK;
    return err_set(err, E_BAD_MODEL, "model %.*s has no class %s; is it another task's?",
                   STR_ARGS(model->file.name), name);
}

static int open_model(const char *folder, const char *name, struct linear_model *model,
                      struct err *err)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/models/%s.model", folder, name);
    return linear_open(path, model, err);
}

static int open_models(struct insight_engine *engine, const char *folder, struct err *err)
{
    static const char *const NEEDS[] = {"feature_request", "problem_report", "question"};
    int rc = open_model(folder, "sentiment", &engine->sentiment, err);
    if (!rc) rc = open_model(folder, "needs", &engine->needs, err);
    if (!rc) rc = feeling_open(&engine->sentiment.file, &engine->feeling, err);
    if (rc) return rc;
    rc = need_class(&engine->sentiment, "positive", &engine->positive, err);
    if (!rc) rc = need_class(&engine->sentiment, "negative", &engine->negative, err);
    if (!rc) rc = need_class(&engine->sentiment, "neutral", &engine->neutral, err);
    if (rc) return err_wrap(err, "%s/models/sentiment.model", folder);
    for (int kind = 0; kind < 3 && !rc; kind++)
        rc = need_class(&engine->needs, NEEDS[kind], &engine->need_classes[kind], err);
    if (rc) return err_wrap(err, "%s/models/needs.model", folder);
    rc = linear_pair_init(&engine->sentiment, &engine->needs, &engine->pair, err);
    if (rc) return rc;
    engine->feeling.known &= engine->pair.weights != NULL; /* no levels without them */
    engine->scales = feeling_scales_of(&engine->sentiment, engine->positive, engine->negative);
    snprintf(engine->models, sizeof engine->models, "%.*s %.*s",
                      STR_ARGS(engine->sentiment.file.name), STR_ARGS(engine->needs.file.name));
    return E_OK;
}

static int find_topic(struct insight_engine *engine, uint32_t class, struct err *err)
{
    const struct topics *topics = &engine->topics;
    struct str name = str_of(engine->trained.names[class]);
    uint32_t topic = engine->trained_topics[class] = topics_find(topics, name);
    if (topic < topics->count) return E_OK;
    struct nearest nearest = nearest_to(name);
    for (uint32_t i = 0; i < topics->count; i++) nearest_offer(&nearest, topics->names[i]);
    return err_set(err, E_BAD_MODEL, "its class %.*s is no topic of the taxonomy%s%.*s%s",
                   STR_ARGS(name), nearest.found.size ? "; did you mean " : "",
                   STR_ARGS(nearest.found), nearest.found.size ? "?" : "");
}

/* By verbatim train topics, where there is one. Its classes are topics of the taxonomy, which may
 * have no keyword there. */
static int open_trained(struct insight_engine *engine, const char *folder, struct err *err)
{
    char path[4096];
    size_t size = strlen(engine->models);
    snprintf(path, sizeof path, "%s/models/topics.model", folder);
    if (access(path, F_OK) != 0) return E_OK;
    int rc = linear_open(path, &engine->trained, err);
    if (rc) return rc;
    if (engine->trained.link != LINEAR_SIGMOID)
        rc = err_set(err, E_BAD_MODEL, "no model of topics; is it another task's?");
    for (uint32_t class = 0; class < engine->trained.classes && !rc; class++)
        rc = find_topic(engine, class, err);
    if (!rc && size + 1 + engine->trained.file.name.size > INSIGHT_MODELS_BYTES)
        rc = err_set(err, E_BAD_MODEL, "the names of the models are beyond %d bytes together",
                     INSIGHT_MODELS_BYTES);
    if (rc) return err_wrap(err, "%s", path);
    snprintf(engine->models + size, sizeof engine->models - size, " %.*s",
             STR_ARGS(engine->trained.file.name));
    return E_OK;
}

static int read_text(const char *folder, const char *name, struct buffer *content, char path[4096],
                     struct err *err)
{
    snprintf(path, 4096, "%s/%s", folder, name);
    return buffer_read_text(content, path, TOPIC_FILE_BYTES_MAX, err);
}

static int open_rules(struct insight_engine *engine, const char *folder, struct err *err)
{
    char path[4096];
    struct buffer content = {0};
    int rc = read_text(folder, "recommendations.txt", &content, path, err);
    if (!rc) rc = rules_parse(&engine->rules, path, buffer_str(&content), &engine->topics, err);
    buffer_deinit(&content);
    return rc;
}

int insight_engine_create(const char *folder, struct insight_engine **ret_engine, struct err *err)
{
    struct insight_engine *engine = calloc(1, sizeof *engine);
    if (!engine) return err_set(err, E_NO_MEMORY, NULL);
    engine->idioms = idioms_open();
    reading_open_grades();
    reading_open_facts();
    reading_open_contact();
    topics_init(&engine->topics);
    topics_init(&engine->aspects);
    int rc = open_models(engine, folder, err);
    if (!rc) rc = topics_open(&engine->topics, folder, "topics", err);
    engine->alert_topic = topics_find(&engine->topics, STR("safety"));
    if (!rc) rc = open_trained(engine, folder, err);
    if (!rc) rc = topics_open(&engine->aspects, folder, "aspects", err);
    if (!rc) rc = open_rules(engine, folder, err);
    if (!rc) topic_sieve_fill(&engine->sieve, &engine->topics, &engine->aspects);
    if (rc) {
        insight_engine_destroy(engine);
        return rc;
    }
    *ret_engine = engine;
    return E_OK;
}

void insight_engine_destroy(struct insight_engine *engine)
{
    if (!engine) return;
    linear_pair_deinit(&engine->pair);
    linear_close(&engine->sentiment);
    linear_close(&engine->needs);
    linear_close(&engine->trained);
    topics_deinit(&engine->topics);
    topics_deinit(&engine->aspects);
    rules_deinit(&engine->rules);
    free(engine);
}

const char *insight_engine_models(const struct insight_engine *engine)
{
    return engine->models;
}

static void choose_language(struct reading *reading, const char *language)
{
    static const char CODES[3][3] = {"en", "es", "fr"};
    reading->languages = LANGUAGE_ALL;
    reading->foreign = language && language[0] && strncmp(language, "und", 3) != 0;
    for (uint32_t i = 0; language && i < 3; i++) {
        if (strncmp(language, CODES[i], 2) != 0 || (language[2] && language[2] != '-')) continue;
        reading->languages = 1u << i;
        reading->text_language = i;
        reading->foreign = false;
    }
}

/* The tokens that lie within [start, end). */
static struct tokens tokens_within(const struct tokens *tokens, size_t start, size_t end)
{
    struct tokens own = {.items = tokens->items, .count = tokens->count};
    while (own.count && own.items[own.count - 1].end > end) own.count--;
    for (; own.count && own.items[0].start < start; own.count--) own.items++;
    return own;
}

int insight_analyze(const struct insight_engine *engine, struct str text,
                    const struct tokens *tokens, const char *language, bool has_rating,
                    float rating, const struct insight_harm *harm, struct arena *arena,
                    struct insight_result *ret_result, struct err *err)
{
    struct insight_result *result = ret_result;
    struct str words = own_words(text);
    size_t own_start = (size_t)(words.data - text.data), own_end = own_start + words.size;
    bool quotes = words.size < text.size;
    struct tokens own = quotes ? tokens_within(tokens, own_start, own_end) : (struct tokens){0};
    if (own.count) { /* not of "…" alone */
        tokens = &own;
        text = str_slice(text, 0, own_end);
    }
    struct tokens turns;
    int rc = turns_own(text, tokens, arena, &turns, err);
    if (rc) return rc;
    if (turns.items != tokens->items) tokens = &turns;
    struct reading reading = {
        .engine = engine, .text = text, .tokens = tokens, .words = words_open(), .arena = arena,
        .has_rating = has_rating && rating >= 1 && rating <= 5, /* other scales can't be read */
        .rating = rating, .alarm = harm ? harm->alarm : INSIGHT_NO_ALERT,
        .harm = harm ? *harm : (struct insight_harm){0},
    };
    /* in place, and only what counts emptied: the lists are long, and mostly unused */
    result->sentiment = INSIGHT_NEUTRAL;
    result->score = result->confidence = 0;
    result->evidence_count = result->need_count = result->topic_count = 0;
    result->aspect_count = result->recommendation_count = 0;
    choose_language(&reading, language);
    rc = linear_extract(text, tokens, arena, &reading.features, err);
    if (!rc) rc = reading_split(&reading, err);
    if (rc) return rc;
    if (!reading.has_rating) reading_note_stars(&reading);
    reading_take_grade(&reading);
    reading_sentiment(&reading, result);
    if (tokens->count) {
        rc = reading_needs(&reading, result, err);
        if (!rc) reading_hopes(&reading, result);
        if (!rc) reading_blames(&reading, result);
        if (!rc) rc = reading_topics(&reading, result, err);
        if (!rc) rc = reading_aspects(&reading, result, err);
        if (!rc) reading_mix(&reading, result);
        if (rc) return rc;
    }
    reading_advice(&reading, result); /* of harm also where the text has no word */
    return E_OK;
}

bool insight_alert_advice(const struct insight_engine *engine, const char *language,
                          struct insight_recommendation *ret_advice)
{
    const struct rule *rule = rules_of_alerts(&engine->rules);
    struct reading reading = {.engine = engine};
    if (!rule) return false;
    choose_language(&reading, language);
    struct str text = rule->texts[reading.text_language];
    *ret_advice = (struct insight_recommendation){
        .text = text.size ? text : rule->texts[0], .team = rule->team, .priority = rule->priority};
    return true;
}
