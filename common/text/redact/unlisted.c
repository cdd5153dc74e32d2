/* Names that no list knows, where only people stand: "Mehrudin shouted at me", "Jolanta from
 * billing", "Vehbija is a very kind person", "… says Joly". Words of every day are no such names
 * (redact_is_ordinary), and what companies do as well ("Comcast helped me") says nothing. */
#include "text/redact/name.h"

/* "very polite", "so rude", "un homme charmant": of the words behind `end`, the fourth at the
 * latest. */
static bool are_peoples_words(struct str text, size_t end)
{
    static const char *const degrees[] = {
        "so", "very", "really", "extremely", "super", "quite", "such", "a", "an", "the", "most",
        "muy", "tan", "una", "un", "tres", "si", "vraiment", "une"};
    static const char *const people[] = {
        "polite", "courteous", "sympathetic", "impatient", "rude", "impulsive", "condescending",
        "attentive", "knowledgeable", "kind", "person", "man", "woman", "guy", "lady", "gentleman",
        "girl", "boy", "listener", "maleducado", "maleducada", "amable", "grosero", "grosera",
        "impoli", "impolie", "helpful", "patient", "friendly", "professional", "caring", "sweet",
        "aimable", "gentille", "malpolie", "homme", "femme", "mujer", "hombre", "novelist", "poet",
        "painter", "writer", "author", "lawyer", "teacher", "doctor", "nurse", "engineer",
        "student", "singer", "politician", "footballer", "professor", "scientist", "journalist",
        "businessman", "businesswoman", "architect", "composer", "musician", "abogado", "abogada",
        "escritor", "escritora", "medico", "medica", "avocat", "avocate", "ecrivain", "medecin"};
    struct redact_word word = name_next_word(text, end);
    for (int k = 0; k < 4 && word.size && !word.capital; k++) {
        if (IS_ONE_OF(&word, people)) return true;
        bool goes_on = IS_ONE_OF(&word, degrees) || k > 0; /* "a very sympathetic person" */
        if (!goes_on) return false;
        word = name_next_word(text, word.end);
    }
    return false;
}

static const char *const said_of_people[] = {"is",  "was", "seemed", "sounded", "es",
                                             "era", "fue", "est",    "etait"};

static bool is_said_of_people(struct str text, const struct redact_word *verb)
{
    return verb->size && IS_ONE_OF(verb, said_of_people) && are_peoples_words(text, verb->end);
}

/* clang-format off */
static const char *const somebody[] = { /* "a lady named Yulan" */
    "lady", "man", "woman", "guy", "gentleman", "girl", "boy", "person", "employee", "someone",
    "somebody", "agent", "rep", "representative", "technician", "nurse", "waiter", "waitress",
    "cashier", "receptionist", "chica", "chico", "senora", "senor", "persona", "dame", "homme",
    "femme", "monsieur", "vendeur", "vendeuse", "conseiller", "conseillere"};
/* clang-format on */

static const char *const serves[] = {
    "helped", "assisted", "greeted", "listened", "explained", "apologized", "atendio", "ayudo",
    "answered", "walked"};

/* Names that are words as well: what is said of them decides; of an agent it says nothing. */
static bool is_kind_or_not(struct str text, const struct name *name)
{
    struct redact_word follow = name_follow(text, name);
    struct name_around around = name_look_around(text, name);
    struct redact_word first;
    redact_word_at(text, name->start, &first);
    if (name->parts == 1 && IS_ONE_OF(&first, somebody)) return false;
    return follow.size && (is_said_of_people(text, &follow) || IS_ONE_OF(&follow, serves) ||
                           name_is_from_office(text, &around, false));
}

static bool is_firm_too(const struct redact_word *word)
{
    static const char *const firms[] = {
        "chase", "mercedes", "sky", "orange", "target", "apple", "wendy", "wendys", "denny",
        "dennys", "arby", "macy", "kohl", "rossmann", "virgin", "lidl", "aldi", "penny", "casper",
        "emma"};
    return IS_ONE_OF(word, firms);
}

