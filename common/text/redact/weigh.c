/* What is known of a name and what stands around it, weighed by a linear model over hashed features
 * (ops/models/redact/weigh). Names that no rule takes and none refuses ("our surveyor Oyelaran came
 * back") go if it is sure; what the text talks of may still keep them, as with any rule. It is
 * asked where the rules have found all that they will. Names that rules took for little stay where
 * it is sure that they are nobody's. */
#include "text/redact/weigh.h"

/* What has come to less goes no further: by the word before alone (LED), by those on both sides
 * (HOPELESS), before the words further off (NEAR). They lose little and save half of the work. */
enum { BUCKET_BITS = 14, NEAR_WORDS = 3 };
enum { WEIGHT_LED = -16, WEIGHT_HOPELESS = -16, WEIGHT_NEAR = -16 };

static const int8_t weights[1 << BUCKET_BITS] = {
#include "text/redact/weigh.inc"
};

/* What a feature is of. */
enum field {
    BIAS, FORM, LENGTH, SIGNS, FORM_SIGNS, LEAD, LEAD_2, FOLLOW, FOLLOW_2, LEAD_CUE, FOLLOW_CUE,
    NEAR_BEFORE, NEAR_BEHIND, LANGUAGE, ENDING_2, ENDING_3
};

static void put(struct redact_weighing *weighing, enum field field, uint32_t value)
{
    uint32_t mixed = (value ^ value >> 15) + ((uint32_t)field + 1) * 0x85EBCA6Bu,
             place = mixed * 0x9E3779B1u >> (32 - BUCKET_BITS);
    weighing->places[weighing->count++] = (uint16_t)place;
    weighing->weight += weights[place];
}

/* Words of placeholders are others than those that people write. */
static void put_word(struct redact_weighing *weighing, enum field field,
                     const struct redact_word *word)
{
    put(weighing, field, !word->size ? 0 : word->upper ? ~word->hash : word->hash);
}

static void put_cues(struct redact_weighing *weighing, enum field field,
                     const struct redact_word *word)
{
    uint32_t cues = word->cues;
    /* "my account? Will I": it announces a user's name only */
    if (cues & CUE(NAMED) && (name_is_account(word) || name_is_told_behind(word)))
        cues &= ~CUE(NAMED);
    for (uint32_t rest = cues; rest; rest &= rest - 1)
        put(weighing, field, (uint32_t)__builtin_ctz(rest));
    if (word->capital) put(weighing, field, CUE_BIT_COUNT);
}

/* How much the lists, or else its letters, say that it is a name: 0 to 15. */
static uint32_t form_of(struct str text, const struct name *name, const struct redact_word *first)
{
    static const int bounds[] = {-32, -8, 8, 24, 40, 56};
    bool several = name->parts > 1;
    if (name->given) return several ? 15 : first->cues & CUE(FAMILY) ? 14 : 13;
    if (name->known) return several ? 12 : 11;
    if (name->also) return several ? 10 : name_is_often_a_person(text, name) ? 9 : 8;
    int like = name_likeness(text, name);
    uint32_t form = 0;
    while (form < sizeof bounds / sizeof *bounds && like >= bounds[form]) form++;
    return form;
}

/* The last letters of its first word: "-ola", "-ek". */
static void put_ending(struct redact_weighing *weighing, const struct redact_word *first)
{
    const uint8_t *end = (const uint8_t *)first->folded + first->size;
    if (first->size < 3) return;
    uint32_t two = (uint32_t)end[-2] << 8 | end[-1];
    put(weighing, ENDING_2, two);
    put(weighing, ENDING_3, (uint32_t)end[-3] << 16 | two);
}

/* What a byte beside a name is: the text's end, one of the signs, or of the rest. */
enum { SIGN_BLANK = 1, SIGN_DIGIT, SIGN_OTHER, SIGN_CAPITAL, SIGN_SOME, SIGN_FAR = 32 };

static uint32_t sign_of(char c)
{
    static const uint8_t signs[128] = {
        [' '] = SIGN_BLANK,     ['\n'] = SIGN_SOME,     ['.'] = SIGN_SOME + 1,
        [','] = SIGN_SOME + 2,  ['!'] = SIGN_SOME + 3,  ['?'] = SIGN_SOME + 4,
        [':'] = SIGN_SOME + 5,  [';'] = SIGN_SOME + 6,  ['('] = SIGN_SOME + 7,
        [')'] = SIGN_SOME + 8,  ['"'] = SIGN_SOME + 9,  ['\''] = SIGN_SOME + 10,
        ['-'] = SIGN_SOME + 11, ['/'] = SIGN_SOME + 12, ['['] = SIGN_SOME + 13,
        [']'] = SIGN_SOME + 14, ['@'] = SIGN_SOME + 15, ['#'] = SIGN_SOME + 16,
        ['&'] = SIGN_SOME + 17, ['_'] = SIGN_SOME + 18, ['*'] = SIGN_SOME + 19};
    uint32_t sign = c & 0x80 ? SIGN_OTHER : signs[(uint8_t)c];
    return sign || !c ? sign : is_digit(c) ? SIGN_DIGIT : SIGN_OTHER;
}

