/* What stands before a postal code and its city: "Flat 9, Copperfield House, 112 Lower Marsh,
 * London SE1 7AB", "RR 2 Box 118, Elkton, VA 22827". The code is sure, so neither the street nor
 * the house needs a word that says what it is. Read backwards, part by part as commas have it. */
#include "text/redact/address.h"

enum {
    PARTS_MOST = 6,
    BYTES_MOST = 112,
    PLACES_MOST = 3 /* towns between the street and the code */
};

/* A house, an estate: a name of its own in front of the street, and enough without a number. */
static bool is_building(const struct redact_word *word)
{
    static const char *const buildings[] = {
        "house", "court", "building", "flats", "tower", "towers", "lodge", "cottage", "mansions",
        "villas", "villa", "apartments", "block", "farm", "farmhouse", "estate", "barn", "manor",
        "mill", "hall", "bungalow", "residences", "poligono", "lieu", "lieudit", "edificio",
        "residencial", "residence", "lotissement", "urbanizacion", "finca", "parcela", "barrio",
        "hameau", "batiment", "za", "zac", "zi", "nave", "dit", "bourg", "res", "rectory",
        "vicarage", "cottages", "priory", "granary", "immeuble", "schoolhouse"};
    return word->size && IS_ONE_OF(word, buildings);
}

/* "Unit 4", "RR 2 Box 118", "Highway 9": the number belongs to the word before it. */
static bool is_numbered(const struct redact_word *word)
{
    static const char *const numbered[] = {"rr", "box", "hc", "lot", "hwy", "highway", "route",
                                           "unit", "block", "floor", "nave", "km", "room",
                                           "casa", "chalet", "parcela", "lote", "manzana"};
    return word->cues & (CUE(UNIT) | CUE(STREET_FIRST)) ||
           (word->size && IS_ONE_OF(word, numbered));
}

struct part {
    size_t start;    /* of what belongs to the address */
    size_t begins;   /* of all words that were read */
    bool house, street, first /* "calle" */, building, words;
};

static bool is_token(char c) { return is_word(c) || c == '\'' || c == '#'; }

/* The token that ends at `end`. False: it is no part of an address. */
static bool read_token(struct str text, size_t end, struct part *part)
{
    size_t start = end;
    while (start && end - start < WORD_BYTES && is_token(text.data[start - 1])) start--;
    if (start == end) return false;
    static const char *const articles[] = {"the", "les", "los", "las"};
    struct redact_word word, earlier;
    if (is_digit(text.data[start]) || text.data[start] == '#') {
        if (end - start > ADDRESS_NUMBER_MOST) return false;
        redact_word_before(text, start, &earlier);
        bool named = earlier.size && earlier.end + 1 == start && is_numbered(&earlier);
        part->house = true;
        part->start = start;
        part->begins = start;
        if (named) part->start = part->begins = earlier.start;
        part->building |= named && is_building(&earlier);
        return true;
    }
    redact_word_at(text, start, &word);
    bool joins = (word.cues & CUE(PARTICLE)) != 0;
    bool unit = word.cues & CUE(UNIT) || is_building(&word);
    if (!word.size || (!word.capital && !joins && !unit)) return false;
    if (word.capital && word.cues & CUE(COMMON) && !joins && !IS_ONE_OF(&word, articles))
        return false;
    part->begins = start;
    if (word.capital || unit) {
        part->words = true;
        if (!part->house) part->start = start;
    }
    part->street |= word.capital && (word.cues & (CUE(STREET) | CUE(STREET_FIRST))) != 0;
    part->first |= (word.cues & CUE(STREET_FIRST)) != 0;
    part->building |= unit;
    return true;
}

/* The word that ends at `end` is short enough to be cut by a dot. */
static bool is_short(struct str text, size_t end)
{
    struct redact_word word;
    redact_word_before(text, end, &word);
    return word.end == end && word.size && word.size <= 4;
}

/* The part that ends at `end`. */
static struct part read_part(struct str text, size_t end)
{
    struct part part = {.start = end, .begins = end};
    for (size_t i = end; i; i--) {
        if (!read_token(text, i, &part) || !part.begins) break;
        i = part.begins;
        char c = text.data[i - 1];
        if (c == ' ' && before(text, i - 1) == '.' && is_short(text, i - 2)) i--; /* "Co. Clare" */
        else if (c != ' ' && c != '-') break;
    }
    return part;
}

/* Where the part before the separators that end at `i` ends; `i`: it begins a sentence, or a line
 * with nothing before it. */
static size_t part_end(struct str text, size_t i)
{
    size_t end = i;
    bool line = false;
    while (end && i - end < 4 && strchr(" ,\n", text.data[end - 1])) {
        if (text.data[end - 1] == '\n' && line) return i;
        line |= text.data[--end] == '\n';
    }
    return end;
}

/* "my address is Ty Gwyn, Heol y Bont, Aberaeron": what leads to names of places that end in a
 * code. */
