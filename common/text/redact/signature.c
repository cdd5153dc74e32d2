/* Who signs a text: behind "Regards,", "Un saludo,", "Bien à vous,". */
#include "text/redact/name.h"

/* Nothing but a name follows it. */
static bool is_closing(const struct redact_word *cue)
{
    static const char *const closings[] = {"cordialement", "atentamente", "cordialmente",
                                           "sincerely", "regards",      "cdlt",        "atte",
                                           "amicalement"};
    return IS_ONE_OF(cue, closings);
}

/* "Thanks in advance,", "Bien à vous,": behind a few small words the line ends; where it does, or
 * `i`. */
static size_t skip_small_words(struct str text, size_t i)
{
    struct redact_word word;
    size_t end = i;
    for (int k = 0; k < 3 && at(text, end) == ' '; k++) {
        redact_word_at(text, end + 1, &word);
        if (!word.size || word.capital) break;
        end = word.end;
    }
    size_t mark = end;
    while (mark < text.size && strchr(",.!", text.data[mark])) mark++;
    return at(text, mark) == '\n' || (end > i && at(text, end) == ',') ? end : i;
}

/* "regards, yulan vehbi": the last two words, and none of every day. */
static size_t small_signature(struct redact_finder *finder, size_t start,
                              const struct redact_word *cue)
{
    struct str text = finder->text;
    struct redact_word first, last;
    redact_word_at(text, start, &first);
    bool only = first.end + (at(text, first.end) == '.') >= text.size; /* "best, daniel" */
    struct name name = {.start = first.start, .end = first.end, .parts = 1};
    bool closes = is_closing(cue) || (name_starts_sentence(text, cue->start) &&
                                      name_is_like_one(text, &name, LIKE_A_NAME));
    bool may_be = first.cues == CUE(GIVEN) || (!first.cues && closes);
    if (only && first.size > 3 && may_be && !redact_is_ordinary(&first)) {
        redact_add(finder, start, first.end, REDACT_PERSON);
        return first.end;
    }
    if (at(text, first.end) != ' ') return 0;
    redact_word_at(text, first.end + 1, &last);
    bool initialed = last.size == 1 && first.cues == CUE(GIVEN) && !redact_is_ordinary(&first);
    size_t end = last.end + (at(text, last.end) == '.');
    const uint32_t names = CUE(GIVEN) | CUE(FAMILY);
    if (initialed && end >= text.size) return redact_add(finder, start, end, REDACT_PERSON), end;
    if (end < text.size || first.size < 4 || last.size < 4 || first.cues & ~names ||
        last.cues & ~names || redact_is_ordinary(&first) || redact_is_ordinary(&last))
        return 0;
    redact_add(finder, start, last.end, REDACT_PERSON);
    return last.end;
}

/* "… attente. Cordialement Josiane Petit": no more than a name behind it, and no comma between. */
static bool closes_with_name(struct str text, const struct redact_word *cue)
{
    enum { NAME_BYTES = 40 };
    struct redact_word first;
    if (!is_closing(cue) || !name_starts_sentence(text, cue->start) || at(text, cue->end) != ' ')
        return false;
    redact_word_at(text, cue->end + 1, &first);
    return first.capital && text.size - cue->end < NAME_BYTES && !redact_is_ordinary(&first);
}

size_t redact_sign_off(struct redact_finder *finder, const struct redact_word *cue)
{
    struct str text = finder->text;
    size_t i = cue->end;
    if (at(text, i) == ' ' && name_starts_sentence(text, cue->start)) i = skip_small_words(text, i);
    bool line = false, mark = cue->folded[0] == 'x', tail = i > cue->end; /* "xx Philippa" */
    for (int k = 0; k < 5 && i < text.size && is_one_of(text.data[i], " ,.!-\n"); k++, i++)
        line |= text.data[i] == '\n', mark |= text.data[i] != ' ';
    if (!mark && !closes_with_name(text, cue)) return 0;
    struct name name = name_read_initials(text, i, NOT_SMALL);
    if (!name.parts && is_lower(at(text, i)) && mark) return small_signature(finder, i, cue);
    struct redact_word initial = name_next_word(text, name.end);
    bool initialed = name.parts == 1 && initial.size == 1 && initial.capital; /* "Fi M." */
    if (initialed) name.end = initial.end, name.initial = true;
    size_t end = name.end + (at(text, name.end) == '.');
    bool last = end >= text.size || text.data[end] == '\n';
    if (!name.parts || name.company || !last || name_is_brand(text, &name)) return 0;
    /* "Regards, Yulan Vehbi", "Sincerely, Hugo Vehbi" */
    bool whole = name.parts == 2 && (!name.also || name_is_often_a_person(text, &name));
    /* "Best, Lucilla" */
    whole |= name.parts == 1 && name_starts_sentence(text, cue->start) &&
             (name_is_often_a_person(text, &name) || name_is_like_one(text, &name, LIKE_A_NAME));
    /* "Cheers, Dezza": nothing else is said */
    struct redact_word first;
    redact_word_at(text, name.start, &first);
    whole |= name.parts == 1 && starts_line(text, cue->start) && !first.upper && !first.cues;
    whole |= line && name.parts <= 3 && !tail;
    return name.known || name.initial || whole ? name_take(finder, &name) : 0;
}

/* "Ring me on [PHONE] - Grace Hill": behind a dash at the end of a text that says how to reach him,
 * also names that are words. */
void redact_signed_at_end(struct redact_finder *finder)
{
    enum { SIGNED_BYTES = 40, NAMES_MOST = 3 };
    struct str text = finder->text;
    size_t least = text.size > SIGNED_BYTES ? text.size - SIGNED_BYTES : 1, i = text.size;
    while (i > least && !(text.data[i - 1] == ' ' && is_upper(at(text, i)) &&
                          (text.data[i - 2] == '-' || text.data[i - 2] == '\x93' ||
                           text.data[i - 2] == '\x94')))
        i--;
    if (i <= least || i < 3 || !(is_blank(text.data[i - 3]) || text.data[i - 3] & 0x80)) return;
    struct redact_word first;
    redact_word_at(text, i, &first);
    struct name name = name_read_told(text, i, NOT_SMALL, false);
    size_t end = name.end + (at(text, name.end) == '.');
    bool person = name.known || name.also > 1 || name_is_often_a_person(text, &name) ||
                  name_is_like_one(text, &name, LIKE_A_NAME);
    if (!name.parts || name.parts > NAMES_MOST || end < text.size || first.upper || name.company ||
        !person || name_is_brand(text, &name) || name_is_place(text, &name))
        return;
    if (redact_registers(finder) & REGISTER_CONTACT) name_take(finder, &name);
}
