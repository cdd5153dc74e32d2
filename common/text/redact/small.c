/* Names written small behind phrases that only people follow: "spoke to priya", "me atendió
 * nahuel", "merci fanfan". A phrase is looked up by its first word, which the scan stops at. What
 * is written with a capital is phrases.c's. */
#include "text/redact/name.h"

#include <assert.h>
#include <threads.h>

/* How much a phrase says of the word behind it: LISTED, a list must know it as a given name;
 * LIKELY, it looks like a name, or LIKE_PERSONS much like one; SURE, any that is none of every
 * day. */
enum trust { LISTED, LIKE_PERSONS, LIKELY, SURE };

/* '_' is the name; behind the phrase where there is none. */
static const struct phrases {
    enum trust trust;
    const char *phrases;
} lists[] = {
    {SURE, "eu _ au telephone|eu _ en ligne|hi this is _ from|"
           "hello this is _ from|hi its _ from|hi its _ again|hi it s _ from|hi it s _ again"},
    {LIKELY,
     "spoke to|spoke with|spoken to|spoken with|speaking to|speaking with|talked to|talked with|"
     "chatted to|chatted with|transferred to|hi this is|hello this is|"
     "hi its|hi it s|hello its|hello it s|hey its|hey it s|"
     "hable con|hablado con|hablando con|atendio|atendido|atendida por|atendido por|atendieron|"
     "atiende|pasaron con|quede con|"
     "parle avec|eu affaire a|recu par|recue par|servi par|servie par|"
     "conseille par|conseillee par|accueilli par|accueillie par"},
    {LIKE_PERSONS,
     "thanks|thanks to|thanks again|thanks so much|thank you|thank you to|cheers|served by|"
     "helped by|handled by|hi im|hi i m|hello im|hello i m|hiya|hey|dear|"
     "gracias a|hola soy|buenas soy|pregunten por|pregunte por|preguntad por|"
     "merci a|merci encore|merci|parle a|bonjour|salut|moi c est|demandez|aide par|aidee par"},
    {LISTED,
     "thank|speak to|speak with|hi|hello|complained to|complained about|according to|"
     "asked _ to|asked _ for|asked _ if|asked _ about|ask _ to|ask for|asked for|"
     "kudos to|"
     "props to|hats off to|shout out to|lives with|registered to|addressed to|"
     "delivered by|fitted by|installed by|repaired by|emailed|rang|agent|"
     "gracias|hola|hablar con|preguntar por|saludos|dije a|pedi a|diganle a|dile a|"
     "felicitar a|felicito a|agradecer a|agradezco a|enhorabuena a|trato de|ayuda de|amabilidad de|"
     "segun|instalado por|entregado por|"
     "merci beaucoup|parler a|parler avec|cordialement|demande a|selon|livre par|"
     "installe par|repare par|gentillesse de|felicitations a|bravo a"},
};

enum { WORDS_MOST = 4, PHRASES_MAX = 192, SLOTS = 512 };

static struct phrase {
    uint32_t before[WORDS_MOST + 1], behind[WORDS_MOST + 1]; /* hashes, and 0 */
    enum trust trust;
} phrases[PHRASES_MAX];
static uint8_t slots[SLOTS]; /* by the first word: into phrases, and one; 0: empty */
static uint32_t count;
static once_flag once = ONCE_FLAG_INIT;

static void enter(struct str words, enum trust trust)
{
    assert(count < PHRASES_MAX);
    struct phrase *phrase = &phrases[count++];
    uint32_t *hashes = phrase->before;
    phrase->trust = trust;
    while (words.size) {
        struct str word = str_cut(&words, ' ');
        if (str_equal(word, STR("_"))) hashes = phrase->behind;
        else *hashes++ = redact_hash_of(word);
    }
    uint32_t slot = phrase->before[0] % SLOTS;
    while (slots[slot]) slot = (slot + 1) % SLOTS;
    slots[slot] = (uint8_t)count;
}

static void build(void)
{
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
        for (struct str rest = str_of(lists[i].phrases); rest.size;)
            enter(str_cut(&rest, '|'), lists[i].trust);
}

void redact_small_open(void) { call_once(&once, build); }

/* Only such a phrase begins with it: no "name", "llamo". */
bool name_is_told_behind(const struct redact_word *word)
{
    if (!(word->cues & CUE(NAMED))) return false;
    for (uint32_t i = word->hash % SLOTS; slots[i]; i = (i + 1) % SLOTS)
        if (phrases[slots[i] - 1].before[0] == word->hash) return true;
    return false;
}

