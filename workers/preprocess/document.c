/* One text's way to a document: clean (Unicode, markup) → language → personal data
 * out → repeats. */
#include "workers/preprocess/document.h"

#include "base/hash.h"
#include "runtime/words.h"
#include "text/clean.h"
#include "text/redact.h"
#include "text/similar.h"

/* common/text may not know the schema: its kinds mirror it. */
_Static_assert((int)ENUM_redaction_kind_email == REDACT_EMAIL &&
                   (int)ENUM_redaction_kind_secret == REDACT_SECRET &&
                   (int)ENUM_redaction_kind_count == REDACT_KIND_COUNT,
               "text/redact.h and schemas/enums.def differ");

enum { DOCUMENT_BYTES = 262144, /* as schemas/ has it */
       NEAR_WORDS = 8, WORST_CONFIDENCE_PERCENT = 50 };

static int fill_redactions(struct preprocess_state *state, const struct redacted *redacted,
                           struct arena *arena, struct document *document, struct err *err)
{
    uint32_t most = redacted->count < 1024 ? redacted->count : 1024;
    struct redaction_list list = {
        .items = ARENA_ARRAY(arena, struct redaction, most), .count = most};
    if (!list.items) return err_set(err, E_NO_MEMORY, NULL);
    for (uint32_t i = 0; i < most; i++) {
        shape_set(redaction, &list.items[i], kind, redacted->items[i].kind);
        shape_set(redaction, &list.items[i], start, redacted->items[i].start);
        shape_set(redaction, &list.items[i], end, redacted->items[i].end);
        state->redactions[redacted->items[i].kind]++;
    }
    if (most) shape_set(document, document, redactions, list);
    return E_OK;
}

static struct window_record window_record_of(const struct window *window,
                                             const struct preprocess_options *options,
                                             const struct bus_message *message, struct str id,
                                             const struct tokens *tokens)
{
    struct similar similar;
    text_similar(tokens, &similar);
    struct window_record record = {
        .id = id, .partition = message->partition, .offset = message->offset,
        .seen_ms = message->timestamp_ms,
        .has_text = tokens->count >= options->repeat_words, .near = tokens->count >= NEAR_WORDS,
        .exact = similar.exact, .similar = similar.similar};
    memcpy(record.bands, similar.bands, sizeof record.bands);
    window_prefetch(window, &record); /* comes while other things are done */
    return record;
}

static int mark_repeat(struct preprocess_state *state, struct arena *arena, struct str earlier,
                       struct reading *reading, struct err *err)
{
    struct document *document = &reading->document;
    if (reading->match != WINDOW_EXACT && reading->match != WINDOW_NEAR) return E_OK;
    uint32_t kind =
        reading->match == WINDOW_EXACT ? ENUM_duplicate_kind_exact : ENUM_duplicate_kind_near;
    state->duplicates[kind]++;
    shape_set(document, document, duplicate, kind);
    if (!earlier.size) return E_OK;
    shape_set(document, document, duplicate_of, arena_copy(arena, earlier));
    return document->duplicate_of.data ? E_OK : err_set(err, E_NO_MEMORY, NULL);
}

static int judge_repeat(struct worker_context *context, struct arena *arena,
                        struct reading *reading, struct err *err)
{
    struct preprocess_state *state = context->state;
    const struct preprocess_options *options = context->options;
    struct str earlier;
    reading->match = window_look(state->window, &reading->seen, options->window_age, &earlier);
    if (options->drop_retried && reading->match == WINDOW_RETRIED) {
        state->retried++;
        reading->retried = true;
        return E_OK;
    }
    if (options->drop_retried && reading->match == WINDOW_REUSED)
        return err_set(
            err, E_EXISTS,
            "its id came before with another text: ids and idempotency keys are used once");
    return mark_repeat(state, arena, earlier, reading, err);
}

static void count_language(struct preprocess_state *state, const char *code)
{
    for (int i = 0; i < LANGUAGES_MAX; i++) {
        if (state->languages[i].code[0] && strcmp(state->languages[i].code, code) != 0) continue;
        if (!state->languages[i].code[0])
            snprintf(state->languages[i].code, sizeof state->languages[i].code, "%s", code);
        state->languages[i].records++;
        return;
    }
}

/* The caller's hint decides when we can't tell. Where we'd rather have said another language,
 * the hint isn't enough to call a text harmless: the screen then takes all its lists, and leaves
 * the rest to people. */
