/* What a digest counts: needs that meet, what rises and shifts, tenants apart, and a
 * baseline that survives. */
#include "genai_bench.h"

#include "workers/genai/digest_counts.h"

struct bed {
    struct digest_counts *counts;
    struct arena arena;
    int ids;
};

static void open_bed(struct bed *bed)
{
    *bed = (struct bed){.counts = digest_counts_create(28)};
    assert_non_null(bed->counts);
}

static void close_bed(struct bed *bed)
{
    digest_counts_destroy(bed->counts);
    arena_deinit(&bed->arena);
}

struct said {
    const char *tenant, *product, *topic, *need;
    float score, sure; /* sure: of the need; 0: nobody says */
    bool alert;
    int times;
    const char *repeated; /* a text that came before; NULL: none did */
};

static void say(struct bed *bed, const struct said *said)
{
    for (int i = 0; i < said->times; i++) {
        struct err err;
        struct feedback feedback = {0};
        struct safety safety = {0};
        struct segment segment = {0};
        struct insight insight = {0};
        struct need need = {0};
        struct str topic = str_of(said->topic), bytes;
        struct record record = {
            .version = RECORD_VERSION, .id = arena_printf(&bed->arena, "r-%d", bed->ids++)};
        if (said->tenant) shape_set(feedback, &feedback, tenant, str_of(said->tenant));
        if (said->product) shape_set(feedback, &feedback, product, str_of(said->product));
        shape_set(safety, &safety, state,
                  said->alert ? ENUM_safety_state_positive : ENUM_safety_state_negative);
        shape_set(safety, &safety, serious, false);
        shape_set(segment, &segment, segment, 3);
        shape_set(segment, &segment, distance, 0);
        shape_set(segment, &segment, model, STR("m"));
        shape_set(insight, &insight, provider, STR("local"));
        shape_set(sentiment, &insight.sentiment, label,
                  said->score < 0 ? ENUM_sentiment_label_negative : ENUM_sentiment_label_positive);
        shape_set(sentiment, &insight.sentiment, score, said->score);
        insight.present |= 1u << FIELD_insight_sentiment;
        if (topic.size) shape_set(insight, &insight, topics, (struct str_list){&topic, 1});
        if (said->need) {
            shape_set(need, &need, kind, ENUM_need_kind_feature_request);
            shape_set(need, &need, text, str_of(said->need));
            shape_set(need, &need, start, 0);
            shape_set(need, &need, end, 1);
            if (said->sure > 0) shape_set(need, &need, confidence, said->sure);
            shape_set(insight, &insight, needs, (struct need_list){&need, 1});
        }
        must(record_put(&record, SECTION_FEEDBACK, &feedback, &bed->arena, &err), &err);
        if (said->repeated) {
            struct document document = {0};
            shape_set(document, &document, text, str_of(said->repeated));
            shape_set(document, &document, language, STR("en"));
            shape_set(document, &document, language_confidence, 1);
            shape_set(document, &document, content_hash, STR("0"));
            shape_set(document, &document, duplicate, ENUM_duplicate_kind_exact);
            must(record_put(&record, SECTION_DOCUMENT, &document, &bed->arena, &err), &err);
        }
        must(record_put(&record, SECTION_SAFETY, &safety, &bed->arena, &err), &err);
        must(record_put(&record, SECTION_SEGMENT, &segment, &bed->arena, &err), &err);
        must(record_put(&record, SECTION_INSIGHT, &insight, &bed->arena, &err), &err);
        must(record_write(&record, &bed->arena, &bytes, &err), &err);
        must(digest_counts_add(bed->counts, bytes, &bed->arena, &err), &err);
    }
}

static struct digest told(struct bed *bed, uint32_t tenant)
{
    struct digest digest;
    struct err err;
    must(digest_counts_fill(bed->counts, tenant, &bed->arena, &digest, &err), &err);
    return digest;
}