/* Behind a blank as well: "by X", "hello, X", "(X". */
static uint32_t sign_before(struct str text, size_t start)
{
    uint32_t sign = sign_of(before(text, start));
    if (sign != SIGN_BLANK || start < 2) return sign;
    uint32_t earlier = sign_of(text.data[start - 2]);
    return earlier >= SIGN_SOME ? SIGN_FAR + earlier : sign;
}

static uint32_t sign_behind(struct str text, size_t end)
{
    uint32_t sign = sign_of(at(text, end));
    if (sign != SIGN_BLANK) return sign;
    char next = at(text, end + 1);
    return is_upper(next) ? SIGN_CAPITAL : is_letter(next) ? SIGN_BLANK : SIGN_FAR + sign_of(next);
}

/* The next word, at most two signs further. */
static void word_behind(struct str text, size_t end, struct redact_word *ret_word)
{
    size_t i = end;
    while (i < text.size && i < end + 3 && !is_letter(text.data[i])) i++;
    redact_word_at(text, i, ret_word);
}

/* The words further off, wherever. */
static void put_near(struct redact_weighing *weighing, struct str text,
                     const struct redact_word *lead, const struct redact_word *follow)
{
    struct redact_word word;
    redact_word_before(text, lead->start, &word);
    put_word(weighing, LEAD_2, &word);
    for (int k = 0; k < NEAR_WORDS && word.size; k++) {
        redact_word_before(text, word.start, &word);
        if (word.size) put_word(weighing, NEAR_BEFORE, &word);
    }
    word_behind(text, follow->end, &word);
    put_word(weighing, FOLLOW_2, &word);
    for (int k = 0; k < NEAR_WORDS && word.size; k++) {
        word_behind(text, word.end, &word);
        if (word.size) put_word(weighing, NEAR_BEHIND, &word);
    }
}

/* What is weighed before anything of the name is read: the word before `start`. */
static void begin(struct redact_weighing *weighing, struct str text, size_t start,
                  struct redact_word *ret_lead)
{
    weighing->start = (uint32_t)start, weighing->count = 0, weighing->weight = 0;
    redact_word_before(text, start, ret_lead);
    put(weighing, BIAS, 0);
    put_word(weighing, LEAD, ret_lead);
}

/* The rest, of a name and its first word. whole: however little it comes to. */
static void weigh_rest(struct redact_weighing *weighing, const struct redact_finder *finder,
                       const struct name *name, const struct redact_word *lead,
                       const struct redact_word *first, bool whole)
{
    struct str text = finder->text;
    struct redact_word follow;
    uint32_t parts = name->parts < 3 ? (uint32_t)name->parts : 3,
             before_it = sign_before(text, name->start), behind = sign_behind(text, name->end);
    weighing->end = (uint32_t)name->end;
    word_behind(text, name->end, &follow);
    put(weighing, SIGNS, before_it << 8 | behind);
    put(weighing, LANGUAGE, finder->french ? 1 : finder->spanish ? 2 : 3);
    put_word(weighing, FOLLOW, &follow);
    put(weighing, LENGTH, (uint32_t)first->size << 2 | parts);
    put_cues(weighing, LEAD_CUE, lead);
    put_cues(weighing, FOLLOW_CUE, &follow);
    if (weighing->weight < WEIGHT_HOPELESS && !whole) return;
    uint32_t form = form_of(text, name, first), starts = name_starts_sentence(text, name->start);
    put(weighing, FORM, form << 1 | first->capital);
    put_ending(weighing, first);
    put(weighing, FORM_SIGNS, form << 16 | starts << 8 | behind);
    if (weighing->weight < WEIGHT_NEAR && !whole) return;
    put_near(weighing, text, lead, &follow);
}

static struct redact_weighing weigh(const struct redact_finder *finder, const struct name *name)
{
    struct redact_weighing weighing;
    struct redact_word lead, first;
    begin(&weighing, finder->text, name->start, &lead);
    redact_word_at(finder->text, name->start, &first);
    weigh_rest(&weighing, finder, name, &lead, &first, true);
    return weighing;
}

