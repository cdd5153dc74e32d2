/* Phrases that go with people: "spoke with …", "thank you …!", "… hung up on me", "le trato de …".
 * A name that one of them stands beside is told by it, the surer the phrase, the less must be
 * known of the name. Looked up by the word next to the name, so a name without any costs two
 * looks. */
#include "text/redact/name.h"

#include <assert.h>
#include <threads.h>

enum side { LEAD, FOLLOW, OWNED };

/* For which names a phrase speaks; and whether a comma may stand between ("gracias, Anna!"). */
enum {
    FOR_GIVEN = 1,  /* one given name of the lists */
    FOR_FAMILY = 128, /* one family name of the lists */
    FOR_FULL = 2,   /* several words, one of them of the lists */
    FOR_TWO = 4,    /* several that no list has */
    FOR_ONE = 8,    /* one that no list has */
    FOR_MEANT = 16, /* the same, if "he" or "she" comes later */
    MAY_PAUSE = 32,
    SERVES = 64, /* whatever else the text talks of, a customer is served here */
    LISTED_ALONE = 256, /* not even for a name that looks like one ("does …") */
    ALSO_NAMES = 512, /* names that are words as well, if mostly people bear them: "hello Rose" */
    ALSO_SURELY = 1024, /* … and nobody else is meant: "I asked Will" */
    FOR_LISTED = FOR_GIVEN | FOR_FULL,
    FOR_ALL = FOR_LISTED | FOR_FAMILY | FOR_TWO | FOR_ONE | FOR_MEANT,
};

static const struct phrases {
    uint8_t side;
    uint16_t names;
    const char *phrases;
} lists[] = {
#include "text/redact/phrases.inc"
};

enum { PHRASES_MAX = 1280, SLOTS = 2048, FILTER_BITS = 2048, WORDS_MOST = 5, PERSON_SLOTS = 1024 };

static struct phrase {
    uint32_t hash;                   /* of the word next to the name */
    uint32_t hashes[WORDS_MOST - 1]; /* of those further off; 0: any word */
    uint16_t names;
    uint8_t side, more;
} phrases[PHRASES_MAX];
static uint16_t slots[SLOTS]; /* into phrases, and one; 0: empty. Those of one word lie in a row. */
static uint64_t filter[FILTER_BITS / 64]; /* of the nearest words: most looks end there */
static uint32_t count;
/* words right beside a name by which it may be one, in phrases and otherwise */
static uint64_t said_before[(1 << SAID_BITS) / 64], said_behind[(1 << SAID_BITS) / 64];
static once_flag once = ONCE_FLAG_INIT;

/* Those of each side apart: "with" leads to many names and follows few. */
static uint32_t first_slot(uint32_t hash, uint32_t side)
{
    return (hash + side * SLOTS / 3) % SLOTS;
}

static void enter(struct str words, const struct phrases *list)
{
    struct phrase *phrase = &phrases[count];
    struct str parts[WORDS_MOST];
    size_t size = 0;
    assert(count < PHRASES_MAX);
    while (words.size) {
        assert(size < WORDS_MOST);
        parts[size++] = str_cut(&words, ' ');
    }
    *phrase = (struct phrase){
        .side = list->side, .names = list->names, .more = (uint8_t)(size - 1)};
    for (size_t i = 0; i < size; i++) {
        struct str part = parts[list->side == LEAD ? size - 1 - i : i];
        uint32_t hash = str_equal(part, STR("*")) ? 0 : redact_hash_of(part);
        if (i) phrase->hashes[i - 1] = hash;
        else phrase->hash = hash;
        if (i) continue;
        redact_mark_words(list->side == LEAD ? said_before : said_behind, SAID_BITS, part);
    }
    uint32_t slot = first_slot(phrase->hash, list->side),
             bit = phrase->hash >> 16 & (FILTER_BITS - 1);
    filter[bit / 64] |= UINT64_C(1) << bit % 64;
    while (slots[slot]) slot = (slot + 1) % SLOTS;
    slots[slot] = (uint16_t)++count;
}

