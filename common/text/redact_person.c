/* Persons: behind words that name somebody ("my name is", "me llamo", "Mme", "Regards,", "my wife"), and
 * capitalised names that the lists know. Brands, places and ordinary words that are names as well count
 * only behind such a word or beside another name; people of films, books and politics stay. */
#include "text/redact_find.h"

enum { NAME_PARTS = 5, AGAIN_NAMES = 16, NEXT_NAMES = 64 };

struct name {
    size_t start, end;
    int parts, known, given, also; /* words; of them: on a list or formed like one, given names, "also" names */
    int foreign;                   /* words with letters beyond ASCII */
    bool initial, company;
};

static struct str folded_of(const struct redact_word *word) { return str_make(word->folded, word->size); }

static bool is_one_of(struct str word, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count && word.size; i++)
        if (words[i][0] == word.data[0] && str_equal(word, str_of(words[i]))) return true;
    return false;
}
#define IS_ONE_OF(word, list) is_one_of(folded_of(word), list, sizeof(list) / sizeof *(list))

static size_t skip_blanks(struct str text, size_t i)
{
    while (at(text, i) == ' ') i++;
    return i;
}

static bool is_apostrophe(struct str text, size_t i, size_t *ret_size)
{
    *ret_size = at(text, i) == '\'' ? 1 : 3;
    return at(text, i) == '\'' || str_starts(str_slice(text, i, i + 3), STR("\xE2\x80\x99"));
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
        if (!next.size || !next.capital) break;
        end = next.end;
    }
    return end;
}

/* Family names of the Slavic, Nordic, Greek and Armenian kind, by their ending. */
static bool is_formed_like_one(const struct redact_word *word)
{
    static const struct ending {
        uint8_t size;
        char text[7];
    } endings[] = {{3, "sen"}, {4, "sson"}, {6, "dottir"}, {3, "ova"}, {3, "eva"}, {3, "kov"},  {3, "nov"},  {3, "rov"}, {3, "tov"},  {3, "lov"},
                   {3, "mov"}, {3, "sov"},  {4, "chev"},   {3, "yev"}, {3, "iev"}, {3, "aev"},  {3, "ski"},  {3, "ska"}, {3, "sky"},  {5, "skaya"},
                   {4, "vich"}, {3, "vic"}, {4, "escu"},   {4, "idis"}, {6, "poulos"}, {3, "yan"}, {4, "enko"}, {5, "strom"}, {5, "quist"}};
    for (const struct ending *ending = endings; word->size >= 6 && ending < endings + sizeof endings / sizeof *endings; ending++) {
        const char *end = word->folded + word->size - ending->size;
        if (end[0] == ending->text[0] && end[1] == ending->text[1] && memcmp(end, ending->text, ending->size) == 0) return true;
    }
    return false;
}

static void count_part(struct name *name, const struct redact_word *word)
{
    bool listed = word->cues & (CUE(GIVEN) | CUE(FAMILY)) || is_formed_like_one(word);
    name->foreign += word->accented;
    name->parts++;
    name->known += listed;
    name->given += (word->cues & CUE(GIVEN)) != 0;
    name->also += (word->cues & CUE(ALSO)) != 0;
}

/* Which names written small are read as names. */
enum small { NOT_SMALL, SMALL, SMALL_ALSO }; /* none; listed ones; ambiguous ones as well */

static bool is_name_word(const struct redact_word *word, enum small lower)
{
    static const char *const streets[] = {"calle", "avenida", "avda", "paseo", "ctra", "carretera", "rue", "avenue", "boulevard", "chemin", "quai"};
    if (word->cues & CUE(STREET_FIRST) && IS_ONE_OF(word, streets)) return false;
    uint32_t never = CUE(COMMON) | CUE(COMPANY) | (word->accented ? 0 : CUE(MONTH)); /* "Ján" is no month */
    if (!word->size || word->cues & never) return false;
    return word->capital || (lower && (word->cues & (CUE(GIVEN) | CUE(FAMILY)) || is_formed_like_one(word))) ||
           (lower == SMALL_ALSO && word->cues & CUE(ALSO));
}

