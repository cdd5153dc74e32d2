/* links: common_base */
/* Texts from outside as common/base reads them: what is accepted must come back the same. */
#include <assert.h>
#include <stdio.h>

#include "base/clock.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void times_come_back(struct str text)
{
    char formatted[TIME_TEXT_BYTES];
    int64_t ms, again;
    if (!time_parse(text, &ms)) return;
    size_t size = time_format(ms, formatted);
    assert(size == 24);
    bool good = time_parse(str_make(formatted, size), &again);
    assert(good && again == ms);
}

static void numbers_come_back(struct str text)
{
    char printed[32];
    uint64_t natural, natural_again;
    int64_t whole, whole_again;
    double real;
    if (str_to_u64(text, &natural)) {
        snprintf(printed, sizeof printed, "%llu", (unsigned long long)natural);
        bool good = str_to_u64(str_of(printed), &natural_again);
        assert(good && natural == natural_again);
    }
    if (str_to_i64(text, &whole)) {
        snprintf(printed, sizeof printed, "%lld", (long long)whole);
        bool good = str_to_i64(str_of(printed), &whole_again);
        assert(good && whole == whole_again);
    }
    if (str_to_f64(text, &real)) assert(real - real == 0); /* finite */
}

static void prefixes_stay_valid(struct str text)
{
    size_t valid = str_utf8_valid_prefix(text);
    assert(valid <= text.size);
    assert(str_is_utf8(str_slice(text, 0, valid)));
    /* loses one character at most */
    for (size_t cut = valid > 4 ? valid - 4 : 0; cut < valid; cut++)
        assert(str_utf8_valid_prefix(str_slice(text, 0, cut)) + 3 >= cut);
}

static void parts_add_up(struct str text)
{
    struct str rest = text;
    size_t total = 0, separators = 0;
    while (rest.size) {
        size_t before = rest.size;
        struct str part = str_cut(&rest, ',');
        separators += before - rest.size - part.size;
        total += part.size;
    }
    assert(total + separators == text.size);
    assert(str_trim(text).size <= text.size);
    assert(str_distance(text, text) == 0);
    assert(str_find(text, str_slice(text, text.size / 2, text.size)) <= text.size / 2);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str text = str_make(data, size);
    times_come_back(text);
    numbers_come_back(text);
    prefixes_stay_valid(text);
    parts_add_up(text);
    return 0;
}
