/* preprocess from message to messages: what it emits, where, in which order, and what
 * is no longer in it. */
#include "preprocess_rig.h"

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
        cmocka_unit_test(emits_documents_and_safety), cmocka_unit_test(lets_no_personal_data_on),
        cmocka_unit_test(a_text_that_outgrows_the_document_is_cut),
        cmocka_unit_test(marks_repeats_across_a_restart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
