/* preprocess from message to messages: what it emits, where, in which order, and what
 * is no longer in it. */
#include "test.h"

#include <stdlib.h>
#include <unistd.h>

#include "runtime/chain.h"
#include "workers/preprocess/preprocess.h"

struct out {
    enum topic topic;
    char key[128];
    struct record record;
    struct document document;
    struct safety safety;
    struct feedback feedback;
    struct dead_letter letter;
    struct str raw;
};

struct rig {
    struct config *config;
    struct chain *chain;
    struct arena arena;
    struct out outs[4];
    int count;
};

static void decode(struct rig *rig, struct out *out, struct str value)
{
    struct err err;
    struct str copy = arena_copy(&rig->arena, value);
    out->raw = copy;
    assert_int_equal(record_scan(copy, &rig->arena, &out->record, &err), E_OK);
    if (record_has(&out->record, SECTION_FEEDBACK))
        assert_int_equal(
            record_decode(&out->record, SECTION_FEEDBACK, &out->feedback, &rig->arena, &err), E_OK);
    if (record_has(&out->record, SECTION_DOCUMENT))
        assert_int_equal(
            record_decode(&out->record, SECTION_DOCUMENT, &out->document, &rig->arena, &err), E_OK);
    if (record_has(&out->record, SECTION_SAFETY))
        assert_int_equal(
            record_decode(&out->record, SECTION_SAFETY, &out->safety, &rig->arena, &err), E_OK);
    if (record_has(&out->record, SECTION_DEAD_LETTER))
        assert_int_equal(
            record_decode(&out->record, SECTION_DEAD_LETTER, &out->letter, &rig->arena, &err),
            E_OK);
}

static void on_output(void *user, const struct chain_message *message)
{
    struct rig *rig = user;
    struct str value;
    struct err err;
    assert_true(rig->count < (int)COUNT_OF(rig->outs));
    struct out *out = &rig->outs[rig->count++];
    *out = (struct out){.topic = message->topic};
    snprintf(out->key, sizeof out->key, "%.*s", STR_ARGS(message->key));
    assert_int_equal(record_write(message->record, &rig->arena, &value, &err), E_OK);
    decode(rig, out, value);
}

static void open_rig(struct rig *rig, const char *folder)
{
    static const struct worker *const workers[] = {&preprocess_worker};
    static const struct option_table *tables[2];
    struct err err;
    char cues[512], setting[512];
    *rig = (struct rig){0};
    tables[0] = preprocess_worker.options;
    assert_int_equal(config_create(tables, &rig->config, &err), E_OK);
    snprintf(cues, sizeof cues, "preprocess.cues=%s/config/cues", getenv("VERBATIM_SOURCE"));
    assert_int_equal(config_set(rig->config, str_of(cues), "test", &err), E_OK);
    assert_int_equal(
        config_set(rig->config, STR("preprocess.customer_key=0123456789abcdef"), "test", &err),
        E_OK);
    assert_int_equal(config_set(rig->config, STR("preprocess.window_records=1024"), "test", &err),
                     E_OK);
    snprintf(setting, sizeof setting, "preprocess.folder=%s", folder);
    if (folder[0]) assert_int_equal(config_set(rig->config, str_of(setting), "test", &err), E_OK);
    assert_int_equal(chain_create(workers, 1, rig->config, clock_system(), &rig->chain, &err),
                     E_OK);
}

static void close_rig(struct rig *rig)
{
    chain_destroy(rig->chain);
    config_destroy(rig->config);
    arena_deinit(&rig->arena);
}

/* Sends a message whose feedback has these fields; text NULL: it has none. */
static void receive(struct rig *rig, const char *id, struct feedback *feedback, int64_t at_ms)
{
    struct record record = {.version = RECORD_VERSION, .id = str_of(id)};
    struct chain_message message = {
        .topic = TOPIC_FEEDBACK, .key = str_of(id), .timestamp_ms = at_ms};
    struct err err;
    rig->count = 0;
    assert_int_equal(record_put(&record, SECTION_FEEDBACK, feedback, &rig->arena, &err), E_OK);
    assert_int_equal(record_write(&record, &rig->arena, &message.value, &err), E_OK);
    assert_int_equal(chain_process(rig->chain, &message, on_output, rig, &err), E_OK);
}

