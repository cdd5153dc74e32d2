/* Names that nothing introduces and that the lists know. Each gets points for its form and for
 * what stands around it, and loses some to what the text talks of. Those that no list knows:
 * unlisted.c. */
#include "text/redact/name.h"
#include "text/redact/weigh.h"

enum { SIGNED_LEAST = 12 /* bytes that one signs */ };

/* "the Monty", "a Malibu": a thing. But "gracias a Carmen", "merci à Sophie" are no articles. */
static bool has_article(const struct redact_finder *finder, const struct name *name)
{
    static const char *const articles[] = {"the", "an", "la", "le", "el", "un", "une", "una"};
    struct str text = finder->text;
    struct redact_word lead;
    redact_word_before(text, name->start, &lead);
    if (!lead.size || lead.end + 1 != name->start) return false;
    if (lead.size == 1 && lead.folded[0] == 'a')
        return !lead.accented && !finder->spanish && !finder->french;
    return IS_ONE_OF(&lead, articles);
}

/* "Schneider is no Steve Martin": whom everybody knows; but "there is no Anna Ruiz here". */
static bool is_compared(struct str text, const struct name_around *around)
{
    static const char *const being[] = {"is", "s", "are", "was", "be"};
    struct redact_word is, subject;
    if (!word_is(&around->lead, "no")) return false;
    redact_word_before(text, around->lead.start, &is);
    redact_word_before(text, is.start, &subject);
    return IS_ONE_OF(&is, being) && !word_is(&subject, "there") && !word_is(&subject, "name");
}

/* "in Florida", "near Hyde Park": a place. */
static bool is_where(struct str text, const struct name *name)
{
    static const char *const wheres[] = {
        "in", "into", "near", "across", "around", "throughout", "visit", "visiting", "outside",
        "en", "cerca"};
    struct redact_word lead;
    redact_word_before(text, name->start, &lead);
    return lead.size && lead.end + 1 == name->start && IS_ONE_OF(&lead, wheres);
}

/* "Kate Love I'd cap that", "Mister Ed!!!": the title of a review, and no sentence
 * about anybody. */
static bool is_title(struct str text, const struct name *name)
{
    char c = at(text, name->end), next = at(text, name->end + 1);
    return name->start == 0 &&
           (c == '!' || (c == '.' && is_blank(next)) || (c == ' ' && is_upper(next)));
}

/* "Johnson & Johnson": one name beside a "&". */
bool name_is_firms(struct str text, const struct name *name)
{
    if (name->parts > 1) return false;
    bool behind = at(text, name->end) == ' ' && at(text, name->end + 1) == '&';
    return behind || (name->start > 1 && text.data[name->start - 1] == ' ' &&
                      text.data[name->start - 2] == '&');
}

/* "Jensen": a family name, whatever else. */
static bool is_family_name(struct str text, const struct name *name)
{
    struct redact_word word;
    redact_word_at(text, name->start, &word);
    return (word.cues & CUE(FAMILY)) != 0;
}

