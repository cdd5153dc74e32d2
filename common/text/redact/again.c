/* A second look for names, once some were found: beside them, and the same ones
 * elsewhere in the text. */
#include "text/redact/name.h"
#include "text/redact/weigh.h"

enum { AGAIN_NAMES = 16, NEXT_NAMES = 64 };

struct seen {
    struct redact_word words[AGAIN_NAMES];
    int count;
};

/* What is a word as well ("Blessing") only of a name that is no more than it: "Amber Ruiz" says
 * nothing of amber. */
static void remember(struct seen *seen, struct str text, const struct redact_found *found)
{
    for (size_t i = found->start; i < found->end && seen->count < AGAIN_NAMES;) {
        struct redact_word word;
        redact_word_at(text, i, &word);
        bool whole = word.start == found->start && word.end == found->end;
        if (word.capital && word.size >= (whole ? 3 : 4) && !(word.cues & CUE(COMMON)) &&
            (whole || !(word.cues & CUE(ALSO))))
            seen->words[seen->count++] = word;
        i = word.end > i ? word.end : i + 1;
    }
}

/* "hi im marcus and", "hola soy yazmin", "moi c'est kelly,", "its darren from no 12". */
static bool is_introduced(struct str text, const struct redact_word *lead, size_t end)
{
    static const char *const selves[] = {"im", "soy", "names"};
    static const char *const behind[] = {"and", "from", "here", "again", "i", "y", "de", "del",
                                         "la", "el", "et", "j", "du", "ici", "my", "the"};
    struct redact_word earlier, follow = name_next_word(text, end);
    if (end < text.size && !strchr(",.!?\n", text.data[end]) &&
        (!follow.size || !IS_ONE_OF(&follow, behind)))
        return false;
    if (IS_ONE_OF(lead, selves)) return true;
    redact_word_before(text, lead->start, &earlier);
    if (word_is(lead, "m")) return word_is(&earlier, "i");
    if (word_is(lead, "est") && word_is(&earlier, "c")) {
        redact_word_before(text, earlier.start, &earlier);
        return word_is(&earlier, "moi") || word_is(&earlier, "bonjour") || !earlier.size;
    }
    bool from = word_is(&follow, "from") || word_is(&follow, "here") || word_is(&follow, "again");
    return from && (word_is(lead, "its") || word_is(lead, "s") ||
                    (word_is(lead, "is") && word_is(&earlier, "this")));
}

/* "roberto", "aïcha": what stands around one given name written small says that it is one; so does
 * a word behind it that nobody knows ("maria ylvisaker called"). */
static size_t small_given_end(struct redact_finder *finder, const struct redact_word *word)
{
    static const char *const whose[] = {"my", "our", "mi", "mis", "nuestra", "nuestro", "mon", "ma",
                                        "notre", "el", "la", "le", "the"};
    struct str text = finder->text;
    struct redact_word next, lead, owner;
    if (word->cues & ~(CUE(GIVEN) | CUE(FAMILY)) || redact_is_ordinary(word) || word->size < 3)
        return 0;
    struct name name = {
        .start = word->start, .end = word->end, .parts = 1, .known = 1, .given = 1};
    redact_word_at(text, word->end + 1, &next);
    bool second = at(text, word->end) == ' ' && next.size > 3 && !redact_is_ordinary(&next) &&
                  !(next.cues & ~(CUE(GIVEN) | CUE(FAMILY)));
    if (second) name.end = next.end, name.parts = 2;
    redact_word_before(text, word->start, &lead);
    bool titled = (lead.end + 1 == word->start ||
                   (lead.end + 2 == word->start && at(text, lead.end) == '.')) &&
                  lead.cues & (CUE(TITLE) | CUE(RELATIVE));
    static const char *const somebody[] = {"chica", "chico", "muchacha", "muchacho", "dame", "lady",
                                           "guy", "girl", "gars"}; /* "la chica dayana" */
    titled |= lead.end + 1 == word->start && IS_ONE_OF(&lead, somebody);
    if (titled) {
        if (word_is(word, "aine")) return 0; /* "mon frère aîné" */
        redact_word_before(text, lead.start, &owner);
        titled = (owner.size && IS_ONE_OF(&owner, whose)) || lead.cues & CUE(TITLE);
    }
    struct name_around around = name_look_around(text, &name);
    static const char *const clitics[] = {"me", "te", "le", "nos", "les"};
    if (IS_ONE_OF(&around.lead, clitics)) { /* "se me incho toda la cara": a verb */
        redact_word_before(text, around.lead.start, &owner);
        if (word_is(&owner, "se") && owner.end + 1 == around.lead.start) return 0;
    }
    if (name_is_brand(text, &name) || name_in_film(finder)) return 0;
    bool introduced = lead.end + 1 == word->start && is_introduced(text, &lead, name.end);
    int points = titled || second || introduced ? NAME_SURE
                                                : redact_phrase_points(finder, &name, &around);
    if (!points) redact_leave(finder, word);
    return points ? name_decide(finder, &name, points) : 0;
}