/* Where these words end, one behind the other from `end` on, or 0. */
static size_t words_end(struct str text, size_t end, const uint32_t *hashes)
{
    for (; *hashes; hashes++) {
        struct redact_word next;
        size_t size = 1;
        if (at(text, end) != ' ' && !is_apostrophe(text, end, &size)) return 0;
        redact_word_at(text, end + size, &next);
        if (!next.size || next.hash != *hashes) return 0;
        end = next.end;
    }
    return end;
}

/* "spoke to costumer service": a word written wrong, and what it goes with. */
static bool goes_with_thing(const struct redact_word *next)
{
    static const char *const things[] = {"service", "services", "support", "team", "care", "dept",
                                         "department", "rep", "reps", "agent", "line", "al",
                                         "servicio", "client", "clients", "equipo"};
    return IS_ONE_OF(next, things);
}

struct name name_read_small_like(struct str text, size_t start, int least)
{
    struct redact_word word;
    redact_word_at(text, start, &word);
    struct name name = name_read_small(text, &word);
    if (name.parts || word.capital || word.size < 4 || redact_is_ordinary(&word) ||
        word.cues & ~(CUE(GIVEN) | CUE(FAMILY)))
        return name;
    if (redact_run_end(text, start, RUN_LOWER) < word.end && !word.accented)
        return name; /* "iSync" */
    struct redact_word next = name_next_word(text, word.end);
    name.end = word.end, name.parts = 1;
    if (goes_with_thing(&next) || (!word.cues && !name_is_like_one(text, &name, least)))
        return (struct name){0};
    bool family = next.size > 3 && !next.capital && !(next.cues & ~(CUE(GIVEN) | CUE(FAMILY))) &&
                  !redact_is_ordinary(&next);
    if (family) name.end = next.end, name.parts = 2;
    return name;
}

/* "Gracias a Julio por": a month's name with a capital behind a phrase of people; no "thanks to
 * April 2024", "thanks May I". */
static struct name read_month(struct str text, size_t start)
{
    static const char *const months[] = {"april", "may",   "june", "august",
                                         "abril", "julio", "avril"};
    static const char *const dates[] = {"of", "de",   "del", "i",  "be",
                                        "we", "have", "and", "or", "y", "et"};
    struct redact_word month, next;
    redact_word_at(text, start, &month);
    next = name_next_word(text, month.end);
    struct name name = {.start = month.start, .end = month.end, .parts = 1};
    if (!month.capital || month.upper || !IS_ONE_OF(&month, months) || IS_ONE_OF(&next, dates) ||
        is_digit(at(text, month.end + 1u)) || next.cues & CUE(MONTH))
        return (struct name){0};
    struct name family = {0};
    if (next.capital) family = name_read(text, next.start, NOT_SMALL);
    if (next.capital && !family.parts) return (struct name){0}; /* "thanks June Offers" */
    if (family.parts) name.end = family.end, name.parts += family.parts;
    return name;
}

/* The name that the phrase tells which begins with `word`; parts 0: there is none. */
static struct name told_by(struct str text, const struct redact_word *word,
                           const struct phrase *phrase)
{
    static const int least[] = {
        [LIKE_PERSONS] = LIKE_NOTHING_ELSE, [LIKELY] = LIKE_A_NAME, [SURE] = INT16_MIN};
    const struct name none = {0};
    size_t end = words_end(text, word->end, phrase->before + 1);
    if (!end) return none;
    end += at(text, end) == ',';
    if (at(text, end) != ' ') return none;
    struct redact_word first;
    redact_word_at(text, end + 1, &first);
    struct name name = first.capital              ? read_month(text, end + 1)
                       : phrase->trust == LISTED ? name_read_small(text, &first)
                                                 : name_read_small_like(text, end + 1,
                                                                        least[phrase->trust]);
    bool whole = name.end == text.size || is_one_of(text.data[name.end], " .,;:!?)\n");
    return whole && words_end(text, name.end, phrase->behind) ? name : none;
}

size_t redact_small_name(struct redact_finder *finder, const struct redact_word *word)
{
    struct str text = finder->text;
    for (uint32_t i = word->hash % SLOTS; slots[i]; i = (i + 1) % SLOTS) {
        const struct phrase *phrase = &phrases[slots[i] - 1];
        if (phrase->before[0] != word->hash) continue;
        struct name name = told_by(text, word, phrase);
        if (name.parts && !name_is_brand(text, &name) && !name_is_place(text, &name) &&
            !name_in_film(finder))
            return name_take(finder, &name);
    }
    return 0;
}
