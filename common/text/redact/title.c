/* Names in titles and beside works: "I liked About Schmidt", "Bill Morrison's Decasia"; and
 * models by their numbers. */
#include "text/redact/name.h"

/* "the Peregrine 13", "Kia Rio II": a model's number. A full name that is listed goes all the
 * same. */
bool name_has_number(struct str text, const struct name *name)
{
    static const char *const numerals[] = {"ii", "iii", "iv", "vi", "vii", "viii", "ix"};
    struct redact_word word;
    size_t i = name->end + 1, end = i;
    if (at(text, name->end) != ' ') return false;
    redact_word_at(text, i, &word);
    if (word.upper && IS_ONE_OF(&word, numerals)) return true;
    while (is_digit(at(text, end))) end++;
    /* "Ana 10/10", "Ana 5*" are marks, "Ana Ruiz 2 weeks ago" is when, long ones are houses */
    return end > i && end - i <= 4 && end - i != 3 &&
           (end == text.size || strchr(",.)", text.data[end])) && !is_digit(at(text, end + 1));
}

/* "I liked About Schmidt", "There's Something About Mary": written large as titles are, within a
 * sentence that isn't. */
static bool is_titles_end(struct str text, const struct name *name)
{
    static const char *const words[] = {
        "about", "for", "of", "with", "little", "mostly", "looking", "meet", "finding", "being",
        "saving", "call", "am", "and", "crazy", "killing", "waiting", "raising", "american"};
    struct redact_word lead, next = name_next_word(text, name->end);
    redact_word_before(text, name->start, &lead);
    return lead.capital && !lead.upper && lead.end + 1 == name->start && IS_ONE_OF(&lead, words) &&
           !next.capital &&
           (before(text, lead.start) == '\'' || !name_starts_sentence(text, lead.start));
}

/* "(Leigh) lays it on", "…, (Jones) calls our attention": whom a critic's sentence was about. */
static bool is_put_in(struct str text, const struct name *name)
{
    size_t bracket = name->start;
    if (before(text, bracket) != '(' || at(text, name->end) != ')') return false;
    bracket--;
    struct redact_word verb = name_next_word(text, name->end + 1);
    bool clause = bracket > 1 && text.data[bracket - 1] == ' ' && text.data[bracket - 2] == ',';
    return verb.size && !verb.capital && (clause || name_starts_sentence(text, bracket));
}

/* "Donny the Dino", "Thomas the Tank Engine". */
bool name_is_character(struct str text, const struct name *name)
{
    struct redact_word the = name_next_word(text, name->end),
                       what = name_next_word(text, the.end);
    return word_is(&the, "the") && !the.capital && what.capital && what.size > 2 &&
           !(what.cues & CUE(COMMON));
}

/* "David Allen's 'Getting Things Done'", "Bill Morrison's Decasia", "Anna Ruiz's direction": a
 * work, and whose. */
bool name_has_work(struct str text, const struct name *name)
{
    size_t size;
    if (!is_apostrophe(text, name->end, &size) || at(text, name->end + size) != 's') return false;
    size_t next = name->end + size + 1;
    char quote = at(text, next + 1);
    if (at(text, next) == ' ' && (quote == '\'' || quote == '"')) return true;
    struct redact_word work = name_next_word(text, next);
    if (word_is(&work, "direction")) return true;
    return work.capital && work.size > 4 && !work.upper && !work.cues &&
           !redact_is_ordinary(&work) && name_starts_sentence(text, name->start);
}

bool name_is_titles(struct str text, const struct name *name)
{
    return is_titles_end(text, name) || is_put_in(text, name) ||
           name_is_character(text, name);
}