/* "monsieur trinca", "julia vargas", "tamay kunter": a family name, and what stands before it. */
static size_t small_family_end(struct redact_finder *finder, const struct redact_word *word)
{
    struct str text = finder->text;
    struct redact_word lead;
    if (word->cues & ~(CUE(GIVEN) | CUE(FAMILY)) || !(word->cues & CUE(FAMILY)) ||
        redact_is_ordinary(word) || word->size < 3)
        return 0;
    redact_word_before(text, word->start, &lead);
    bool dotted = at(text, lead.end) == '.';
    if (!lead.size || lead.end + 1 + dotted != word->start || before(text, word->start) != ' ')
        return 0;
    struct name name = {.start = word->start, .end = word->end, .parts = 1, .known = 1};
    if (!(lead.cues & CUE(TITLE))) {
        bool unknown = !lead.cues && lead.size > 3 && !redact_is_ordinary(&lead);
        name.start = lead.start, name.parts = 2;
        if (dotted || !(unknown ? name_is_like_one(text, &name, LIKE_ONE_OF_TWO)
                                : name_is_often_a_person(text, &name)))
            return 0;
    }
    if (name_is_brand(text, &name) || name_in_film(finder)) return 0;
    return name_decide(finder, &name, NAME_SURE);
}

/* "antonio p lombardo": where a listed name behind an initial ends, or 0. */
static size_t behind_initial(struct str text, const struct name *given)
{
    struct redact_word initial = name_next_word(text, given->end), family;
    if (initial.size != 1 || initial.accented) return 0;
    size_t i = initial.end + (at(text, initial.end) == '.');
    if (at(text, i) != ' ') return 0;
    redact_word_at(text, i + 1, &family);
    return family.size > 3 && family.cues & CUE(FAMILY) && !redact_is_ordinary(&family) ? family.end
                                                                                        : 0;
}

/* A word that may be listed, of three letters or more. Where the look goes on. */
static size_t on_small(struct redact_finder *finder, size_t start)
{
    struct str text = finder->text;
    struct redact_word word;
    redact_word_at(text, start, &word);
    if (!(word.cues & CUE(GIVEN))) {
        small_family_end(finder, &word);
        return start;
    }
    struct name name = name_read(text, start, SMALL);
    size_t behind = name.parts == 1 && name.known ? behind_initial(text, &name) : 0;
    if (behind) name.end = behind, name.parts = name.known = 2;
    if (name.known < 2 || name.company || name_is_brand(text, &name))
        return small_given_end(finder, &word);
    /* "deborah anne whitcombe" */
    struct redact_word last = name_next_word(text, name.end);
    bool ends = last.end == text.size || strchr(".,!\n", text.data[last.end]);
    if (last.size > 4 && ends && !last.cues && !redact_is_ordinary(&last)) name.end = last.end;
    return name_is_public(text, &name) ? name_decide(finder, &name, NAME_SURE)
                                       : name_take(finder, &name);
}

/* "olga krylova told me": in a text without any capital, two listed names are a person. */
static void find_small(struct redact_finder *finder)
{
    struct str text = finder->text;
    char room[OUTLINE_BYTES];
    struct redact_outline outline;
    size_t behind = 0; /* the last name */
    for (size_t start = 0; start < text.size; start += outline.width) {
        outline = redact_outline_at(text, start, room);
        uint64_t longer = outline.words & outline.letters >> 1 & outline.letters >> 2;
        uint64_t words = redact_words_among(redact_names, NAME_BITS, NULL, outline.bytes, longer,
                                            outline.letters & ~outline.high, ~outline.letters);
        for (; words; words &= words - 1) {
            size_t i = start + (size_t)__builtin_ctzll(words);
            if (i < behind) continue;
            size_t next = on_small(finder, i);
            behind = next > behind ? next : behind;
        }
    }
}