static int points_of_text(struct redact_finder *finder, const struct name *name, int points)
{
    struct str text = finder->text;
    uint32_t registers = redact_registers(finder);
    size_t size;
    struct name_around around = name_look_around(text, name);
    bool office = name_is_from_office(text, &around, name->given > 0);
    if (office) registers |= REGISTER_SERVICE;
    const uint32_t works = registers & (REGISTER_FILM | REGISTER_ARTS);
    if (name_is_firms(text, name) || name_is_thing(text, name, &around, works))
        points -= 3;
    bool public = name_is_public(text, name);
    /* a book, a record, a poster of theirs, but not "Elsa Morante at the desk"; a name of one word
     * may be the agent's */
    uint32_t matter = registers & (REGISTER_SERVICE | REGISTER_CONTACT);
    if (public && name->parts > 1 && matter == REGISTER_SERVICE && !office) return points - 4;
    if (registers & (REGISTER_SERVICE | REGISTER_CONTACT)) return points + 1;
    /* from here on it only loses some, and little is asked of what has lost too many */
    if (public) points -= 8;
    if (points < NAME_ENOUGH) return points;
    if (name_has_number(text, name)) points -= 2;
    if (name_is_where_one_goes(text, name, &around)) points -= 3;
    if (registers & REGISTER_SOCIAL || is_title(text, name)) points -= 3;
    if (is_where(text, name)) points -= 2;
    if (is_compared(text, &around)) points -= 4;
    if (has_article(finder, name)) points -= name->parts > 1 ? 1 : 2;
    /* a work of theirs, often */
    if (is_apostrophe(text, name->end, &size) && at(text, name->end + size) == 's') points -= 1;
    if (registers & REGISTER_PUBLIC) points -= 3;
    if (points < NAME_ENOUGH) return points;
    /* who talks of them talks of more; but "I met Carla Ruiz and Brad Pitt" */
    if (name_has_famous_beside(finder)) points -= redact_speaks_of_self(finder) ? 1 : 2;
    if (points < NAME_ENOUGH) return points;
    if (name_is_partly_public(text, name)) points -= 8;
    if (name_is_titles(text, name)) points -= 4;
    if (name_has_work(text, name)) points -= 2;
    /* In English texts full names go all the same: letters to a paper, lists of songs,
     * speakers of a meeting. */
    if (registers & REGISTER_FILM ||
        (registers & (REGISTER_ARTS | REGISTER_HINT) && !finder->english))
        return points - 4;
    int hinted = points;
    if (registers & REGISTER_HINT) hinted -= registers & REGISTER_ARTS ? 1 : 3;
    else if (registers & REGISTER_ARTS && name->parts == 1) hinted -= 1;
    bool full = name->parts > 1, self = redact_speaks_of_self(finder);
    enum critic least = full ? (self ? CRITIC_SURELY : CRITIC) : self ? CRITIC : CRITIC_PERHAPS;
    if (hinted < NAME_ENOUGH || !name_is_in_a_critique(finder, least)) return hinted;
    /* "Bryan Maclean's killers", told as news is */
    bool person = name->parts > 1 && (redact_phrase_points(finder, name, &around) > 0 ||
                                      name_stands_as_person(finder, name, &around));
    return person ? hinted : points - (self ? 2 : 4);
}

size_t name_decide(struct redact_finder *finder, const struct name *name, int points)
{
    bool goes = points_of_text(finder, name, points) >= NAME_ENOUGH,
         sure = name->initial || points > NAME_SURE + 2 || finder->watcher ||
                finder->registers & (REGISTER_SERVICE | REGISTER_CONTACT);
    int least = name->parts > 1 ? WEIGHT_DOUBTED_WHOLE : WEIGHT_DOUBTED;
    return goes && (sure || name_weight(finder, name) >= least) ? name_take(finder, name)
                                                                : name->end;
}

/* Words right before a name, and right behind one, that only go with people (or nearly so). */
static const char *const leads[] = {
    "am", "m", "hi", "hello", "hey", "dear", "hola", "bonjour", "merci", "gracias", "beaucoup",
    "tal", "emailed", "texted", "phoned", "messaged", "cheers", "done", "escribe", "lovely",
    "wonderful", "estimado", "estimada", "cher", "chere", "querido", "querida", "salut", "with",
    "by", "from", "to", "for", "named", "thanks", "told", "asked", "ask", "him", "her", "me",
    "under", "says", "said", "and", "contact", "user", "con", "por", "a", "para", "de", "y", "dijo",
    "avec", "par", "chez", "pour", "et", "dit", "between", "add", "remove", "called", "calls",
    "kid", "is", "was", "atendio", "ayudo", "demander", "demandez", "preguntar", "pregunten",
    "pregunte", "that", "que", "producer", "commenter", "correct", "about", "spoke", "early",
    "have", "had", "why", "unlike", "not", "them", "people",
};
static const char *const follows[] = {
    "said", "says", "told", "was", "is", "helped", "asked", "had", "has", "from", "lives", "who",
    "and", "can", "will", "me", "dijo", "fue", "es", "estuvo", "atendio", "nos", "quien", "a", "m",
    "est", "etait", "qui", "nous", "s", "spent", "explained", "in", "speak", "shouted", "y", "et",
    "were", "are", "du", "del", "au",
};
/* Behind these stand places and companies as well: they say something of given names only. */
static const char *const weak_leads[] = {
    "de", "a", "y", "e", "et", "of", "at", "for", "para", "pour", "in", "and", "chez", "from",
    "par", "done", "lovely", "wonderful"};
