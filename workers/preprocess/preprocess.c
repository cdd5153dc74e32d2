/* Makes a safe document of what was received, and screens it for harm before anything else sees it.
 *
 * In this order: clean (Unicode, markup) → language → personal data out → repeats → safety screen. The
 * original text goes no further, the customer only as a keyed hash (strip.c). A record whose screen is positive
 * or unassessed is also emitted on the safety topic, at once: people read that. */
#include "workers/preprocess/preprocess.h"

#include <stdlib.h>

#include "base/folder.h"
#include "base/hash.h"
#include "config/shipped.h"
#include "runtime/words.h"
#include "text/clean.h"
#include "text/language.h"
#include "text/redact.h"
#include "text/screen.h"
#include "text/similar.h"
#include "workers/preprocess/strip.h"
#include "workers/preprocess/window.h"

#define PREPROCESS_OPTIONS(O)                                                                                           \
    O(STR,    cues,           "",      "Folder of the safety cue lists; empty: the shipped ones.")                      \
    O(STR,    folder,         "",      "Folder for the duplicate window and the generated key; empty: in memory only.") \
    O(SECRET, customer_key,            "Key of the customer hash; empty: one is generated and kept in the folder.")     \
    O(U32,    window_records, "65536", 1024, 4194304, "Texts that repeats are looked for in; a power of two.")         \
    O(MS,     window_age,     "7d",    1000, 31536000000, "Age beyond which a repeat is news again.")                  \
    O(BOOL,   drop_retried,   "true",  "Drop a record whose id came before as another message: its caller posted again.") \
    O(U32,    repeat_words,   "5",     1, 100, "Shorter texts are never marked as repeats: \"good\" isn't copied.")     \
    O(MS,     due_serious,    "15d",   60000, 31536000000, "Reporting clock of serious adverse events (EU, GVP VI).")   \
    O(MS,     due_other,      "90d",   60000, 31536000000, "Reporting clock of other adverse events and situations.")   \
    O(MS,     due_hazard,     "1d",    60000, 31536000000, "Reporting clock of product hazards (US 16 CFR 1115: 24 h).")
OPTIONS_STRUCT(preprocess, PREPROCESS_OPTIONS);
#define OPTIONS_OWNER struct preprocess_options
OPTIONS_TABLE(preprocess, PREPROCESS_OPTIONS, "Clean-up, language, personal data, repeats, safety.");
#undef OPTIONS_OWNER

/* common/text may not know the schema: its kinds mirror it. */
_Static_assert((int)ENUM_redaction_kind_email == REDACT_EMAIL && (int)ENUM_redaction_kind_secret == REDACT_SECRET &&
               (int)ENUM_redaction_kind_count == REDACT_KIND_COUNT, "text/redact.h and schemas/enums.def differ");

enum { DOCUMENT_BYTES = 262144, CUE_BYTES_MAX = 128, /* both as schemas/ has it */
       NEAR_WORDS = 8, LANGUAGES_MAX = 16, WORST_CONFIDENCE_PERCENT = 50 };

struct preprocess_state {
    struct screen *screen;
    struct window *window;
    struct pseudonym pseudonym;
    uint64_t retried, states[ENUM_safety_state_count], redactions[ENUM_redaction_kind_count], duplicates[ENUM_duplicate_kind_count];
    struct {
        char code[8];
        uint64_t records;
    } languages[LANGUAGES_MAX];
};

/* --- document ------------------------------------------------------------------------------- */