/* "Anna, Becker and Ruiz": a name behind a name. What is added is looked behind in its turn. */
static void find_next(struct redact_finder *finder, size_t end)
{
    static const char *const joins[] = {"and", "y", "e", "et", "or", "o", "ou", "como", "to", "a"};
    struct str text = finder->text;
    struct redact_word word;
    size_t i = skip_blanks(text, end + (at(text, end) == ','));
    redact_word_at(text, i, &word);
    if (word.size && IS_ONE_OF(&word, joins) && !word.capital) i = skip_blanks(text, word.end);
    /* "y a Chus" */
    if (word_is(&word, "y") && at(text, i) == 'a' && at(text, i + 1) == ' ') i += 2;
    if (i <= end + 1 || i > end + 8) return;
    redact_word_at(text, i, &word);
    struct name name = name_read(text, i, NOT_SMALL);
    bool found = false;
    for (uint32_t k = finder->count > 32 ? finder->count - 32 : 0; k < finder->count; k++)
        found |= finder->items[k].start == i;
    bool joined = is_one_of(text.data[i - 2], "dyt") || (text.data[i - 2] == 'a' && i > end + 4);
    bool pair = joined && name.parts == 1 && word.size >= 4 && !word.cues &&
                at(text, name.end) != '\'' && at(text, end) == ' ';
    pair |= name.parts == 2 && !word.cues && !name.also && at(text, end) == ' ' &&
            name_is_like_one(text, &name, LIKE_ONE_OF_TWO); /* "Anna or Yulan Vehbi" */
    if (found || !name.parts || word.upper || name.company ||
        !(name.known || name.also || name.foreign || pair) || name_is_brand(text, &name) ||
        name_is_place(text, &name) || name_is_known_to_all(finder, &name))
        return;
    name_take(finder, &name);
}

static bool may_be_name(const struct redact_word *word)
{
    return word->capital && !word->upper && word->size > 2 &&
           !(word->cues & ~(CUE(GIVEN) | CUE(FAMILY) | CUE(ALSO)));
}

/* "Boulangerie Mallard, [ADDRESS]": a business, named after somebody or not. */
bool name_is_shops(const struct redact_word *word)
{
    static const char *const shops[] = {
        "boulangerie", "patisserie", "boucherie", "galerie", "librairie", "pharmacie",
        "garage", "brasserie", "bistro", "bistrot", "cafe", "bar", "pub", "hotel",
        "restaurant", "restaurante", "salon", "atelier", "cabinet", "clinique", "clinica",
        "clinic", "residence", "residencia", "maison", "casa", "villa", "chateau",
        "domaine", "institut", "instituto", "ecole", "colegio", "college", "lycee",
        "school", "epicerie", "fromagerie", "pizzeria", "traiteur", "coiffure", "optique",
        "optica", "fleuriste", "bijouterie", "joyeria", "panaderia", "pasteleria",
        "carniceria", "farmacia", "libreria", "galeria", "tienda", "taller", "ferreteria",
        "peluqueria", "bodega", "meson", "taberna", "centro", "centre", "center", "club",
        "bakery", "gallery", "pharmacy", "bookshop", "butchers", "florist", "dental",
        "surgery", "motors", "autos", "theatre", "teatro", "museum", "museo", "musee",
        "studio", "studios", "shop", "store", "boutique", "trattoria", "ristorante",
        "hostal", "apartamentos", "apartments", "asador", "cerveceria", "heladeria",
        "inmobiliaria", "autoescuela", "creperie", "tabac", "pressing", "laverie", "garden",
        "gardens", "agence", "agencia", "agency", "auberge", "camping", "gimnasio"};
    return IS_ONE_OF(word, shops);
}

/* "Anna Becker, [PHONE]", "Wei Ling Foo, [ADDRESS]": who begins a line that goes on with his
 * address, phone or e-mail. */