/* "… It depends on him.": whom the next sentence means. Nobody else may be there to be meant. */
bool name_is_meant_later(struct str text, const struct name *name, bool soon)
{
    static const char *const pronouns[] = {"him", "her", "she", "he", "his", "ella", "elle"};
    struct redact_word word;
    bool next = soon;
    size_t last = name->end + 96 < text.size ? name->end + 96 : text.size;
    for (size_t i = name->end; i < last; i = word.end > i ? word.end : i + 1) {
        redact_word_at(text, i, &word);
        if (!word.size) {
            next |= text.data[i] == '.';
            continue;
        }
        if (word.cues & (CUE(RELATIVE) | CUE(GIVEN) | CUE(TITLE)) ||
            (word.capital && !word.cues && !redact_is_ordinary(&word)))
            return false;
        if (IS_ONE_OF(&word, pronouns)) return next;
    }
    return false;
}

static const char expects[] = "will";

/* "will be talking", "can I speak to": what is done with and by people. */
static bool is_expected(struct str text, const struct name *name, const struct redact_word *verb)
{
    static const char *const acts[] = {"talking", "speaking", "presenting", "attending",
                                       "joining", "calling",  "contacting"};
    static const char *const asks[] = {"can", "could", "may"};
    struct redact_word word, then;
    if (word_is(verb, expects)) {
        word = name_next_word(text, verb->end), then = name_next_word(text, word.end);
        return word_is(&word, "be") && then.size && IS_ONE_OF(&then, acts);
    }
    word = at(text, name->end) == ',' ? name_next_word(text, name->end + 1)
                                      : (struct redact_word){.size = 0};
    then = name_next_word(text, word.end);
    if (!word.size || !IS_ONE_OF(&word, asks) || !(word_is(&then, "i") || word_is(&then, "we")))
        return false;
    word = name_next_word(text, then.end);
    if (word_is(&word, "please")) word = name_next_word(text, word.end);
    return word_is(&word, "speak") || word_is(&word, "talk");
}

static const char *const leads_to[] = {
    "m", "am", "him", "her", "me", "us", "them", "named", "called", "llamada", "llamado", "nommee",
    "nomme", "with", "heard", "hear", "saw", "let", "atendio", "por", "to", "add", "added",
    "remove"};

/* "add Yulan as guardian", "follow up with Yulan", "heard Yulan speak", "me atendió Yulan", "named
 * him Yulan". */
static bool is_led_to(struct str text, const struct name_around *around, size_t name_end)
{
    static const char *const objects[] = {"him", "her", "me", "us", "them"};
    static const char *const names[] = {"named", "name",    "called",   "calls",
                                        "call",  "calling", "nicknamed"};
    static const char *const roles[] = {"guardian", "beneficiary", "authorized", "authorised",
                                        "driver", "dependent", "spouse", "user", "owner", "holder"};
    static const char *const heard[] = {"heard", "hear", "saw", "let"};
    static const char *const helped[] = {
        "atendio", "atendieron", "atendido", "atendida", "atendidos"};
    const struct redact_word *lead = &around->lead;
    struct redact_word first, second;
    if (!lead->size || lead->capital || !IS_ONE_OF(lead, leads_to)) return false;
    redact_word_before(text, lead->start, &first);
    redact_word_before(text, first.start, &second);
    if (IS_ONE_OF(lead, objects)) return first.size && IS_ONE_OF(&first, names);
    if (word_is(lead, "named") || word_is(lead, "called") || word_is(lead, "llamada") ||
        word_is(lead, "llamado") || word_is(lead, "nommee") || word_is(lead, "nomme"))
        return first.size && IS_ONE_OF(&first, somebody);
    if (word_is(lead, "m") || word_is(lead, "am")) { /* "I'm Yulan and I", "I'm Yulan from" */
        first = name_next_word(text, around->follow.end);
        if (at(text, name_end) == ',') { /* "I'm Yulan, I've been" */
            first = name_next_word(text, name_end + 1);
            return word_is(&first, "i") || word_is(&first, "my") || word_is(&first, "your");
        }
        return word_is(&around->follow, "originally") || word_is(&around->follow, "from") ||
               (word_is(&around->follow, "and") && (word_is(&first, "i") || word_is(&first, "my")));
    }
    if (word_is(lead, "with"))
        return (word_is(&first, "up") && word_is(&second, "follow")) ||
               word_is(&first, "appointment");
    if (IS_ONE_OF(lead, heard))
        return word_is(&around->follow, "speak") || word_is(&around->follow, "talk");
    if (word_is(lead, "atendio")) return true;
    if (word_is(lead, "por")) return first.size && IS_ONE_OF(&first, helped);
    if (word_is(lead, "to") && (word_is(&first, "it") || word_is(&first, "name")))
        return word_is(&second, "change") || word_is(&second, "correct") ||
               word_is(&second, "update");
    if (word_is(lead, "add") || word_is(lead, "added") || word_is(lead, "remove")) {
        if (!word_is(&around->follow, "as")) return false;
        first = name_next_word(text, around->follow.end);
        if (word_is(&first, "a") || word_is(&first, "an") || word_is(&first, "my") ||
            word_is(&first, "the"))
            first = name_next_word(text, first.end);
        return first.size && IS_ONE_OF(&first, roles);
    }
    return false;
}

