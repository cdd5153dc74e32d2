/* Training: the same bytes each time, and words of lexicons that share weights. */
#include "model/train_linear.h"

#include <math.h>

#include "must.h"

static const char *const classes[] = {"positive", "negative"};

static struct train_linear *create_least(uint32_t least_features)
{
    const struct train_options options = {
        .name = "test-000001", .classes = classes, .class_count = 2, .link = LINEAR_SOFTMAX,
        .bucket_bits = 14, .seed = 1, .least_features = least_features};
    struct train_linear *train = train_linear_create(&options);
    assert_non_null(train);
    return train;
}

static struct train_linear *create(void)
{
    return create_least(0);
}

static void add(struct train_linear *train, const char *text, bool positive)
{
    struct err err;
    assert_int_equal(train_linear_add(train, str_of(text), positive ? 1 : 2, 3, 1, 0, &err), E_OK);
}

static void tie(struct train_linear *train, const char *word, float score)
{
    struct err err;
    assert_int_equal(train_linear_tie(train, str_of(word), score, &err), E_OK);
}

/* Rows that praise or blame by four English words; other words stand on both sides. */
static void add_rows(struct train_linear *train)
{
    static const char *const things[] = {
        "the pump", "this lamp", "my order", "our kettle", "a chair", "the box"};
    static const char *const words[][2] = {{"good", "bad"}, {"great", "awful"}};
    for (int round = 0; round < 8; round++)
        for (size_t thing = 0; thing < COUNT_OF(things); thing++)
            for (size_t word = 0; word < COUNT_OF(words); word++)
                for (int negative = 0; negative < 2; negative++) {
                    char text[80];
                    snprintf(text, sizeof text, "%s number %d is %s", things[thing], round,
                             words[word][negative]);
                    add(train, text, !negative);
                }
}

static void run(struct train_linear *train, struct buffer *out)
{
    struct train_report report;
    struct err err = {0};
    must(train_linear_run(train, TRAIN_NO_SOURCE, out, &report, &err), &err);
}

static float probability(struct str model_bytes, const char *text, uint32_t class)
{
    struct linear_model model;
    struct linear_features features;
    struct tokens tokens;
    struct arena arena = {0};
    struct linear_sums sums = {0};
    struct err err;
    float probabilities[LINEAR_CLASSES_MAX];
    assert_int_equal(linear_parse(model_bytes, &model, &err), E_OK);
    assert_int_equal(text_tokenize(str_of(text), &arena, &tokens, &err), E_OK);
    assert_int_equal(linear_extract(str_of(text), &tokens, &arena, &features, &err), E_OK);
    linear_sum(&model, &features, 0, features.tokens, &sums);
    linear_probabilities(&model, &sums, probabilities);
    arena_deinit(&arena);
    return probabilities[class];
}

static float positive(struct str model_bytes, const char *text)
{
    return probability(model_bytes, text, 0);
}

static void tied_words_are_worth_what_their_lexicon_is(void **state)
{
    static const struct { const char *why, *word; bool more; } cases[] = {
        {"a word that no row holds, of another language", "estupenda", true},
        {"and its opposite", "horrorosa", false},
        {"accents and case are folded", "GÉNIAL", true},
        {"an emoji is a word too", "\xf0\x9f\x98\x8d", true},
        {"it may be told twice, by lexicons that agree", "nul", false},
    };
    struct train_linear *train = create(), *without = create();
    struct buffer tied = {0}, plain = {0};
    (void)state;
    add_rows(train);
    add_rows(without);
    tie(train, "good", 0.8f), tie(train, "great", 0.9f), tie(train, "bad", -0.8f),
        tie(train, "awful", -0.9f);
    tie(train, "estupenda", 0.9f), tie(train, "horrorosa", -0.9f), tie(train, "g\xc3\xa9nial", 1),
        tie(train, "\xf0\x9f\x98\x8d", 1);
    tie(train, "nul", -0.9f), tie(train, "nul", -0.7f);
    tie(train, "two words", -1), tie(train, "", 1), tie(train, "7", 1), tie(train, "so lala", 0);
    run(train, &tied);
    run(without, &plain);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        float with = positive(buffer_str(&tied), cases[i].word),
              alone = positive(buffer_str(&plain), cases[i].word);
        CASE(cases[i].why);
        if (cases[i].more ? with < alone + 0.1f : with > alone - 0.1f)
            fail_msg("%.3f with, %.3f without", (double)with, (double)alone);
    }
    train_linear_destroy(train);
    train_linear_destroy(without);
    buffer_deinit(&tied);
    buffer_deinit(&plain);
}

static void the_same_rows_give_the_same_bytes(void **state)
{
    struct buffer out[2] = {{0}, {0}};
    (void)state;
    for (int i = 0; i < 2; i++) {
        struct train_linear *train = create();
        add_rows(train);
        /* the order in which a lexicon comes doesn't matter */
        tie(train, i ? "good" : "bad", i ? 0.8f : -0.8f);
        tie(train, i ? "bad" : "good", i ? -0.8f : 0.8f);
        run(train, &out[i]);
        train_linear_destroy(train);
    }
    assert_int_equal(out[0].size, out[1].size);
    assert_memory_equal(out[0].data, out[1].data, out[0].size);
    buffer_deinit(&out[0]);
    buffer_deinit(&out[1]);
}