static void find_owner(struct redact_finder *finder, size_t placeholder)
{
    static const char *const contacts[] = {"[ADDRESS]", "[PHONE]", "[EMAIL]"};
    struct str text = finder->text;
    bool contact = false;
    for (size_t k = 0; k < sizeof contacts / sizeof *contacts; k++)
        contact |= str_starts(str_slice(text, placeholder, text.size), str_of(contacts[k]));
    size_t line = placeholder;
    while (line && placeholder - line < NEXT_NAMES && text.data[line - 1] != '\n') line--;
    if (!contact || placeholder - line < 6 || !starts_line(text, line)) return;
    struct redact_word first;
    redact_word_at(text, line, &first);
    struct name name = name_read(text, line, NOT_SMALL);
    if (name.parts < 2 || name.parts > 3 || name.company || first.upper ||
        name.end + 2 != placeholder || text.data[name.end] != ',' || name_is_shops(&first) ||
        first.cues & ~(CUE(GIVEN) | CUE(FAMILY) | CUE(ALSO)) || redact_is_ordinary(&first) ||
        name_is_brand(text, &name) || name_is_place(text, &name) ||
        !(name.known || name_is_like_one(text, &name, LIKE_ONE_OF_TWO)))
        return;
    struct redact_word last;
    redact_word_before(text, name.end, &last);
    if (!name_is_shops(&last)) redact_add(finder, name.start, name.end, REDACT_PERSON);
}

/* "[PERSON] took the bags, then Otilio came": who comes next, where somebody was named before.
 * By verbs of what only people do: carriers lose, drugs relieve, programs crash. */
static void find_then(struct redact_finder *finder)
{
    static const char *const thens[] = {"then", "luego", "despues", "puis", "ensuite"};
    static const char *const deeds[] = {"rang", "phoned", "apologised", "apologized", "explained",
                                        "subio", "bajo", "atendio", "contesto", "explico",
                                        "rappela", "monta", "descendit", "expliqua"};
    struct str text = finder->text;
    for (size_t i = 4; i + 1 < text.size; i++) {
        struct redact_word word, verb;
        if (text.data[i] != ' ' || !is_upper(text.data[i + 1]) ||
            !is_one_of(text.data[i - 1], "nose"))
            continue;
        redact_word_before(text, i, &word);
        if (word.end != i || !IS_ONE_OF(&word, thens)) continue;
        redact_word_at(text, i + 1, &word);
        struct name name = {.start = word.start, .end = word.end, .parts = 1};
        redact_word_at(text, word.end + 1, &verb);
        if (at(text, word.end) == ' ' && IS_ONE_OF(&verb, deeds) && may_be_name(&word) &&
            !redact_is_ordinary(&word) && !(word.cues & CUE(ALSO)) &&
            !name_is_brand(text, &name) && !name_is_place(text, &name) &&
            (word.cues || (word.size > 5 && name_is_like_one(text, &name, LIKE_ONE_OF_TWO))))
            redact_add(finder, word.start, word.end, REDACT_PERSON);
    }
}

/* Around the placeholders of a pass before: "Efimiya, [PERSON] and [PERSON]"; who else speaks
 * where "[PERSON]:" does. */
static void find_beside(struct redact_finder *finder)
{
    struct str text = finder->text, person = STR("[PERSON]");
    bool dialogue = false, named = false;
    for (size_t i = 0; i + person.size <= text.size; i++) {
        if (text.data[i] == '[') find_owner(finder, i);
        if (text.data[i] != '[' || memcmp(text.data + i, person.data, person.size) != 0) continue;
        struct redact_word word, verb;
        named = true;
        dialogue |= starts_line(text, i) && at(text, i + person.size) == ':';
        size_t end = i > 5 && memcmp(text.data + i - 5, " and ", 5) == 0 ? i - 5
                     : i > 2 && memcmp(text.data + i - 2, ", ", 2) == 0  ? i - 2
                                                                         : i;
        if (end == i) continue;
        redact_word_before(text, end, &word);
        redact_word_at(text, i + person.size + 1, &verb);
        if (end == i - 5 &&
            IS_ONE_OF(&verb, ((const char *const[]){"were", "are", "have", "had"})) &&
            word.end == end && may_be_name(&word))
            redact_add(finder, word.start, word.end, REDACT_PERSON);
        /* "[PERSON], Yulan and [PERSON]" */
        struct str earlier = str_slice(text, 0, word.start);
        if (end == i - 5 && word.end == end && may_be_name(&word) && !redact_is_ordinary(&word) &&
            str_ends(earlier, STR("[PERSON], ")))
            redact_add(finder, word.start, word.end, REDACT_PERSON);
        while (end + 5 != i && word.size && word.end == end && may_be_name(&word) &&
               word.start > 1 && strchr(":,", text.data[word.start - 2])) {
            redact_add(finder, word.start, word.end, REDACT_PERSON);
            end = word.start - 2; /* all of the list at once */
            redact_word_before(text, end, &word);
        }
    }
    if (named) find_then(finder);
    for (size_t i = 0; dialogue && i < text.size; i++) {
        struct redact_word word;
        if (!starts_line(text, i)) continue;
        redact_word_at(text, i, &word);
        if (word.size && at(text, word.end) == ':' && may_be_name(&word))
            redact_add(finder, word.start, word.end, REDACT_PERSON);
    }
}