/* The particles before a family name: "de la", "van der". Returns where the capital stands, or 0. */
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

/* The name that starts at `start`; parts 0: there is none. */
static struct name read_name(struct str text, size_t start, enum small lower)
{
    struct name name = {.start = start, .end = start};
    struct redact_word word;
    size_t i = start;
    while (name.parts < NAME_PARTS) {
        redact_word_at(text, i, &word);
        if (word.size == 1 && (word.capital || lower) && name.parts && word.end - word.start <= 2) { /* an initial */
            size_t behind = word.end + (at(text, word.end) == '.');
            redact_word_at(text, skip_blanks(text, behind), &word);
            if (!is_name_word(&word, lower) || skip_blanks(text, behind) == behind) break;
            name.initial = true;
            i = word.start;
        }
        if (!is_name_word(&word, lower)) {
            size_t particle = name.parts ? skip_particles(text, i) : 0;
            if (!particle) break;
            redact_word_at(text, particle, &word);
            if (!word.capital || !is_name_word(&word, NOT_SMALL)) break;
        }
        if (is_digit(at(text, word.end)) || at(text, word.end) == '_') break; /* "GB28", "Tony_3" */
        count_part(&name, &word);
        name.end = joined_end(text, &word);
        if (at(text, name.end) != ' ') break;
        i = skip_blanks(text, name.end);
    }
    redact_word_at(text, skip_blanks(text, name.end), &word);
    name.company = word.cues & CUE(COMPANY) && word.capital;
    return name;
}

/* --- people that everybody knows ---------------------------------------------------------------------- */

/* "Tom Hanks", or "Spielberg" alone. */
static bool is_public(struct str text, const struct name *name)
{
    char joined[2 * WORD_BYTES + 1];
    struct redact_word first, second;
    redact_word_at(text, name->start, &first);
    redact_word_at(text, first.end + 1, &second);
    if (first.cues & CUE(PUBLIC) && name->parts == 1) return true;
    if (!second.size) return false;
    memcpy(joined, first.folded, first.size);
    joined[first.size] = '_';
    memcpy(joined + first.size + 1, second.folded, second.size);
    return (redact_cues_of(str_make(joined, (size_t)first.size + 1 + second.size)) & CUE(PUBLIC)) != 0;
}

static size_t take(struct redact_finder *finder, const struct name *name)
{
    redact_add(finder, name->start, name->end, REDACT_PERSON);
    return name->end;
}

static bool is_film(struct redact_finder *finder)
{
    uint32_t registers = redact_registers(finder);
    return registers & REGISTER_FILM && !(registers & (REGISTER_SERVICE | REGISTER_CONTACT));
}

/* How surely a name that nothing introduces is a private person's, in points. It goes from ENOUGH on. */
enum { ENOUGH = 2, SURE = 4, LIKELY = 3, POSSIBLE = 2 };

/* "the Monty", "a Malibu": a thing. */
static bool has_article(struct str text, const struct name *name)
{
    struct redact_word lead;
    redact_word_before(text, name->start, &lead);
    return lead.size && lead.end + 1 == name->start && IS_ONE_OF(&lead, ((const char *const[]){"the", "a", "an", "la", "le", "el", "un", "une", "una"}));
}