int name_weight(const struct redact_finder *finder, const struct name *name)
{
    return weigh(finder, name).weight;
}

void redact_leave(struct redact_finder *finder, const struct redact_word *word)
{
    const uint32_t names = CUE(GIVEN) | CUE(FAMILY) | CUE(ALSO);
    /* "I asked Will", but nothing else of every day */
    if (word->size < 3 || word->upper || word->cues & ~names || finder->left_count == LEFT_MOST ||
        (redact_is_ordinary(word) && !(word->cues & CUE(ALSO))))
        return;
    finder->left[finder->left_count++] = word->start;
}

static void tell(const struct redact_finder *finder, const struct redact_weighing *weighing,
                 enum redact_fate fate)
{
    finder->watcher->on_candidate(finder->watcher->context, finder->text, weighing, fate);
}

/* Behind the word of a street: "Avenue Louise". */
static bool is_streets(const struct redact_word *lead, const struct name *name)
{
    return lead->end + 1 == name->start && lead->cues & (CUE(STREET) | CUE(STREET_FIRST));
}

/* "Boulangerie Mallard", "le garage Dupont" */
static bool is_shops(const struct redact_word *lead, const struct name *name,
                     const struct redact_word *first)
{
    return name_is_shops(first) || (lead->end + 1 == name->start && name_is_shops(lead));
}

/* All that speaks against it is one word of critics, or that the text reads a little like theirs:
 * too little against what is sure. */
static bool is_only_hinted(struct redact_finder *finder, const struct name *name)
{
    const uint32_t talk = REGISTER_FILM | REGISTER_ARTS | REGISTER_SOCIAL | REGISTER_PUBLIC;
    uint32_t registers = redact_registers(finder);
    return !(registers & talk) && !name_is_firms(finder->text, name) &&
           (registers & REGISTER_HINT || name_is_in_a_critique(finder, CRITIC_PERHAPS));
}

/* Of a name that is left. */
static void judge(struct redact_finder *finder, const struct name *name,
                  const struct redact_weighing *weighing)
{
    if (finder->watcher) {
        name_decide(finder, name, NAME_LIKELY);
        tell(finder, weighing, finder->count ? REDACT_LEFT : REDACT_REFUSED);
        finder->count = 0;
        return;
    }
    bool sure = weighing->weight >= WEIGHT_SURE;
    if (!sure && starts_small(finder->text, name->start)) return;
    name_decide(finder, name, NAME_SURE + (sure && is_only_hinted(finder, name) ? 2 : 0));
}

/* "Devuélvanlo", "Llámenme": a verb that asks, and whom or what, as its accent tells. */
static bool is_spanish_order(const struct redact_finder *finder, const struct redact_word *word)
{
    static const char *const clitics[] = {"lo", "la", "le", "me", "los", "las", "les", "nos", "se"};
    struct str folded = str_make(word->folded, word->size);
    const char *text = finder->text.data;
    size_t accent = word->start, vowels = 0;
    if (!finder->spanish || !word->accented || word->cues) return false;
    while (accent < word->end && text[accent] != '\xC3') accent++;
    for (size_t i = accent + 2; i < word->end; i++) vowels += strchr("aeiou", text[i]) != NULL;
    if (vowels < 2) return false;
    for (size_t i = 0; i < sizeof clitics / sizeof *clitics; i++) {
        size_t size = strlen(clitics[i]);
        if (word->size > size + 2 && str_ends(folded, str_of(clitics[i])) &&
            strchr("aen", folded.data[word->size - size - 1]))
            return true;
    }
    return false;
}

/* "Lloré", "Juegazo", "Écoutez": of a text's language a verb or a thing, by its ending. */
static bool is_no_name_by_ending(const struct redact_finder *finder,
                                 const struct redact_word *word)
{
    static const char *const things[] = {"azo", "isimo", "isima", "ando", "iendo"};
    struct str folded = str_make(word->folded, word->size);
    if (word->cues || word->size < 4) return false;
    if (finder->french) return str_ends(folded, STR("ez"));
    if (!finder->spanish) return false;
    for (size_t i = 0; i < sizeof things / sizeof *things; i++)
        if (str_ends(folded, str_of(things[i]))) return true;
    /* the last letter has an accent, and two bytes */
    return finder->text.data[word->end - 1] & 0x80 &&
           is_one_of(folded.data[folded.size - 1], "eoi");
}

/* "PostFinance", but not "McKenna", "DeShawn" and what is known as a name ("MaryAnn") */
static bool is_joined(const struct redact_finder *finder, const struct redact_word *word)
{
    const char *text = finder->text.data;
    if (word->cues) return false;
    for (size_t i = word->start + 4; i < word->end; i++)
        if (is_upper(text[i]) && is_lower(text[i - 1])) return true;
    return false;
}

