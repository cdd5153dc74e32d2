/* Which names are brands', places' or everybody's. */
#include "text/redact/name.h"

/* Companies, brands and products named like people, by two words or three (brands.inc). */
bool name_is_brand_pair(struct str text, size_t first_at, size_t second_at)
{
    char joined[3 * WORD_BYTES + 2];
    struct redact_word words[3];
    size_t starts[] = {first_at, second_at, 0}, size = 0;
    for (int i = 0; i < 3; i++) {
        redact_word_at(text, starts[i], &words[i]);
        if (!words[i].size) return false;
        if (i) joined[size++] = '_';
        memcpy(joined + size, words[i].folded, words[i].size);
        size += words[i].size;
        if (i && redact_cues_of_joined(str_make(joined, size)) & CUE(BRAND)) return true;
        if (i == 1) starts[2] = words[1].end + 1;
    }
    return false;
}

bool name_is_brand(struct str text, const struct name *name)
{
    struct redact_word first;
    size_t size;
    redact_word_at(text, name->start, &first);
    if (name->parts == 1 && first.cues & CUE(BRAND)) return true; /* "Vigo" */
    size_t i = first.end;
    if (is_apostrophe(text, i, &size) && at(text, i + size) == 's') i += size + 1;
    while (i < text.size && (text.data[i] == ' ' || text.data[i] == '-' || text.data[i] == '&'))
        i++;
    static const char *const ands[] = {"and ", "et ", "y ", "e "}; /* "Melissa and Doug" */
    for (size_t k = 0; k < sizeof ands / sizeof *ands; k++)
        if (str_starts(str_slice(text, i, text.size), str_of(ands[k]))) i += strlen(ands[k]);
    return name_is_brand_pair(text, name->start, i);
}

/* "la place Stanislas"; but "this place Maria runs". */
static bool is_sight(const struct redact_word *sight, const struct redact_word *article)
{
    static const char *const sights[] = {
        "place", "plaza", "parc", "jardin", "pont", "rue", "avenida", "quartier", "barrio",
        "parque", "puente", "quai", "square"};
    static const char *const articles[] = {"la", "le", "una", "une", "du", "el", "del", "au"};
    return IS_ONE_OF(sight, sights) && IS_ONE_OF(article, articles);
}

/* "San Sebastián", "Saint-Malo", and the second half of "Bimba y Lola" and of "Rolls Royce". */
bool name_is_place(struct str text, const struct name *name)
{
    static const char *const saints[] = {
        "san", "los", "las", "santa", "santo", "saint", "sainte", "st", "mont", "puerto", "villa",
        "fort", "lake", "lago", "isla", "port", "virgen", "sant", "palau",
        "hurricane", "storm", "typhoon", "cyclone", "huracan", "ouragan", "tempete"};
    static const char *const sites[] = {"park",   "hall",   "field",   "bridge", "falls", "springs",
                                        "building", "farm", "arena", "stadium", "college",
                                        "university", "victory"};
    struct redact_word lead, first;
    if (name->parts > 1 && name->parts > name->known) {
        /* "McClelland Park"; but "Yuna Park" is a Korean name */
        redact_word_before(text, name->end, &first);
        if (IS_ONE_OF(&first, sites) && !name->given) return true;
    }
    if (at(text, name->end) == '-' && is_lower(at(text, name->end + 1)))
        return true; /* "Besse-sur-Issole", "Bath-time" */
    redact_word_at(text, name->start, &first);
    if ((name->parts > 1 || at(text, first.end) == '-') && IS_ONE_OF(&first, saints)) return true;
    redact_word_before(text, name->start, &lead);
    if (lead.end + 2 == name->start && text.data[lead.end] == '.' && lead.capital &&
        IS_ONE_OF(&lead, saints))
        return true; /* "St. Louis" */
    if (lead.end + 1 != name->start || !lead.size) return false;
    if (lead.capital && IS_ONE_OF(&lead, saints)) return true;
    if (lead.capital && name_is_brand_pair(text, lead.start, name->start)) return true;
    redact_word_before(text, lead.start, &first);
    if (!lead.capital && first.end + 1 == lead.start && is_sight(&lead, &first)) return true;
    /* "Paseo de Gracia" */
    if (lead.cues & CUE(PARTICLE) && first.cues & CUE(STREET_FIRST)) return true;
    bool joined = lead.size <= 3 && first.capital && first.end + 1 == lead.start;
    return joined && name_is_brand_pair(text, first.start, name->start);
}

/* Where the next word of a name begins: over blanks, hyphens, dots ("R.R. Martin"). */
static size_t skip_joins(struct str text, size_t i)
{
    while (at(text, i) == ' ' || at(text, i) == '-' || at(text, i) == '.') i++;
    return i;
}

/* "Tom Hanks", "Jean-Paul Belmondo", "Gabriel García Márquez": two or three words that stand
 * together in the name; or "Spielberg" alone. */
