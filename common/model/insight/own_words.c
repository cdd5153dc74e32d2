/* Finds the quoted message at a text's end: line by line from behind, as long as lines begin with
 * ">"; then the line that says who wrote it. Or a line that divides: below it nothing is the
 * writer's. */
#include "model/insight/own_words.h"

#include <string.h>

#include "base/ascii.h"

enum { INTRODUCTION_BYTES = 200, DASHES = 3 };

static size_t line_start(struct str text, size_t end)
{
    while (end && text.data[end - 1] != '\n') end--;
    return end;
}

static size_t line_end(struct str text, size_t start)
{
    const char *end = memchr(text.data + start, '\n', text.size - start);
    return end ? (size_t)(end - text.data) : text.size;
}

static bool has_letter(struct str s)
{
    for (size_t i = 0; i < s.size; i++)
        if ((uint8_t)s.data[i] >= 0x80 || (uint8_t)((s.data[i] | 0x20) - 'a') < 26) return true;
    return false;
}

static bool has_digit(struct str s)
{
    for (size_t i = 0; i < s.size; i++)
        if (ascii_is_digit(s.data[i])) return true;
    return false;
}

/* "On 4 Nov 2026, Support wrote:", in any language: a date, and a colon at its end. */
static bool introduces(struct str line)
{
    return line.size && line.size <= INTRODUCTION_BYTES && line.data[line.size - 1] == ':' &&
           has_digit(line);
}

/* "-----Original Message-----": dashes, a word or two, dashes. */
static bool divides(struct str line)
{
    static const char *const words[] = {"original message", "forwarded message", "mensaje original",
                                        "mensaje reenviado", "message d'origine",
                                        "message transféré", "message original"};
    size_t dashes = 0;
    while (dashes < line.size && line.data[dashes] == '-') dashes++;
    if (dashes < DASHES) return false;
    struct str rest = str_trim(str_slice(line, dashes, line.size));
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (rest.size > strlen(words[i]) && str_equal_ignoring_case(
                str_slice(rest, 0, strlen(words[i])), str_of(words[i])))
            return true;
    return false;
}

static bool begins_with(struct str line, const char *words)
{
    size_t size = strlen(words);
    return line.size >= size &&
           str_equal_ignoring_case(str_slice(line, 0, size), str_of(words));
}

static bool begins_with_any(struct str line, const char *const *phrases)
{
    for (; *phrases; phrases++)
        if (begins_with(line, *phrases)) return true;
    return false;
}

/* "Response from the owner", "On 4 Nov 2026, Support wrote:" without marks below it. */
static bool hands_over(struct str line)
{
    static const char *const answers[] = {
        "response from the owner", "response from owner", "owner response", "owner's response",
        "response from the developer", "developer response", "respuesta del propietario",
        "respuesta del desarrollador", "r\xc3\xa9ponse du propri\xc3\xa9taire",
        "r\xc3\xa9ponse du d\xc3\xa9veloppeur", NULL};
    static const char *const wrote[] = {"wrote:", "escribi\xc3\xb3:", "a \xc3\xa9" "crit :",
                                        "a \xc3\xa9" "crit:", NULL};
    if (begins_with_any(line, answers)) return true;
    for (const char *const *end = wrote; introduces(line) && *end; end++)
        if (str_ends(line, str_of(*end))) return true;
    return false;
}

/* "From: Support", and in the next line when or to whom: what a mail program puts above a message
 * that is answered. */
static bool heads_message(struct str text, struct str line, size_t end)
{
    static const char *const from[] = {"from:", "de:", "de :", NULL};
    static const char *const next[] = {
        "sent:", "date:", "to:", "enviado:", "fecha:", "para:", "envoy\xc3\xa9 :",
        "envoy\xc3\xa9:", "date :", "\xc3\xa0 :", "\xc3\xa0:", NULL};
    if (end >= text.size || !begins_with_any(line, from)) return false;
    return begins_with_any(str_slice(text, end + 1, line_end(text, end + 1)), next);
}

/* Where a line divides that has words above it. */
static size_t below_divider(struct str text)
{
    for (size_t at = 0; at < text.size;) {
        size_t end = line_end(text, at);
        struct str line = str_trim(str_slice(text, at, end));
        bool divided = line.size && (line.data[0] == '-' ? divides(line)
                                                         : hands_over(line) ||
                                                               heads_message(text, line, end));
        if (divided && has_letter(str_slice(text, 0, at))) return at;
        at = end + 1;
    }
    return text.size;
}

/* Where the lines behind begin that are quoted or blank; how many are quoted. */
static size_t quoted_lines(struct str text, uint32_t *ret_quoted)
{
    size_t first = text.size;
    *ret_quoted = 0;
    for (size_t end = text.size;;) {
        size_t start = line_start(text, end);
        struct str line = str_trim(str_slice(text, start, end));
        if (line.size && line.data[0] != '>') return first;
        if (line.size) {
            first = start;
            ++*ret_quoted;
        }
        if (!start) return first;
        end = start - 1;
    }
}

static size_t end_of_own(struct str text)
{
    size_t end = below_divider(text);
    if (end == text.size && memchr(text.data, '>', text.size)) {
        uint32_t quoted;
        end = quoted_lines(text, &quoted);
        size_t last = end;
        while (last && (text.data[last - 1] == '\n' || text.data[last - 1] == ' ')) last--;
        size_t start = line_start(text, last);
        struct str above = str_trim(str_slice(text, start, last));
        bool introduced = quoted && introduces(above);
        bool own_list = above.size && above.data[above.size - 1] == ':'; /* "Problems:" */
        if (introduced) end = start;
        if (!introduced && (quoted < 2 || own_list)) return text.size;
    }
    return has_letter(str_slice(text, 0, end)) ? end : text.size;
}

/* Behind lines that begin with ">", two at least, at the text's head. */
static size_t start_of_own(struct str text)
{
    size_t at = 0;
    uint32_t quoted = 0;
    while (at < text.size) {
        size_t end = line_end(text, at);
        struct str line = str_trim(str_slice(text, at, end));
        bool quotes = line.size && line.data[0] == '>', first = at == 0 && introduces(line);
        if (line.size && !quotes && !first) break;
        quoted += quotes;
        at = end + 1;
    }
    return quoted > 1 && at < text.size && has_letter(str_slice(text, at, text.size)) ? at : 0;
}

struct str own_words(struct str text)
{
    if (!text.size || !memchr(text.data, '\n', text.size)) return text;
    size_t start = start_of_own(text), end = end_of_own(text);
    return start < end ? str_slice(text, start, end) : text;
}