static const struct digest_row *row_of(const struct digest *digest, uint32_t side, const char *name)
{
    for (uint32_t i = 0; i < digest->rows.count; i++)
        if (digest->rows.items[i].side == side &&
            str_equal(digest->rows.items[i].name, str_of(name)))
            return &digest->rows.items[i];
    return NULL;
}

/* One complaint that was exported five times is one voice; "dark mode please" is many. */
static void copies_are_one_voice(void **state)
{
    static const struct said all[] = {
        {.need = "tracking page showed the same line", .times = 1},
        {.need = "tracking page showed the same line", .times = 4,
         .repeated = "The tracking page showed the same line for a week, and support copied it."},
        {.need = "dark mode", .times = 1},
        {.need = "dark mode", .times = 2, .repeated = "Dark mode, please!"},
    };
    struct bed bed;
    (void)state;
    open_bed(&bed);
    for (size_t i = 0; i < COUNT_OF(all); i++) say(&bed, &all[i]);
    struct digest digest = told(&bed, 0);
    assert_int_equal(digest.records, 8);
    assert_str(digest.needs.items[0].text, "dark mode");
    assert_int_equal(digest.needs.items[0].records, 3);
    assert_int_equal(digest.needs.items[1].records, 1);
    close_bed(&bed);
}

static void needs_that_are_the_same_meet(void **state)
{
    static const struct said all[] = {
        {.need = "add dark mode", .times = 3}, {.need = "pair with two phones", .times = 5},
        {.need = "once", .times = 1},
    };
    struct bed bed;
    (void)state;
    open_bed(&bed);
    for (size_t i = 0; i < COUNT_OF(all); i++) say(&bed, &all[i]);
    struct digest digest = told(&bed, 0);
    assert_int_equal(digest.records, 9);
    assert_int_equal(digest.needs.count, 3);
    assert_str(digest.needs.items[0].text, "pair with two phones");
    assert_int_equal(digest.needs.items[0].records, 5);
    assert_str(digest.needs.items[0].example, "r-3");
    assert_str(digest.needs.items[1].text, "add dark mode");
    digest_counts_close_window(bed.counts);
    assert_int_equal(told(&bed, 0).needs.count, 0);
    close_bed(&bed);
}

/* Of needs that one record each voices, those that are surely needs are told. */
static void surest_needs_come_first(void **state)
{
    static const struct said all[] = {
        {.need = "again", .times = 1}, {.need = "blinks", .times = 1, .sure = 0.6f},
        {.need = "crashes", .times = 1, .sure = 0.9f}, {.need = "dies", .times = 1, .sure = 0.7f},
    };
    static const char *const order[] = {"crashes", "dies", "blinks", "again"};
    struct bed bed;
    (void)state;
    open_bed(&bed);
    for (size_t i = 0; i < COUNT_OF(all); i++) say(&bed, &all[i]);
    struct digest digest = told(&bed, 0);
    assert_int_equal(digest.needs.count, COUNT_OF(order));
    for (size_t i = 0; i < COUNT_OF(order); i++)
        assert_str(digest.needs.items[i].text, order[i]);
    close_bed(&bed);
}

static void only_so_many_needs_are_told(void **state)
{
    struct bed bed;
    (void)state;
    open_bed(&bed);
    for (int i = 0; i < 60; i++) {
        char need[32];
        snprintf(need, sizeof need, "need %02d", i);
        say(&bed, &(struct said){.need = need, .times = 1 + i % 30});
    }
    struct digest digest = told(&bed, 0);
    assert_int_equal(digest.needs.count, DIGEST_NEEDS);
    assert_str(digest.needs.items[0].text, "need 29");
    assert_str(digest.needs.items[1].text, "need 59");
    for (uint32_t i = 1; i < digest.needs.count; i++)
        assert_true(digest.needs.items[i].records <= digest.needs.items[i - 1].records);
    close_bed(&bed);
}

