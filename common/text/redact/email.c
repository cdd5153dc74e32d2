/* E-mail addresses, plain ("anna@mail.example") and as people write them out to keep machines away
 * ("anna at gmail dot com", "ana arroba correo punto es", "anne (arobase) free.fr"). */
#include "text/redact/find.h"

enum { LOCAL_BYTES = 64, DOMAIN_BYTES = 253 };

static bool is_local(char c)
{
    return is_word(c) || c == '.' || c == '_' || c == '%' || c == '+' || c == '-' || c == '\'';
}

static bool is_label(char c) { return is_word(c) || c == '-' || c == '_'; }

static size_t local_start(struct str text, size_t end)
{
    size_t start = end;
    while (start > 0 && end - start < LOCAL_BYTES && is_local(text.data[start - 1])) start--;
    while (start < end && !is_word(text.data[start])) start++;
    return start;
}

/* End of a domain with a dot and an ending of two letters or more; `start` if it is none. */
static size_t domain_end(struct str text, size_t start)
{
    size_t end = start, good = start;
    bool dotted = false;
    while (end < text.size && end - start < DOMAIN_BYTES) {
        size_t label = end;
        while (end < text.size && end - start < DOMAIN_BYTES && is_label(text.data[end])) end++;
        if (end == label) break;
        if (dotted && end - label >= 2 && is_letter(text.data[label])) good = end;
        if (at(text, end) != '.') break;
        dotted = true;
        end++;
    }
    while (good > start && (text.data[good - 1] == '-' || text.data[good - 1] == '_')) good--;
    return good;
}

static bool is_ending(struct str text, size_t start, size_t end)
{
    static const char *const endings[] = {
        "com", "org", "net", "info", "edu", "gov", "io", "me", "es", "fr", "mx", "be", "ca", "uk",
        "us", "eu", "de", "it", "pt", "nl", "ch", "ar", "co", "cl", "pe", "br", "ie", "au", "app",
        "dev", "biz", "cat", "email", "online", "lu", "at", "pl", "in",
    };
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++)
        if (str_equal_ignoring_case(str_slice(text, start, end), str_of(endings[i]))) return true;
    return false;
}

static bool is_mail_host(const struct redact_word *word)
{
    static const char *const hosts[] = {
        "gmail",  "hotmail",    "yahoo",   "outlook", "icloud", "aol", "protonmail",
        "proton", "gmx",        "msn",     "ymail",   "googlemail", "laposte", "wanadoo", "zoho",
        "fastmail"};
    return word->size && IS_ONE_OF(word, hosts);
}

static size_t label_end(struct str text, size_t start)
{
    size_t end = start;
    while (end < text.size && end - start < LOCAL_BYTES && is_label(text.data[end])) end++;
    return end;
}

/* Mistyped: "anna@gmail,com", "anna@ gmail.com", "anna @ gmail . com"; at a host that everybody
 * knows. The end of its domain, or `start`. */
static size_t mistyped_end(struct str text, size_t start)
{
    struct redact_word host;
    redact_word_at(text, start, &host);
    if (!is_mail_host(&host)) return start;
    size_t dot = host.end, behind;
    while (at(text, dot) == ' ' && dot < host.end + 1) dot++;
    if (at(text, dot) != '.' && at(text, dot) != ',') return start;
    behind = dot + 1;
    if (at(text, behind) == ' ' && dot > host.end) behind++;
    size_t end = label_end(text, behind);
    return is_ending(text, behind, end) ? end : start;
}

/* --- written out ------------------------------------------------------------------------------ */

struct place {
    size_t at;
    bool spelled; /* by a word or in brackets, not by the sign */
};

static size_t skip_blanks(struct str text, size_t i)
{
    while (at(text, i) == ' ') i++;
    return i;
}

/* Behind a dot: ".", " . ", " dot ", "(dot)", "[punto]". False: there is none. `english`: no other
 * word is one, for "at some point in the night" is no address. */
static bool read_dot(struct str text, size_t i, bool english, struct place *ret_behind)
{
    size_t next = skip_blanks(text, i);
    bool blank = next > i;
    if (at(text, next) == '.') {
        size_t behind = skip_blanks(text, next + 1);
        *ret_behind = (struct place){behind, false};
        return is_word(at(text, behind)) && (behind == next + 1 || blank);
    }
    bool bracket = at(text, next) == '(' || at(text, next) == '[' || at(text, next) == '{';
    struct redact_word word;
    redact_word_at(text, next + bracket, &word);
    if (!(word.cues & CUE(DOT)) || (!bracket && !blank)) return false;
    if (english && !word_is(&word, "dot") && !word_is(&word, "punto")) return false;
    size_t behind = word.end;
    if (bracket && at(text, behind) != ')' && at(text, behind) != ']' && at(text, behind) != '}')
        return false;
    *ret_behind = (struct place){skip_blanks(text, behind + bracket), true};
    return true;
}

