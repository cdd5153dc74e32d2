/* Reads the table of prices line by line, and looks models up in it. */
#include "spend/prices.h"

#include <stdlib.h>

#include "base/arena.h"
#include "base/buffer.h"
#include "base/clock.h"
#include "base/list_file.h"

enum { LINES_MAX = 1000, FILE_BYTES_MAX = 1 << 20 };
/* A token costs at most this: so no sum of 2^32 tokens of each kind overflows. */
#define PRICE_MOST (UINT64_C(1000) * MONEY_MICROS)

struct line {
    struct str provider, model; /* patterns */
    struct price price;
    int64_t from_ms;
};

struct prices {
    struct line *lines;
    size_t count;
    struct arena arena;
};

static int parse_line(struct prices *prices, const struct list_file *file, struct str text,
                      struct err *err)
{
    struct line line = {.from_ms = INT64_MIN};
    uint64_t *const columns[] = {&line.price.input, &line.price.output, &line.price.cached};
    struct str pattern = str_cut_word(&text);
    if (str_find(pattern, STR("/")) == pattern.size)
        return list_file_bad(file, err, "a line starts with PROVIDER/MODEL");
    for (size_t i = 0; i < sizeof columns / sizeof columns[0]; i++)
        if (!money_parse(str_cut_word(&text), columns[i]) || *columns[i] > PRICE_MOST)
            return list_file_bad(
                file, err,
                "input, output and cached are dollars for a million tokens, from 0 to 1000");
    struct str date = str_cut_word(&text);
    if (date.size && !time_parse(date, &line.from_ms))
        return list_file_bad(file, err, "the date isn't one: 2026-01-31");
    if (str_cut_word(&text).size)
        return list_file_bad(file, err, "something stands behind the date");
    if (prices->count == LINES_MAX) return list_file_bad(file, err, "more than 1000 lines");
    line.model = arena_copy(&prices->arena, pattern);
    if (!line.model.data) return err_set(err, E_NO_MEMORY, NULL);
    line.provider = str_cut(&line.model, '/');
    prices->lines[prices->count++] = line;
    return E_OK;
}

int prices_parse(const char *name, struct str text, struct prices **ret_prices, struct err *err)
{
    struct prices *prices = calloc(1, sizeof *prices);
    struct list_file file = {.path = name, .rest = text, .comments_in_line = true};
    struct str line;
    int rc = E_OK;
    if (prices) prices->lines = calloc(LINES_MAX, sizeof *prices->lines);
    if (!prices || !prices->lines) rc = err_set(err, E_NO_MEMORY, NULL);
    while (rc == E_OK && list_file_next(&file, &line)) rc = parse_line(prices, &file, line, err);
    if (rc) prices_destroy(prices);
    else *ret_prices = prices;
    return rc;
}

int prices_read(const char *path, struct prices **ret_prices, struct err *err)
{
    struct buffer text = {0};
    int rc = buffer_read_text(&text, path, FILE_BYTES_MAX, err);
    if (rc == E_OK) rc = prices_parse(path, buffer_str(&text), ret_prices, err);
    buffer_deinit(&text);
    return rc;
}

void prices_destroy(struct prices *prices)
{
    if (!prices) return;
    arena_deinit(&prices->arena);
    free(prices->lines);
    free(prices);
}

/* `*` stands for any letters, none too. The last star is tried again one letter further on each
 * mismatch, which is enough, as nothing before it can fit better. */
static bool fits(struct str pattern, struct str name)
{
    size_t p = 0, n = 0, star = SIZE_MAX, tried = 0;
    while (n < name.size) {
        if (p < pattern.size && pattern.data[p] == '*') star = p++, tried = n;
        else if (p < pattern.size && pattern.data[p] == name.data[n]) p++, n++;
        else if (star != SIZE_MAX) p = star + 1, n = ++tried;
        else return false;
    }
    while (p < pattern.size && pattern.data[p] == '*') p++;
    return p == pattern.size;
}

const struct price *prices_find(const struct prices *prices, struct str provider, struct str model,
                                int64_t wall_ms)
{
    for (size_t i = 0; i < prices->count; i++) {
        const struct line *line = &prices->lines[i];
        if (line->from_ms <= wall_ms && fits(line->provider, provider) && fits(line->model, model))
            return &line->price;
    }
    return NULL;
}

/* A billion tokens are more than any call has. */
static uint64_t tokens_of(uint64_t tokens) { return tokens < 1000000000 ? tokens : 1000000000; }

uint64_t price_of(const struct price *price, const struct spend_usage *usage)
{
    uint64_t input = tokens_of(usage->input_tokens), cached = tokens_of(usage->cached_tokens);
    if (cached > input) cached = input;
    uint64_t sum = price->input * (input - cached) + price->cached * cached +
                   price->output * tokens_of(usage->output_tokens);
    return (sum + 999999) / 1000000;
}

uint64_t price_most(const struct price *price, size_t request_bytes, uint32_t framing,
                    uint32_t max_output_tokens)
{
    uint64_t input = price->input > price->cached ? price->input : price->cached;
    uint64_t sum = input * tokens_of(tokens_of(request_bytes) + framing) +
                   price->output * tokens_of(max_output_tokens);
    return (sum + 999999) / 1000000;
}