/* Ordinary words, places and months that are names of many: greeted or thanked, they are people. */
static const char *const persons[] = {
    "ada", "adelaide", "aime", "allie", "ally", "amber", "ange", "angel", "april", "art",
    "asuncion", "austin", "autumn", "basil", "bauer", "beau", "bell", "bella", "ben", "bill",
    "blanche", "blanco", "blessing", "blossom", "boucher", "bravo", "brittany", "brook", "brooks",
    "bruce", "buck", "bunny", "burns", "calvo", "campbell", "cano", "cara", "carl", "carolina",
    "castro", "celeste", "cerise", "chad", "charity", "charlotte", "chelsea", "chester", "chip",
    "chris", "christian", "cielo", "clair", "claire", "coleman", "comfort", "concepcion",
    "constant", "consuelo", "cooper", "coral", "cruz", "crystal", "daisy", "dakota", "dale",
    "dallas", "dan", "dawn", "dean", "delgado", "demi", "dennis", "denny", "desire", "destinee",
    "destiny", "devon", "divine", "dolores", "domingo", "drew", "duke", "dusty", "earl", "ella",
    "esperance", "estrella", "eva", "eve", "exauce", "faith", "favour", "fisher", "florence",
    "fortune", "foster", "fournier", "fox", "frank", "fuentes", "gallego", "garance", "gene",
    "genesis", "geneva", "georgia", "german", "ginger", "glen", "gloria", "goodness", "grace",
    "grant", "graves", "guerra", "harmony", "hart", "hazel", "heather", "hope", "hugo", "hunter",
    "innocent", "ivans", "ivy", "jack", "jacobs", "jade", "james", "jan", "jasmine", "jay", "jean",
    "jenkins", "jesus", "joe", "johnny", "joie", "jordan", "josh", "joy", "julia", "june",
    "justice", "justin", "justo", "kent", "kirby", "kitty", "klein", "krishna", "lambert", "lance",
    "lauren", "lee", "lefevre", "leon", "leroy", "levi", "liam", "lilly", "lily", "linda", "lloyd",
    "logan", "lorraine", "loup", "lucca", "lucky", "luigi", "luna", "lune", "luz", "mae", "manuel",
    "marchand", "marge", "mari", "marin", "marine", "mario", "mark", "marshall", "martin", "mason",
    "max", "may", "meg", "melodie", "melody", "mercy", "merveille", "mickey", "miles", "modeste",
    "mohammad", "molina", "mona", "moody", "moreno", "morgan", "nancy", "navarro", "nick", "nieves",
    "noel", "norris", "nova", "olive", "opal", "oscar", "parfait", "parker", "pascal", "pat",
    "patience", "paz", "pearl", "peg", "penny", "perle", "peter", "pilar", "placide", "praise",
    "precieuse", "precious", "preston", "prieto", "prune", "rain", "randy", "ray", "reine",
    "renard", "reyes", "rhodes", "rich", "rios", "rivera", "rob", "robin", "rod", "roger", "roman",
    "rosario", "rose", "rosemary", "roux", "roy", "rubio", "ruby", "sage", "salvador", "sandy",
    "santiago", "santos", "savage", "savannah", "sean", "serrano", "sierra", "skip", "socorro",
    "sofia", "sol", "soria", "stanley", "stark", "sterling", "sue", "summer", "swift", "sydney",
    "taylor", "temperance", "tiffany", "tom", "torres", "tresor", "trinidad", "troy", "turner",
    "urbain", "vega", "verity", "victoria", "violet", "virginia", "wade", "walton", "watson",
    "wells", "wendy", "will", "wilson", "wisdom", "wong", "woods", "zelda"};

static uint32_t person_hashes[PERSON_SLOTS]; /* 0: empty */

static uint32_t *person_slot(uint32_t hash)
{
    uint32_t i = hash % PERSON_SLOTS;
    while (person_hashes[i] && person_hashes[i] != hash) i = (i + 1) % PERSON_SLOTS;
    return &person_hashes[i];
}

static void build(void)
{
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
        for (struct str rest = str_of(lists[i].phrases); rest.size;)
            enter(str_cut(&rest, '|'), &lists[i]);
    for (size_t i = 0; i < sizeof persons / sizeof *persons; i++) {
        uint32_t hash = redact_hash_of(str_of(persons[i]));
        *person_slot(hash) = hash;
    }
    redact_mark_said(said_before, said_behind);
}

void redact_phrases_open(void) { call_once(&once, build); }

