/* Parsing by kind; the range comes from the table. */
#include "config/value.h"

#include <math.h>
#include <stdio.h>

#include "base/ascii.h"

void option_allowed(const struct option *option, char out[static 160])
{
    switch (option->kind) {
    case OPTION_STR:
    case OPTION_SECRET: snprintf(out, 160, "text"); return;
    case OPTION_BOOL: snprintf(out, 160, "true or false"); return;
    case OPTION_CHOICE: snprintf(out, 160, "one of %s", option->choices); return;
    case OPTION_MS:
        snprintf(out, 160, "a time such as 250ms, 30s, 5m, 2h, 7d, from %.0fms to %.0fms",
                 option->least, option->most);
        return;
    case OPTION_BYTES:
        snprintf(out, 160, "a size such as 512, 64k, 16M, 2G, from %.0f to %.0f", option->least,
                 option->most);
        return;
    case OPTION_U32:
        snprintf(out, 160, "a whole number from %.0f to %.0f", option->least, option->most);
        return;
    case OPTION_F64:
        snprintf(out, 160, "a number from %g to %g", option->least, option->most);
        return;
    }
}

static bool parse_bool(struct str text, bool *ret_flag)
{
    static const char *const yes[] = {"true", "yes", "on", "1"},
                             *const no[] = {"false", "no", "off", "0"};
    for (size_t i = 0; i < 4; i++) {
        if (str_equal(text, str_of(yes[i]))) return *ret_flag = true, true;
        if (str_equal(text, str_of(no[i]))) return *ret_flag = false, true;
    }
    return false;
}

struct unit {
    const char *suffix;
    uint64_t factor;
};

/* "12", "12k": a whole number with one of the units; a bare number needs the unit "". */
static bool parse_with_unit(struct str text, const struct unit *units, double *ret_value)
{
    size_t digits = 0;
    uint64_t number;
    while (digits < text.size && ascii_is_digit(text.data[digits])) digits++;
    if (!str_to_u64(str_slice(text, 0, digits), &number)) return false;
    for (; units->suffix; units++) {
        if (!str_equal(str_slice(text, digits, text.size), str_of(units->suffix))) continue;
        *ret_value = (double)number * (double)units->factor;
        return true;
    }
    return false;
}

static bool parse_choice(const struct option *option, struct str text, uint32_t *ret_index)
{
    struct str rest = str_of(option->choices);
    for (uint32_t index = 0; rest.size; index++)
        if (str_equal(str_cut(&rest, '|'), text)) return *ret_index = index, true;
    return false;
}

static bool in_range(const struct option *option, double value)
{
    return value >= option->least && value <= option->most;
}

static bool parse_number(const struct option *option, struct str text, union option_value *value)
{
    static const struct unit times[] = {
        {"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}, {"d", 86400000}, {NULL, 0}};
    static const struct unit sizes[] = {
        {"", 1}, {"k", 1u << 10}, {"M", 1u << 20}, {"G", 1u << 30}, {NULL, 0}};
    double number;
    uint64_t whole;
    switch (option->kind) {
    case OPTION_U32:
        if (!str_to_u64(text, &whole) || !in_range(option, (double)whole)) return false;
        return value->number = (uint32_t)whole, true;
    case OPTION_MS:
        if (str_equal(text, STR("0"))) number = 0;
        else if (!parse_with_unit(text, times, &number)) return false;
        return value->ms = in_range(option, number) ? (int64_t)number : 0, in_range(option, number);
    case OPTION_BYTES:
        if (!parse_with_unit(text, sizes, &number) || !in_range(option, number)) return false;
        return value->bytes = (uint64_t)number, true;
    default:
        if (!str_to_f64(text, &number) || isnan(number) || !in_range(option, number)) return false;
        return value->real = number, true;
    }
}

int option_parse(const struct option *option, const char *text, union option_value *ret_value,
                 struct err *err)
{
    struct str given = str_of(text);
    union option_value value = {0};
    bool ok = true;
    switch (option->kind) {
    case OPTION_STR:
    case OPTION_SECRET: value.text = text; break;
    case OPTION_BOOL: ok = parse_bool(given, &value.flag); break;
    case OPTION_CHOICE: ok = parse_choice(option, given, &value.number); break;
    default: ok = parse_number(option, given, &value); break;
    }
    if (!ok) {
        char allowed[160];
        option_allowed(option, allowed);
        return err_set(err, E_BAD_CONFIG, "\"%.80s\" is not %s", text, allowed);
    }
    *ret_value = value;
    return E_OK;
}

void option_store(const struct option *option, const union option_value *value, void *options)
{
    char *at = (char *)options + option->offset;
    switch (option->kind) {
    case OPTION_STR:
    case OPTION_SECRET: memcpy(at, &value->text, sizeof value->text); break;
    case OPTION_BOOL: memcpy(at, &value->flag, sizeof value->flag); break;
    case OPTION_U32:
    case OPTION_CHOICE: memcpy(at, &value->number, sizeof value->number); break;
    case OPTION_MS: memcpy(at, &value->ms, sizeof value->ms); break;
    case OPTION_BYTES: memcpy(at, &value->bytes, sizeof value->bytes); break;
    case OPTION_F64: memcpy(at, &value->real, sizeof value->real); break;
    }
}