/* "sam@mail dot com": the end of the host that starts at `start`, or `start`. */
static size_t dotted_host_end(struct str text, size_t start)
{
    struct place behind;
    size_t end = label_end(text, start);
    if (end < start + 2 || !read_dot(text, end, false, &behind) || !behind.spelled) return start;
    end = label_end(text, behind.at);
    return is_ending(text, behind.at, end) ? end : start;
}

/* "anna @ gmail.com": blanks around the sign, only before an ending that can't be a word. */
size_t redact_email(struct redact_finder *finder, size_t sign)
{
    struct str text = finder->text;
    size_t left = sign, right = sign + 1;
    if (at(text, right) == ' ' && before(text, left) == ' ') left--, right++;
    size_t start = local_start(text, left), end = domain_end(text, right);
    if (end == right && start < left) {
        right += at(text, right) == ' ';
        end = mistyped_end(text, right);
        struct redact_word host; /* "anna.ruiz@gmail", and no more */
        redact_word_at(text, right, &host);
        if (end == right && left == sign && is_mail_host(&host) && !is_label(at(text, host.end)))
            end = host.end;
        if (end == right && left == sign && right == sign + 1) end = dotted_host_end(text, right);
    }
    if (start == left || end == right) return redact_user_handle(finder, sign);
    bool letter = left == sign; /* "49.99 @ shop.com" is a price */
    for (size_t i = start; i < left; i++) letter |= is_letter(text.data[i]);
    if (!letter) return 0;
    redact_add(finder, start, end, REDACT_EMAIL);
    return end;
}

/* "underscore", "guion bajo", "tiret du bas": where the word for a sign that ends right before
 * `end` starts, or `end`. */
static size_t sign_start(struct str text, size_t end)
{
    static const char *const signs[] = {"underscore", "hyphen", "dash", "guion", "tiret",
                                        "underline", "subguion"};
    struct redact_word word;
    redact_word_before(text, end, &word);
    if (!word.size || word.end + 1 != end) return end;
    if (word.cues & CUE(DOT) || IS_ONE_OF(&word, signs)) return word.start;
    struct str lead = str_slice(text, word.start > 10 ? word.start - 10 : 0, word.start);
    if (word_is(&word, "bajo") && str_ends(lead, STR("guion "))) return word.start - 6;
    if (word_is(&word, "bajo") && str_ends(lead, STR("gui\xC3\xB3n "))) return word.start - 7;
    if (word_is(&word, "bas") && str_ends(lead, STR("tiret du "))) return word.start - 9;
    if (word_is(&word, "baja") && str_ends(lead, STR("barra "))) return word.start - 6;
    return word_is(&word, "bas") && str_ends(lead, STR("tiret ")) ? word.start - 6 : end;
}

/* Start of "maria dot lopez" or "maria.lopez" that ends at `end`. */
static struct place spelled_local(struct str text, size_t end)
{
    while (end > 0 && text.data[end - 1] == ' ') end--;
    size_t start = local_start(text, end);
    struct place place = {start, false};
    for (int parts = 0; parts < 6 && start < end && start > 1; parts++) {
        size_t sign = sign_start(text, start);
        if (sign == start || sign < 2) break;
        size_t earlier = local_start(text, sign - 1);
        if (earlier + 1 >= sign || text.data[sign - 1] != ' ') break;
        place = (struct place){start = earlier, true};
    }
    return place;
}

static bool has_mark(struct str text, size_t start, size_t end)
{
    for (size_t i = start; i < end; i++)
        if (!is_letter(text.data[i])) return true;
    return false;
}

/* "at" is a word like any other: it wants a mail host, a mark in the name, or talk
 * of mail before it. */
static bool is_plain_at(const struct redact_word *sign, bool bracket)
{
    return !bracket &&
           (sign->size == 2 || str_equal(str_make(sign->folded, sign->size), STR("chez")));
}