static void tenants_are_told_apart(void **state)
{
    struct bed bed;
    (void)state;
    open_bed(&bed);
    say(&bed, &(struct said){.tenant = "acme", .times = 2});
    say(&bed, &(struct said){.tenant = "other", .alert = true, .score = -1, .times = 3});
    say(&bed, &(struct said){.times = 4});
    assert_int_equal(digest_counts_tenants(bed.counts), 3);
    struct digest acme = told(&bed, 0), other = told(&bed, 1), none = told(&bed, 2);
    assert_str(acme.tenant, "acme");
    assert_int_equal(acme.records, 2);
    assert_null(row_of(&acme, ENUM_digest_side_safety, ""));
    assert_int_equal(row_of(&other, ENUM_digest_side_safety, "")->records, 3);
    assert_int_equal(row_of(&other, ENUM_digest_side_negative, "")->records, 3);
    assert_int_equal(row_of(&other, ENUM_digest_side_segment, "3")->records, 3);
    assert_false(shape_has(digest, &none, tenant));
    assert_int_equal(none.records, 4);
    close_bed(&bed);
}

/* Five windows alike, then one that isn't. */
static void what_is_unusual_is_found(void **state)
{
    enum { RISING = 1 << ENUM_digest_finding_rising, FALLING = 1 << ENUM_digest_finding_falling,
           BETTER = 1 << ENUM_digest_finding_better, WORSE = 1 << ENUM_digest_finding_worse };
    static const struct {
        const char *why;
        int usual, now;
        float usual_score, score;
        uint32_t findings;
    } cases[] = {
        {"as ever", 20, 20, 0.5f, 0.5f, 0},
        {"a little more is chance", 20, 30, 0.5f, 0.5f, 0},
        {"three times as much isn't", 20, 60, 0.5f, 0.5f, RISING},
        {"new, and much", 0, 12, 0, 0.5f, RISING},
        {"new, and little", 0, 3, 0, 0.5f, 0},
        {"gone", 20, 0, 0.5f, 0, FALLING},
        {"rare, and gone", 3, 0, 0.5f, 0, 0},
        {"felt much worse about", 20, 20, 0.5f, -0.5f, WORSE},
        {"and better", 20, 20, -0.5f, 0.5f, BETTER},
        {"of a few that is chance", 5, 5, 0.5f, 0.1f, 0},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct bed bed;
        CASE(cases[i].why);
        open_bed(&bed);
        for (int window = 0; window < 5; window++) {
            say(&bed, &(struct said){.topic = "price",
                                     .score = cases[i].usual_score,
                                     .times = cases[i].usual});
            say(&bed, &(struct said){.topic = "other", .times = 50});
            digest_counts_close_window(bed.counts);
        }
        say(&bed, &(struct said){.topic = "price", .score = cases[i].score, .times = cases[i].now});
        say(&bed, &(struct said){.topic = "other", .times = 50});
        struct digest digest = told(&bed, 0);
        const struct digest_row *row = row_of(&digest, ENUM_digest_side_topic, "price");
        uint32_t findings = row ? row->findings : 0;
        assert_int_equal(findings, cases[i].findings);
        close_bed(&bed);
    }
}

static void nothing_is_unusual_at_first(void **state)
{
    struct bed bed;
    (void)state;
    open_bed(&bed);
    say(&bed, &(struct said){.topic = "price", .times = 1});
    digest_counts_close_window(bed.counts);
    say(&bed, &(struct said){.topic = "price", .times = 100});
    struct digest digest = told(&bed, 0);
    assert_int_equal(row_of(&digest, ENUM_digest_side_topic, "price")->findings, 0);
    assert_int_equal(row_of(&digest, ENUM_digest_side_topic, "price")->windows, 1);
    close_bed(&bed);
}

static void check_same(const struct digest *a, const struct digest *b)
{
    assert_int_equal(a->rows.count, b->rows.count);
    for (uint32_t i = 0; i < a->rows.count; i++) {
        const struct digest_row *left = &a->rows.items[i], *right = &b->rows.items[i];
        assert_int_equal(left->side, right->side);
        assert_true(str_equal(left->name, right->name));
        assert_int_equal(left->records, right->records);
        assert_int_equal(left->windows, right->windows);
        assert_int_equal(left->findings, right->findings);
        assert_float_equal(left->usual_records, right->usual_records, 1e-4);
        assert_float_equal(left->usual_spread, right->usual_spread, 1e-3);
        assert_float_equal(left->usual_score, right->usual_score, 1e-4);
    }
}