bool name_people_do(const struct redact_word *verb)
{
    static const char *const people_do[] = {
        "lives", "says", "said", "told", "shouted", "spent", "explained", "listed", "began",
        "helped", "assisted", "called", "answered", "replied", "vive", "dijo", "habite", "dit",
        "responded", "apologized", "apologised", "greeted"};
    return IS_ONE_OF(verb, people_do);
}

bool name_is_followed_as_person(const struct redact_word *follow)
{
    return IS_ONE_OF(follow, follows);
}

struct name_around name_look_around(struct str text, const struct name *name)
{
    struct name_around around;
    around.follow = name_follow(text, name);
    redact_word_before(text, name->start, &around.lead);
    if (around.lead.end + 1 < name->start || name_is_handle(text, around.lead.start))
        around.lead = (struct redact_word){.size = 0};
    return around;
}

bool name_is_field(struct redact_finder *finder, const struct name *name)
{
    struct str text = finder->text;
    bool colon = name->start > 1 && text.data[name->start - 1] == ' ' &&
                 text.data[name->start - 2] == ':';
    return colon && name->parts >= 2 && (name->end == text.size || at(text, name->end) == '\n') &&
           !name_is_known_to_all(finder, name);
}

bool name_starts_sentence(struct str text, size_t i)
{
    while (i > 0 && (text.data[i - 1] == ' ' || text.data[i - 1] == '"')) i--;
    return i == 0 || is_one_of(text.data[i - 1], ".!?:\n>-");
}

static bool does_as_people_do(struct str text, const struct name *name)
{
    struct redact_word follow = name_follow(text, name);
    if (IS_ONE_OF(
            &follow,
            ((const char *const[]){"never", "always", "finally", "kindly", "then", "just"})) &&
        at(text, follow.end) == ' ')
        redact_word_at(text, follow.end + 1, &follow); /* "never replied" */
    return follow.size && name_people_do(&follow);
}

/* "the girl who served us, Laura, was": one name on its own. */
static bool is_between_commas(struct str text, const struct name *name)
{
    bool comma = name->start > 1 && text.data[name->start - 1] == ' ' &&
                 text.data[name->start - 2] == ',';
    return comma && at(text, name->end) == ',' && at(text, name->end + 1) == ' ' &&
           starts_small(text, name->end + 2);
}

/* Somebody is addressed, named, or does what only people do. */
static bool is_about_a_person(struct str text, const struct name *name,
                              const struct name_around *beside)
{
    struct name_around around = *beside;
    struct redact_word behind;
    redact_word_at(text, name->end + 1, &behind);
    /* "Rosa Mosqueta" */
    if (at(text, name->end) == ' ' && behind.capital && behind.size > 2) return false;
    if (around.lead.size && IS_ONE_OF(&around.lead, leads) &&
        (name->given || !IS_ONE_OF(&around.lead, weak_leads)))
        return true;
    /* Family names alone are mostly authors, players, shops. */
    if (around.follow.size &&
        (does_as_people_do(text, name) || (name->given && IS_ONE_OF(&around.follow, follows))))
        return true;
    bool addressed = name->given && name_starts_sentence(text, name->start) &&
                     at(text, name->end) == ',' && at(text, name->end + 1) == ' ' &&
                     starts_small(text, name->end + 2);
    if (addressed) return !name_is_wanting(text, name);
    bool speech = at(text, name->end + 1) == ' ' && at(text, name->end + 2) == '"';
    bool says = at(text, name->end) == ':' && (starts_line(text, name->start) || speech);
    bool called = name->start > 1 && text.data[name->start - 1] == ' ' &&
                  text.data[name->start - 2] == ',' && name->end < text.size &&
                  strchr("?!", text.data[name->end]);
    bool apposed = name->given && is_between_commas(text, name);
    bool in_brackets = name->given && before(text, name->start) == '(' &&
                       at(text, name->end) == ')';
    struct redact_word next;
    redact_word_at(text, name->end + 2, &next);
    bool list = at(text, name->end) == ',' && at(text, name->end + 1) == ' ' && next.capital &&
                next.cues & (CUE(GIVEN) | CUE(FAMILY));
    return says || called || list || apposed || in_brackets;
}