bool name_is_wanting(struct str text, const struct name *name)
{
    static const char *const none[] = {"ninguna", "ninguno", "poca", "poco", "cero", "nada"};
    struct redact_word word;
    redact_word_at(text, name->end + 2, &word);
    return at(text, name->end) == ',' && word.size && IS_ONE_OF(&word, none);
}

/* "Soy Ingeniero", "Soy Lorquiano", "Je suis Parisien": what somebody is, by its ending. */
static bool is_trade(const struct redact_word *lead, const struct redact_word *word)
{
    static const char *const selves[] = {"soy", "suis", "somos", "eres", "sommes"};
    static const char *const endings[] = {"ero",  "era",  "ado",  "ada",  "ano", "ista", "dor",
                                          "dora", "tor",  "tora", "ente", "ante", "iana", "ario",
                                          "aria", "ogo",  "oga",  "ien",  "ienne", "eur", "euse",
                                          "iste", "nomo", "noma"};
    if (word->cues || !lead->size || !IS_ONE_OF(lead, selves)) return false;
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++)
        if (str_ends(str_make(word->folded, word->size), str_of(endings[i]))) return true;
    return false;
}

/* Behind a given name that stays: "Jean Jaurès", where a stop is called so. */
static bool is_rest(const struct redact_word *lead, const struct name *name)
{
    return lead->end + 1 == name->start && lead->capital &&
           lead->cues & (CUE(GIVEN) | CUE(ALSO));
}

/* Somebody was named in it, or it is a customer's matter. */
static bool is_about_people(struct redact_finder *finder)
{
    struct str text = finder->text, person = STR("[PERSON]");
    return redact_registers(finder) & (REGISTER_SERVICE | REGISTER_CONTACT) ||
           memmem(text.data, text.size, person.data, person.size);
}

/* Most words are on no list and stand alone, and needn't be read again. */
static struct name read_left(const struct redact_finder *finder, const struct redact_word *first)
{
    struct str text = finder->text;
    char next = at(text, first->end);
    bool plain = first->capital && !(first->cues & (CUE(GIVEN) | CUE(FAMILY))) && next != '_';
    return plain && !is_digit(next)
               ? name_from(text, first, NULL)
               : name_read(text, first->start, finder->capitals ? NOT_SMALL : SMALL);
}

/* Of a word that is left: where the name ends that it begins, 0: it stays by itself. */
static size_t judge_left(struct redact_finder *finder, size_t start)
{
    struct str text = finder->text;
    struct redact_weighing weighing;
    struct redact_word lead, first;
    bool whole = finder->watcher != NULL;
    begin(&weighing, text, start, &lead);
    if (weighing.weight < WEIGHT_LED && !whole) return 0;
    redact_word_at(text, start, &first);
    struct name name = read_left(finder, &first);
    if (!name.parts || name.company) return 0;
    weigh_rest(&weighing, finder, &name, &lead, &first, whole);
    bool enough = weighing.weight >= WEIGHT_ENOUGH || whole ||
                  (weighing.weight >= WEIGHT_ENOUGH_THERE && is_about_people(finder));
    if (!enough || name_is_brand(text, &name) || name_is_place(text, &name) ||
        is_streets(&lead, &name) || is_shops(&lead, &name, &first) ||
        is_rest(&lead, &name) || is_spanish_order(finder, &first) || is_trade(&lead, &first) ||
        name_is_wanting(text, &name) || is_joined(finder, &first) ||
        is_no_name_by_ending(finder, &first) ||
        (name_is_verb_too(&first) && name_starts_sentence(text, start))) /* "Will I be told?" */
        return 0;
    judge(finder, &name, &weighing);
    return name.end;
}

static void tell_taken(const struct redact_finder *finder)
{
    for (uint32_t i = 0; i < finder->count; i++) {
        struct name name = name_read_initials(finder->text, finder->items[i].start, SMALL);
        if (finder->items[i].kind != REDACT_PERSON || !name.parts) continue;
        struct redact_weighing weighing = weigh(finder, &name);
        tell(finder, &weighing, REDACT_TAKEN);
    }
}

void redact_weigh(struct redact_finder *finder)
{
    size_t behind = 0;
    if (finder->watcher) tell_taken(finder);
    if (finder->count) return; /* the next pass sees more */
    for (uint32_t i = 0; i < finder->left_count; i++) {
        if (finder->left[i] < behind) continue;
        size_t end = judge_left(finder, finder->left[i]);
        if (end) behind = end;
    }
    if (finder->count) redact_person_repeated(finder);
}
