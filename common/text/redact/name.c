/* How the name of a person is read. */
#include "text/redact/name.h"

enum { NAME_PARTS = 5 };

/* "Hyun-woo", "Mei-ling": the second syllable of a Korean or Chinese name is written small. */
static bool is_syllable(const struct redact_word *word)
{
    static const char *const syllables[] = {
        "bin", "chul", "eun", "hee", "ho",  "hoon", "hwan",  "hwa", "hye",  "hyun", "jae",
        "ji",  "jin",  "joo", "joon", "jun", "jung", "kyu",  "kyung", "mi", "min",  "ra",  "rin",
        "seok", "seung", "soo", "sook", "su", "sun", "sung", "tae",  "ung", "wook", "woo", "won",
        "yeon", "yoon", "young", "yun", "ling", "hao", "yi", "wen", "ming", "hui", "hua", "fang",
        "yu", "wei", "xin", "jie", "ting", "mei", "lin", "chen", "yan", "xia", "zhen", "hsin",
        "chih", "hsuan", "chieh", "chun", "ching", "feng", "ping", "liang", "xiang", "qing"};
    return IS_ONE_OF(word, syllables);
}

static bool is_syllabic(struct str text, const struct redact_word *word)
{
    struct redact_word next;
    if (at(text, word->end) != '-' || word->end - word->start > 5 || redact_is_ordinary(word))
        return false;
    redact_word_at(text, word->end + 1, &next);
    return next.size > 1 && is_syllable(&next);
}

/* "Siew Ling", "Min Jun", "Ngoc Anh": two syllables of a Chinese, Korean or Vietnamese name. */
static bool is_two_syllables(struct str text, const struct redact_word *word)
{
    static const char *const more[] = {
        "siew", "kuan", "yew", "boon", "seng", "hock", "keng", "jia", "xiao", "minh", "anh", "ngoc",
        "quang", "tuan", "thanh", "linh", "phuong", "huong", "xuan", "trang", "hieu", "hsiao"};
    struct redact_word next;
    bool may_be = word->size <= 6 && word->capital && !word->upper && !(word->cues & CUE(GIVEN)) &&
                  at(text, word->end) == ' ' && is_upper(at(text, word->end + 1));
    if (!may_be || redact_is_ordinary(word) || !(is_syllable(word) || IS_ONE_OF(word, more)))
        return false;
    redact_word_at(text, word->end + 1, &next);
    return !next.upper && next.hash != word->hash && !redact_is_ordinary(&next) &&
           (is_syllable(&next) || IS_ONE_OF(&next, more));
}

/* "O'Brien", "D'Angelo": an initial, an apostrophe, a capital. */
static bool is_apostrophed(struct str text, const struct redact_word *word)
{
    struct redact_word next;
    size_t size;
    if (word->size != 1 || !word->capital || !strchr("odm", word->folded[0])) return false;
    if (!is_apostrophe(text, word->end, &size)) return false;
    redact_word_at(text, word->end + size, &next);
    bool small = word->folded[0] == 'o' && next.size > 3; /* "O'neal" */
    return (next.capital || small) && next.size > 2 && !redact_is_ordinary(&next);
}

/* One capitalised word with what is joined to it: "García-Ripoll", "O'Brien". */
static size_t joined_end(struct str text, const struct redact_word *word)
{
    size_t end = word->end, size;
    for (int k = 0; k < 3; k++) {
        struct redact_word next;
        bool apostrophe = word->size <= 2 && is_apostrophe(text, end, &size);
        if (!apostrophe && at(text, end) != '-') break;
        redact_word_at(text, end + (apostrophe ? size : 1), &next);
        bool small = apostrophe && word->folded[0] == 'o' && is_apostrophed(text, word);
        if (!next.size || (!next.capital && !small && !is_syllabic(text, word))) break;
        end = next.end;
    }
    return end;
}

/* Family names of the Slavic, Nordic, Greek, Caucasian and other kinds, by their ending; and
 * "McAllister". */