static struct feedback said(const char *text)
{
    struct feedback feedback = {0};
    if (text) shape_set(feedback, &feedback, text, str_of(text));
    return feedback;
}

static bool raw_holds(const struct out *out, const char *needle)
{
    return str_find(out->raw, str_of(needle)) < out->raw.size;
}

static void emits_documents_and_safety(void **state)
{
    static const struct {
        const char *why, *text, *clean, *language;
        const char *topics; /* d: documents, s: safety, x: dead letters, in the order of emission */
        uint32_t safety;
    } cases[] = {
        {"an ordinary review", "The battery is good and it charges quickly every day.",
         "The battery is good and it charges quickly every day.", "en", "d",
         ENUM_safety_state_negative},
        {"harm goes to people, before the document",
         "This cream gave me a terrible rash on both of my arms.",
         "This cream gave me a terrible rash on both of my arms.", "en",
         "sd", ENUM_safety_state_positive},
        {"markup and personal data out",
         "<p>I want you to call me on &#48;7700 900123, please.</p>",
         "I want you to call me on [PHONE], please.", "en", "d",
         ENUM_safety_state_negative},
        {"Spanish",
         "La batería dura muy poco y la pantalla se ve muy mal, escríbeme a ana@correo.es",
         "La batería dura muy poco y la pantalla se ve muy mal, escríbeme a [EMAIL]", "es",
         "d", ENUM_safety_state_negative},
        {"a language that nobody screens goes to people",
         "Der Akku hält nicht lange und das Display ist viel zu dunkel geworden.",
         "Der Akku hält nicht lange und das Display ist viel zu dunkel geworden.",
         "de", "sd", ENUM_safety_state_unassessed},
    };
    struct rig rig;
    (void)state;
    open_rig(&rig, "");
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct feedback feedback = said(cases[i].text);
        char id[16], topics[8] = "";
        snprintf(id, sizeof id, "r%zu", i);
        CASE(cases[i].why);
        receive(&rig, id, &feedback, 1700000000000);
        for (int k = 0; k < rig.count; k++)
            topics[k] = rig.outs[k].topic == TOPIC_DOCUMENTS ? 'd'
                        : rig.outs[k].topic == TOPIC_SAFETY  ? 's'
                                                             : 'x';
        assert_string_equal(topics, cases[i].topics);
        for (int k = 0; k < rig.count; k++) {
            assert_true(str_equal(rig.outs[k].document.text, str_of(cases[i].clean)));
            assert_true(str_equal(rig.outs[k].document.language, str_of(cases[i].language)));
            assert_int_equal(rig.outs[k].safety.state, cases[i].safety);
            assert_string_equal(rig.outs[k].key, id);
        }
    }
    close_rig(&rig);
}

