/* Names before and behind a colon: the fields of forms ("First: Anneliese", "Served by: TRACEY"),
 * and who writes in a chat ("[10:41] Anna M.: hello"). */
#include "text/redact/name.h"

enum { STAMP_BYTES = 56, LABEL_BYTES = 32 };

/* The line from the colon on holds a name and nothing else. */
static void find_value(struct redact_finder *finder, size_t colon, bool sure)
{
    struct str text = finder->text;
    struct redact_word first;
    struct name name = name_read_told(text, skip_blanks(text, colon + 1), NOT_SMALL, false);
    struct redact_word initial = name_next_word(text, name.end);
    if (initial.size == 1 && initial.capital) name.end = initial.end, name.initial = true;
    size_t end = name.end + (at(text, name.end) == '.');
    bool whole = end >= text.size || text.data[end] == '\n';
    if (!name.parts || name.parts > 4 || name.company || !whole || name.end - name.start < 3)
        return;
    redact_word_at(text, name.start, &first);
    if (first.cues & ~(CUE(GIVEN) | CUE(FAMILY) | CUE(ALSO) | CUE(MONTH)))
        return; /* "Contacto: Correo" */
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
    static const uint32_t names = CUE(GIVEN) | CUE(FAMILY) | CUE(ALSO); /* else "Update:" */
    struct str text = finder->text;
    size_t line = colon, start = 0;
    bool time = false, chat = false; /* chat: "[10:41]", or the date as well */
    while (line && colon - line < STAMP_BYTES && text.data[line - 1] != '\n') line--;
    if (!starts_line(text, line) || (at(text, line) != '[' && !is_digit(at(text, line)))) return;
    for (size_t i = line; i + 1 < colon; i++) {
        time |= text.data[i] == ':' && is_digit(text.data[i + 1]);
        chat |= !start && is_one_of(text.data[i], "[/");
        bool mark = text.data[i] == ']' || text.data[i] == '-';
        if (mark && time && text.data[i + 1] == ' ') start = i + 2;
    }
    struct redact_word first;
    if (!start) return;
    redact_word_at(text, start, &first);
    struct name name = name_read(text, start, NOT_SMALL);
    if (!name.parts || first.cues & ~names || (redact_is_ordinary(&first) && !name.known)) return;
    /* of a log or an itinerary: "10:15 - Florence:", "[10:41] Resolved:" */
    bool told = name.known || name.also || (chat && name_is_like_one(text, &name, LIKE_A_NAME));
    if (!told || (name.also && !chat)) return;
    struct redact_word initial = name_next_word(text, name.end);
    size_t end = initial.size == 1 && initial.capital ? initial.end + (at(text, initial.end) == '.')
                                                      : name.end;
    if (skip_blanks(text, end) == colon) redact_add(finder, start, end, REDACT_PERSON);
}

/* "First: Anneliese\nLast: Vandermeer"; but "First: Unboxing\nThen: …". */
static bool has_both_halves(struct str text, size_t colon)
{
    struct redact_word last;
    size_t line = colon, begin = colon;
    while (line < text.size && line - colon < STAMP_BYTES && text.data[line] != '\n') line++;
    redact_word_at(text, line + 1, &last);
    if (word_is(&last, "last") && at(text, last.end) == ':') return true;
    while (begin && text.data[begin - 1] != '\n') begin--;
    for (line = begin ? begin - 1 : 0; line && text.data[line - 1] != '\n';) line--;
    redact_word_at(text, line, &last);
    return begin && word_is(&last, "first");
}

void redact_field(struct redact_finder *finder, size_t colon)
{
    static const char *const persons[] = {
        "forename", "firstname", "lastname", "surname", "solicitante", "demandeur", "claimant",
        "tenant"};
    static const char *const halves[] = {"first", "last"};
    static const char *const roles[] = {
        "caller",  "agent",  "agente",  "conseiller", "conseillere", "asesor", "asesora", "from",
        "cc",      "to",     "driver",  "chauffeur",  "conductor",   "vendeur", "vendeuse",
        "vendedor", "vendedora", "tecnico", "technicien", "technician", "server", "host", "member",
        "given", "reviewer", "by", "cashier", "atendio", "contact", "contacto", "responsable"};
    struct str text = finder->text;
    struct redact_word word;
    redact_word_before(text, colon, &word);
    if (!word.size || colon - word.end > 2) return;
    bool half = IS_ONE_OF(&word, halves),
         sure = IS_ONE_OF(&word, persons) || (half && has_both_halves(text, colon));
    if (!sure && !half && !IS_ONE_OF(&word, roles)) {
        if (word.capital) find_chatter(finder, colon);
        return;
    }
    size_t line = word.start;
    while (line && colon - line < LABEL_BYTES && text.data[line - 1] != '\n') line--;
    if (word_is(&word, "by") && starts_line(text, word.start)) return; /* "By: Post" */
    if (starts_line(text, line)) find_value(finder, colon, sure);
}