static bool is_formed_like_one(const struct redact_word *word)
{
    static const char *const wares[] = {
        "mcdonald", "mcdonalds", "mcafee",    "mccafe",   "mcflurry",
        "mcmuffin", "mcnuggets", "mcchicken", "mcdouble"};
    static const char *const endings[] = { /* by their last letter */
        ['a' - 'a'] = "ova eva ska skaya etxea",
        ['c' - 'a'] = "vic",
        ['d' - 'a'] = "nejad",
        ['e' - 'a'] = "adze",
        ['h' - 'a'] = "vich zadeh ullah sworth",
        ['i' - 'a'] = "ski shvili goiti",
        ['k' - 'a'] = "czyk",
        ['m' - 'a'] = "strom bottom",
        ['n' - 'a'] = "sen sson yan uddin",
        ['o' - 'a'] = "enko",
        ['r' - 'a'] = "dottir",
        ['s' - 'a'] = "idis poulos akis",
        ['t' - 'a'] = "quist",
        ['u' - 'a'] = "escu oglu",
        ['v' - 'a'] = "kov nov rov tov lov mov sov chev yev iev aev",
        ['y' - 'a'] = "sky",
        ['z' - 'a'] = "wicz guez",
    };
    if (word->size < 6) return false;
    if (word->folded[0] == 'm' && word->folded[1] == 'c') return !IS_ONE_OF(word, wares);
    size_t last = (size_t)(uint8_t)word->folded[word->size - 1] - 'a';
    if (last >= sizeof endings / sizeof *endings || !endings[last]) return false;
    for (struct str rest = str_of(endings[last]); rest.size;) {
        struct str ending = str_cut(&rest, ' ');
        if (word->size > ending.size &&
            memcmp(word->folded + word->size - ending.size, ending.data, ending.size) == 0)
            return true;
    }
    return false;
}

static bool is_listed(const struct redact_word *word)
{
    return word->cues & (CUE(GIVEN) | CUE(FAMILY)) || is_formed_like_one(word);
}

static void count_part(struct name *name, const struct redact_word *word)
{
    bool listed = is_listed(word);
    name->foreign += word->accented;
    name->parts++;
    name->known += listed;
    name->given += (word->cues & CUE(GIVEN)) != 0;
    name->also += (word->cues & CUE(ALSO)) != 0;
}

/* "Jean-Paul", "Anne-Marie": two given names are one, also where the first alone would be a
 * word like any other. */
static bool is_compound(struct str text, const struct redact_word *word)
{
    struct redact_word next;
    if (at(text, word->end) != '-' || !(word->cues & (CUE(GIVEN) | CUE(ALSO)))) return false;
    redact_word_at(text, word->end + 1, &next);
    return next.capital && next.cues & CUE(GIVEN);
}

static bool is_name_word(const struct redact_word *word, enum small lower)
{
    static const char *const streets[] = {
        "calle", "avenida", "avda", "paseo", "ctra", "carretera", "rue", "avenue", "boulevard",
        "chemin", "quai"};
    if (word->cues & CUE(STREET_FIRST) && IS_ONE_OF(word, streets)) return false;
    /* "Ján" is no month */
    uint32_t never = CUE(COMMON) | CUE(COMPANY) | (word->accented ? 0 : CUE(MONTH));
    if (!word->size || word->cues & never) return false;
    bool listed = word->cues & (CUE(GIVEN) | CUE(FAMILY) | CUE(ALSO) | CUE(PARTICLE));
    if (!listed && lower != SMALL_ALSO && redact_is_ordinary(word)) return false;
    return word->capital ||
           (lower && (word->cues & (CUE(GIVEN) | CUE(FAMILY)) || is_formed_like_one(word))) ||
           (lower == SMALL_ALSO && word->cues & CUE(ALSO));
}

/* The particles before a family name: "de la", "van der". Returns where the capital
 * stands, or 0. */
static size_t skip_particles(struct str text, size_t i)
{
    for (int k = 0; k < 3; k++) {
        struct redact_word word;
        redact_word_at(text, i, &word);
        if (!(word.cues & CUE(PARTICLE)) || at(text, word.end) != ' ') return k ? i : 0;
        i = skip_blanks(text, word.end);
    }
    return i;
}

/* "Al-Masri", "El-Sayed". */
static bool is_arabic(struct str text, const struct redact_word *word)
{
    struct redact_word next;
    if (at(text, word->end) != '-' || !(word_is(word, "al") || word_is(word, "el"))) return false;
    redact_word_at(text, word->end + 1, &next);
    return next.capital && next.size > 2 && !redact_is_ordinary(&next);
}

static const char *const persons_particles[] = {"van", "von", "bin", "ibn", "dos", "ten",
                                                "ter", "den", "op",  "zu"};

static bool is_persons_particle(const struct redact_word *word)
{
    return IS_ONE_OF(word, persons_particles);
}

void name_mark_particles(uint64_t *set, int bits)
{
    for (size_t i = 0; i < sizeof persons_particles / sizeof *persons_particles; i++)
        redact_mark_words(set, bits, str_of(persons_particles[i]));
}

/* The word that ends at `end` is of capitals alone. */
static bool is_shouted(struct str text, size_t end)
{
    struct redact_word word;
    redact_word_before(text, end, &word);
    return word.upper;
}