static void lets_no_personal_data_on(void **state)
{
    struct rig rig;
    struct str_pair pairs[] = {
        {STR("email"), STR("nobody")}, {STR("note"), STR("ask ana@correo.es")},
        {STR("user_id"), STR("u-4711")}, {STR("plan"), STR("gold")}};
    struct feedback feedback =
        said("My name is Karen Olivares and this cream gave me a rash, mail karen@ex.org");
    (void)state;
    shape_set(feedback, &feedback, customer, STR("karen.olivares"));
    shape_set(feedback, &feedback, source, STR("inbox karen@ex.org"));
    shape_set(feedback, &feedback, product, STR("Calvin Klein Cream"));
    shape_set(feedback, &feedback, attributes, ((struct str_map){pairs, COUNT_OF(pairs)}));
    open_rig(&rig, "");
    receive(&rig, "r1", &feedback, 1700000000000);
    assert_int_equal(rig.count, 2);
    for (int k = 0; k < rig.count; k++) {
        static const char *const gone[] = {
            "aren", "livares", "@ex.org", "ana@", "nobody", "u-4711"};
        const struct out *out = &rig.outs[k];
        for (size_t i = 0; i < COUNT_OF(gone); i++) {
            CASE(gone[i]);
            assert_false(raw_holds(out, gone[i]));
        }
        assert_false(shape_has(feedback, &out->feedback, text));
        assert_int_equal(out->feedback.customer.size, 32);
        /* one customer's records stay in order */
        assert_true(str_equal(str_of(out->key), out->feedback.customer));
        assert_true(str_equal(out->feedback.product, STR("Calvin Klein Cream")));
        assert_true(str_equal(out->feedback.attributes.items[3].value, STR("gold")));
        assert_int_equal(out->document.redactions.count, 2);
        assert_int_equal(out->document.redactions.items[0].kind, ENUM_redaction_kind_person);
        assert_int_equal(out->document.redactions.items[1].kind, ENUM_redaction_kind_email);
        for (uint32_t i = 0; i < out->document.redactions.count; i++)
            assert_int_equal(out->document.text.data[out->document.redactions.items[i].start], '[');
    }
    close_rig(&rig);
}

/* Promise 3: what can't be judged goes to people, and is never called harmless. */
static void leaves_doubt_to_people(void **state)
{
    static const struct {
        const char *why, *text, *hint, *language;
        enum safety_state expected;
    } cases[] = {
        {"nothing to go by", "ok", NULL, "und", ENUM_safety_state_unassessed},
        {"nothing to go by but the caller's word", "ok", "en-GB", "en", ENUM_safety_state_negative},
        {"the caller's word against a weak guess", "tot", "en", "en", ENUM_safety_state_unassessed},
        {"the caller's word against a sure one", "Das Essen war gut und der Akku hält lange.", "en",
         "de", ENUM_safety_state_unassessed},
    };
    struct rig rig;
    (void)state;
    open_rig(&rig, "");
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char id[16];
        CASE(cases[i].why);
        struct feedback feedback = said(cases[i].text);
        if (cases[i].hint) shape_set(feedback, &feedback, language, str_of(cases[i].hint));
        snprintf(id, sizeof id, "doubt-%zu", i);
        receive(&rig, id, &feedback, 1000);
        const struct out *document = &rig.outs[rig.count - 1];
        assert_int_equal(rig.count, cases[i].expected == ENUM_safety_state_negative ? 1 : 2);
        assert_int_equal(document->topic, TOPIC_DOCUMENTS);
        assert_true(str_equal(document->document.language, str_of(cases[i].language)));
        assert_int_equal(document->safety.state, cases[i].expected);
    }
    close_rig(&rig);
}

/* Placeholders make the longest text longer than a document can be. */
static void a_text_that_outgrows_the_document_is_cut(void **state)
{
    enum { BYTES = 262144, PIECE = 8 };
    struct rig rig;
    char *text = malloc(BYTES + 1);
    (void)state;
    assert_non_null(text);
    for (size_t i = 0; i < BYTES; i += PIECE) memcpy(text + i, "a@b.co, ", PIECE);
    text[BYTES] = '\0';
    open_rig(&rig, "");
    struct feedback feedback = said(text);
    receive(&rig, "long", &feedback, 1000);
    assert_int_equal(rig.count, 2);
    assert_int_equal(rig.outs[0].topic, TOPIC_SAFETY);
    const struct document *document = &rig.outs[1].document;
    assert_int_equal(rig.outs[1].safety.state, ENUM_safety_state_unassessed);
    assert_true(document->text.size <= BYTES && document->text.size > BYTES - 2 * PIECE);
    assert_true(str_find(document->text, STR("@")) == document->text.size);
    assert_true(str_ends(document->text, STR(", ")) || str_ends(document->text, STR("[EMAIL],")));
    close_rig(&rig);
    free(text);
}