static int points_of_text(struct redact_finder *finder, const struct name *name, int points)
{
    struct str text = finder->text;
    uint32_t registers = redact_registers(finder);
    size_t size;
    if (registers & (REGISTER_SERVICE | REGISTER_CONTACT)) return points + 1;
    if (is_public(text, name)) points -= 4;
    if (registers & REGISTER_SOCIAL) points -= 3;
    if (has_article(text, name)) points -= name->parts > 1 ? 1 : 2;
    if (is_apostrophe(text, name->end, &size) && at(text, name->end + size) == 's') points -= 1; /* a work of theirs, often */
    /* In English texts full names go all the same: letters to a paper, lists of songs, speakers of a meeting. */
    if (registers & REGISTER_FILM || (registers & (REGISTER_ARTS | REGISTER_HINT) && !finder->english)) return points - 4;
    return points - (registers & REGISTER_HINT ? 2 : registers & REGISTER_ARTS && name->parts == 1 ? 1 : 0);
}

/* Where the scan goes on: behind the name, whether it goes or stays. */
static size_t decide(struct redact_finder *finder, const struct name *name, int points)
{
    return points_of_text(finder, name, points) >= ENOUGH ? take(finder, name) : name->end;
}

/* Companies, brands and products named like people: folded, first and second word. */
static bool is_brand_pair(struct str text, size_t first_at, size_t second_at)
{
    static const char *const brands[] = {
        "calvin klein",    "tommy hilfiger",  "ralph lauren",    "marc jacobs",      "michael kors",   "kate spade",
        "betty crocker",   "oscar mayer",     "johnnie walker",  "jack daniel",      "jack daniels",   "jim beam",
        "paco rabanne",    "yves saint",      "yves rocher",     "jean paul",        "massimo dutti",  "adolfo dominguez",
        "carolina herrera", "harley davidson", "john deere",     "martin logan",     "louis vuitton",  "christian dior",
        "hugo boss",       "giorgio armani",  "sally hansen",    "estee lauder",     "bobbi brown",    "elizabeth arden",
        "trader joe",      "trader joes",     "mary kay",        "harry potter",     "fisher price",   "ben jerry",
        "wells fargo",     "morgan stanley",  "merrill lynch",   "goldman sachs",    "charles schwab", "ernest jones",
        "john lewis",      "ted baker",       "paul smith",      "karl lagerfeld",   "vera wang",      "vera bradley",
        "donna karan",     "tory burch",      "steve madden",    "jimmy choo",       "bruno banani",   "jean louis",
        "victoria secret", "victorias secret", "tim hortons",    "papa john",        "papa johns",     "carl zeiss",
        "mercedes benz",   "alfa romeo",      "aston martin",    "rolls royce",      "eddie bauer",    "abercrombie fitch",
        "pedro del",       "maria galland",   "helena rubinstein", "nina ricci",     "jacques dessange", "franck provost",
        "leroy merlin",    "marie claire",    "santa claus",     "tom tom",          "tom ford",       "paul mitchell",
        "peter pan",       "james bond",      "barnes noble",    "johnson johnson",  "perry ellis",    "kenneth cole",
        "jo malone",       "max factor",      "max mara",        "hello kitty",      "anna sui",       "cath kidston",
        "laura ashley",    "lulu guinness",   "charlotte tilbury", "huda beauty",    "rebecca minkoff", "stella artois",
        "samuel adams",    "sam adams",       "jose cuervo",     "captain morgan",   "dolce gabbana",  "bang olufsen",
        "john frieda",     "marc anthony",    "burt bees",       "sara lee",         "marie callender", "jimmy dean",
        "uncle ben",       "aunt jemima",     "don simon",       "agatha ruiz",      "bimba lola",     "pierre cardin",
        "michel augustin", "pierre herve",    "monsieur bricolage", "monsieur cuisine", "mr bricolage", "pere noel", "mere noel", "santa cruz", "bob esponja", "google assistant",
    };
    char joined[2 * WORD_BYTES + 1];
    struct redact_word first, second;
    redact_word_at(text, first_at, &first);
    redact_word_at(text, second_at, &second);
    memcpy(joined, first.folded, first.size);
    joined[first.size] = ' ';
    memcpy(joined + first.size + 1, second.folded, second.size);
    return is_one_of(str_make(joined, (size_t)first.size + 1 + second.size), brands, sizeof brands / sizeof *brands);
}