/* "Puig i Ferrer": Catalan family names are joined so. Where the second one stands, or 0. */
static size_t behind_and(struct str text, const struct redact_word *and, const struct name *name)
{
    struct redact_word family;
    if (and->size != 1 || and->capital || and->folded[0] != 'i' || !name->parts) return 0;
    redact_word_at(text, and->end + 1, &family);
    bool is = at(text, and->end) == ' ' && is_name_word(&family, NOT_SMALL) && family.size > 2 &&
              !family.upper && family.end - family.start > 2 &&
              (name->parts > 1 || family.cues & CUE(FAMILY));
    return is ? family.start : 0;
}

/* "d'Hérouville" within a name; where the capital stands, or 0. */
static size_t behind_small_d(struct str text, const struct redact_word *word)
{
    struct redact_word next;
    size_t size;
    if (word->size != 1 || word->folded[0] != 'd' || word->capital ||
        !is_apostrophe(text, word->end, &size))
        return 0;
    redact_word_at(text, word->end + size, &next);
    return next.capital && next.size > 3 && !redact_is_ordinary(&next) ? next.start : 0;
}

/* Where the name goes on behind a word that only joins its parts, or 0. */
static size_t behind_particle(struct str text, const struct redact_word *word,
                              const struct name *name, enum small lower)
{
    size_t behind = name->parts || lower ? skip_particles(text, word->start) : 0;
    if (!behind) behind = behind_and(text, word, name);
    return !behind && name->parts ? behind_small_d(text, word) : behind;
}

static bool is_initial(struct str text, size_t i)
{
    return is_upper(at(text, i)) && at(text, i + 1) == '.';
}

struct name name_read_initials(struct str text, size_t start, enum small lower)
{
    size_t i = start;
    for (int k = 0; k < 3 && is_initial(text, i); k++) {
        i += 2;
        i += at(text, i) == '-'; /* "J.-P." */
        i = skip_blanks(text, i);
    }
    struct name name = name_read(text, i, lower);
    if (i == start || !name.parts || is_letter(before(text, start)))
        return i == start ? name : (struct name){.start = start, .end = start};
    name.start = start, name.initial = true;
    return name;
}

/* Where the initials before the word at `start` begin; `start`: there are none. */
static size_t initials_before(struct str text, size_t start, int *ret_count)
{
    size_t i = start;
    int k = 0;
    for (; k < 3; k++) {
        size_t end = i - (before(text, i) == ' ');
        end -= end && k && text.data[end - 1] == '-';
        if (end < 2 || text.data[end - 1] != '.' || !is_upper(text.data[end - 2]) ||
            is_word(before(text, end - 2)))
            break;
        i = end - 2;
    }
    bool title = i + 3 == start && strchr("DM", text.data[i]); /* "D. Antonio", "M. Dupont" */
    *ret_count = title ? 0 : k;
    return title ? start : i;
}

int name_take_initials(struct str text, struct name *name)
{
    if (name->start < 3 || text.data[name->start - 2] != '.') return 0;
    int count;
    name->start = initials_before(text, name->start, &count);
    name->initial |= count > 0;
    return count;
}

struct name name_read(struct str text, size_t start, enum small lower)
{
    struct name name = {.start = start, .end = start};
    struct redact_word word;
    size_t i = start;
    bool brand = false;
    while (name.parts < NAME_PARTS) {
        redact_word_at(text, i, &word);
        /* an initial */
        bool prefixed = is_apostrophed(text, &word) || (name.parts && is_arabic(text, &word));
        if (!prefixed && word.size == 1 && (word.capital || lower) && name.parts &&
            word.end - word.start <= 2) {
            size_t behind = word.end + (at(text, word.end) == '.');
            redact_word_at(text, skip_blanks(text, behind), &word);
            if (!is_name_word(&word, lower) || skip_blanks(text, behind) == behind) break;
            name.initial = true;
            i = word.start;
        }
        /* "John Mai", "Theresa May": no month behind a given name */
        bool last = name.parts && name.given == name.parts && word.capital &&
                    word.cues & CUE(MONTH) && !(word.cues & (CUE(COMMON) | CUE(COMPANY))) &&
                    !is_digit(at(text, word.end + 1));
        /* "Jose luis Munoz" */
        bool second = name.given && !word.capital && word.cues & CUE(GIVEN) && word.size > 3 &&
                      is_upper(at(text, word.end + 1)) && at(text, word.end) == ' ';
        if (!prefixed && !last && !second && !is_name_word(&word, lower)) {
            size_t particle = behind_particle(text, &word, &name, lower);
            if (!particle) break;
            bool sure = is_persons_particle(&word) && !word.capital;
            bool shouted = name.parts && !is_shouted(text, name.end);
            redact_word_at(text, particle, &word);
            if (shouted && word.upper) break; /* "Mme Hoorebeke du SAV" */
            bool after = sure && word.capital && word.size > 2; /* "Willemine ten Pas" */
            if (!after && !is_name_word(&word, name.parts ? lower : NOT_SMALL)) break;
            name.known += sure && !is_listed(&word);
        }
        if (is_digit(at(text, word.end)) || at(text, word.end) == '_') break; /* "GB28", "Tony_3" */
        if (is_compound(text, &word) || is_syllabic(text, &word) || is_two_syllables(text, &word))
            word.cues |= CUE(GIVEN);
        if (prefixed) word.cues |= CUE(FAMILY);
        count_part(&name, &word);
        brand |= (word.cues & CUE(BRAND)) != 0;
        name.end = joined_end(text, &word);
        if (at(text, name.end) != ' ') break;
        i = skip_blanks(text, name.end);
    }
    /* "Saucony Peregrine", "Freidora Cosori": a maker, and nobody's name; "Apellidos: Oviedo" is */
    if (brand && !name.known && !name.also && lower == NOT_SMALL)
        return (struct name){.start = start, .end = start};
    size_t next = skip_blanks(text, name.end); /* nearly always it was read */
    if (word.start != next) redact_word_at(text, next, &word);
    if (name.parts == 1 && name.given && word.size == 1 && word.capital && word.folded[0] != 'i' &&
        at(text, name.end) == ' ' && at(text, word.end) == '.') { /* "Anna K. was" */
        name.initial = true;
        bool goes_on = at(text, word.end + 1) == ' ' && is_lower(at(text, word.end + 2));
        name.end = word.end + goes_on;
    }
    static const char *const firms[] = {"assurances", "assurance", "seguros", "immobilier"};
    name.company = word.cues & CUE(COMPANY) && (word.capital || IS_ONE_OF(&word, firms));
    return name;
}

