/* Looks at the bytes between tokens. */
#include "model/insight/statement_mark.h"

#include "base/ascii.h"

static const char *const signs[] = {"$", "%", "\xc2\xa3", "\xe2\x82\xac"};
static const char *const blanks[] = {"", " ", "\xc2\xa0", "\xe2\x80\xaf"};

char statement_mark_before(struct str text, const struct token *token)
{
    const char *mark = text.data + token->start - 1;
    bool emoji = (token->kind == TOKEN_EMOJI) | (token[-1].kind == TOKEN_EMOJI);
    if (token->start != token[-1].end + 1 || emoji) return ' ';
    if (*mark == '-' || *mark == '/' || *mark == '&') return *mark;
    bool within = ascii_is_digit(mark[-1]) && ascii_is_digit(mark[1]);
    return within && (*mark == '.' || *mark == ',' || *mark == ':') ? *mark : ' ';
}

size_t statement_sign_before(struct str text, const struct token *token)
{
    struct str before = str_slice(text, 0, token->start);
    if (!ascii_is_digit(text.data[token->start])) return 0;
    for (size_t i = 0; i < sizeof signs / sizeof *signs; i++) {
        struct str sign = str_of(signs[i]);
        if (before.size >= sign.size && *sign.data != '%' &&
            memcmp(before.data + before.size - sign.size, sign.data, sign.size) == 0)
            return sign.size;
    }
    return 0;
}

size_t statement_sign_behind(struct str text, const struct token *token)
{
    struct str behind = str_slice(text, token->end, text.size);
    if (!ascii_is_digit(text.data[token->end - 1])) return 0;
    for (size_t i = 0; i < sizeof blanks / sizeof *blanks; i++) {
        struct str blank = str_of(blanks[i]);
        if (!str_starts(behind, blank)) continue;
        struct str rest = str_slice(behind, blank.size, behind.size);
        for (size_t j = 0; j < sizeof signs / sizeof *signs; j++) {
            size_t end = strlen(signs[j]);
            if (str_starts(rest, str_of(signs[j])) &&
                (end == rest.size || !ascii_is_digit(rest.data[end])))
                return blank.size + end;
        }
    }
    return 0;
}