static bool is_brand(struct str text, const struct name *name)
{
    struct redact_word first;
    size_t size;
    redact_word_at(text, name->start, &first);
    size_t i = first.end;
    if (is_apostrophe(text, i, &size) && at(text, i + size) == 's') i += size + 1;
    while (i < text.size && (text.data[i] == ' ' || text.data[i] == '-' || text.data[i] == '&')) i++;
    return is_brand_pair(text, name->start, i);
}

/* The word right behind a name, if it is written small. */
static struct redact_word look_ahead(struct str text, const struct name *name)
{
    struct redact_word follow;
    size_t size, behind = name->end;
    if (is_apostrophe(text, behind, &size)) behind += size;
    redact_word_at(text, skip_blanks(text, behind), &follow);
    return follow.capital ? (struct redact_word){.size = 0} : follow;
}

/* --- behind a title ------------------------------------------------------------------------------------ */

static size_t behind_title(struct redact_finder *finder, const struct redact_word *title)
{
    static const char *const weak[] = {"miss", "doctor", "sir", "lady", "lord", "don", "dona", "mx", "mm", "officer", "senor", "professor", "monsieur"};
    static const char *const brands[] = {"pepper", "martens", "oetker", "coffee", "clean", "muscle", "bronner", "bronners", "scholl", "scholls", "meyer",
                                         "meyers", "dior", "gaga", "potato", "bean", "robot", "kipling", "who", "dre", "seuss", "strange", "house", "bricolage",
                                         "cuisine", "propre", "simon", "patron", "peppers", "beast", "brown", "word", "office", "outlook", "excel", "works", "money", "windows", "dos", "jart", "hauschka", "pierre", "fields", "smith"};
    struct str text = finder->text;
    struct redact_word first;
    size_t i = title->end + (at(text, title->end) == '.');
    if (skip_blanks(text, i) == i && at(text, title->end) != '.') return 0;
    struct name name = read_name(text, skip_blanks(text, i), IS_ONE_OF(title, ((const char *const[]){"ms", "mr", "mrs"})) ? SMALL : NOT_SMALL);
    redact_word_before(text, title->start, &first);
    bool owned = first.cues & CUE(OWNER) && first.end + 1 == title->start; /* "my Dr. Wants me to" */
    if (!name.parts || name.company || (owned && !name.known)) return 0;
    redact_word_at(text, name.start, &first);
    if (IS_ONE_OF(&first, brands) && name.parts == 1) return name.end;
    if (IS_ONE_OF(title, weak) && !name.known && (name.parts < 2 || !title->capital)) return 0;
    first = look_ahead(text, &name);
    if (IS_ONE_OF(&first, ((const char *const[]){"app", "apps", "weather", "game", "brand"}))) return name.end; /* "Mr. Cooper app" */
    if (is_film(finder)) return name.end; /* "Mr. Darcy" */
    return take(finder, &name);
}

/* --- behind a word that names ---------------------------------------------------------------------------- */

/* "is", "es", ":" and the like between the cue and the name. */
static size_t skip_links(struct str text, size_t i, bool *ret_link)
{
    static const char *const links[] = {"is", "was", "es", "era", "est", "etait", "as", "ist", "to", "y", "me"};
    *ret_link = false;
    for (int k = 0; k < 3; k++) {
        struct redact_word word;
        while (at(text, i) == ' ' || at(text, i) == ':' || (at(text, i) == '?' && k == 0 && at(text, i + 1) == ' ') || at(text, i) == '"' || at(text, i) == '=' || (at(text, i) == '\n' && *ret_link)) {
            *ret_link |= text.data[i] == ':' || text.data[i] == '=' || text.data[i] == '?';
            i++;
        }
        redact_word_at(text, i, &word);
        if (!word.size || !IS_ONE_OF(&word, links) || word.capital) break;
        *ret_link = true;
        i = word.end;
    }
    return i;
}