/* Told on the safety topic without a word of what was said, and not under the customer's key. */
static void expect_unassessed(const struct out *out, struct str id)
{
    assert_int_equal(out->topic, TOPIC_SAFETY);
    assert_true(str_equal(out->record.id, id) && str_equal(str_of(out->key), id));
    assert_int_equal(out->safety.state, ENUM_safety_state_unassessed);
    assert_true(str_equal(out->safety.reason, STR("refused")));
    assert_int_equal(out->safety.received_at, 1700000000000);
    for (int section = 0; section < SECTION_COUNT; section++)
        assert_true(section == SECTION_SAFETY || !record_has(&out->record, (enum section)section));
}

static void refuses_for_good(void **state)
{
    static const struct {
        const char *why, *text, *cause;
        bool record; /* it is one, with an id */
    } cases[] = {
        {"no text", NULL, "bad_message", true},
        {"bad UTF-8", "good\xFF\xFE bad", "bad_message", false},
        {"cut in a character", "caf\xC3", "bad_message", false},
    };
    struct rig rig;
    (void)state;
    open_rig(&rig, "");
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct feedback feedback = said(cases[i].text);
        CASE(cases[i].why);
        shape_set(feedback, &feedback, rating, 3);
        receive(&rig, "r", &feedback, 1700000000000);
        assert_int_equal(rig.count, 2);
        assert_int_equal(rig.outs[0].topic, TOPIC_DEAD_LETTERS);
        assert_true(str_equal(rig.outs[0].letter.cause, str_of(cases[i].cause)));
        assert_true(str_equal(rig.outs[0].letter.worker, STR("preprocess")));
        assert_true(rig.outs[0].letter.value.size > 0); /* it can be redriven */
        assert_int_equal(shape_has(dead_letter, &rig.outs[0].letter, record), cases[i].record);
        expect_unassessed(&rig.outs[1], cases[i].record ? STR("r") : rig.outs[0].record.id);
    }
    close_rig(&rig);
}

/* Not even an id: people find it by the letter's. */
static void what_is_no_record_goes_to_people(void **state)
{
    static const struct chain_message message = {
        .topic = TOPIC_FEEDBACK, .key = {"c-17", 4}, .value = {"\xc1", 1},
        .timestamp_ms = 1700000000000};
    struct rig rig;
    struct err err;
    (void)state;
    open_rig(&rig, "");
    assert_int_equal(chain_process(rig.chain, &message, on_output, &rig, &err), E_OK);
    assert_int_equal(rig.count, 2);
    assert_int_equal(rig.outs[0].topic, TOPIC_DEAD_LETTERS);
    assert_false(shape_has(dead_letter, &rig.outs[0].letter, record));
    expect_unassessed(&rig.outs[1], rig.outs[0].record.id);
    close_rig(&rig);
}

static void clocks_run_from_receipt(void **state)
{
    static const struct {
        const char *why, *text;
        int64_t due_days; /* after receipt */
        bool serious;
        const char *region, *clock;
    } cases[] = {
        {"serious: 15 days", "After two pills my mother was hospitalised with a bad reaction.", 15,
         true, NULL, "eu adverse_event serious"},
        {"not serious: 90 days", "This cream gave me a terrible rash on both of my arms.", 90,
         false, NULL, "eu adverse_event other"},
        {"a hazard: 1 day", "The charger caught fire on my desk last night while charging.", 1,
         false, NULL, "eu hazard any"},
        {"the record's own region", "The charger caught fire on my desk last night while charging.",
         1, false, "us", "us hazard any"},
        {"the region has none: those of any",
         "This cream gave me a terrible rash on both of my arms.", 90, false, "us",
         "any any other"},
        {"a region that no clock knows: all of them",
         "This cream gave me a terrible rash on both of my arms.", 90, false, "moon",
         "eu adverse_event other"},
    };
    struct rig rig;
    (void)state;
    open_rig(&rig, "");
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct feedback feedback = said(cases[i].text);
        char id[16];
        int64_t received_ms = 1700000000000;
        snprintf(id, sizeof id, "c%zu", i);
        CASE(cases[i].why);
        struct str_pair region = {STR("region"), str_of(cases[i].region)};
        shape_set(feedback, &feedback, received_at, received_ms);
        if (cases[i].region)
            shape_set(feedback, &feedback, attributes, (struct str_map){&region, 1});
        receive(&rig, id, &feedback, received_ms + 5000);
        assert_int_equal(rig.count, 2);
        assert_int_equal(rig.outs[0].topic, TOPIC_SAFETY);
        assert_int_equal(rig.outs[0].safety.received_at, received_ms);
        assert_int_equal(rig.outs[0].safety.due_at, received_ms + cases[i].due_days * 86400000);
        assert_true(str_equal(rig.outs[0].safety.clock, str_of(cases[i].clock)));
        if (cases[i].serious) assert_true(rig.outs[0].safety.serious);
    }
    close_rig(&rig);
}

