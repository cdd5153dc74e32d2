/* Names before and behind a colon: the fields of forms ("First: Anneliese", "Served by: TRACEY"),
 * and who writes in a chat ("[10:41] Anna M.: hello"). */
#include "text/redact_name.h"

enum { STAMP_BYTES = 56, LABEL_BYTES = 32 };

/* The line from the colon on holds a name and nothing else. */
static void find_value(struct redact_finder *finder, size_t colon, bool sure)
{
    struct str text = finder->text;
    struct redact_word first;
    struct name name = name_read_initials(text, skip_blanks(text, colon + 1), NOT_SMALL);
    struct redact_word initial = name_next_word(text, name.end);
    if (initial.size == 1 && initial.capital) name.end = initial.end, name.initial = true;
    size_t end = name.end + (at(text, name.end) == '.');
    bool whole = end >= text.size || text.data[end] == '\n';
    if (!name.parts || name.parts > 4 || name.company || !whole || name.end - name.start < 3)
        return;
    redact_word_at(text, name.start, &first);
    if (first.cues & ~(CUE(GIVEN) | CUE(FAMILY) | CUE(ALSO))) return; /* "Contacto: Correo" */
    bool word = redact_is_ordinary(&first) && !name.given; /* "By: Post" */
    bool listed = (name.known && !word) || (name.parts > 1 && name.also);
    bool like = sure && !redact_is_ordinary(&first) && !first.upper;
    if ((listed || like) && !name_is_brand(text, &name) && !name_is_place(text, &name) &&
        !name_in_film(finder))
        redact_add(finder, name.start, name.end, REDACT_PERSON);
}

/* The line starts with the time: "[10:41] Anna M.: hello", "12/03/25, 10:41 - Anna: hello". */
static void find_chatter(struct redact_finder *finder, size_t colon)
{
    static const uint32_t roles = CUE(COMMON) | CUE(RELATIVE) | CUE(NAMED) | CUE(COMPANY) |
                                  CUE(BRAND) | CUE(TITLE) | CUE(MONTH);
    struct str text = finder->text;
    size_t line = colon, start = 0;
    bool time = false;
    while (line && colon - line < STAMP_BYTES && text.data[line - 1] != '\n') line--;
    if (!starts_line(text, line) || (at(text, line) != '[' && !is_digit(at(text, line)))) return;
    for (size_t i = line; i + 1 < colon; i++) {
        time |= text.data[i] == ':' && is_digit(text.data[i + 1]);
        bool mark = text.data[i] == ']' || text.data[i] == '-';
        if (mark && time && text.data[i + 1] == ' ') start = i + 2;
    }
    struct redact_word first;
    if (!start) return;
    redact_word_at(text, start, &first);
    struct name name = name_read(text, start, NOT_SMALL);
    if (!name.parts || first.cues & roles || (redact_is_ordinary(&first) && !name.known)) return;
    struct redact_word initial = name_next_word(text, name.end);
    size_t end = initial.size == 1 && initial.capital ? initial.end + (at(text, initial.end) == '.')
                                                      : name.end;
    if (skip_blanks(text, end) == colon) redact_add(finder, start, end, REDACT_PERSON);
}

void redact_field(struct redact_finder *finder, size_t colon)
{
    static const char *const persons[] = {
        "first", "last", "forename", "firstname", "lastname", "surname", "given", "solicitante",
        "demandeur", "claimant", "reviewer", "by", "cashier", "atendio", "tenant", "contact",
        "contacto", "responsable"};
    static const char *const roles[] = {
        "caller",  "agent",  "agente",  "conseiller", "conseillere", "asesor", "asesora", "from",
        "cc",      "to",     "driver",  "chauffeur",  "conductor",   "vendeur", "vendeuse",
        "vendedor", "vendedora", "tecnico", "technicien", "technician", "server", "host", "member"};
    struct str text = finder->text;
    struct redact_word word;
    redact_word_before(text, colon, &word);
    if (!word.size || colon - word.end > 2) return;
    bool sure = IS_ONE_OF(&word, persons);
    if (!sure && !IS_ONE_OF(&word, roles)) {
        if (word.capital) find_chatter(finder, colon);
        return;
    }
    size_t line = word.start;
    while (line && colon - line < LABEL_BYTES && text.data[line - 1] != '\n') line--;
    if (word_is(&word, "by") && starts_line(text, word.start)) return; /* "By: Post" */
    if (starts_line(text, line)) find_value(finder, colon, sure);
}