bool name_is_public(struct str text, const struct name *name)
{
    enum { WORDS = 6 };
    struct redact_word words[WORDS];
    int count = 0;
    for (size_t i = name->start; count < WORDS && i < name->end;) {
        redact_word_at(text, i, &words[count]);
        if (!words[count].size) break;
        size_t size;
        if (words[count].size == 1 && is_apostrophe(text, words[count].end, &size)) {
            struct redact_word rest; /* "O'Farrell" is "ofarrell" */
            redact_word_at(text, words[count].end + size, &rest);
            if (rest.size + 1 < WORD_BYTES) {
                memcpy(words[count].folded + 1, rest.folded, rest.size);
                words[count].size = (uint8_t)(rest.size + 1);
            }
            words[count].end = rest.end;
        }
        i = skip_joins(text, words[count++].end);
    }
    if (count == 1 && words[0].cues & CUE(PUBLIC)) return true;
    /* "Ray Charles", "Sec Theresa May": the last is no name by itself */
    if (count && count < WORDS && at(text, words[count - 1].end) == ' ') {
        redact_word_at(text, words[count - 1].end + 1, &words[count]);
        count += words[count].capital || count == 1;
    }
    for (int first = 0; first + 1 < count; first++) {
        char joined[3 * WORD_BYTES + 2];
        size_t size = 0;
        for (int k = first; k < count && k < first + 3; k++) {
            if (k > first) joined[size++] = '_';
            memcpy(joined + size, words[k].folded, words[k].size);
            size += words[k].size;
            if (k > first && redact_cues_of_joined(str_make(joined, size)) & CUE(PUBLIC))
                return true;
        }
    }
    return false;
}

bool name_has_famous_beside(struct redact_finder *finder)
{
    struct str text = finder->text;
    uint32_t registers = redact_registers(finder);
    if (registers & REGISTER_SOUGHT) return (registers & REGISTER_FAMOUS) != 0;
    finder->registers |= REGISTER_SOUGHT;
    char room[OUTLINE_BYTES];
    struct redact_outline outline;
    for (size_t start = 0; start < text.size; start += outline.width) {
        outline = redact_outline_at(text, start, room);
        /* a letter stands two bytes before, or perhaps in the 64 bytes before these */
        uint64_t seconds = outline.capitals & (outline.letters << 2 | 3);
        for (; seconds; seconds &= seconds - 1) {
            size_t i = start + (size_t)__builtin_ctzll(seconds);
            struct redact_word first, second;
            redact_word_before(text, i, &first);
            if (!first.size || first.end + 1 != i || !is_upper(text.data[first.start]) ||
                is_letter(before(text, first.start)))
                continue;
            redact_word_at(text, i, &second);
            char joined[2 * WORD_BYTES + 1];
            size_t size = first.size;
            memcpy(joined, first.folded, size);
            joined[size++] = '_';
            memcpy(joined + size, second.folded, second.size);
            size += second.size;
            if (!(redact_cues_of_joined(str_make(joined, size)) & CUE(PUBLIC))) continue;
            finder->registers |= REGISTER_FAMOUS;
            return true;
        }
    }
    return false;
}

/* What reads like the name `own` at `i` is "Kahlo" of "Frida Kahlo", or
 * "Fox" of "Fox News". */
static bool is_part_of_public(struct str text, size_t i, struct str own)
{
    struct redact_word lead, follow;
    if (is_letter(before(text, i)) || is_letter(at(text, i + own.size))) return false;
    redact_word_before(text, i, &lead);
    if (lead.capital && lead.end + 1 == i) {
        struct name both = {.start = lead.start, .end = i + own.size, .parts = 2};
        if (name_is_public(text, &both)) return true;
    }
    follow = name_next_word(text, i + own.size);
    return follow.capital && name_is_brand_pair(text, i, follow.start);
}

/* "Kahlo's life" in a text with "Frida Kahlo", "Hi Fox" in one with "Fox News": one name that
 * stands near by beside a word that makes it everybody's, or a brand's. Only so near, and so often,
 * that a text of one name again and again costs no more than its size. */
bool name_is_partly_public(struct str text, const struct name *name)
{
    enum { NEAR_BYTES = 2048, LOOKS_MOST = 32 };
    struct str own = str_slice(text, name->start, name->end);
    size_t i = name->start > NEAR_BYTES ? name->start - NEAR_BYTES : 0,
           end = text.size - name->end > NEAR_BYTES ? name->end + NEAR_BYTES : text.size;
    if (name->parts != 1 || own.size < 3) return false;
    for (int looks = 0; looks < LOOKS_MOST && i + own.size <= end; i++) {
        const char *next = memchr(text.data + i, own.data[0], end - own.size + 1 - i);
        if (!next) return false;
        i = (size_t)(next - text.data);
        if (i == name->start || memcmp(next, own.data, own.size) != 0) continue;
        if (is_part_of_public(text, i, own)) return true;
        looks++;
    }
    return false;
}

bool name_is_known_to_all(struct redact_finder *finder, const struct name *name)
{
    return name->parts > 1 && name_is_public(finder->text, name) &&
           !(redact_registers(finder) & (REGISTER_SERVICE | REGISTER_CONTACT));
}

bool name_in_film(struct redact_finder *finder)
{
    uint32_t registers = redact_registers(finder);
    return registers & REGISTER_FILM && !(registers & (REGISTER_SERVICE | REGISTER_CONTACT));
}