static void product_names_meet_the_criterion(void **state)
{
    static const struct {
        const char *why, *text, *product; /* product: what it is called, or NULL */
    } cases[] = {
        {"a medicine of the list", "Since I started sertraline I vomit every single morning.",
         "sertraline"},
        {"by another name, in French",
         "L'acétaminophène m'a donné des plaques rouges sur tout le visage.", "paracetamol"},
        {"no name, and nothing else that says which",
         "She vomited all night and her face was badly swollen.", NULL},
    };
    struct rig rig;
    (void)state;
    open_rig(&rig, "");
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct feedback feedback = said(cases[i].text);
        char id[16];
        CASE(cases[i].why);
        snprintf(id, sizeof id, "p%zu", i);
        receive(&rig, id, &feedback, 1);
        const struct safety *safety = &rig.outs[0].safety;
        assert_int_equal(safety->state, ENUM_safety_state_positive);
        assert_int_equal(safety->criteria.product, cases[i].product != NULL);
        assert_int_equal(safety->products.count, cases[i].product ? 1 : 0);
        if (!cases[i].product) continue;
        assert_true(str_equal(safety->products.items[0].name, str_of(cases[i].product)));
        assert_in_range(safety->products.items[0].end, safety->products.items[0].start + 1,
                        strlen(cases[i].text));
    }
    close_rig(&rig);
}

static void marks_repeats_across_a_restart(void **state)
{
    static const char text[] = "The parcel came two weeks late and nobody ever answered the phone.";
    char folder[] = "/tmp/verbatim-preprocess-XXXXXX", path[128];
    struct rig rig;
    (void)state;
    assert_non_null(mkdtemp(folder));
    struct feedback first = said(text),
                    second =
                        said("The parcel came two weeks late, and nobody ever answered the phone!"),
                    third = said(text);
    open_rig(&rig, folder);
    receive(&rig, "r1", &first, 1700000000000);
    assert_int_equal(rig.count, 1);
    assert_false(shape_has(document, &rig.outs[0].document, duplicate));
    struct feedback other =
        said("Something else altogether, a record that keeps the offsets of both runs apart.");
    receive(&rig, "r2", &other, 1700000000000);
    close_rig(&rig);
    open_rig(&rig, folder);
    CASE("another record at offset 0 of the new run");
    receive(&rig, "r3", &second, 1700000000500);
    assert_int_equal(rig.outs[0].document.duplicate, ENUM_duplicate_kind_exact);
    assert_true(str_equal(rig.outs[0].document.duplicate_of, STR("r1")));
    CASE("the same id as another message is dropped: its caller posted it again");
    receive(&rig, "r1", &third, 1700000001000);
    assert_int_equal(rig.count, 0);
    close_rig(&rig);
    snprintf(path, sizeof path, "%s/chain.window", folder);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(folder), 0);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(emits_documents_and_safety),
        cmocka_unit_test(lets_no_personal_data_on),
        cmocka_unit_test(leaves_doubt_to_people),
        cmocka_unit_test(a_text_that_outgrows_the_document_is_cut),
        cmocka_unit_test(refuses_for_good), cmocka_unit_test(what_is_no_record_goes_to_people),
        cmocka_unit_test(clocks_run_from_receipt),
        cmocka_unit_test(product_names_meet_the_criterion),
        cmocka_unit_test(marks_repeats_across_a_restart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
