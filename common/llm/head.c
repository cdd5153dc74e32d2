/* A reply's head: when to come again, what is left of the rate limits, which request it was. */
#include "llm/reply.h"
#include "wire/wire.h"

void reply_head_init(struct reply_head *head, int64_t now_ms)
{
    const struct llm_limit unknown = {-1, -1, -1};
    *head = (struct reply_head){
        .now_ms = now_ms,
        .retry_after_ms = -1,
        .limits = {unknown, unknown, unknown, unknown},
    };
}

/* "6m0s", "1h2m3.5s", "120ms", "1.5s", "7" (seconds); -1 for others. */
static int64_t duration_of(struct str value)
{
    static const struct { const char *unit; double ms; } units[] = {
        {"ms", 1}, {"d", 86400000}, {"h", 3600000}, {"m", 60000}, {"s", 1000}};
    double total = 0, number;
    if (str_to_f64(value, &number)) return number >= 0 ? wire_bounded_ms(number * 1000) : -1;
    while (value.size) {
        size_t digits = 0, unit = 0;
        while (digits < value.size && strchr("0123456789.", value.data[digits])) digits++;
        struct str rest = str_slice(value, digits, value.size);
        while (unit < sizeof units / sizeof *units && !str_starts(rest, str_of(units[unit].unit)))
            unit++;
        if (unit == sizeof units / sizeof *units) return -1;
        if (!str_to_f64(str_slice(value, 0, digits), &number)) return -1;
        total += number * units[unit].ms;
        value = str_slice(rest, strlen(units[unit].unit), rest.size);
    }
    return wire_bounded_ms(total);
}

static int64_t reset_of(const struct reply_head *head, struct str value)
{
    int64_t at_ms;
    if (value.size > 10 && time_parse(value, &at_ms))
        return wire_bounded_ms((double)(at_ms - head->now_ms));
    return duration_of(value);
}

static bool cut_prefix(struct str *name, const char *prefix)
{
    struct str start = str_slice(*name, 0, strlen(prefix));
    if (!str_equal_ignoring_case(start, str_of(prefix))) return false;
    *name = str_slice(*name, start.size, name->size);
    return true;
}

static void set_limit(const struct reply_head *head, struct llm_limit *limit, struct str what,
                      struct str value)
{
    int64_t number;
    if (str_equal_ignoring_case(what, STR("reset")))
        limit->reset_ms = reset_of(head, value);
    else if (!str_to_i64(value, &number) || number < 0)
        return;
    else if (str_equal_ignoring_case(what, STR("limit")))
        limit->limit = number;
    else if (str_equal_ignoring_case(what, STR("remaining")))
        limit->remaining = number;
}

/* anthropic-ratelimit-WHAT-{limit,remaining,reset}, x-ratelimit-{limit,remaining,reset}-WHAT. */
static bool take_limit(struct reply_head *head, struct str name, struct str value)
{
    const struct { const char *name; struct llm_limit *limit; } kinds[] = {
        {"requests", &head->limits.requests},
        {"tokens", &head->limits.tokens},
        {"input-tokens", &head->limits.input_tokens},
        {"output-tokens", &head->limits.output_tokens},
    };
    bool kind_first = cut_prefix(&name, "anthropic-ratelimit-");
    if (!kind_first && !cut_prefix(&name, "x-ratelimit-")) return false;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        struct str kind = str_of(kinds[i].name);
        if (name.size <= kind.size + 1) continue;
        struct str start = str_slice(name, 0, kind.size),
                   end = str_slice(name, name.size - kind.size, name.size);
        if (kind_first && str_equal_ignoring_case(start, kind) && name.data[kind.size] == '-')
            set_limit(head, kinds[i].limit, str_slice(name, kind.size + 1, name.size), value);
        else if (!kind_first && str_equal_ignoring_case(end, kind) &&
                 name.data[name.size - kind.size - 1] == '-')
            set_limit(head, kinds[i].limit, str_slice(name, 0, name.size - kind.size - 1), value);
    }
    return true;
}

void reply_head_line(struct reply_head *head, struct str name, struct str value)
{
    double number;
    if (take_limit(head, name, value)) return;
    if (str_equal_ignoring_case(name, STR("retry-after-ms"))) {
        if (str_to_f64(value, &number) && number >= 0)
            head->retry_after_ms = wire_bounded_ms(number);
    } else if (str_equal_ignoring_case(name, STR("retry-after"))) {
        if (head->retry_after_ms < 0)
            head->retry_after_ms = wire_retry_after_ms(value, head->now_ms);
    } else if (str_equal_ignoring_case(name, STR("date"))) {
        head->date_ms = wire_date_ms(value);
    } else if (str_equal_ignoring_case(name, STR("x-amzn-errortype"))) {
        struct str type = str_cut(&value, ':');
        reply_copy_text(head->error_type, sizeof head->error_type, str_trim(type));
    } else if (str_equal_ignoring_case(name, STR("x-amzn-requestid")) ||
               str_equal_ignoring_case(name, STR("request-id")) ||
               str_equal_ignoring_case(name, STR("x-request-id"))) {
        reply_copy_text(head->request_id, sizeof head->request_id, value);
    }
}