static int fill_redactions(struct preprocess_state *state, const struct redacted *redacted, struct arena *arena,
                           struct document *document, struct err *err)
{
    uint32_t most = redacted->count < 1024 ? redacted->count : 1024;
    struct redaction_list list = {.items = ARENA_ARRAY(arena, struct redaction, most), .count = most};
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

/* True when this record came before, as another message: it goes no further. */
static bool mark_repeat(struct worker_context *context, struct job *job, const struct tokens *tokens, uint64_t exact,
                        struct document *document)
{
    struct preprocess_state *state = context->state;
    const struct preprocess_options *options = context->options;
    const struct bus_message *message = job->message;
    struct str earlier = {0};
    struct window_record record = {
        .id = job->record.id, .partition = message->partition, .offset = message->offset, .seen_ms = message->timestamp_ms,
        .has_text = tokens->count >= options->repeat_words, .near = tokens->count >= NEAR_WORDS,
        .exact = exact, .similar = text_simhash(tokens),
    };
    enum window_match match = window_check(state->window, &record, options->window_age, &earlier);
    if (match == WINDOW_RETRIED && options->drop_retried) return state->retried++, true;
    if (match == WINDOW_RETRIED || match == WINDOW_NEW) return false;
    uint32_t kind = match == WINDOW_EXACT ? ENUM_duplicate_kind_exact : ENUM_duplicate_kind_near;
    state->duplicates[kind]++;
    shape_set(document, document, duplicate, kind);
    if (earlier.size) shape_set(document, document, duplicate_of, arena_copy(job->arena, earlier));
    return false;
}

static void count_language(struct preprocess_state *state, const char *code)
{
    for (int i = 0; i < LANGUAGES_MAX; i++) {
        if (state->languages[i].code[0] && strcmp(state->languages[i].code, code) != 0) continue;
        if (!state->languages[i].code[0]) snprintf(state->languages[i].code, sizeof state->languages[i].code, "%s", code);
        state->languages[i].records++;
        return;
    }
}

/* The caller's hint decides when we can't tell. */
static void choose_language(const struct feedback *feedback, struct str text, struct language_guess *guess)
{
    language_detect(text, guess);
    if (!shape_has(feedback, feedback, language) || guess->confidence * 100 >= WORST_CONFIDENCE_PERCENT) return;
    struct str tag = feedback->language, primary = str_cut(&tag, '-');
    if (primary.size < 2 || primary.size >= sizeof guess->code) return;
    for (size_t i = 0; i < primary.size; i++) guess->code[i] = (char)(primary.data[i] | 0x20);
    guess->code[primary.size] = '\0';
    guess->confidence = 0.5f;
}

static struct str content_hash(uint64_t exact, struct arena *arena)
{
    uint8_t bytes[sizeof exact];
    char hex[2 * sizeof exact + 1];
    for (size_t i = 0; i < sizeof exact; i++) bytes[i] = (uint8_t)(exact >> (56 - 8 * i));
    hash_hex(bytes, sizeof bytes, hex);
    return arena_copy(arena, str_of(hex));
}

static int make_document(struct worker_context *context, struct job *job, const struct feedback *feedback,
                         struct document *document, const struct tokens **ret_words, struct language_guess *guess, bool *ret_retried, struct err *err)
{
    struct str clean;
    struct redacted redacted;
    int rc = text_clean(feedback->text, job->arena, &clean, err);
    if (rc) return rc;
    choose_language(feedback, clean, guess);
    rc = text_redact(clean, guess->code, job->arena, &redacted, err);
    if (rc == E_OK && redacted.text.size > DOCUMENT_BYTES)
        rc = err_set(err, E_TOO_LARGE, "document: longer than %d bytes with its placeholders", DOCUMENT_BYTES);
    if (rc == E_OK) rc = job_words(job, redacted.text, ret_words, err);
    if (rc == E_OK) rc = fill_redactions(context->state, &redacted, job->arena, document, err);
    if (rc) return rc;
    uint64_t exact = text_exact_hash(*ret_words);
    shape_set(document, document, text, redacted.text);
    shape_set(document, document, language, arena_copy(job->arena, str_of(guess->code)));
    shape_set(document, document, language_confidence, guess->confidence);
    shape_set(document, document, content_hash, content_hash(exact, job->arena));
    if (!document->language.data || !document->content_hash.data) return err_set(err, E_NO_MEMORY, NULL);
    *ret_retried = mark_repeat(context, job, *ret_words, exact, document);
    count_language(context->state, guess->code);
    return E_OK;
}

/* --- safety ----------------------------------------------------------------------------------- */

static int fill_evidence(const struct screen_result *result, struct arena *arena, struct safety *safety, struct err *err)
{
    struct evidence_list list = {.items = ARENA_ARRAY(arena, struct evidence, result->count), .count = result->count};
    if (!list.items) return err_set(err, E_NO_MEMORY, NULL);
    for (uint32_t i = 0; i < list.count; i++) {
        const struct screen_hit *hit = &result->hits[i];
        shape_set(evidence, &list.items[i], start, hit->start);
        shape_set(evidence, &list.items[i], end, hit->end);
        struct str cue = str_slice(hit->cue, 0, CUE_BYTES_MAX);
        cue.size = str_utf8_valid_prefix(cue); /* no half character at the cut */
        shape_set(evidence, &list.items[i], cue, cue);
        shape_set(evidence, &list.items[i], polarity, hit->polarity);
    }
    if (list.count) shape_set(safety, safety, evidence, list);
    return E_OK;
}

static int64_t due_ms(const struct preprocess_options *options, const struct screen_result *result)
{
    int64_t due = result->serious ? options->due_serious : options->due_other;
    bool hazard = result->kinds >> ENUM_safety_kind_hazard & 1;
    return hazard && options->due_hazard < due ? options->due_hazard : due;
}

static uint32_t state_of(const struct screen_result *result)
{
    switch (result->state) {
    case SCREEN_POSITIVE: return ENUM_safety_state_positive;
    case SCREEN_NEGATIVE: return ENUM_safety_state_negative;
    case SCREEN_UNASSESSED: break;
    }
    return ENUM_safety_state_unassessed;
}

static int make_safety(struct worker_context *context, struct job *job, const struct feedback *feedback,
                       const struct document *document, const struct tokens *tokens, const struct language_guess *guess,
                       struct safety *safety, struct err *err)
{
    struct preprocess_state *state = context->state;
    struct screen_result result;
    int rc = screen_text(state->screen, document->text, tokens, guess->code, guess->confidence,
                         shape_has(feedback, feedback, product), job->arena, &result, err);
    if (rc == E_OK) rc = fill_evidence(&result, job->arena, safety, err);
    if (rc) return rc;
    int64_t received_ms = shape_has(feedback, feedback, received_at) ? feedback->received_at : job->message->timestamp_ms;
    bool known_customer = shape_has(feedback, feedback, customer);
    shape_set(safety, safety, state, state_of(&result));
    shape_set(safety, safety, serious, result.serious);
    shape_set(safety, safety, received_at, received_ms);
    if (result.kinds) shape_set(safety, safety, kinds, result.kinds);
    if (result.seriousness) shape_set(safety, safety, seriousness, result.seriousness);
    if (result.reason) shape_set(safety, safety, reason, str_of(result.reason));
    if (safety->state == ENUM_safety_state_positive) shape_set(safety, safety, due_at, received_ms + due_ms(context->options, &result));
    struct criteria criteria = {0};
    shape_set(criteria, &criteria, reaction, result.reaction);
    shape_set(criteria, &criteria, product, result.product || shape_has(feedback, feedback, product));
    shape_set(criteria, &criteria, patient, result.patient);
    shape_set(criteria, &criteria, reporter, result.reporter || known_customer);
    shape_set(safety, safety, criteria, criteria);
    state->states[safety->state]++;
    return E_OK;
}

/* --- the record that goes on --------------------------------------------------------------------- */

static int preprocess_process(struct worker_context *context, struct job *job, struct err *err)
{
    struct feedback feedback;
    struct document document = {0};
    struct safety safety = {0};
    const struct tokens *words = NULL;
    struct language_guess guess;
    struct str key;
    bool retried = false;
    int rc = record_decode(&job->record, SECTION_FEEDBACK, &feedback, job->arena, err);
    if (rc) return rc;
    if (!shape_has(feedback, &feedback, text)) return err_set(err, E_BAD_MESSAGE, "feedback: text is missing");
    rc = make_document(context, job, &feedback, &document, &words, &guess, &retried, err);
    if (rc || retried) return rc;
    rc = make_safety(context, job, &feedback, &document, words, &guess, &safety, err);
    if (rc == E_OK) rc = strip_feedback(&feedback, &((struct preprocess_state *)context->state)->pseudonym, guess.code, job->arena, err);
    if (rc == E_OK) rc = strip_sections(&job->record, &((struct preprocess_state *)context->state)->pseudonym, guess.code, job->arena, err);
    if (rc == E_OK) rc = record_put(&job->record, SECTION_FEEDBACK, &feedback, job->arena, err);
    if (rc == E_OK) rc = record_put(&job->record, SECTION_DOCUMENT, &document, job->arena, err);
    if (rc == E_OK) rc = record_put(&job->record, SECTION_SAFETY, &safety, job->arena, err);
    key = shape_has(feedback, &feedback, customer) ? feedback.customer : job->record.id;
    if (rc == E_OK && safety.state != ENUM_safety_state_negative) rc = job_emit_record(job, TOPIC_SAFETY, key, err);
    return rc ? rc : job_emit_record(job, TOPIC_DOCUMENTS, key, err);
}

/* --- life --------------------------------------------------------------------------------------- */

static int open_screen(const struct preprocess_options *options, struct screen **ret_screen, struct err *err)
{
    char path[SHIPPED_PATH_BYTES];
    int rc = shipped_path(options->cues, "cues", path, err);
    return rc ? rc : screen_open(path, ret_screen, err);
}

static int open_window(struct worker_context *context, struct preprocess_state *state, struct err *err)
{
    const struct preprocess_options *options = context->options;
    char path[SHIPPED_PATH_BYTES];
    if (options->window_records & (options->window_records - 1))
        return err_set(err, E_BAD_CONFIG, "preprocess.window_records: %u is not a power of two", options->window_records);
    snprintf(path, sizeof path, "%s/%s.window", options->folder, context->member);
    return window_open(options->folder[0] ? path : NULL, options->window_records, &state->window, err);
}

static void free_state(struct preprocess_state *state)
{
    screen_close(state->screen);
    window_close(state->window);
    free(state);
}

static int preprocess_open(struct worker_context *context, struct err *err)
{
    const struct preprocess_options *options = context->options;
    struct preprocess_state *state = calloc(1, sizeof *state);
    if (!state) return err_set(err, E_NO_MEMORY, NULL);
    int rc = open_screen(options, &state->screen, err);
    if (rc == E_OK && options->folder[0]) rc = folder_create(options->folder, err);
    if (rc == E_OK) rc = pseudonym_open(&state->pseudonym, options->customer_key, options->folder, err);
    if (rc == E_OK) rc = open_window(context, state, err);
    if (rc) free_state(state);
    else context->state = state;
    return rc;
}

static void preprocess_close(struct worker_context *context) { free_state(context->state); }

static int preprocess_reload(struct worker_context *context, struct err *err)
{
    struct preprocess_state *state = context->state;
    struct screen *fresh;
    int rc = open_screen(context->options, &fresh, err);
    if (rc) return rc;
    screen_close(state->screen);
    state->screen = fresh;
    return E_OK;
}

static void preprocess_metrics(struct worker_context *context, struct metrics_writer *writer)
{
    const struct preprocess_state *state = context->state;
    for (int i = 0; i < ENUM_safety_state_count; i++)
        metrics_sample(writer, METRIC_SAFETY, "state", safety_state_enumeration.values[i], (double)state->states[i]);
    for (int i = 0; i < ENUM_duplicate_kind_count; i++)
        metrics_sample(writer, METRIC_DUPLICATES, "kind", duplicate_kind_enumeration.values[i], (double)state->duplicates[i]);
    metrics_sample(writer, METRIC_DUPLICATES, "kind", "retried", (double)state->retried);
    for (int i = 0; i < ENUM_redaction_kind_count; i++)
        metrics_sample(writer, METRIC_REDACTIONS, "kind", redaction_kind_enumeration.values[i], (double)state->redactions[i]);
    for (int i = 0; i < LANGUAGES_MAX && state->languages[i].code[0]; i++)
        metrics_sample(writer, METRIC_LANGUAGES, "language", state->languages[i].code, (double)state->languages[i].records);
}

const struct worker preprocess_worker = {
    .name = "preprocess",
    .summary = "Cleans text, finds its language, takes personal data out, marks repeats, screens for safety.",
    .consumes = TOPICS(FEEDBACK),
    .produces = TOPICS(DOCUMENTS) | TOPICS(SAFETY),
    .options = &preprocess_option_table,
    .open = preprocess_open, .process = preprocess_process, .reload = preprocess_reload, .close = preprocess_close,
    .metrics = preprocess_metrics,
};