/* Rows know "good" and "bad" alone; the words of their concepts, in other languages,
 * are worth as much. */
static void words_of_a_concept_share_what_one_of_them_is_worth(void **state)
{
    static const struct { const char *word; uint32_t concept; } words[] = {
        {"good", 0}, {"great", 0}, {"bueno", 0}, {"bad", 1}, {"awful", 1}, {"malo", 1}};
    struct train_linear *train = create(), *plain = create();
    struct buffer tied = {0}, alone = {0};
    struct err err;
    (void)state;
    add_rows(train), add_rows(plain);
    for (size_t i = 0; i < COUNT_OF(words); i++)
        assert_int_equal(
            train_linear_tie_concept(train, str_of(words[i].word), words[i].concept, &err), E_OK);
    run(train, &tied), run(plain, &alone);
    assert_true(positive(buffer_str(&tied), "bueno") > 0.7f);
    assert_true(positive(buffer_str(&tied), "malo") < 0.3f);
    assert_true(positive(buffer_str(&alone), "bueno") < 0.65f);
    assert_int_equal(train_linear_tie_concept(train, STR("x"), TRAIN_CONCEPTS_MAX, &err),
                     E_BAD_CONFIG);
    assert_int_equal(train_linear_tie_concept(train, STR("\xff"), 0, &err), E_BAD_TEXT);
    buffer_deinit(&tied), buffer_deinit(&alone);
    train_linear_destroy(train), train_linear_destroy(plain);
}

static void give_vector(struct train_linear *train, const char *word, float first, float second)
{
    const float values[TRAIN_VECTOR_SIZE] = {first, second};
    struct err err;
    assert_int_equal(train_linear_vector(train, str_of(word), values, &err), E_OK);
}

/* Rows know "good", "great", "bad" and "awful" alone. */
static void words_that_mean_alike_are_worth_alike(void **state)
{
    struct train_linear *train = create(), *plain = create();
    struct buffer near = {0}, alone = {0};
    struct err err;
    (void)state;
    add_rows(train), add_rows(plain);
    give_vector(train, "good", 0.9f, 0.1f), give_vector(train, "great", 1, -0.1f);
    give_vector(train, "bad", -0.9f, 0.1f), give_vector(train, "awful", -1, -0.1f);
    give_vector(train, "the", 0.1f, 1), give_vector(train, "estupenda", 1, 0.1f);
    give_vector(train, "horrorosa", -1, 0.1f), give_vector(train, "silla", 0, 1);
    give_vector(train, "two words", 1, 1), give_vector(train, "", 1, 1);
    give_vector(train, "7", 1, 1); /* passed over */
    run(train, &near), run(plain, &alone);
    float chair = positive(buffer_str(&near), "silla");
    assert_true(positive(buffer_str(&near), "estupenda") > 0.7f);
    assert_true(positive(buffer_str(&near), "horrorosa") < 0.3f);
    assert_true(chair > 0.25f && chair < 0.75f);
    assert_true(positive(buffer_str(&alone), "estupenda") < 0.65f);
    assert_int_equal(train_linear_vector(train, STR("\xff"), (float[TRAIN_VECTOR_SIZE]){0}, &err),
                     E_BAD_TEXT);
    buffer_deinit(&near), buffer_deinit(&alone);
    train_linear_destroy(train), train_linear_destroy(plain);
}

/* Source 0 holds praise and blame of a pump alone, source 1 all three of other things, mostly
 * neutral. Whether a text about the pump that says neither is neutral. */
static float neutral_of_a_new_text(uint32_t known, double trust, double odds)
{
    static const char *const names[] = {"positive", "negative", "neutral"};
    static const struct { const char *text; uint32_t label, source; } rows[] = {
        {"the pump is good", 1, 0}, {"the pump is bad", 2, 0}, {"our lamp is good", 1, 1},
        {"our lamp is bad", 2, 1},
        {"our lamp is blue", 4, 1}, {"our chair is wide", 4, 1}, {"our box came today", 4, 1}};
    const struct train_options options = {
        .name = "test-000001", .classes = names, .class_count = 3, .link = LINEAR_SOFTMAX,
        .bucket_bits = 14, .seed = 1, .neutral_trust = trust, .neutral_odds = odds};
    struct train_linear *train = train_linear_create(&options);
    struct buffer model = {0};
    struct err err;
    assert_non_null(train);
    for (uint32_t round = 0; round < 20; round++)
        for (size_t i = 0; i < COUNT_OF(rows); i++) {
            char text[80];
            snprintf(text, sizeof text, "%s, says customer c%c", rows[i].text, 'a' + (char)round);
            assert_int_equal(train_linear_add(train, str_of(text), rows[i].label,
                                              rows[i].source ? 7 : known, 1, rows[i].source, &err),
                             E_OK);
        }
    run(train, &model);
    float neutral = probability(buffer_str(&model), "the pump came", 2);
    train_linear_destroy(train);
    buffer_deinit(&model);
    return neutral;
}