/* "my name", "maiden name", "apellido:", "Name:" at the start of a line. */
static bool is_persons_name(struct str text, const struct redact_word *cue, bool link)
{
    struct redact_word word;
    redact_word_before(text, cue->start, &word);
    if (!link) return word.cues & CUE(OWNER) && word.end + 1 == cue->start && cue->size > 3;
    bool line = cue->start == 0 || strchr("\n.-*>", text.data[cue->start - 1]) || (cue->start > 1 && strchr("\n.-*>;", text.data[cue->start - 2]));
    return line || (word.cues & CUE(OWNER) && word.end + 1 == cue->start);
}

/* "je m'appelle", "my name", "soy": nobody in a film. */
static bool speaks_of_self(struct str text, const struct redact_word *cue)
{
    static const char *const selves[] = {"me", "m", "my", "mi", "i", "am", "je", "mon"};
    struct redact_word before_cue;
    redact_word_before(text, cue->start, &before_cue);
    return (before_cue.size && IS_ONE_OF(&before_cue, selves)) || IS_ONE_OF(cue, ((const char *const[]){"soy", "llamo", "suis", "signed", "firmado"}));
}

/* "my grandmother was called". */
static bool is_relatives(struct str text, const struct redact_word *cue)
{
    struct redact_word was, relative;
    redact_word_before(text, cue->start, &was);
    redact_word_before(text, was.start, &relative);
    return ((was.cues | relative.cues) & CUE(RELATIVE)) != 0;
}

static size_t behind_naming(struct redact_finder *finder, const struct redact_word *cue)
{
    static const char *const sure[] = {"llamo", "appelle", "heisse", "chiamo", "chamo", "surname", "apellido", "apellidos", "prenom", "firstname", "signed", "firmado"};
    static const char *const weak[] = {"soy", "suis", "called", "named", "nome", "llama", "llaman", "llamamos", "appelles", "heisst"};
    struct str text = finder->text;
    bool link;
    size_t i = skip_links(text, cue->end, &link);
    if (i == cue->end) return 0;
    bool strong = IS_ONE_OF(cue, sure) || (!IS_ONE_OF(cue, weak) && is_persons_name(text, cue, link));
    bool told = strong && (link || IS_ONE_OF(cue, sure));
    struct name name = read_name(text, i, told ? SMALL_ALSO : strong ? SMALL : NOT_SMALL);
    if (!name.parts || name.company || is_brand(text, &name)) return 0;
    if (!strong && (!name.known || (name.parts == 1 && name.given == 0)) && !(name.parts >= 2 && is_relatives(text, cue))) return 0;
    if (!speaks_of_self(text, cue) && is_film(finder)) return name.end;
    return take(finder, &name);
}

static size_t behind_sign_off(struct redact_finder *finder, const struct redact_word *cue)
{
    struct str text = finder->text;
    size_t i = cue->end;
    bool line = false, mark = false;
    for (int k = 0; k < 5 && i < text.size && strchr(" ,.!-\n", text.data[i]); k++, i++) line |= text.data[i] == '\n', mark |= text.data[i] != ' ';
    if (!mark) return 0;
    struct name name = read_name(text, i, NOT_SMALL);
    size_t end = name.end + (at(text, name.end) == '.');
    bool last = end >= text.size || text.data[end] == '\n';
    if (!name.parts || name.company || !last || is_brand(text, &name)) return 0;
    return name.known || (line && name.parts <= 3) ? take(finder, &name) : 0;
}

