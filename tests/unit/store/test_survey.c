/* What a survey finds, by what the store answers. */
#include "store/survey.h"
#include "store_expect.h"

/* Answers each call as it is told. */
struct told {
    struct store base;
    enum err_code list, put, again, get, versioning;
    bool has_object;
    unsigned puts;
};

static int answer(enum err_code code, struct err *err)
{
    return code == E_OK ? E_OK : err_set(err, code, "as told");
}

static int told_put(struct store *store, struct str key, struct str body,
                    const struct store_put_options *options, struct err *err)
{
    struct told *told = (struct told *)store;
    assert_true(options->if_absent);
    assert_true(body.size > 0 && str_equal(key, STR("probe")));
    return answer(told->puts++ ? told->again : told->put, err);
}

static int told_get(struct store *store, struct str key, uint64_t offset, size_t size_bytes,
                    const char *etag, bool whole, struct buffer *out, struct err *err)
{
    const struct told *told = (const struct told *)store;
    (void)offset, (void)size_bytes, (void)etag, (void)out;
    assert_true(whole == !told->has_object); /* of somebody's object, which may be large, a byte */
    assert_true(str_equal(key, told->has_object ? STR("raw/a") : STR("probe")));
    return answer(told->get, err);
}

static int told_list(struct store *store, struct str prefix, struct str after, size_t limit,
                     struct store_page *page, struct err *err)
{
    const struct told *told = (const struct told *)store;
    assert_true(str_equal(prefix, STR("raw/")) && after.size == 0 && limit == 1);
    if (told->list != E_OK || !told->has_object) return answer(told->list, err);
    page->objects = ARENA_ARRAY(&page->arena, struct store_object, 1);
    assert_non_null(page->objects);
    page->objects[page->count++] = (struct store_object){.key = STR("raw/a")};
    return E_OK;
}

static int told_versioning(struct store *store, enum store_versioning *ret_versioning,
                           struct err *err)
{
    *ret_versioning = STORE_VERSIONING_SUSPENDED;
    return answer(((const struct told *)store)->versioning, err);
}

static const struct store_ops ops = {
    .list = told_list, .put = told_put, .get = told_get, .versioning = told_versioning};

/* found: there, list, read, write, once, versions; y, n or ? */
static const struct {
    const char *why;
    struct told told;
    bool read_only;
    const char *found;
    enum err_code err;
} cases[] = {
    {"all is well, and the probe is new", {.again = E_EXISTS}, false, "yyyyyy", E_OK},
    {"the probe was there", {.put = E_EXISTS}, false, "yyyyyy", E_OK},
    {"an object of somebody's is read", {.put = E_EXISTS, .has_object = true}, false, "yyyyyy",
     E_OK},
    {"no place", {.list = E_NO_INPUT}, false, "n?????", E_NO_INPUT},
    {"nobody answers", {.list = E_UNAVAILABLE}, false, "??????", E_UNAVAILABLE},
    {"in another region", {.list = E_BAD_CONFIG}, false, "??????", E_BAD_CONFIG},
    {"it falls silent later on", {.put = E_TIMEOUT}, false, "yy????", E_TIMEOUT},
    {"no right to anything: is it there?",
     {.list = E_DENIED, .put = E_DENIED, .get = E_DENIED, .versioning = E_DENIED},
     false,
     "?n?n?n",
     E_DENIED},
    {"no right to list", {.list = E_DENIED, .put = E_EXISTS}, false, "ynyyyy", E_DENIED},
    {"no right to write, and no probe", {.put = E_DENIED, .get = E_NOT_FOUND}, false, "yyyn?y",
     E_DENIED},
    {"no right to read", {.put = E_EXISTS, .get = E_DENIED}, false, "yynyyy", E_DENIED},
    {"a full disk", {.put = E_DISK_FULL, .get = E_NOT_FOUND}, false, "yyyn?y", E_DISK_FULL},
    {"If-None-Match is passed over", {.again = E_OK}, false, "yyyyny", E_BAD_CONFIG},
    {"and isn't known", {.put = E_BAD_CONFIG}, false, "yy????", E_BAD_CONFIG},
    {"the second write fails", {.again = E_DENIED}, false, "yyyyny", E_DENIED},
    {"versions are nobody's business", {.put = E_EXISTS, .versioning = E_DENIED}, false, "yyyyyn",
     E_OK},
    {"nothing is written", {.put = E_BUG, .get = E_NOT_FOUND}, true, "yyy??y", E_OK},
    {"nor known, without a right to list", {.list = E_DENIED, .get = E_DENIED}, true, "?n???y",
     E_DENIED},
    {"a larger object has the probe's name", {.put = E_EXISTS, .get = E_TOO_LARGE}, false, "yyyyyy",
     E_OK},
};

static void finds_what_may_be_done(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CASE(cases[i].why);
        struct told told = cases[i].told;
        struct survey survey;
        const struct survey_plan plan = {
            .list = STR("raw/"), .probe = STR("probe"), .read_only = cases[i].read_only};
        told.base.ops = &ops;
        store_survey(&told.base, &plan, &survey);
        const char letters[] = "?ny";
        const char found[] = {letters[survey.there], letters[survey.list], letters[survey.read],
                              letters[survey.write], letters[survey.once],
                              letters[survey.versioning_known], '\0'};
        assert_string_equal(found, cases[i].found);
        expect(cases[i].err, (int)survey.err.code, &survey.err);
        if (survey.versioning_known == ANSWER_YES)
            assert_int_equal(survey.versioning, STORE_VERSIONING_SUSPENDED);
        if (cases[i].read_only) assert_int_equal(told.puts, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(finds_what_may_be_done)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
