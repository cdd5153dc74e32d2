/* Lists of people behind a colon: "founders: Tanaka, Vehbija and Ström". */
#include "text/redact/name.h"

/* "founders: Tanaka, Vehbija and Ström": all of the list, if all could be names. */
static size_t take_list(struct redact_finder *finder, const struct redact_word *word)
{
    static const char *const people[] = {
        "founders", "children", "kids", "members", "students", "players", "colleagues", "employees",
        "siblings", "guests", "passengers", "hijos", "miembros", "enfants", "membres", "names",
        "owners", "teachers", "team", "attendees", "participants", "present", "speakers", "winners",
        "nominees", "crew", "guests", "staff", "asistentes", "equipo", "participantes"};
    struct str text = finder->text;
    struct redact_word lead;
    size_t items = 0, ends[8], starts[8], i = word->start;
    bool last = false, over = false;
    if (i < 3 || text.data[i - 1] != ' ' || text.data[i - 2] != ':') return 0;
    redact_word_before(text, i - 2, &lead);
    bool counted = is_digit(text.data[i - 3]); /* "They had 6:" */
    if (!counted && (lead.end + 2 != i || !lead.size || !IS_ONE_OF(&lead, people))) return 0;
    while (items < 8 && !last) {
        struct redact_word and = {.size = 0};
        if (items) {
            bool comma = at(text, i) == ',';
            i += comma;
            and = name_next_word(text, i);
            last = word_is(&and, "and") || word_is(&and, "y") || word_is(&and, "et");
            over = !last && !comma;
            if (over) break; /* "A, B, C." */
            i = last ? and.end + 1 : i + 1;
        }
        struct name name = name_read(text, i, NOT_SMALL);
        if (!name.parts || name.company || name.parts > 3) return 0;
        starts[items] = name.start, ends[items++] = i = name.end;
    }
    over &= i == text.size || strchr(".\n", text.data[i]) != NULL;
    if (items < 3 || !(last || over)) return 0;
    for (size_t k = 0; k < items; k++) redact_add(finder, starts[k], ends[k], REDACT_PERSON);
    return ends[items - 1];
}

size_t redact_name_list(struct redact_finder *finder, const struct redact_word *word)
{
    bool colon = word->start > 1 && finder->text.data[word->start - 2] == ':';
    return colon ? take_list(finder, word) : 0;
}