static size_t behind_relative(struct redact_finder *finder, const struct redact_word *cue)
{
    struct str text = finder->text;
    struct redact_word of;
    size_t i = skip_blanks(text, cue->end + (at(text, cue->end) == ','));
    redact_word_at(text, i, &of);
    if (IS_ONE_OF(&of, ((const char *const[]){"de", "of", "named", "called", "llamado", "llamada"})) && !of.capital) i = skip_blanks(text, of.end);
    struct name name = read_name(text, i, NOT_SMALL);
    if (!name.parts || i == cue->end || name.company || is_brand(text, &name)) return 0;
    redact_word_before(text, cue->start, &of);
    bool owned = of.cues & CUE(OWNER) && of.end + 1 == cue->start;
    if (is_brand_pair(text, cue->start, name.start)) return name.end; /* "Père Noël" */
    if (!speaks_of_self(text, cue) && is_film(finder)) return name.end; /* "his wife Anna" */
    return name.known || name.also >= 2 || (name.also && owned) ? take(finder, &name) : 0;
}

/* --- known from the lists --------------------------------------------------------------------------------- */

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
static const char *const people_do[] = {"lives", "says", "said", "told", "shouted", "spent", "explained", "listed", "began", "helped", "assisted", "called", "answered", "replied", "vive", "dijo", "habite", "dit"};
static const char *const people_are[] = {"am", "add", "says", "named", "under", "remove", "mother", "grandmother", "grandfather"};

static bool starts_line(struct str text, size_t i) { return i == 0 || text.data[i - 1] == '\n' || text.data[i - 1] == '>'; }

struct around {
    struct redact_word lead, follow; /* size 0: none is right there */
};

static struct around look_around(struct str text, const struct name *name)
{
    struct around around = {.follow = look_ahead(text, name)};
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
    struct redact_word follow = look_ahead(text, name);
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
        verb = look_ahead(text, name);
        redact_word_before(text, name->start, &and);
        if (and.capital || !str_equal(folded_of(&and), STR("and"))) return false;
        redact_word_before(text, and.start, &other);
    }
    return other.capital && other.size > 2 && !(other.cues & (CUE(COMMON) | CUE(COMPANY))) && verb.size && IS_ONE_OF(&verb, plural);
}

/* "San Sebastián", "Saint-Malo", and the second half of "Bimba y Lola". */
static bool is_place(struct str text, const struct name *name)
{
    static const char *const saints[] = {"san", "los", "las", "santa", "santo", "saint", "sainte", "st", "mont", "puerto", "villa", "fort", "lake", "lago", "isla", "port", "virgen"};
    struct redact_word lead, first;
    redact_word_at(text, name->start, &first);
    if (name->parts > 1 && IS_ONE_OF(&first, saints)) return true;
    redact_word_before(text, name->start, &lead);
    if (lead.end + 2 == name->start && text.data[lead.end] == '.' && lead.capital && IS_ONE_OF(&lead, saints)) return true; /* "St. Louis" */
    if (lead.end + 1 != name->start || !lead.size) return false;
    if (lead.capital && IS_ONE_OF(&lead, saints)) return true;
    redact_word_before(text, lead.start, &first);
    if (lead.cues & CUE(PARTICLE) && first.cues & CUE(STREET_FIRST)) return true; /* "Paseo de Gracia" */
    bool joined = lead.size <= 3 && first.capital && first.end + 1 == lead.start;
    return joined && is_brand_pair(text, first.start, name->start);
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
    if (quoted) return take(finder, &name);
    if (!starts_sentence(text, word->start) || !around.follow.size) return 0;
    struct redact_word from;
    redact_word_at(text, around.follow.end + 1, &from);
    bool comes = str_equal(folded_of(&around.follow), STR("is")) && str_equal(folded_of(&from), STR("from"));
    return comes || IS_ONE_OF(&around.follow, does) ? take(finder, &name) : 0;
}

/* Nobody on our lists, yet "… Nishiyama lives at", or foreign letters in an English text. */
static size_t unlisted(struct redact_finder *finder, const struct redact_word *word)
{
    struct str text = finder->text;
    if (word->upper || word->size < 3 || word->cues & CUE(COMMON)) return 0;
    bool more = at(text, word->end) == '-' || (at(text, word->end) == ' ' && word->end + 1 < text.size && !is_lower(text.data[word->end + 1]));
    if (!more && !word->accented) return does_alone(finder, word);
    struct name name = read_name(text, word->start, NOT_SMALL);
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
    if (is_brand(text, &name) || is_place(text, &name)) return name.end;
    int points = person || alone ? SURE : LIKELY;
    if (is_field(text, &name)) points += 4;
    return decide(finder, &name, points);
}

