/* Names that nothing introduces: those that the lists know, or that stand where only people do. Each gets points for
 * its form and for what stands around it, and loses some to what the text talks of. */
#include "text/redact_name.h"

/* How surely a name that nothing introduces is a private person's, in points. It goes from ENOUGH on. */
enum { ENOUGH = 2, SURE = 4, LIKELY = 3, POSSIBLE = 2 };

/* "the Monty", "a Malibu": a thing. */
static bool has_article(struct str text, const struct name *name)
{
    struct redact_word lead;
    redact_word_before(text, name->start, &lead);
    return lead.size && lead.end + 1 == name->start && IS_ONE_OF(&lead, ((const char *const[]){"the", "a", "an", "la", "le", "el", "un", "une", "una"}));
}

/* "Kate Love I'd cap that", "Mister Ed!!!": the title of a review, and no sentence about anybody. */
static bool is_title(struct str text, const struct name *name)
{
    char c = at(text, name->end), next = at(text, name->end + 1);
    return name->start == 0 && (c == '!' || (c == '.' && is_blank(next)) || (c == ' ' && is_upper(next)));
}

/* "Johnson & Johnson": one name beside a "&". */
static bool is_firm(struct str text, const struct name *name)
{
    if (name->parts > 1) return false;
    bool behind = at(text, name->end) == ' ' && at(text, name->end + 1) == '&';
    return behind || (name->start > 1 && text.data[name->start - 1] == ' ' && text.data[name->start - 2] == '&');
}

static int points_of_text(struct redact_finder *finder, const struct name *name, int points)
{
    struct str text = finder->text;
    uint32_t registers = redact_registers(finder);
    size_t size;
    if (registers & (REGISTER_SERVICE | REGISTER_CONTACT)) return points + 1;
    if (name_is_public(text, name)) points -= 4;
    if (registers & REGISTER_SOCIAL || is_title(text, name) || is_firm(text, name)) points -= 3;
    if (has_article(text, name)) points -= name->parts > 1 ? 1 : 2;
    if (is_apostrophe(text, name->end, &size) && at(text, name->end + size) == 's') points -= 1; /* a work of theirs, often */
    /* In English texts full names go all the same: letters to a paper, lists of songs, speakers of a meeting. */
    if (registers & REGISTER_FILM || (registers & (REGISTER_ARTS | REGISTER_HINT) && !finder->english)) return points - 4;
    return points - (registers & REGISTER_HINT ? 2 : registers & REGISTER_ARTS && name->parts == 1 ? 1 : 0);
}

/* Where the scan goes on: behind the name, whether it goes or stays. */
static size_t decide(struct redact_finder *finder, const struct name *name, int points)
{
    return points_of_text(finder, name, points) >= ENOUGH ? name_take(finder, name) : name->end;
}

/* Words right before a name, and right behind one, that only go with people (or nearly so). */
static const char *const leads[] = {
    "am", "m", "hi", "hello", "hey", "dear", "hola", "bonjour", "estimado", "estimada", "cher", "chere", "querido", "querida", "salut", "with", "by",
    "from", "to", "for", "named", "thanks", "told", "asked", "ask", "him", "her", "me", "under", "says", "said", "and", "contact", "user", "con", "por",
    "a", "para", "de", "y", "dijo", "avec", "par", "chez", "pour", "et", "dit", "between", "add", "remove", "called", "calls", "kid", "is", "was",
    "atendio", "ayudo", "demander", "demandez", "preguntar", "pregunten", "pregunte", "that", "que", "producer", "commenter", "correct", "about", "spoke", "early", "have", "had", "why", "unlike", "not", "them", "people",
};
static const char *const follows[] = {
    "said", "says", "told", "was", "is", "helped", "asked", "had", "has", "from", "lives", "who", "and", "can", "will", "me", "dijo", "fue", "es", "estuvo",
    "atendio", "nos", "quien", "a", "m", "est", "etait", "qui", "nous", "s", "spent", "explained", "in", "speak", "shouted", "y", "et", "were", "are",
    "du", "del", "au",
};
/* Behind these stand places and companies as well: they say something of given names only. */
static const char *const weak_leads[] = {"de", "a", "y", "e", "et", "of", "at", "for", "para", "pour", "in", "and", "chez", "from", "par"};
/* Nearly only people do this. */
static const char *const people_do[] = {"lives", "says", "said", "told", "shouted", "spent", "explained", "listed", "began", "helped", "assisted",
                                        "called", "answered", "replied", "vive", "dijo", "habite", "dit"};