static void rows_that_had_to_choose_say_nothing_about_neutral(void **state)
{
    static const struct {
        const char *why;
        uint32_t known;
        double trust, odds;
        float least, most;
    } cases[] = {
        {"rows labelled one of three: the pump's words aren't neutral", 7, 0,    0,  0,    0.5f},
        {"rows that had to choose between two: they don't tell",        3, 0,    0,  0.5f, 1},
        {"what is added to the odds is",                                3, 0.4, -9,  0,    0.2f},
        {"and the other way",                                           7, 0.4,  9,  0.55f, 1},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        float neutral = neutral_of_a_new_text(cases[i].known, cases[i].trust, cases[i].odds);
        CASE(cases[i].why);
        if (neutral < cases[i].least || neutral > cases[i].most) fail_msg("%.3f", (double)neutral);
    }
}

static float log_odds(float probability)
{
    return logf(probability / (1 - probability));
}

/* Forty rows say that the lamp leaks, and twelve of them are labelled as if that were no problem;
 * of the others one in seventeen is wrong. How sure the model is of the lamp, by how sure it is of
 * what fails: calibration changes both alike. */
static float sure_of_a_lamp(bool doubt)
{
    static const char *const names[] = {"problem"};
    const struct train_options options = {
        .name = "test-000001", .classes = names, .class_count = 1, .link = LINEAR_SIGMOID,
        .bucket_bits = 14, .seed = 1, .epochs = 20, .rate = 0.2, .doubt_labels = doubt};
    struct train_linear *train = train_linear_create(&options);
    struct buffer model = {0};
    struct err err;
    assert_non_null(train);
    for (uint32_t row = 0; row < 400; row++) {
        bool lamp = row % 10 == 0, problem = lamp ? row % 100 >= 30 : (row % 2) != (row % 17 == 0);
        char pump[80];
        snprintf(pump, sizeof pump, "the pump %s, says customer c%u", row % 2 ? "fails" : "runs",
                 row % 13);
        assert_int_equal(train_linear_add(train, str_of(lamp ? "our lamp leaks" : pump), problem, 1,
                                          1, 0, &err), E_OK);
    }
    run(train, &model);
    float found = log_odds(probability(buffer_str(&model), "our lamp leaks", 0)) /
                  log_odds(probability(buffer_str(&model), "the pump fails", 0));
    train_linear_destroy(train);
    buffer_deinit(&model);
    return found;
}

static void a_wrong_label_teaches_less_where_labels_are_doubted(void **state)
{
    (void)state;
    float plain = sure_of_a_lamp(false), doubting = sure_of_a_lamp(true);
    if (!(plain > 0 && doubting > 1.1f * plain))
        fail_msg("%.3f, doubted %.3f", (double)plain, (double)doubting);
}

static void a_label_must_be_one_that_could_be_chosen(void **state)
{
    struct train_linear *train = create();
    struct err err;
    (void)state;
    assert_int_equal(train_linear_add(train, STR("good"), 2, 1, 1, 0, &err), E_BAD_CONFIG);
    train_linear_destroy(train);
}

static void words_that_are_no_text_are_refused(void **state)
{
    struct train_linear *train = create();
    struct err err;
    (void)state;
    assert_int_equal(train_linear_tie(train, STR("\xff"), 1, &err), E_BAD_TEXT);
    train_linear_destroy(train);
}

static void a_word_alone_says_less_if_the_model_asks_for_more(void **state)
{
    float praise[2];
    (void)state;
    for (uint32_t i = 0; i < 2; i++) {
        struct train_linear *train = create_least(i ? 16 : 0);
        struct buffer bytes = {0};
        struct linear_model model;
        struct err err;
        add_rows(train);
        run(train, &bytes);
        assert_int_equal(linear_parse(buffer_str(&bytes), &model, &err), E_OK);
        assert_int_equal(model.least_features, i ? 16 : 0);
        praise[i] = positive(buffer_str(&bytes), "awful");
        train_linear_destroy(train);
        buffer_deinit(&bytes);
    }
    if (!(praise[1] < 0.5f && praise[1] > praise[0]))
        fail_msg("%g, %g", (double)praise[0], (double)praise[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tied_words_are_worth_what_their_lexicon_is),
        cmocka_unit_test(words_of_a_concept_share_what_one_of_them_is_worth),
        cmocka_unit_test(words_that_mean_alike_are_worth_alike),
        cmocka_unit_test(a_word_alone_says_less_if_the_model_asks_for_more),
        cmocka_unit_test(the_same_rows_give_the_same_bytes),
        cmocka_unit_test(rows_that_had_to_choose_say_nothing_about_neutral),
        cmocka_unit_test(a_wrong_label_teaches_less_where_labels_are_doubted),
        cmocka_unit_test(a_label_must_be_one_that_could_be_chosen),
        cmocka_unit_test(words_that_are_no_text_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