/* "Tanaka: What a wife.\nRuiz: Remember me?": every line is said by somebody,
 * and something is asked. */
static void find_dialogue(struct redact_finder *finder)
{
    enum { LINES_MOST = 32 };
    struct str text = finder->text;
    uint32_t starts[LINES_MOST], ends[LINES_MOST], lines = 0;
    bool asks = false;
    for (size_t i = 0; i < text.size; i++) {
        struct redact_word word;
        redact_word_at(text, i, &word);
        struct name name = name_read(text, i, NOT_SMALL);
        bool speaker = name.parts >= 1 && name.parts <= 2 && at(text, name.end) == ':' &&
                       at(text, name.end + 1) == ' ' && is_upper(at(text, name.end + 2));
        if (!speaker || word.upper || word.size < 3 || word.cues & ~(CUE(GIVEN) | CUE(FAMILY)) ||
            lines == LINES_MOST)
            return;
        starts[lines] = (uint32_t)i, ends[lines++] = (uint32_t)name.end;
        while (i < text.size && text.data[i] != '\n') asks |= text.data[i++] == '?';
    }
    for (uint32_t k = 0; asks && lines > 1 && k < lines; k++)
        redact_add(finder, starts[k], ends[k], REDACT_PERSON);
}

/* "Anna Reyes called. Reyes said …": a name that was found is one elsewhere, too; "and Ruiz". */
void redact_person_repeated(struct redact_finder *finder)
{
    struct seen seen; /* not cleared: it is large, and few texts have names */
    seen.count = 0;
    struct str text = finder->text;
    /* what was found in the scan is found again here: a bound keeps it linear */
    uint32_t most = finder->count + NEXT_NAMES;
    for (uint32_t i = 0; i < finder->count; i++) {
        if (finder->items[i].kind != REDACT_PERSON) continue;
        remember(&seen, text, &finder->items[i]);
        if (finder->count < most) find_next(finder, finder->items[i].end);
    }
    uint32_t first = 0; /* letters that those names start with; "É" may fold to any */
    for (int k = 0; k < seen.count; k++) first |= 1u << (seen.words[k].folded[0] & 31);
    for (size_t i = 0; seen.count && i < text.size;) {
        struct redact_word word;
        char c = text.data[i];
        if (!(c & 0x80) && (!is_upper(c) || !(first >> (c & 31) & 1))) {
            i = is_letter(c) ? redact_run_end(text, i + 1, RUN_LETTERS) : i + 1;
            continue;
        }
        redact_word_at(text, i, &word);
        for (int k = 0; word.capital && k < seen.count; k++) {
            if (!str_equal(folded_of(&word), folded_of(&seen.words[k])) ||
                (word.cues & CUE(ALSO) && name_starts_sentence(text, word.start)))
                continue;
            /* "David Navarro" whole, though "Navarro" alone is a place */
            struct name name = name_read(text, word.start, NOT_SMALL);
            bool whole = name.parts > 1 && name.known + name.also == name.parts && !name.company;
            if (whole) word.end = (uint32_t)name.end;
            redact_add(finder, word.start, word.end, REDACT_PERSON);
            break;
        }
        i = word.end > i ? word.end : i + 1;
    }
}

void redact_person_again(struct redact_finder *finder)
{
    if (!finder->capitals) find_small(finder);
    else if (finder->text.size && is_upper(finder->text.data[0]) &&
             memchr(finder->text.data, '\n', finder->text.size))
        find_dialogue(finder);
    if (finder->again) find_beside(finder), redact_signed_at_end(finder);
    redact_person_repeated(finder);
}