/* A digest that was written holds all that the next one needs. */
static void the_baseline_survives_a_restart(void **state)
{
    struct bed bed, next;
    struct err err;
    (void)state;
    open_bed(&bed);
    open_bed(&next);
    for (int window = 0; window < 4; window++) {
        say(&bed, &(struct said){
                      .topic = "price", .product = "Serum", .score = 0.5f, .times = 10 + window});
        say(&bed, &(struct said){.topic = "delivery", .score = -0.5f, .times = window});
        if (window < 3) digest_counts_close_window(bed.counts);
    }
    struct digest last = told(&bed, 0);
    must(digest_counts_restore(next.counts, &last, &err), &err);
    digest_counts_close_window(bed.counts);
    for (int i = 0; i < 2; i++) {
        struct bed *each = i ? &next : &bed;
        say(each,
            &(struct said){.topic = "price", .product = "Serum", .score = -0.9f, .times = 40});
    }
    struct digest a = told(&bed, 0), b = told(&next, 0);
    check_same(&a, &b);
    assert_int_equal(row_of(&b, ENUM_digest_side_topic, "price")->findings,
                     1u << ENUM_digest_finding_rising | 1u << ENUM_digest_finding_worse);
    close_bed(&next);
    close_bed(&bed);
}

/* Products that nobody speaks of any more make room for others. */
static void rows_fade_away(void **state)
{
    struct bed bed;
    (void)state;
    open_bed(&bed);
    for (int window = 0; window < 400; window++) {
        for (int i = 0; i < 8; i++) {
            char product[48];
            snprintf(product, sizeof product, "product %d of %d", i, window);
            say(&bed, &(struct said){.product = product, .times = 1});
        }
        digest_counts_close_window(bed.counts);
        arena_reset(&bed.arena);
    }
    say(&bed, &(struct said){.product = "the newest", .times = 1});
    struct digest digest = told(&bed, 0);
    assert_non_null(row_of(&digest, ENUM_digest_side_product, "the newest"));
    assert_null(row_of(&digest, ENUM_digest_side_product, "product 0 of 0"));
    assert_true(digest.rows.count < DIGEST_ROWS_MAX);
    close_bed(&bed);
}

static void what_is_no_insight_counts_nothing(void **state)
{
    struct bed bed;
    struct err err;
    struct str bytes;
    struct digest empty = {0};
    struct record record = {.version = RECORD_VERSION, .id = STR("digest-1-")};
    (void)state;
    open_bed(&bed);
    shape_set(digest, &empty, since, 0);
    shape_set(digest, &empty, until, 1);
    shape_set(digest, &empty, records, 0);
    must(record_put(&record, SECTION_DIGEST, &empty, &bed.arena, &err), &err);
    must(record_write(&record, &bed.arena, &bytes, &err), &err);
    must(digest_counts_add(bed.counts, bytes, &bed.arena, &err), &err);
    assert_int_equal(digest_counts_add(bed.counts, STR("\xc1"), &bed.arena, &err), E_BAD_MESSAGE);
    assert_int_equal(digest_counts_tenants(bed.counts), 0);
    close_bed(&bed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(copies_are_one_voice),
        cmocka_unit_test(needs_that_are_the_same_meet),
        cmocka_unit_test(surest_needs_come_first),
        cmocka_unit_test(only_so_many_needs_are_told),
        cmocka_unit_test(tenants_are_told_apart),        cmocka_unit_test(what_is_unusual_is_found),
        cmocka_unit_test(nothing_is_unusual_at_first),
        cmocka_unit_test(the_baseline_survives_a_restart),
        cmocka_unit_test(rows_fade_away),
        cmocka_unit_test(what_is_no_insight_counts_nothing),
    };
    return cmocka_run_group_tests_name("digest_counts", tests, NULL, NULL);
}