bool redact_may_be_said(struct str text, const struct redact_word *word)
{
    /* where the name ends, so that nothing is said behind it */
    static const char last[] = ".!?;)/\n";
    size_t start = word->start;
    char c = at(text, word->end), earlier = start > 1 ? text.data[start - 2] : '\0';
    if (word->accented || before(text, start) & 0x80 || earlier & 0x80) return true;
    if (c == ' ') { /* a word with a capital goes on with the name */
        if (!is_lower(at(text, word->end + 1u)) ||
            redact_may_stand_at(text, word->end + 1u, said_behind, SAID_BITS))
            return true;
    } else if (word->end < text.size && !memchr(last, c, sizeof last - 1)) {
        return true;
    }
    if (is_letter(earlier))
        return redact_may_stand_before(text, start - 1, said_before, SAID_BITS);
    /* "gracias, Anna!", "T. R. Venkataraman" */
    return (earlier == ',' && c != ' ') ||
           (earlier == '.' && start > 2 && is_upper(text.data[start - 3]));
}

/* The word that goes before or behind what was read up to `i`, only a blank or an apostrophe
 * away; size 0: there is none. */
static struct redact_word step(struct str text, size_t i, bool back)
{
    struct redact_word word = {.size = 0};
    size_t size = 1;
    if (!back) {
        if (at(text, i) == ' ' || is_apostrophe(text, i, &size))
            redact_word_at(text, i + size, &word);
        return word;
    }
    redact_word_before(text, i, &word);
    bool next = (at(text, word.end) == ' ' && word.end + 1 == i) ||
                (is_apostrophe(text, word.end, &size) && word.end + size == i);
    return next ? word : (struct redact_word){.size = 0};
}

/* The words that a phrase is compared with, read as they are needed: many phrases share the
 * nearest ("to", "a"), and are told by the next. */
struct words {
    struct str text;
    bool back;
    size_t count;
    struct redact_word words[WORDS_MOST];
};

static const struct redact_word *word_of(struct words *words, size_t i)
{
    while (words->count <= i) {
        const struct redact_word *last = &words->words[words->count - 1];
        words->words[words->count] =
            last->size ? step(words->text, words->back ? last->start : last->end, words->back)
                       : (struct redact_word){.size = 0};
        words->count++;
    }
    return &words->words[i];
}

/* The words behind the nearest one are those of the phrase. */
static bool reads(struct words *words, const struct phrase *phrase)
{
    for (size_t i = 0; i < phrase->more; i++) {
        const struct redact_word *word = word_of(words, i + 1);
        if (!word->size || (phrase->hashes[i] && phrase->hashes[i] != word->hash)) return false;
    }
    return true;
}

static uint32_t phrases_at(struct str text, const struct redact_word *word, enum side side,
                           bool pause)
{
    uint32_t names = 0, bit = word->hash >> 16 & (FILTER_BITS - 1);
    if (!word->size || !(filter[bit / 64] >> bit % 64 & 1)) return 0;
    struct words words; /* not cleared: it is large, and rarely read beyond the first */
    words.text = text, words.back = side == LEAD, words.count = 1;
    words.words[0] = *word;
    for (uint32_t i = first_slot(word->hash, side); slots[i]; i = (i + 1) % SLOTS) {
        const struct phrase *phrase = &phrases[slots[i] - 1];
        if (phrase->hash == word->hash && phrase->side == side &&
            (!pause || phrase->names & MAY_PAUSE) && reads(&words, phrase))
            names |= phrase->names;
    }
    return names;
}

/* "gracias, Anna!", but no list: "thanks, Anna and …" */
static uint32_t phrases_before(struct str text, const struct name *name,
                               const struct redact_word *lead)
{
    struct redact_word word;
    if (lead->size) return phrases_at(text, lead, LEAD, false);
    bool comma = name->start > 1 && is_one_of(text.data[name->start - 1], " \n") &&
                 text.data[name->start - 2] == ',';
    if (!comma || (name->end < text.size && !is_one_of(text.data[name->end], "!?.,\n"))) return 0;
    redact_word_before(text, name->start - 2, &word);
    return word.end + 2 == name->start ? phrases_at(text, &word, LEAD, true) : 0;
}

static uint32_t phrases_behind(struct str text, const struct redact_word *follow)
{
    static const char *const adverbs[] = {"never", "always", "finally", "kindly", "then", "just",
                                          "also", "even", "still", "quickly"};
    if (!word_is(follow, "s") || follow->end - follow->start > 1) {
        uint32_t said = phrases_at(text, follow, FOLLOW, false);
        if (said || !IS_ONE_OF(follow, adverbs)) return said;
        struct redact_word verb = step(text, follow->end, false); /* "never turned up" */
        return phrases_at(text, &verb, FOLLOW, false);
    }
    struct redact_word thing = step(text, follow->end, false);
    return thing.capital ? 0 : phrases_at(text, &thing, OWNED, false);
}