size_t redact_email_spelled(struct redact_finder *finder, const struct redact_word *sign)
{
    struct str text = finder->text;
    char open = before(text, sign->start);
    bool bracket = (open == '(' || open == '[' || open == '<' || open == '{') &&
                   sign->end < text.size;
    struct place local = spelled_local(text, sign->start - bracket);
    size_t local_end = sign->start - bracket;
    while (local_end > 0 && text.data[local_end - 1] == ' ') local_end--;
    /* the end of a sentence */
    if (local.at >= local_end || text.data[local_end - 1] == '.') return 0;

    struct redact_word host;
    size_t label = skip_blanks(text, sign->end + bracket), end = label_end(text, label), good = 0;
    redact_word_at(text, label, &host);
    bool spelled = local.spelled;
    struct place next;
    for (int dots = 0; dots < 4 && end > label &&
                       read_dot(text, end, sign->size == 2 && !is_mail_host(&host), &next);
         dots++) {
        /* "ana (at) tienda.example" */
        bool joined = bracket && next.at == end + 1 && is_lower(at(text, next.at));
        label = next.at, end = label_end(text, label);
        if (!is_ending(text, label, end) && !(joined && end > label + 1)) continue;
        good = end;
        spelled |= next.spelled;
    }
    if (!good && !is_mail_host(&host)) return 0;
    bool marked = has_mark(text, local.at, local_end) && is_letter(text.data[local.at]);
    /* "ana.ruiz at gmail", "anaruiz arroba gmail": and no more */
    bool bare = marked || !is_plain_at(sign, bracket);
    if (!good && bare && !is_label(at(text, host.end))) good = host.end;
    if (!good) return 0;
    struct redact_context context = redact_context_before(text, local.at);
    /* "my mail is jdoe at shop.example" */
    struct redact_word name;
    redact_word_at(text, local.at, &name);
    bool told = context.all & CUE(MAIL) || (finder->known && !finder->english);
    bool odd = told && !spelled && name.end == local_end && name.size > 3 && !name.capital &&
               !name.cues && !redact_is_ordinary(&name);
    /* "sam.oneil at shop.example.com", but not "amazon.com at best.com" */
    size_t mark = local_end;
    while (mark > local.at && is_ascii_alnum(text.data[mark - 1])) mark--;
    bool joined_up = marked && !spelled && local_end - local.at > 5 &&
                     is_lower(text.data[local.at]) && mark > local.at &&
                     is_one_of(text.data[mark - 1], "._") &&
                     !is_ending(text, mark, local_end);
    bool sure = odd || joined_up ||
                (marked && (word_is(sign, "chez") || context.all & CUE(MAIL))) ||
                !is_plain_at(sign, bracket) || is_mail_host(&host) ||
                (spelled && (has_mark(text, local.at, local_end) || context.all & CUE(MAIL)));
    if (!sure) return 0;
    redact_add(finder, local.at, good, REDACT_EMAIL);
    return good;
}

/* "john(a)gmail.com", "jane [@] mail.example": a letter or the sign in brackets, and a domain
 * with dots behind it. */
size_t redact_email_bracketed(struct redact_finder *finder, size_t bracket)
{
    struct str text = finder->text;
    char open = text.data[bracket], sign = at(text, bracket + 1), close = at(text, bracket + 2);
    if ((sign != '@' && sign != 'a' && sign != 'A') ||
        (open != '(' && open != '[' && open != '{') || close != (open == '(' ? ')' : open + 2))
        return 0;
    bool blank = before(text, bracket) == ' ' && at(text, bracket + 3) == ' ';
    size_t left = bracket - blank, right = bracket + 3 + blank, start = local_start(text, left),
           end = domain_end(text, right), dot = end;
    while (dot > right && text.data[dot - 1] != '.') dot--;
    if (start == left || end == right || (blank && sign != '@' && !is_ending(text, dot, end)))
        return 0;
    redact_add(finder, start, end, REDACT_EMAIL);
    return end;
}

/* "anaruizarrobagmail.com", "ana.ruizarobaseorange.fr", "anaruizatgmail.com": said without a blank,
 * at the dot of the host. The word for the sign is the last one; "at" only before hosts that all
 * know. */
size_t redact_email_joined(struct redact_finder *finder, size_t dot)
{
    static const char *const signs[] = {"arroba", "arobase", "arobas", "at"};
    enum { ENDING_MOST = 6, WORD_LEAST = 8 };
    struct str text = finder->text;
    size_t word = dot, end = dot + 1;
    while (end - dot <= ENDING_MOST && is_lower(at(text, end))) end++;
    if (end - dot < 3 || is_label(at(text, end))) return 0; /* nearly always told here */
    while (word && dot - word < LOCAL_BYTES && is_letter(text.data[word - 1])) word--;
    if (dot - word < WORD_LEAST || !is_ending(text, dot + 1, end)) return 0;
    size_t start = local_start(text, dot);
    if (is_one_of(before(text, start), "/@") ||
        str_starts(str_slice(text, start, dot), STR("www.")))
        return 0;
    for (size_t i = 0; i < sizeof signs / sizeof *signs; i++) {
        struct str sign = str_of(signs[i]);
        for (size_t at_sign = dot - 2; at_sign > start + sign.size + 2; at_sign--) {
            struct redact_word host;
            if (!str_ends(str_slice(text, start, at_sign), sign)) continue;
            redact_word_at(text, at_sign, &host);
            if (host.end != dot || (sign.size == 2 && !is_mail_host(&host))) continue;
            redact_add(finder, start, end, REDACT_EMAIL);
            return end;
        }
    }
    return 0;
}