/* "Tanaka's killers", "Tanaka's funeral". */
static bool has_what_people_have(struct str text, const struct name *name)
{
    static const char *const things[] = {"killer",  "killers",  "murder",   "funeral",
                                         "wedding", "obituary", "birthday", "mother", "father",
                                         "husband", "wife", "daughter"};
    size_t size;
    if (!is_apostrophe(text, name->end, &size) || at(text, name->end + size) != 's') return false;
    struct redact_word thing = name_next_word(text, name->end + size + 1);
    return thing.size && IS_ONE_OF(&thing, things);
}

/* "…, the treasurer, said": */
static bool is_quoted_with_office(struct str text, const struct name *name)
{
    static const char *const speaks[] = {"said",  "says", "told",   "explained",
                                         "added", "dijo", "explico"};
    struct redact_word word = at(text, name->end) == ',' ? name_next_word(text, name->end + 1)
                                                         : (struct redact_word){.size = 0};
    if (!word_is(&word, "the") && !word_is(&word, "a") && !word_is(&word, "an")) return false;
    size_t end = word.end;
    while (end < text.size && end < name->end + 64 && text.data[end] != ',' &&
           text.data[end] != '.')
        end++;
    word = at(text, end) == ',' ? name_next_word(text, end + 1) : (struct redact_word){.size = 0};
    return word.size && IS_ONE_OF(&word, speaks);
}

static const char *const does[] = {
    "lives", "shouted", "spent", "told", "flew", "vive", "habite", "grew", "began", "assisted",
    "greeted", "explained", "apologized", "apologised", "listened", "married", "met", "visited",
    "visits", "plans", "studied", "graduated", "retired", "died", "walked", "sat", "smiled",
    "laughed", "cried", "wrote", "emailed", "texted", "spoke", "speaks", "lived", "drove", "sang",
    "visito", "murio", "escribio", "nacio", "mourut", "naquit"};
static const char *const speaks[] = {"says", "said", "dijo"};
static const char asks_why[] = "is";

/* One word, or several that nobody knows, and only people are said to be or do that. */
static bool stands_as_person(struct redact_finder *finder, const struct name *name,
                             const struct name_around *beside)
{
    struct str text = finder->text;
    struct name_around around = *beside;
    size_t lead = around.lead.start; /* the quote ends right before */
    if (lead > 1 && (text.data[lead - 2] == '"' || text.data[lead - 1] == '"') &&
        IS_ONE_OF(&around.lead, speaks))
        return true;
    if (is_led_to(text, &around, name->end) || has_what_people_have(text, name)) return true;
    if (name_is_from_office(text, &around, false)) return true;
    /* "Why is … so impulsive?" */
    bool asked = word_is(&around.lead, asks_why) && are_peoples_words(text, name->end);
    bool starts = name_starts_sentence(text, name->start);
    if (!starts && !asked) return false;
    if (asked || is_quoted_with_office(text, name) || is_expected(text, name, &around.follow) ||
        is_said_of_people(text, &around.follow))
        return true;
    if (!around.follow.size) return false;
    struct redact_word from = name_next_word(text, around.follow.end);
    bool comes = word_is(&around.follow, "is") && word_is(&from, "from");
    comes |= name->parts > 1 && word_is(&around.follow, "from") && from.capital &&
             name_is_like_one(text, name, LIKE_A_NAME); /* "Yulan Vehbi from Lebanon" */
    if (comes || IS_ONE_OF(&around.follow, does)) return true;
    /* asked for, whatever was when a name before this one was looked at: their order must not
     * matter */
    const uint32_t talk = REGISTER_FILM | REGISTER_ARTS | REGISTER_SOCIAL | REGISTER_HINT |
                          REGISTER_PUBLIC;
    return (word_is(&around.follow, "is") || word_is(&around.follow, "was")) &&
           name_is_meant_later(text, name, false) && !(redact_registers(finder) & talk) &&
           !name_is_in_a_critique(finder, CRITIC);
}

