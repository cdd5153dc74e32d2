/* Secrets: keys whose first letters give them away (sk-…, AKIA…, ghp_…, a JWT), and what stands
 * behind "password:", "mi contraseña es", "Bearer" and their like. */
#include "text/redact_find.h"

enum { KEY_BYTES_MIN = 13, TOKEN_BYTES = 2048, VALUE_BYTES = 128, LOOK_BYTES = 48 };

static const struct secret_form {
    const char *start;
    uint8_t least;  /* bytes behind the start */
    bool upper;     /* only capitals and digits */
} forms[] = {
    {"sk-", 16, false},          {"sk_live_", 10, false},  {"sk_test_", 10, false},
    {"pk_live_", 10, false},     {"pk_test_", 10, false},  {"rk_test_", 10, false},
    {"rk_live_", 10, false},     {"AKIA", 16, true},       {"ASIA", 16, true},
    {"ghp_", 20, false},
    {"gho_", 20, false},         {"ghu_", 20, false},      {"ghs_", 20, false},
    {"ghr_", 20, false},
    {"github_pat_", 20, false},  {"glpat-", 16, false},    {"xoxb-", 10, false},
    {"xoxp-", 10, false},
    {"xoxa-", 10, false},        {"xoxr-", 10, false},     {"xoxs-", 10, false},
    {"AIza", 30, false},
    {"ya29.", 20, false},        {"npm_", 30, false},      {"hf_", 20, false},
    {"dop_v1_", 30, false},
    {"SG.", 30, false},          {"eyJ", 20, false},       {"pypi-", 30, false},
    {"shpat_", 20, false},
    {"whsec_", 16, false},       {"vbk_", 20, false},
};

static bool is_token(char c)
{
    return is_ascii_alnum(c) || c == '_' || c == '-' || c == '.' || c == '+' || c == '/' ||
           c == '=';
}

static size_t token_end(struct str text, size_t start)
{
    size_t end = start;
    while (end < text.size && end - start < TOKEN_BYTES && is_token(text.data[end])) end++;
    while (end > start && (text.data[end - 1] == '.' || text.data[end - 1] == '-')) end--;
    return end;
}

static bool has_digit_and_letter(struct str token)
{
    bool digit = false, letter = false;
    for (size_t i = 0; i < token.size; i++)
        digit |= is_digit(token.data[i]),
            letter |= !is_digit(token.data[i]) && is_letter(token.data[i]);
    return digit && letter;
}

struct str redact_secret_starts(size_t i)
{
    return i < sizeof forms / sizeof *forms ? str_of(forms[i].start) : (struct str){0};
}

size_t redact_secret_token(struct redact_finder *finder, size_t start)
{
    for (size_t i = 0; i < KEY_BYTES_MIN; i++) /* nearly always a word that ends before */
        if (!is_token(at(finder->text, start + i))) return 0;
    struct str rest = str_slice(finder->text, start, start + 16);
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        /* nearly always: no more work */
        if (rest.size == 0 || forms[i].start[0] != rest.data[0]) continue;
        struct str prefix = str_of(forms[i].start);
        if (!str_starts(rest, prefix)) continue;
        size_t end = token_end(finder->text, start);
        struct str token = str_slice(finder->text, start, end);
        if (token.size < prefix.size + forms[i].least || !has_digit_and_letter(token)) return 0;
        for (size_t k = prefix.size; forms[i].upper && k < token.size; k++)
            if (!is_digit(token.data[k]) && !is_upper(token.data[k])) return 0;
        redact_add(finder, start, end, REDACT_SECRET);
        return end;
    }
    return 0;
}

/* --- behind a cue ----------------------------------------------------------------------------- */

/* Like nothing that one says: a digit beside a letter, a mark inside, or capitals in the middle. */
static bool looks_made_up(struct str value)
{
    bool digit = false, letter = false, mark = false, capital = false;
    for (size_t i = 0; i < value.size; i++) {
        char c = value.data[i];
        digit |= is_digit(c);
        letter |= !is_digit(c) && is_letter(c);
        mark |= strchr("!@#$%^&*_+=~?", c) != NULL && i + 1 < value.size;
        capital |= i > 0 && is_upper(c) && is_lower(value.data[i - 1]);
    }
    return (digit && letter) || (mark && (letter || digit)) || capital;
}

static bool all_digits(struct str value)
{
    for (size_t i = 0; i < value.size; i++)
        if (!is_digit(value.data[i])) return false;
    return value.size > 0;
}

static bool is_link_word(const struct redact_word *word)
{
    static const char *const links[] = {
        "is", "was", "es", "era", "est", "etait", "ist", "e", "as", "to", "number", "code", "a",
        "for", "key", "changed", "set", "new", "nueva", "now"};
    return IS_ONE_OF(word, links);
}