/* "Morales and Ruiz were": two names that do something together; `name` is either. */
static bool is_pair(struct str text, const struct name *name)
{
    static const char *const plural[] = {"were", "are", "have", "both", "had"};
    struct redact_word and, other, verb;
    redact_word_at(text, name->end + 1, &and);
    bool first = at(text, name->end) == ' ' && !and.capital &&
                 word_is(&and, "and");
    if (first) {
        redact_word_at(text, and.end + 1, &other);
        redact_word_at(text, other.end + 1, &verb);
    } else {
        verb = name_follow(text, name);
        redact_word_before(text, name->start, &and);
        if (and.capital || !word_is(&and, "and")) return false;
        redact_word_before(text, and.start, &other);
    }
    return other.capital && other.size > 2 && !(other.cues & (CUE(COMMON) | CUE(COMPANY))) &&
           verb.size && IS_ONE_OF(&verb, plural);
}

/* "… would use again. -- Anna", "- Anna Reyes" at the end of the text. */
static bool is_signature(struct redact_finder *finder, const struct name *name)
{
    struct str text = finder->text;
    size_t i = name->start, end = name->end + (at(text, name->end) == '.');
    if (end < text.size || i < 4) return false;
    while (i && text.data[i - 1] == ' ') i--;
    if (!i) return false;
    /* "Quedo a la espera. Txema." */
    if (name->parts == 1 && is_one_of(text.data[i - 1], ".!?\n"))
        return i > SIGNED_LEAST && !is_upper(text.data[i - 2]) && redact_speaks_of_self(finder);
    size_t dash = i;
    while (i && (text.data[i - 1] == '-' || text.data[i - 1] == '~')) i--;
    if (i == dash) return false;
    while (i && text.data[i - 1] == ' ') i--;
    return i && is_one_of(text.data[i - 1], ".!?\n");
}

/* "the Makinen novel", "the Aguirre brothers": a family name, and what goes with one. */
bool name_is_authors(struct str text, const struct name *name, const struct name_around *around)
{
    static const char *const works[] = {"novel", "novels", "poem", "biography", "interview",
                                        "murder", "trial", "case", "family", "brothers", "sisters",
                                        "wedding", "funeral", "book", "song", "concert", "estate"};
    return word_is(&around->lead, "the") && around->follow.size &&
           IS_ONE_OF(&around->follow, works) && !name_is_public(text, name);
}

/* "Maryam is more timely now", "not by Howard": of somebody whom the writer needn't have met. */
static bool is_said_of_anybody(struct str text, const struct name *name,
                               const struct name_around *around)
{
    static const char *const now[] = {"is", "has", "can", "will", "est", "es"};
    static const char *const vague[] = {"that", "unlike", "not", "why", "by", "from"};
    bool does = around->follow.size && IS_ONE_OF(&around->follow, now) &&
                (name_starts_sentence(text, name->start) || around->lead.cues & CUE(COMMON));
    return does || (around->lead.size && IS_ONE_OF(&around->lead, vague));
}