static const char *const people_are[] = {"am", "add", "says", "named", "under", "remove", "mother", "grandmother", "grandfather"};

struct around {
    struct redact_word lead, follow; /* size 0: none is right there */
};

static struct around look_around(struct str text, const struct name *name)
{
    struct around around = {.follow = name_follow(text, name)};
    redact_word_before(text, name->start, &around.lead);
    if (around.lead.end + 1 < name->start) around.lead = (struct redact_word){.size = 0};
    return around;
}

/* "Directed by: Anna Reyes": all that stands behind a colon, up to the end of the line. */
static bool is_field(struct str text, const struct name *name)
{
    bool colon = name->start > 1 && text.data[name->start - 1] == ' ' && text.data[name->start - 2] == ':';
    return colon && name->parts >= 2 && (name->end == text.size || at(text, name->end) == '\n');
}

static bool does_as_people_do(struct str text, const struct name *name)
{
    struct redact_word follow = name_follow(text, name);
    return follow.size && IS_ONE_OF(&follow, people_do);
}

static bool starts_sentence(struct str text, size_t i)
{
    while (i > 0 && (text.data[i - 1] == ' ' || text.data[i - 1] == '"')) i--;
    return i == 0 || strchr(".!?:\n>-", text.data[i - 1]);
}

/* Somebody is addressed, named, or does what only people do. */
static bool is_about_a_person(struct str text, const struct name *name)
{
    struct around around = look_around(text, name);
    struct redact_word behind;
    redact_word_at(text, name->end + 1, &behind);
    if (at(text, name->end) == ' ' && behind.capital && behind.size > 2) return false; /* "Rosa Mosqueta" */
    if (around.lead.size && IS_ONE_OF(&around.lead, leads) && (name->given || !IS_ONE_OF(&around.lead, weak_leads))) return true;
    bool family = !name->given; /* alone these are mostly authors, players, shops */
    if (around.follow.size && (family ? IS_ONE_OF(&around.follow, people_do) : IS_ONE_OF(&around.follow, follows))) return true;
    bool addressed = name->given && starts_sentence(text, name->start) && at(text, name->end) == ',' && at(text, name->end + 1) == ' ' && is_lower(at(text, name->end + 2));
    if (addressed) return true;
    bool speech = at(text, name->end + 1) == ' ' && at(text, name->end + 2) == '"';
    bool says = at(text, name->end) == ':' && (starts_line(text, name->start) || speech);
    bool called = name->start > 1 && text.data[name->start - 1] == ' ' && text.data[name->start - 2] == ',' && name->end < text.size && strchr("?!", text.data[name->end]);
    struct redact_word next;
    redact_word_at(text, name->end + 2, &next);
    bool list = at(text, name->end) == ',' && at(text, name->end + 1) == ' ' && next.capital && next.cues & (CUE(GIVEN) | CUE(FAMILY));
    return says || called || list;
}


/* "Morales and Ruiz were": two names that do something together; `name` is either. */
static bool is_pair(struct str text, const struct name *name)
{
    static const char *const plural[] = {"were", "are", "have", "both", "had"};
    struct redact_word and, other, verb;
    redact_word_at(text, name->end + 1, &and);
    bool first = at(text, name->end) == ' ' && !and.capital && str_equal(folded_of(&and), STR("and"));
    if (first) {
        redact_word_at(text, and.end + 1, &other);
        redact_word_at(text, other.end + 1, &verb);
    } else {
        verb = name_follow(text, name);
        redact_word_before(text, name->start, &and);
        if (and.capital || !str_equal(folded_of(&and), STR("and"))) return false;
        redact_word_before(text, and.start, &other);
    }
    return other.capital && other.size > 2 && !(other.cues & (CUE(COMMON) | CUE(COMPANY))) && verb.size && IS_ONE_OF(&verb, plural);
}

/* "Mehrudin shouted at", "… says Joly.": one word that nobody knows, and only people do that. */
static size_t does_alone(struct redact_finder *finder, const struct redact_word *word)
{
    static const char *const does[] = {"lives", "shouted", "spent", "told", "flew", "vive", "habite", "grew", "began"};
    static const char *const speaks[] = {"says", "said", "dijo"};
    struct str text = finder->text;
    struct name name = {.start = word->start, .end = word->end, .parts = 1};
    struct around around = look_around(text, &name);
    if (word->size < 4) return 0;
    size_t lead = around.lead.start; /* the quote ends right before */
    bool quoted = lead > 1 && (text.data[lead - 2] == '"' || text.data[lead - 1] == '"') && IS_ONE_OF(&around.lead, speaks);
    if (quoted) return name_take(finder, &name);
    if (!starts_sentence(text, word->start) || !around.follow.size) return 0;
    struct redact_word from;
    redact_word_at(text, around.follow.end + 1, &from);
    bool comes = str_equal(folded_of(&around.follow), STR("is")) && str_equal(folded_of(&from), STR("from"));
    return comes || IS_ONE_OF(&around.follow, does) ? name_take(finder, &name) : 0;
}