static size_t value_end(struct str text, size_t start)
{
    size_t end = start;
    while (end < text.size && end - start < VALUE_BYTES && !is_blank(text.data[end]) &&
           text.data[end] != '"' && text.data[end] != '<')
        end++;
    while (end > start && strchr(".,;:)]}'", text.data[end - 1])) end--;
    if (end > start && (text.data[end - 1] == '!' || text.data[end - 1] == '?') &&
        !looks_made_up(str_slice(text, start, end - 1)))
        end--;
    return end;
}

static size_t quote_end(struct str text, size_t start, char quote)
{
    size_t end = start;
    while (end < text.size && end - start < VALUE_BYTES && text.data[end] != quote &&
           text.data[end] != '\n')
        end++;
    return at(text, end) == quote && end > start ? end : 0;
}

/* Between the cue and its value: ": ", " = ", " is ", " es: ". */
static size_t value_start(struct str text, size_t i, bool *ret_assigned)
{
    *ret_assigned = false;
    for (size_t limit = i + LOOK_BYTES; i < text.size && i < limit;) {
        char c = text.data[i];
        if (c == ':' || c == '=') *ret_assigned = true, i++;
        else if (c == ' ' || (c == '\n' && *ret_assigned)) i++;
        else {
            struct redact_word word;
            redact_word_at(text, i, &word);
            if (*ret_assigned || !word.size || !is_link_word(&word) || is_word(at(text, word.end)))
                return i;
            i = word.end;
        }
    }
    return i;
}

/* A plain word counts behind ':' only, where nothing but it stands: "password: hunter". */
static bool stands_alone(struct str text, size_t end)
{
    return end >= text.size || text.data[end] == '\n' || strchr(".,;)", text.data[end]) != NULL;
}

/* These are also said of other things: what follows must look made up. */
static bool is_weak(const struct redact_word *cue)
{
    static const char *const weak[] = {
        "token", "secret", "login", "credentials", "clave", "pin", "bearer", "otp", "passe",
        "key", "cle", "pass"};
    return IS_ONE_OF(cue, weak);
}

/* "api key: 9f8e7d6c5b4a", "pass: hunter22"; but "key A2 sticks", "boarding pass B1234". */
static bool is_too_plain(const struct redact_word *cue, struct str value, bool assigned)
{
    return ((word_is(cue, "key") || word_is(cue, "cle")) && (!assigned || value.size < 12)) ||
           (word_is(cue, "pass") && !assigned);
}

static bool is_short_code(const struct redact_word *cue, struct str value)
{
    static const char *const codes[] = {"pin", "otp", "passcode"};
    return IS_ONE_OF(cue, codes) && value.size <= 8;
}

/* "Login: [EMAIL] / Tr0ub4dor": what stands behind the address, once that gave way. */
static size_t behind_account(struct redact_finder *finder, size_t i)
{
    struct str text = finder->text, email = STR("[EMAIL]");
    size_t least = i + LOOK_BYTES;
    while (i < text.size && i < least && text.data[i] != '[' && text.data[i] != '\n') i++;
    if (!str_starts(str_slice(text, i, text.size), email)) return 0;
    size_t start = i + email.size;
    bool mark = false;
    for (; start < text.size && strchr(" /:|", text.data[start]); start++)
        mark |= text.data[start] != ' ';
    size_t end = value_end(text, start);
    if (!mark || end < start + 4 || !looks_made_up(str_slice(text, start, end))) return 0;
    redact_add(finder, start, end, REDACT_SECRET);
    return end;
}

/* "pin" and one-time codes are digits; a password that is only digits is behind ':' or "is". */
size_t redact_secret_word(struct redact_finder *finder, const struct redact_word *cue)
{
    struct str text = finder->text;
    bool assigned;
    size_t start = value_start(text, cue->end, &assigned);
    if (start == cue->end || start >= text.size) return 0;
    static const char *const logins[] = {"login", "credentials"};
    size_t behind = IS_ONE_OF(cue, logins) ? behind_account(finder, cue->end) : 0;
    if (behind) return behind;
    char quote = text.data[start];
    bool quoted = quote == '"' || quote == '\'' || quote == '`';
    size_t end = quoted ? quote_end(text, ++start, quote) : value_end(text, start);
    if (end < start + 4 || text.data[start] == '[') return 0;
    struct str value = str_slice(text, start, end);
    bool linked = start > cue->end + 1; /* something stands between, if only "is" */
    bool made_up = is_weak(cue) ? has_digit_and_letter(value) && looks_made_up(value)
                                : looks_made_up(value);
    bool secret = made_up ||
                  (all_digits(value) && value.size <= 12 &&
                   (linked || is_short_code(cue, value))) ||
                  (assigned && !is_weak(cue) && (quoted || stands_alone(text, end)));
    if (!secret || is_too_plain(cue, value, assigned)) return 0;
    redact_add(finder, start, end, REDACT_SECRET);
    return end;
}