/* Of one name, or of several that the lists know but in part (`half`: a given one first). */
static int points_around(struct redact_finder *finder, const struct name *name,
                         const struct name_around *around, bool half, bool single, bool *ret_pair)
{
    struct str text = finder->text;
    int points = 0;
    if (name_is_apposed_to_relative(text, name)) return NAME_SURE;
    if (single || name->parts > 1) points = redact_phrase_points(finder, name, around);
    if (points < NAME_SURE && ((single && name->given) || name->parts > 1) &&
        is_signature(finder, name))
        points = NAME_SURE;
    if (single && (!name->given || is_family_name(text, name)) &&
        name_is_authors(text, name, around))
        return NAME_SURE + 4;
    *ret_pair = single && is_pair(text, name);
    if (points >= NAME_LIKELY) return points;
    if (half || (single && name_is_from_office(text, around, name->given > 0))) return NAME_LIKELY;
    if (single && !name->also && name_stands_as_person(finder, name, around))
        return NAME_SURE + 3;
    if (!single || (!*ret_pair && !is_about_a_person(text, name, around))) return 0;
    return NAME_POSSIBLE -
           (is_said_of_anybody(text, name, around) && !redact_speaks_of_self(finder));
}

/* *ret_read: the name that was read, if one was. */
static size_t listed(struct redact_finder *finder, const struct redact_word *word,
                     struct name *ret_read, bool *ret_was_read)
{
    struct str text = finder->text;
    if (!(word->cues & (CUE(GIVEN) | CUE(FAMILY) | CUE(ALSO))) ||
        word->cues & (CUE(COMMON) | CUE(MONTH)) || word->size < 3)
        return 0;
    if (is_digit(before(text, word->start))) return 0;
    struct name name = name_read(text, word->start, NOT_SMALL);
    *ret_read = name, *ret_was_read = true;
    if (!name.parts || name.company || !name.known) return 0;
    if (word->cues & CUE(FAMILY) && !name.also)
        (void)name_take_initials(text, &name); /* "J. P. O'Halloran" */
    if (name_is_brand(text, &name) || name_is_place(text, &name)) return name.end;
    /* "BRING BACK NITARA": shouted, a word that is also a name is a word */
    bool full = name.parts >= 2 && name.known + (word->upper ? 0 : name.also) >= 2 &&
                name.given + name.also >= 1;
    int points = full || name.initial ? NAME_SURE : 0;
    bool pair = false;
    if (!points) {
        struct name_around around = name_look_around(text, &name);
        bool compound = at(text, word->end) == '-' && name.given;
        bool half = name.parts >= 2 && (word->cues & CUE(GIVEN) || compound);
        bool single = name.parts == 1 && !word->upper &&
                      (word->cues & (CUE(GIVEN) | CUE(FAMILY)) || compound);
        points = points_around(finder, &name, &around, half, single, &pair);
    }
    if (!points) return 0;
    if (does_as_people_do(text, &name) || pair) points++;
    if (name_is_field(finder, &name)) points += 4;
    return name_decide(finder, &name, points);
}

/* "O'Halloran" from its second word, where the scan comes upon it; size 0: "L'Oréal" is nobody. */
static struct redact_word with_prefix(struct str text, const struct redact_word *word)
{
    struct redact_word whole = *word, prefix;
    char c = before(text, word->start);
    if (c != '\'' && (c != '\x99' || word->start < 3)) return whole;
    size_t size, mark = word->start - (c == '\'' ? 1 : 3);
    redact_word_before(text, mark, &prefix);
    bool is = prefix.size == 1 && prefix.capital && prefix.end == mark && word->size > 3 &&
              is_apostrophe(text, mark, &size) && strchr("od", prefix.folded[0]) &&
              !redact_is_ordinary(word);
    if (is) whole.start = prefix.start, whole.cues |= CUE(FAMILY);
    if (word_is(&prefix, "l") && prefix.end == mark) whole.size = 0;
    return whole;
}

size_t redact_bare_name(struct redact_finder *finder, const struct redact_word *word)
{
    struct redact_word whole = with_prefix(finder->text, word);
    if (!whole.size) return 0;
    struct name read;
    bool was_read = false;
    uint32_t found = finder->count;
    size_t end = redact_name_list(finder, word);
    if (!end) end = listed(finder, &whole, &read, &was_read);
    bool same = was_read && whole.start == word->start;
    if (!end) end = redact_unlisted_name(finder, word, same ? &read : NULL);
    if (finder->count == found) redact_leave(finder, word);
    return end;
}