struct name name_read_small(struct str text, const struct redact_word *given)
{
    struct name name = {.start = given->start, .end = given->start};
    if (given->capital || given->size < 4 || !(given->cues & CUE(GIVEN)) ||
        given->cues & ~(CUE(GIVEN) | CUE(FAMILY)) || redact_is_ordinary(given))
        return name;
    static const char *const objects[] = {"the", "a",   "an", "his", "her", "my",
                                          "it",  "off", "up", "out", "their"};
    struct redact_word family = name_next_word(text, given->end);
    if (IS_ONE_OF(&family, objects)) return name; /* "my daughter tore the leaf off" */
    count_part(&name, given);
    name.end = given->end;
    if (family.size > 4 && !family.capital && !(family.cues & ~(CUE(GIVEN) | CUE(FAMILY))) &&
        is_listed(&family) && !redact_is_ordinary(&family)) {
        count_part(&name, &family);
        name.end = family.end;
    }
    return name;
}

struct name name_from(struct str text, const struct redact_word *word, const struct name *read)
{
    char behind = at(text, word->end), next = at(text, word->end + 1);
    bool more = behind == '-' || (behind == ' ' && next && !is_lower(next));
    if (!more && behind == ' ' && strchr("vbidtoz", next) && next) { /* "Willemine ten Cate" */
        struct redact_word particle = name_next_word(text, word->end);
        struct redact_word last = name_next_word(text, particle.end); /* "op den Kamp" */
        if (is_persons_particle(&last)) last = name_next_word(text, last.end);
        more = is_persons_particle(&particle) && last.capital;
    }
    if (more || word->accented) return read ? *read : name_read(text, word->start, NOT_SMALL);
    return (struct name){.start = word->start, .end = word->end, .parts = 1,
                         .also = (word->cues & CUE(ALSO)) != 0,
                         .company = read && read->company && read->parts == 1};
}

/* "Mª Ángeles", "Ma. Fernanda": María, cut short, right before a name; its start, or `start`. */
static size_t maria_before(struct str text, size_t start)
{
    static const char *const cuts[] = {"M\xC2\xAA ", "M.\xC2\xAA ", "M\xC2\xAA. ", "Ma. "};
    struct str lead = str_slice(text, start > 5 ? start - 5 : 0, start);
    for (size_t i = 0; i < sizeof cuts / sizeof *cuts; i++) {
        size_t from = start - strlen(cuts[i]);
        if (str_ends(lead, str_of(cuts[i])) && !is_word(before(text, from))) return from;
    }
    return start;
}

size_t name_take(struct redact_finder *finder, const struct name *name)
{
    redact_add(finder, maria_before(finder->text, name->start), name->end, REDACT_PERSON);
    return name->end;
}

struct redact_word name_follow(struct str text, const struct name *name)
{
    struct redact_word follow;
    size_t size, behind = name->end;
    if (is_apostrophe(text, behind, &size)) behind += size;
    redact_word_at(text, skip_blanks(text, behind), &follow);
    if (follow.capital) follow = (struct redact_word){.size = 0};
    return follow;
}