bool name_stands_as_person(struct redact_finder *finder, const struct name *name,
                           const struct name_around *around)
{
    return stands_as_person(finder, name, around) && !(redact_registers(finder) & REGISTER_FILM);
}

/* "Billing address: Tanaka Vehbija" above an address. */
static bool is_addressee(struct str text, const struct name *name)
{
    if (name->parts < 2 || at(text, name->end) != '\n') return false;
    size_t next = name->end + 1;
    while (at(text, next) == ' ' || at(text, next) == '>') next++;
    if (!str_starts(str_slice(text, next, text.size), STR("[ADDRESS]")) &&
        !is_digit(at(text, next)))
        return false;
    return starts_line(text, name->start) || (name->start > 1 && text.data[name->start - 2] == ':');
}

/* "Yevdokia Zaripov", but not "Jamón de Jabugo". */
static bool are_two_like_names(struct str text, const struct name *name, bool starts)
{
    if (name->parts != 2 || name->known || name->also) return false;
    struct redact_word last;
    redact_word_before(text, name->end, &last);
    size_t i = name->start;
    while (i < last.start && text.data[i] != ' ') i++;
    return i + 1 == last.start &&
           name_is_like_one(text, name, starts ? LIKE_FOR_SURE : LIKE_NOTHING_ELSE);
}

/* "Hi Yulan,": at the head of a letter. */
static bool is_greeted(struct str text, const struct name *name, const struct name_around *around)
{
    static const char *const greetings[] = {"hi", "hello", "hey", "dear", "hola", "bonjour",
                                            "estimado", "estimada", "cher", "chere"};
    size_t line = name->end + (at(text, name->end) == ',' || at(text, name->end) == ':');
    return line > name->end && at(text, line) == '\n' && around->lead.size &&
           starts_line(text, around->lead.start) && IS_ONE_OF(&around->lead, greetings);
}

/* How much of what is said around a name speaks for a person; nothing of a brand's or a place's. */
static int points_said(struct redact_finder *finder, const struct redact_word *word,
                       struct name *name, const struct name_around *around)
{
    const uint32_t names = CUE(GIVEN) | CUE(FAMILY) | CUE(ALSO);
    struct str text = finder->text;
    bool other = word->cues & ~(CUE(GIVEN) | CUE(FAMILY));
    if (word->cues & ~names || (other && !name_is_often_a_person(text, name))) return 0;
    int said = redact_phrase_points(finder, name, around);
    return said && !name_is_brand(text, name) && !name_is_place(text, name) ? said : 0;
}

static const char *const authors_own[] = {"novel", "brothers"};

/* Words beside a name of one word without which redact_unlisted_name() finds nothing; of phrases
 * come those of phrases.c. A word that is asked for there belongs in here. */
void redact_mark_said(uint64_t *before_it, uint64_t *behind_it)
{
#define MARK_ALL(set, words)                                                                       \
    for (size_t i = 0; i < sizeof(words) / sizeof *(words); i++)                                   \
        redact_mark_words((set), SAID_BITS, str_of((words)[i]))
    MARK_ALL(before_it, speaks);
    MARK_ALL(before_it, leads_to);
    redact_mark_words(before_it, SAID_BITS, str_of(asks_why));
    MARK_ALL(behind_it, said_of_people);
    MARK_ALL(behind_it, serves);
    MARK_ALL(behind_it, does);
    name_mark_offices(behind_it, SAID_BITS);
    MARK_ALL(behind_it, authors_own);
    redact_mark_words(behind_it, SAID_BITS, str_of(expects));
    name_mark_particles(behind_it, SAID_BITS);
#undef MARK_ALL
}