static bool is_led_to_places(struct str text, size_t start)
{
    return redact_context_before(text, start).all & CUE(ADDRESS);
}

static size_t start_before(struct str text, size_t code, bool named)
{
    size_t start = code, i = code;
    bool house = false, names = false;
    size_t place = code; /* of names alone */
    int places = 0;
    for (int k = 0; k < PARTS_MOST && i && code - i < BYTES_MOST; k++) {
        size_t end = part_end(text, i);
        if (end == i || !end) break;
        struct part part = read_part(text, end);
        bool sure = part.house || part.street || part.building;
        if (part.begins == end || (!part.house && !part.words)) break;
        /* behind the house: what else is in it, and no more of what is before it */
        if (house && !part.building) break;
        if (!sure && ++places > PLACES_MOST) break;
        if (sure) start = part.start;
        else if (start == code && !named) place = part.start;
        house |= part.house && part.words;
        names |= part.first || part.building;
        if (part.start > part.begins) break;
        i = part.begins;
    }
    if (start == code && place < code && is_led_to_places(text, place)) return place;
    return named && !names ? code : start;
}

/* "Copperfield House, ", "Résidence Les Pins, ". */
size_t address_building_before(struct str text, size_t start)
{
    if (start < 2 || text.data[start - 1] != ' ' || text.data[start - 2] != ',') return start;
    struct part part = read_part(text, start - 2);
    return part.building && part.words && part.begins < part.start + 1 && !part.house &&
                   start - part.start > 8
               ? part.start
               : start;
}

size_t address_start_before_code(struct str text, size_t code)
{
    return start_before(text, code, false);
}

/* What there are many thousands of: "La Finca, 10000 Metros". */
static bool is_measure(const struct redact_word *word)
{
    static const char *const measures[] = {
        "metros", "metres", "meters", "miles", "millas", "kilometros", "kilometres", "euros",
        "dollars", "dolares", "pesos", "hectareas", "hectares", "habitantes", "habitants",
        "personas", "personnes", "unidades", "more", "times", "total"};
    return IS_ONE_OF(word, measures);
}

/* "VA 22827": of the United States. */
bool address_is_state(const struct redact_word *word)
{
    static const char *const states[] = {
        "al", "ak", "az", "ar", "ca", "co", "ct", "de", "dc", "fl", "ga", "hi", "id", "il", "in",
        "ia", "ks", "ky", "la", "me", "md", "ma", "mi", "mn", "ms", "mo", "mt", "ne", "nv", "nh",
        "nj", "nm", "ny", "nc", "nd", "oh", "ok", "or", "pa", "ri", "sc", "sd", "tn", "tx", "ut",
        "vt", "va", "wa", "wv", "wi", "wy", "pr"};
    return word->size == 2 && IS_ONE_OF(word, states);
}

/* "300 MORE, OR 12000", "150 TRUCK IN 20000": where all is in capitals, states that are words want
 * a town and a comma before them. */
static bool is_shouted(struct str text, const struct redact_word *state)
{
    static const char *const words[] = {"al", "co", "de", "hi", "id", "in", "la", "ma",
                                        "me", "oh", "ok", "or", "pa"};
    struct redact_word town;
    if (!IS_ONE_OF(state, words)) return false;
    redact_word_before(text, state->start, &town);
    bool comma = town.end + 2 == state->start && text.data[town.end] == ',';
    return comma ? redact_is_ordinary(&town) || town.cues & CUE(COMMON) || is_measure(&town)
                 : town.end + 1 != state->start || town.upper;
}

size_t address_start_before_zip(struct str text, size_t zip)
{
    struct redact_word state, town;
    redact_word_before(text, zip, &state);
    if (state.end + 1 == zip && state.upper && address_is_state(&state)) {
        if (is_shouted(text, &state)) return zip;
        size_t start = start_before(text, state.start, false);
        return start < state.start ? start : zip;
    }
    /* ", 29006 Málaga" */
    char mark = zip > 1 && text.data[zip - 1] == ' ' ? text.data[zip - 2] : before(text, zip);
    if ((mark != ',' && mark != '\n') || at(text, zip + 5) != ' ') return zip;
    redact_word_at(text, zip + 6, &town);
    if (!town.capital || town.size < 3 || redact_is_ordinary(&town) || is_measure(&town))
        return zip;
    return start_before(text, zip, true);
}

size_t address_start_before_pin(struct str text, size_t pin)
{
    struct redact_word town;
    const uint32_t others = CUE(ORDER) | CUE(VERSION) | CUE(ACCOUNT) | CUE(CARD) | CUE(ID) |
                            CUE(PHONE) | CUE(COMMON) | CUE(SECRET);
    redact_word_before(text, pin, &town);
    if (town.end + 1 != pin || !town.capital || town.size < 4 || town.cues & others ||
        redact_is_ordinary(&town))
        return pin;
    return start_before(text, pin, false);
}