static size_t listed(struct redact_finder *finder, const struct redact_word *word)
{
    struct str text = finder->text;
    if (!(word->cues & (CUE(GIVEN) | CUE(FAMILY) | CUE(ALSO))) || word->cues & (CUE(COMMON) | CUE(MONTH)) || word->size < 3) return 0;
    if (before(text, word->start) == '@' || before(text, word->start) == '#' || is_digit(before(text, word->start))) return 0;
    struct name name = read_name(text, word->start, NOT_SMALL);
    if (!name.parts || name.company || !name.known) return 0;
    if (is_brand(text, &name) || is_place(text, &name)) return name.end;
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

size_t redact_person(struct redact_finder *finder, const struct redact_word *word)
{
    size_t end = 0;
    /* "M. Dupont" */
    bool monsieur = finder->french && word->size == 1 && word->folded[0] == 'm' && word->capital && at(finder->text, word->end) == '.' &&
                    at(finder->text, word->end + 1) == ' ';
    if (word->cues & CUE(TITLE) || monsieur) end = behind_title(finder, word);
    if (!end && word->cues & CUE(NAMED)) end = behind_naming(finder, word);
    if (!end && word->cues & CUE(SIGN_OFF)) end = behind_sign_off(finder, word);
    if (!end && word->cues & CUE(RELATIVE)) end = behind_relative(finder, word);
    if (!end && word->capital) end = listed(finder, word);
    if (!end && word->capital) end = unlisted(finder, word);
    return end;
}

/* --- again ---------------------------------------------------------------------------------------------------- */

struct seen {
    struct redact_word words[AGAIN_NAMES];
    int count;
};

static void remember(struct seen *seen, struct str text, const struct redact_found *found)
{
    for (size_t i = found->start; i < found->end && seen->count < AGAIN_NAMES;) {
        struct redact_word word;
        redact_word_at(text, i, &word);
        if (word.capital && word.size >= 4 && !(word.cues & (CUE(COMMON) | CUE(ALSO)))) seen->words[seen->count++] = word;
        i = word.end > i ? word.end : i + 1;
    }
}

/* "olga krylova told me": in a text without any capital, two listed names are a person. */
static void find_small(struct redact_finder *finder)
{
    struct str text = finder->text;
    for (size_t i = 0, start; i < text.size;) {
        start = i;
        bool given = is_letter(text.data[i]) && redact_given_may_start(text.data + i, text.size - i);
        while (i < text.size && is_letter(text.data[i])) i++;
        size_t end = i++, next = end + 1;
        if (!given || end < start + 3 || at(text, end) != ' ') continue;
        bool initial = next + 1 < text.size && !is_letter(text.data[next + 1]);
        if (next >= text.size || (!initial && !redact_family_may_start(text.data + next, text.size - next))) continue;
        struct redact_word word;
        redact_word_at(text, start, &word);
        if (!(word.cues & CUE(GIVEN))) continue;
        struct name name = read_name(text, start, SMALL);
        if (name.known >= 2 && !name.company && !is_brand(text, &name)) i = take(finder, &name);
    }
}

/* "Anna, Becker and Ruiz": a name behind a name. What is added is looked behind in its turn. */
static void find_next(struct redact_finder *finder, size_t end)
{
    static const char *const joins[] = {"and", "y", "e", "et", "or", "o", "ou"};
    struct str text = finder->text;
    struct redact_word word;
    size_t i = skip_blanks(text, end + (at(text, end) == ','));
    redact_word_at(text, i, &word);
    if (word.size && IS_ONE_OF(&word, joins) && !word.capital) i = skip_blanks(text, word.end);
    if (i <= end + 1 || i > end + 8) return;
    redact_word_at(text, i, &word);
    struct name name = read_name(text, i, NOT_SMALL);
    bool found = false;
    for (uint32_t k = finder->count > 32 ? finder->count - 32 : 0; k < finder->count; k++) found |= finder->items[k].start == i;
    if (found || !name.parts || word.upper || name.company || !(name.known || name.also || name.foreign) || is_brand(text, &name) || is_place(text, &name)) return;
    take(finder, &name);
}

static bool may_be_name(const struct redact_word *word)
{
    return word->capital && !word->upper && word->size > 2 && !(word->cues & ~(CUE(GIVEN) | CUE(FAMILY) | CUE(ALSO)));
}

/* Around the placeholders of a pass before: "Efimiya, [PERSON] and [PERSON]"; who else speaks where "[PERSON]:" does. */
static void find_beside(struct redact_finder *finder)
{
    struct str text = finder->text, person = STR("[PERSON]");
    bool dialogue = false;
    for (size_t i = 0; i + person.size <= text.size; i++) {
        if (text.data[i] != '[' || memcmp(text.data + i, person.data, person.size) != 0) continue;
        struct redact_word word, verb;
        dialogue |= starts_line(text, i) && at(text, i + person.size) == ':';
        size_t end = i > 5 && memcmp(text.data + i - 5, " and ", 5) == 0 ? i - 5 : i > 2 && memcmp(text.data + i - 2, ", ", 2) == 0 ? i - 2 : i;
        if (end == i) continue;
        redact_word_before(text, end, &word);
        redact_word_at(text, i + person.size + 1, &verb);
        if (end == i - 5 && IS_ONE_OF(&verb, ((const char *const[]){"were", "are", "have", "had"})) && word.end == end && may_be_name(&word))
            redact_add(finder, word.start, word.end, REDACT_PERSON);
        while (end + 5 != i && word.size && word.end == end && may_be_name(&word) && word.start > 1 && strchr(":,", text.data[word.start - 2])) {
            redact_add(finder, word.start, word.end, REDACT_PERSON);
            end = word.start - 2; /* all of the list at once */
            redact_word_before(text, end, &word);
        }
    }
    for (size_t i = 0; dialogue && i < text.size; i++) {
        struct redact_word word;
        if (!starts_line(text, i)) continue;
        redact_word_at(text, i, &word);
        if (word.size && at(text, word.end) == ':' && may_be_name(&word)) redact_add(finder, word.start, word.end, REDACT_PERSON);
    }
}

/* "Anna Reyes called. Reyes said …": a name that was found is one elsewhere, too. */
void redact_person_again(struct redact_finder *finder)
{
    struct seen seen = {.count = 0};
    struct str text = finder->text;
    if (!finder->capitals) find_small(finder);
    if (finder->again) find_beside(finder);
    uint32_t most = finder->count + NEXT_NAMES; /* what was found in the scan is found again here: a bound keeps it linear */
    for (uint32_t i = 0; i < finder->count; i++) {
        if (finder->items[i].kind != REDACT_PERSON) continue;
        remember(&seen, text, &finder->items[i]);
        if (finder->count < most) find_next(finder, finder->items[i].end);
    }
    for (size_t i = 0; seen.count && i < text.size;) {
        struct redact_word word;
        size_t behind = is_lower(text.data[i]) ? redact_skip_letters(text, i) : i;
        if (behind > i) {
            i = behind;
            continue;
        }
        redact_word_at(text, i, &word);
        for (int k = 0; word.capital && k < seen.count; k++) {
            if (!str_equal(folded_of(&word), folded_of(&seen.words[k]))) continue;
            redact_add(finder, word.start, word.end, REDACT_PERSON);
            break;
        }
        i = word.end > i ? word.end : i + 1;
    }
}