/* A name that the words around it neither said nor refused: by what leads it and follows. */
static size_t judge_led(struct redact_finder *finder, const struct redact_word *word,
                        const struct name *name, const struct name_around *around)
{
    static const char *const people_are[] = {
        "am", "add", "says", "named", "under", "remove", "mother", "grandmother", "grandfather"};
    struct str text = finder->text;
    bool led = around->lead.size && IS_ONE_OF(&around->lead, people_are),
         acts = around->follow.size && name_people_do(&around->follow);
    if (name->parts == 1) {
        bool sure = (word->foreign && word->size >= 4) || led || word_is(&around->lead, "me");
        return sure || acts ? name_decide(finder, name, led ? NAME_LIKELY : NAME_POSSIBLE) : 0;
    }
    bool person = led || acts || is_addressee(text, name);
    person |= (name->known || name->also) &&
              (word_is(&around->lead, "m") || word_is(&around->lead, "am")); /* "I'm Martin …" */
    bool alone =
        starts_line(text, name->start) && (at(text, name->end) == '\n' || name->end == text.size);
    /* "fait à Lyon le 3 mai, B. Chastagnier" */
    bool closes = name->initial && name->end + (at(text, name->end) == '.') >= text.size &&
                  name->start > 1 && is_one_of(text.data[name->start - 2], ",.");
    bool follows = around->follow.size && name_is_followed_as_person(&around->follow);
    bool starts = name_starts_sentence(text, name->start);
    bool family = are_two_like_names(text, name, starts) ||
                  (name->known && (!starts || alone || follows));
    bool field = name_is_field(finder, name) && (name->known || name->initial);
    bool head = alone && redact_registers(finder) & REGISTER_CONTACT; /* of a letter or a form */
    if (!person && !(finder->english && name->foreign) && !family && !field && !head &&
        !(name->initial && alone) && !closes)
        return 0;
    if (name_is_brand(text, name) || name_is_place(text, name)) return name->end;
    int points = person || alone ? NAME_SURE : NAME_LIKELY;
    return name_decide(finder, name, points + (name_is_field(finder, name) ? 4 : 0));
}

size_t redact_unlisted_name(struct redact_finder *finder, const struct redact_word *word,
                            const struct name *read)
{
    struct str text = finder->text;
    if (word->upper || (word->size < 3 && at(text, word->end) != '-') || word->cues & CUE(COMMON) ||
        (!word->cues && redact_is_ordinary(word)) || !redact_may_be_said(text, word))
        return 0;
    struct name name = name_from(text, word, read);
    if (!name.parts || name.parts > 3 || name.company) return 0;
    int initials = name.also ? 0 : name_take_initials(text, &name); /* "T. R. Venkataraman" */
    name.parts += initials > 0;
    bool other = word->cues & ~(CUE(GIVEN) | CUE(FAMILY)); /* than a name */
    if (other && name.parts == 1 && !(word->cues & CUE(ALSO)) && !name.foreign) return 0;
    struct name_around around = name_look_around(text, &name);
    int said = points_said(finder, word, &name, &around);
    if (said) return name_decide(finder, &name, said);
    bool unknown = !word->cues && word->size >= 4;
    /* "J. P. Threlkeld", but not "J.C. Penney" */
    bool spaced = initials >= 2 && at(text, name.start + 2) == ' ';
    bool apposed = (!other || name_is_often_a_person(text, &name)) &&
                   name_is_apposed_to_relative(text, &name);
    if ((unknown && spaced) || apposed)
        return name_is_brand(text, &name) ? 0 : name_decide(finder, &name, NAME_LIKELY);
    if (!other && word->size >= 4 && name_is_apposed_to_office(text, &name, &around))
        return name_decide(finder, &name, NAME_LIKELY);
    if (!other && is_greeted(text, &name, &around) && !name_is_brand(text, &name))
        return name_decide(finder, &name, NAME_SURE);
    if (other && name.parts == 2 && name_is_often_a_person(text, &name) &&
        name_is_from_office(text, &around, true))
        return name_decide(finder, &name, NAME_SURE); /* "Amber Vehbija from billing" */
    if (unknown && name_stands_as_person(finder, &name, &around))
        return name_is_public(text, &name) ? name.end : name_take(finder, &name);
    if (name.parts == 1 && IS_ONE_OF(&around.follow, authors_own) &&
        (other || (unknown && name_is_like_one(text, &name, LIKE_NOTHING_ELSE))) &&
        name_is_authors(text, &name, &around))
        return name_take(finder, &name); /* "the Castro novel" */
    bool ambiguous = word->cues & CUE(ALSO) && !is_firm_too(word); /* "Amber was so helpful" */
    if (ambiguous && name.parts == 1 && name_starts_sentence(text, name.start) &&
        (is_kind_or_not(text, &name) ||
         (name_is_often_a_person(text, &name) && name_is_from_branch(text, &around))))
        return name_decide(finder, &name, NAME_LIKELY);
    if (name.parts == 1 && (!finder->english || !name.foreign)) return 0;
    return judge_led(finder, word, &name, &around);
}