static void choose_language(const struct language_table *table, const struct feedback *feedback,
                            struct str text, struct language_guess *guess)
{
    language_detect_by(table, text, guess);
    if (!shape_has(feedback, feedback, language) ||
        guess->confidence * 100 >= WORST_CONFIDENCE_PERCENT)
        return;
    char hint[4];
    if (!language_code(feedback->language, hint)) return;
    bool contradicted = strcmp(guess->code, "und") != 0 && strcmp(guess->code, hint) != 0;
    memcpy(guess->code, hint, sizeof hint);
    guess->confidence = contradicted ? 0.25f : 0.5f;
}

static struct str content_hash(uint64_t exact, struct arena *arena)
{
    uint8_t bytes[sizeof exact];
    char hex[2 * sizeof exact + 1];
    for (size_t i = 0; i < sizeof exact; i++) bytes[i] = (uint8_t)(exact >> (56 - 8 * i));
    hash_hex(bytes, sizeof bytes, hex);
    return arena_copy(arena, str_of(hex));
}

/* Placeholders may make a text longer than a document can be. It is cut, and so long that the
 * screen leaves it to people; as a dead letter, nobody would be told. */
static void cut_document(struct redacted *redacted)
{
    if (redacted->text.size <= DOCUMENT_BYTES) return;
    uint32_t end = (uint32_t)str_utf8_valid_prefix(str_slice(redacted->text, 0, DOCUMENT_BYTES));
    for (; redacted->count && redacted->items[redacted->count - 1].end > end; redacted->count--)
        if (redacted->items[redacted->count - 1].start < end)
            end = redacted->items[redacted->count - 1].start;
    redacted->text = str_slice(redacted->text, 0, end);
}

/* From what was received to the text of what goes on. No state is touched. */
static int read_text(const struct preprocess_state *state, const struct feedback *feedback,
                     struct arena *arena, struct redacted *redacted, struct language_guess *guess,
                     struct err *err)
{
    struct str clean;
    int rc = text_clean_checked(feedback->text, arena, &clean, err);
    if (rc) return rc;
    choose_language(state->lists->language, feedback, clean, guess);
    rc = text_redact(clean, guess->code, arena, redacted, err);
    if (rc == E_OK) cut_document(redacted);
    return rc;
}

int document_make(struct worker_context *context, struct job *job, const struct feedback *feedback,
                  struct reading *reading, struct err *err)
{
    struct preprocess_state *state = context->state;
    struct document *document = &reading->document;
    struct redacted redacted;
    *reading = (struct reading){.match = WINDOW_NEW};
    int rc = read_text(state, feedback, job->arena, &redacted, &reading->language, err);
    if (rc == E_OK) rc = job_words(job, redacted.text, &reading->words, err);
    if (rc == E_OK) rc = fill_redactions(state, &redacted, job->arena, document, err);
    if (rc) return rc;
    reading->seen = window_record_of(state->window, context->options, job->message, job->record.id,
                                     reading->words);
    shape_set(document, document, text, redacted.text);
    shape_set(document, document, language, arena_copy(job->arena, str_of(reading->language.code)));
    shape_set(document, document, language_confidence, reading->language.confidence);
    shape_set(document, document, content_hash, content_hash(reading->seen.exact, job->arena));
    if (!document->language.data || !document->content_hash.data)
        return err_set(err, E_NO_MEMORY, NULL);
    const struct safety_model *model = preprocess_model(state);
    if (model) rc = job_features(job, redacted.text, err); /* the window's entries come meanwhile */
    if (rc == E_OK) rc = judge_repeat(context, job->arena, reading, err);
    if (rc == E_OK) count_language(state, reading->language.code);
    return rc;
}

void document_remember(void *user, const struct bus_message *message, struct arena *arena)
{
    struct worker_context *context = user;
    struct preprocess_state *state = context->state;
    const struct preprocess_options *options = context->options;
    struct record record;
    struct feedback feedback;
    struct redacted redacted;
    struct tokens tokens;
    struct language_guess guess;
    struct str earlier;
    if (record_scan(message->value, arena, &record, NULL)) return;
    if (record_decode(&record, SECTION_FEEDBACK, &feedback, arena, NULL)) return;
    if (!shape_has(feedback, &feedback, text)) return;
    if (read_text(state, &feedback, arena, &redacted, &guess, NULL)) return;
    if (text_tokenize(redacted.text, arena, &tokens, NULL)) return;
    struct window_record seen =
        window_record_of(state->window, options, message, record.id, &tokens);
    window_enter(state->window, &seen, options->window_age,
                 window_look(state->window, &seen, options->window_age, &earlier));
}
