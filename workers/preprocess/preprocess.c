/* Makes a safe document of what was received, and screens it for harm before anything else sees it.
 *
 * In this order: clean (Unicode, markup) → language → personal data out → repeats → safety screen. The
 * original text goes no further, the customer only as a keyed hash (strip.c). A record whose screen is positive
 * or unassessed is also emitted on the safety topic, at once: people read that. */
#include "workers/preprocess/preprocess.h"

#include <stdlib.h>

#include "base/folder.h"
#include "base/hash.h"
#include "runtime/words.h"
#include "text/clean.h"
#include "text/language.h"
#include "text/redact.h"
#include "text/similar.h"
#include "workers/preprocess/lists.h"
#include "workers/preprocess/strip.h"
#include "workers/preprocess/takeover.h"
#include "workers/preprocess/window.h"

#define PREPROCESS_OPTIONS(O)                                                                                           \
    O(STR,    cues,           "",      "Folder of the safety cue lists; empty: the shipped ones.")                      \
    O(STR,    safety_model,   "",      "File of the trained safety model; empty: the shipped one, none: cue lists alone.")  \
    O(STR,    language_model, "",      "File of a language model (verbatim train language); empty: the one that is compiled in.") \
    O(STR,    folder,         "",      "Folder for the duplicate window and the generated key; empty: in memory only.") \
    O(SECRET, customer_key,            "Key of the customer hash; empty: one is generated and kept in the folder.")     \
    O(U32,    window_records, "65536", 1024, 4194304, "Texts that repeats are looked for in; a power of two.")         \
    O(MS,     window_age,     "7d",    1000, 31536000000, "Age beyond which a repeat is news again.")                  \
    O(U32,    takeover_records, "8192", 0, 1048576,                                                                     \
      "Records of a partition that another replica had, read back to know repeats of them; 0: none.")                   \
    O(BOOL,   drop_retried,   "true",  "Drop a record whose id came before as another message: its caller posted again.") \
    O(U32,    repeat_words,   "5",     1, 100, "Shorter texts are never marked as repeats: \"good\" isn't copied.")     \
    O(STR,    due_clocks,     "",      "File of the reporting clocks by region, kind and seriousness; empty: the shipped one.") \
    O(STR,    regions,        "",      "Regions whose clocks run, parted by commas; empty: all of the file. A record's attribute region comes first.") \
    O(STR,    products,       "",      "File of product and drug names; empty: the shipped one, none: none.")
OPTIONS_STRUCT(preprocess, PREPROCESS_OPTIONS);
#define OPTIONS_OWNER struct preprocess_options
OPTIONS_TABLE(preprocess, PREPROCESS_OPTIONS, "Clean-up, language, personal data, repeats, safety.");
#undef OPTIONS_OWNER

/* common/text may not know the schema: its kinds mirror it. */
_Static_assert((int)ENUM_redaction_kind_email == REDACT_EMAIL && (int)ENUM_redaction_kind_secret == REDACT_SECRET &&
               (int)ENUM_redaction_kind_count == REDACT_KIND_COUNT, "text/redact.h and schemas/enums.def differ");

enum { DOCUMENT_BYTES = 262144, CUE_BYTES_MAX = 128, /* both as schemas/ has it */
       NEAR_WORDS = 8, LANGUAGES_MAX = 16, WINDOW_PATH_BYTES = 4096, WORST_CONFIDENCE_PERCENT = 50 };

struct preprocess_state {
    struct lists *lists;
    struct window *window;
    struct takeover *takeover; /* NULL without a bus */
    struct pseudonym pseudonym;
    struct strip_known known;
    uint64_t retried, states[ENUM_safety_state_count], redactions[ENUM_redaction_kind_count], duplicates[ENUM_duplicate_kind_count];
    struct {
        char code[8];
        uint64_t records;
    } languages[LANGUAGES_MAX];
};

/* NULL: cue lists alone. */
static const struct safety_model *model_of(const struct preprocess_state *state)
{
    return state->lists->model.linear.weights ? &state->lists->model : NULL;
}