/* Nobody on our lists, yet "… Nishiyama lives at", or foreign letters in an English text. */
static size_t unlisted(struct redact_finder *finder, const struct redact_word *word)
{
    struct str text = finder->text;
    if (word->upper || word->size < 3 || word->cues & CUE(COMMON)) return 0;
    bool more = at(text, word->end) == '-' || (at(text, word->end) == ' ' && word->end + 1 < text.size && !is_lower(text.data[word->end + 1]));
    if (!more && !word->accented) return does_alone(finder, word);
    struct name name = name_read(text, word->start, NOT_SMALL);
    if (name.parts == 1 && finder->english && name.foreign && !name.company) {
        struct around near = look_around(text, &name);
        bool named = near.lead.size && (IS_ONE_OF(&near.lead, people_are) || str_equal(folded_of(&near.lead), STR("me")));
        bool sure = (word->foreign && word->size >= 4) || named;
        if (!sure && !(near.follow.size && IS_ONE_OF(&near.follow, people_do))) return 0;
        return decide(finder, &name, near.lead.size && IS_ONE_OF(&near.lead, people_are) ? LIKELY : POSSIBLE);
    }
    if (name.parts < 2 || name.parts > 3 || name.company) return 0;
    struct around around = look_around(text, &name);
    bool person = (around.follow.size && IS_ONE_OF(&around.follow, people_do)) || (around.lead.size && IS_ONE_OF(&around.lead, people_are));
    person |= (name.known || name.also) && around.lead.size && IS_ONE_OF(&around.lead, ((const char *const[]){"m", "am"})); /* "I'm Martin …" */
    bool alone = starts_line(text, name.start) && (at(text, name.end) == '\n' || name.end == text.size);
    bool foreign = finder->english && name.foreign;
    bool acts = around.follow.size && IS_ONE_OF(&around.follow, follows);
    bool family = name.known && (!starts_sentence(text, name.start) || alone || acts);
    bool field = is_field(text, &name) && (name.known || name.initial);
    bool head = alone && redact_registers(finder) & REGISTER_CONTACT; /* of a letter or a form */
    if (!person && !foreign && !family && !field && !head && !(name.initial && alone)) return 0;
    if (name_is_brand(text, &name) || name_is_place(text, &name)) return name.end;
    int points = person || alone ? SURE : LIKELY;
    if (is_field(text, &name)) points += 4;
    return decide(finder, &name, points);
}

static size_t listed(struct redact_finder *finder, const struct redact_word *word)
{
    struct str text = finder->text;
    if (!(word->cues & (CUE(GIVEN) | CUE(FAMILY) | CUE(ALSO))) || word->cues & (CUE(COMMON) | CUE(MONTH)) || word->size < 3) return 0;
    if (before(text, word->start) == '@' || before(text, word->start) == '#' || is_digit(before(text, word->start))) return 0;
    struct name name = name_read(text, word->start, NOT_SMALL);
    if (!name.parts || name.company || !name.known) return 0;
    if (name_is_brand(text, &name) || name_is_place(text, &name)) return name.end;
    bool full = name.parts >= 2 && name.known + name.also >= 2 && name.given + name.also >= 1;
    bool half = name.parts >= 2 && word->cues & CUE(GIVEN);
    bool single = name.parts == 1 && !word->upper && word->cues & (CUE(GIVEN) | CUE(FAMILY));
    bool pair = single && is_pair(text, &name), alone = single && (pair || is_about_a_person(text, &name));
    int points = full || name.initial ? SURE : half ? LIKELY : alone ? POSSIBLE : 0;
    if (!points) return 0;
    if (does_as_people_do(text, &name) || pair) points++;
    if (is_field(text, &name)) points += 4;
    return decide(finder, &name, points);
}

size_t redact_bare_name(struct redact_finder *finder, const struct redact_word *word)
{
    size_t end = listed(finder, word);
    return end ? end : unlisted(finder, word);
}