/* "…, 42, from Ohio". */
static bool is_aged(struct str text, size_t end)
{
    return at(text, end) == ',' && at(text, end + 1) == ' ' && is_digit(at(text, end + 2)) &&
           is_digit(at(text, end + 3)) && (at(text, end + 4) == ',' || at(text, end + 4) == '.');
}

/* "…: [PHONE]", "… <[EMAIL]>", in a text where these gave way before. */
static bool has_contact(struct str text, size_t end)
{
    size_t i = end;
    while (i < text.size && i < end + 3 && is_one_of(text.data[i], " :,<(-\n")) i++;
    struct str rest = str_slice(text, i, text.size);
    return i > end && at(text, i) == '[' &&
           (str_starts(rest, STR("[PHONE]")) || str_starts(rest, STR("[EMAIL]")));
}

/* A comma, or a word like "and" and "because" before it: "a trash Panda works" is none. */
static bool begins_clause(struct str text, size_t start, const struct redact_word *lead)
{
    return lead->size ? (lead->cues & CUE(COMMON)) != 0 : start > 1 && text.data[start - 2] == ',';
}

bool name_is_often_a_person(struct str text, const struct name *name)
{
    struct redact_word word;
    redact_word_at(text, name->start, &word);
    return word.size && *person_slot(word.hash);
}

bool name_is_verb_too(const struct redact_word *word)
{
    return IS_ONE_OF(word, ((const char *const[]){"mark", "will", "aime", "desire"}));
}

int redact_phrase_points(struct redact_finder *finder, const struct name *name,
                         const struct name_around *around)
{
    struct str text = finder->text;
    /* "Dennis Yu" */
    bool full = name->known || name->also > 1 || (name->also && name_is_often_a_person(text, name));
    uint32_t is = name->parts > 1 ? (full ? FOR_FULL : FOR_TWO)
                  : name->given   ? FOR_GIVEN
                  : name->known   ? FOR_FAMILY
                                  : FOR_ONE;
    uint32_t before_it = phrases_before(text, name, &around->lead),
             behind = phrases_behind(text, &around->follow);
    /* Of whom something is said begins a sentence; what a list knows also a clause. */
    if (behind && !word_is(&around->follow, "s") && !name_starts_sentence(text, name->start) &&
        (is & (FOR_TWO | FOR_ONE) || !begins_clause(text, name->start, &around->lead)))
        behind = 0;
    uint32_t said = before_it | behind;
    if (name->parts == 1 && name->also && !name->known) {
        struct redact_word word;
        redact_word_at(text, name->start, &word);
        const uint32_t surely = name_is_verb_too(&word) ? ALSO_NAMES
                                                        : ALSO_NAMES | SERVES | MAY_PAUSE | FOR_ONE;
        if (!(said & surely) || !name_is_often_a_person(text, name)) return 0;
        bool surely_so = before_it & ALSO_SURELY && !(redact_registers(finder) & REGISTER_SOCIAL);
        return surely_so ? NAME_SURE + 3 : NAME_LIKELY;
    }
    if (is != FOR_ONE && (is_aged(text, name->end) || has_contact(text, name->end))) said |= is;
    if (is == FOR_ONE && !(said & is) && said & FOR_MEANT && name_is_meant_later(text, name, true))
        is = FOR_MEANT;
    /* What is said of those whom a list knows goes for who has a name that looks like one. */
    const uint32_t strong = FOR_MEANT | FOR_TWO | FOR_FAMILY | MAY_PAUSE;
    int least = !(said & strong) ? LIKE_NOTHING_ELSE
                : is == FOR_TWO  ? LIKE_ONE_OF_TWO
                                 : LIKE_A_NAME;
    if (!(said & is) && is & (FOR_ONE | FOR_TWO) && said & FOR_LISTED &&
        !(said & LISTED_ALONE) && name_is_like_one(text, name, least))
        is = is == FOR_ONE ? FOR_GIVEN : FOR_FULL;
    if (!(said & is)) return 0;
    bool sure = said & (FOR_ONE | FOR_TWO | FOR_FAMILY) || name->parts > 1;
    int points = sure ? NAME_SURE : NAME_LIKELY;
    return points + (said & SERVES ? 2 : 0);
}