/* What the window says of a record, and what it will keep of it. */
struct repeat {
    struct window_record record;
    enum window_match match;
    struct str earlier;
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

static struct window_record window_record_of(const struct window *window, const struct preprocess_options *options,
                                             const struct bus_message *message, struct str id, const struct tokens *tokens)
{
    uint64_t exact = text_exact_hash(tokens);
    window_prefetch(window, id, exact); /* what the window has comes while the other hashes are made */
    struct window_record record = {
        .id = id, .partition = message->partition, .offset = message->offset, .seen_ms = message->timestamp_ms,
        .has_text = tokens->count >= options->repeat_words, .near = tokens->count >= NEAR_WORDS,
        .exact = exact, .similar = text_simhash(tokens),
    };
    text_minhash(tokens, record.bands);
    window_prefetch_near(window, &record);
    return record;
}

static int mark_repeat(struct worker_context *context, struct job *job, const struct repeat *repeat, struct document *document,
                       struct err *err)
{
    struct preprocess_state *state = context->state;
    if (repeat->match != WINDOW_EXACT && repeat->match != WINDOW_NEAR) return E_OK;
    uint32_t kind = repeat->match == WINDOW_EXACT ? ENUM_duplicate_kind_exact : ENUM_duplicate_kind_near;
    state->duplicates[kind]++;
    shape_set(document, document, duplicate, kind);
    if (!repeat->earlier.size) return E_OK;
    shape_set(document, document, duplicate_of, arena_copy(job->arena, repeat->earlier));
    return document->duplicate_of.data ? E_OK : err_set(err, E_NO_MEMORY, NULL);
}

/* *ret_retried: it came before, as another message, and goes no further. */
static int judge_repeat(struct worker_context *context, struct job *job, struct repeat *repeat, bool *ret_retried,
                        struct document *document, struct err *err)
{
    struct preprocess_state *state = context->state;
    const struct preprocess_options *options = context->options;
    repeat->match = window_look(state->window, &repeat->record, options->window_age, &repeat->earlier);
    if (options->drop_retried && repeat->match == WINDOW_RETRIED) return state->retried++, *ret_retried = true, E_OK;
    if (options->drop_retried && repeat->match == WINDOW_REUSED)
        return err_set(err, E_EXISTS, "its id came before with another text: ids and idempotency keys are used once");
    return mark_repeat(context, job, repeat, document, err);
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

/* The caller's hint decides when we can't tell. Where we'd rather have said another language, the hint isn't
 * enough to call a text harmless: the screen then takes all its lists, and leaves the rest to people. */
static void choose_language(const struct language_table *table, const struct feedback *feedback, struct str text, struct language_guess *guess)
{
    language_detect_by(table, text, guess);
    if (!shape_has(feedback, feedback, language) || guess->confidence * 100 >= WORST_CONFIDENCE_PERCENT) return;
    struct str tag = feedback->language, primary = str_cut(&tag, '-');
    char hint[sizeof guess->code] = "";
    if (primary.size < 2 || primary.size >= sizeof hint) return;
    for (size_t i = 0; i < primary.size; i++) hint[i] = (char)(primary.data[i] | 0x20);
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

/* Placeholders may make a text longer than a document can be. It is cut, and so long that the screen leaves it
 * to people; as a dead letter, nobody would be told. */
static void cut_document(struct redacted *redacted)
{
    if (redacted->text.size <= DOCUMENT_BYTES) return;
    uint32_t end = (uint32_t)str_utf8_valid_prefix(str_slice(redacted->text, 0, DOCUMENT_BYTES));
    for (; redacted->count && redacted->items[redacted->count - 1].end > end; redacted->count--)
        if (redacted->items[redacted->count - 1].start < end) end = redacted->items[redacted->count - 1].start;
    redacted->text = str_slice(redacted->text, 0, end);
}

/* From what was received to the text of what goes on. No state is touched. */
static int read_text(const struct preprocess_state *state, const struct feedback *feedback, struct arena *arena, struct redacted *redacted,
                     struct language_guess *guess, struct err *err)
{
    struct str clean;
    int rc = text_clean(feedback->text, arena, &clean, err);
    if (rc) return rc;
    choose_language(state->lists->language, feedback, clean, guess);
    rc = text_redact(clean, guess->code, arena, redacted, err);
    if (rc == E_OK) cut_document(redacted);
    return rc;
}

static int make_document(struct worker_context *context, struct job *job, const struct feedback *feedback,
                         struct document *document, const struct tokens **ret_words, struct language_guess *guess,
                         struct repeat *repeat, bool *ret_retried, struct err *err)
{
    struct preprocess_state *state = context->state;
    struct redacted redacted;
    int rc = read_text(state, feedback, job->arena, &redacted, guess, err);
    if (rc == E_OK) rc = job_words(job, redacted.text, ret_words, err);
    if (rc == E_OK) rc = fill_redactions(state, &redacted, job->arena, document, err);
    if (rc) return rc;
    repeat->record = window_record_of(state->window, context->options, job->message, job->record.id, *ret_words);
    shape_set(document, document, text, redacted.text);
    shape_set(document, document, language, arena_copy(job->arena, str_of(guess->code)));
    shape_set(document, document, language_confidence, guess->confidence);
    shape_set(document, document, content_hash, content_hash(repeat->record.exact, job->arena));
    if (!document->language.data || !document->content_hash.data) return err_set(err, E_NO_MEMORY, NULL);
    if (model_of(state)) rc = job_features(job, redacted.text, &model_of(state)->linear, err); /* the window's entries come meanwhile */
    if (rc == E_OK) rc = judge_repeat(context, job, repeat, ret_retried, document, err);
    if (rc == E_OK) count_language(state, guess->code);
    return rc;
}

/* A record that another replica has worked on: only what is to be known of it. One that can't be read is a
 * dead letter of theirs, and may come again. */
static void remember(void *user, const struct bus_message *message, struct arena *arena)
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
    struct window_record seen = window_record_of(state->window, options, message, record.id, &tokens);
    window_enter(state->window, &seen, options->window_age, window_look(state->window, &seen, options->window_age, &earlier));
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

static int fill_products(const struct preprocess_state *state, const struct tokens *tokens, struct arena *arena,
                         struct safety *safety, struct err *err)
{
    struct name_found found[NAMES_FOUND_MAX];
    uint32_t count = state->lists->products ? names_find(state->lists->products, tokens, found) : 0;
    if (!count) return E_OK;
    struct named_product_list list = {.items = ARENA_ARRAY(arena, struct named_product, count), .count = count};
    if (!list.items) return err_set(err, E_NO_MEMORY, NULL);
    for (uint32_t i = 0; i < count; i++) {
        shape_set(named_product, &list.items[i], name, found[i].name);
        shape_set(named_product, &list.items[i], start, found[i].start);
        shape_set(named_product, &list.items[i], end, found[i].end);
    }
    shape_set(safety, safety, products, list);
    return E_OK;
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
    const struct preprocess_options *options = context->options;
    struct screen_result result;
    const struct safety_model *model = model_of(state);
    int rc = screen_text(state->lists->screen, document->text, tokens, guess->code, guess->confidence,
                         shape_has(feedback, feedback, product), job->arena, &result, err);
    if (rc == E_OK && model) rc = safety_model_join(model, document->text, tokens, job->arena, &result, err);
    if (rc == E_OK) rc = fill_evidence(&result, job->arena, safety, err);
    if (rc == E_OK) rc = fill_products(state, tokens, job->arena, safety, err);
    if (rc) return rc;
    int64_t received_ms = shape_has(feedback, feedback, received_at) ? feedback->received_at : job->message->timestamp_ms;
    bool known_customer = shape_has(feedback, feedback, customer);
    shape_set(safety, safety, state, state_of(&result));
    shape_set(safety, safety, serious, result.serious);
    shape_set(safety, safety, received_at, received_ms);
    if (result.kinds) shape_set(safety, safety, kinds, result.kinds);
    if (result.seriousness) shape_set(safety, safety, seriousness, result.seriousness);
    if (result.reason) shape_set(safety, safety, reason, str_of(result.reason));
    clocks_set_due(&state->lists->clocks, feedback, str_of(options->regions), safety);
    struct criteria criteria = {0};
    shape_set(criteria, &criteria, reaction, result.reaction);
    shape_set(criteria, &criteria, product, result.product || safety->products.count || shape_has(feedback, feedback, product));
    shape_set(criteria, &criteria, patient, result.patient);
    shape_set(criteria, &criteria, reporter, result.reporter || known_customer);
    shape_set(safety, safety, criteria, criteria);
    state->states[safety->state]++;
    return E_OK;
}

/* --- the record that goes on --------------------------------------------------------------------- */

static int make_record(struct worker_context *context, struct job *job, struct err *err)
{
    struct preprocess_state *state = context->state;
    const struct preprocess_options *options = context->options;
    struct feedback feedback;
    struct document document = {0};
    struct safety safety = {0};
    const struct tokens *words = NULL;
    struct language_guess guess;
    struct str key;
    struct repeat repeat = {.match = WINDOW_NEW};
    bool retried = false;
    int rc = record_decode(&job->record, SECTION_FEEDBACK, &feedback, job->arena, err);
    if (rc) return rc;
    if (!shape_has(feedback, &feedback, text)) return err_set(err, E_BAD_MESSAGE, "feedback: text is missing");
    rc = make_document(context, job, &feedback, &document, &words, &guess, &repeat, &retried, err);
    if (rc || retried) return rc;
    rc = make_safety(context, job, &feedback, &document, words, &guess, &safety, err);
    if (rc == E_OK) rc = strip_feedback(&feedback, &state->pseudonym, guess.code, &state->known, job->arena, err);
    if (rc == E_OK) rc = strip_sections(&job->record, &state->pseudonym, guess.code, job->arena, err);
    if (rc == E_OK) rc = record_put(&job->record, SECTION_FEEDBACK, &feedback, job->arena, err);
    if (rc == E_OK) rc = record_put(&job->record, SECTION_DOCUMENT, &document, job->arena, err);
    if (rc == E_OK) rc = record_put(&job->record, SECTION_SAFETY, &safety, job->arena, err);
    key = shape_has(feedback, &feedback, customer) ? feedback.customer : job->record.id;
    if (rc == E_OK && safety.state != ENUM_safety_state_negative) rc = job_emit_record(job, TOPIC_SAFETY, key, err);
    if (rc == E_OK) rc = job_emit_record(job, TOPIC_DOCUMENTS, key, err);
    if (rc == E_OK) window_enter(state->window, &repeat.record, options->window_age, repeat.match);
    return rc;
}

/* Nobody has screened what became a dead letter: people must. They find its text by the id, in the letter;
 * here there is none of it, nor its key, which may be a person's. */
static int preprocess_refused(struct worker_context *context, struct job *job, struct str id, struct err *err)
{
    struct preprocess_state *state = context->state;
    struct safety safety = {0};
    shape_set(safety, &safety, state, ENUM_safety_state_unassessed);
    shape_set(safety, &safety, serious, false);
    shape_set(safety, &safety, reason, STR("refused"));
    shape_set(safety, &safety, received_at, job->message->timestamp_ms);
    job->record = (struct record){.version = RECORD_VERSION, .id = id};
    int rc = record_put(&job->record, SECTION_SAFETY, &safety, job->arena, err);
    if (rc == E_OK) rc = job_emit_record(job, TOPIC_SAFETY, id, err);
    if (rc == E_OK) state->states[ENUM_safety_state_unassessed]++;
    return rc;
}

static int preprocess_process(struct worker_context *context, struct job *job, struct err *err)
{
    struct preprocess_state *state = context->state;
    bool held = false;
    int rc = state->takeover ? takeover_hold(state->takeover, job, &held, err) : E_OK;
    return rc || held ? rc : make_record(context, job, err);
}

/* --- life --------------------------------------------------------------------------------------- */

static int open_lists(const struct preprocess_options *options, struct lists **ret_lists, struct err *err)
{
    const struct lists_choice choice = {.cues = options->cues, .model = options->safety_model, .products = options->products,
                                        .clocks = options->due_clocks, .regions = options->regions, .language = options->language_model};
    return lists_open(&choice, ret_lists, err);
}

static int open_window(struct worker_context *context, struct preprocess_state *state, struct err *err)
{
    const struct preprocess_options *options = context->options;
    char path[WINDOW_PATH_BYTES];
    if (options->window_records & (options->window_records - 1))
        return err_set(err, E_BAD_CONFIG, "preprocess.window_records: %u is not a power of two", options->window_records);
    snprintf(path, sizeof path, "%s/%s.window", options->folder, context->member);
    return window_open(options->folder[0] ? path : NULL, options->window_records, &state->window, err);
}

/* Without a bus nobody else can have had a partition. */
static int open_takeover(struct worker_context *context, struct preprocess_state *state, struct err *err)
{
    const struct preprocess_options *options = context->options;
    const struct takeover_calls calls = {.remember = remember, .process = make_record};
    if (!context->bus || !context->loop || options->takeover_records == 0) return E_OK;
    return takeover_open(context, state->window, &calls, options->takeover_records, &state->takeover, err);
}

static void free_state(struct preprocess_state *state)
{
    takeover_close(state->takeover);
    lists_close(state->lists);
    window_close(state->window);
    pseudonym_close(&state->pseudonym);
    free(state);
}

static int preprocess_open(struct worker_context *context, struct err *err)
{
    const struct preprocess_options *options = context->options;
    struct preprocess_state *state = calloc(1, sizeof *state);
    if (!state) return err_set(err, E_NO_MEMORY, NULL);
    int rc = open_lists(options, &state->lists, err);
    if (rc == E_OK && options->folder[0]) rc = folder_create(options->folder, err);
    if (rc == E_OK) rc = pseudonym_open(&state->pseudonym, options->customer_key, options->folder, err);
    if (rc == E_OK) rc = open_window(context, state, err);
    if (rc == E_OK) rc = open_takeover(context, state, err);
    if (rc) free_state(state);
    else context->state = state;
    return rc;
}

static void preprocess_close(struct worker_context *context) { free_state(context->state); }

static void preprocess_rewound(struct worker_context *context)
{
    struct preprocess_state *state = context->state;
    if (state->takeover) takeover_rewound(state->takeover);
}

static int preprocess_reload(struct worker_context *context, struct err *err)
{
    struct preprocess_state *state = context->state;
    struct lists *lists;
    int rc = open_lists(context->options, &lists, err);
    if (rc) return rc;
    lists_close(state->lists);
    state->lists = lists;
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
    .reads = TOPICS(FEEDBACK), /* again, what another replica has seen */
    .options = &preprocess_option_table,
    .open = preprocess_open, .process = preprocess_process, .refused = preprocess_refused, .reload = preprocess_reload, .close = preprocess_close,
    .metrics = preprocess_metrics, .rewound = preprocess_rewound,
};
