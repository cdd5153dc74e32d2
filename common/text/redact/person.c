/* Persons behind words that name somebody ("my name is", "me llamo", "Mme", "my wife").
 * Brands, places and ordinary words that are names as well count there; in a text about films only
 * what the writer says of himself. */
#include "text/redact/name.h"

/* --- behind a title --------------------------------------------------------------------------- */

static size_t behind_title(struct redact_finder *finder, const struct redact_word *title)
{
    static const char *const weak[] = {
        "miss", "doctor", "sir", "lady", "lord", "don", "dona", "mx", "mm", "officer", "senor",
        "professor", "monsieur", "docteur", "maitre", "detective",
        "inspector", "reverend", "rev", "sgt", "sergeant", "nurse", "chef", "coach",
        "constable", "pastor"};
    static const char *const brands[] = {
        "pepper", "martens", "oetker", "coffee", "clean", "muscle", "bronner", "bronners", "scholl",
        "scholls", "meyer", "meyers", "dior", "gaga", "potato", "bean", "robot", "kipling", "who",
        "dre", "seuss", "strange", "house", "bricolage", "cuisine", "propre", "simon", "patron",
        "peppers", "beast", "word", "office", "outlook", "excel", "works", "money", "windows",
        "dos", "jart", "hauschka", "pierre", "feelgood", "ramsay", "oliver", "boyardee"};
    struct str text = finder->text;
    struct redact_word first;
    size_t size, i = title->end + (at(text, title->end) == '.');
    if (skip_blanks(text, i) == i && at(text, title->end) != '.') return 0;
    struct name name =
        name_read(text, skip_blanks(text, i), IS_ONE_OF(title, weak) ? NOT_SMALL : SMALL);
    if (!name.parts && title->size > 1 && !IS_ONE_OF(title, weak)) /* "mrs achterberg rang" */
        name = name_read_small_like(text, skip_blanks(text, i), LIKE_NOTHING_ELSE);
    redact_word_before(text, title->start, &first);
    /* "my Dr. Wants me to" */
    bool owned = first.cues & CUE(OWNER) && first.end + 1 == title->start;
    if (!name.parts || name.company || (owned && !name.known)) return 0;
    if (word_is(title, "chef") && !name.given) return 0; /* "Chef Bois" */
    if (title->capital && name_is_brand_pair(text, title->start, name.start)) return name.end;
    redact_word_at(text, name.start, &first);
    if (title->size == 2 && !title->capital && first.capital && name.parts == 1 && !name.known)
        return 0; /* "ms Best app by far" */
    /* "Dr. Brown's bottles" */
    bool owned_by = is_apostrophe(text, name.end, &size) && at(text, name.end + size) == 's';
    if (name.parts == 1 &&
        (IS_ONE_OF(&first, brands) ||
         (owned_by && IS_ONE_OF(&first, ((const char *const[]){"brown", "smith"})))))
        return name.end;
    static const char *const sure[] = {"monsieur", "senor",     "doctor", "docteur",
                                       "maitre",   "detective", "nurse",  "inspector",
                                       "officer",  "sergeant",  "constable"};
    /* "el señor Aguirre", "le docteur Vasseur", "by officer Lankford" */
    bool small = strchr("sdo", title->folded[0]) != NULL;
    bool called_so = IS_ONE_OF(title, sure) && (title->capital || (small && !name.also)) &&
                     !first.upper && !redact_is_ordinary(&first);
    called_so &= !(redact_registers(finder) & (REGISTER_SOCIAL | REGISTER_PUBLIC));
    if (IS_ONE_OF(title, weak) && !name.known && !called_so && (name.parts < 2 || !title->capital))
        return 0;
    redact_word_at(text, name.end + 1, &first);
    if (at(text, name.end) == ' ' && first.size &&
        IS_ONE_OF(&first, ((const char *const[]){"app", "apps", "weather", "game", "brand"})))
        return name.end; /* "Mr. Cooper app" */
    if (name_in_film(finder)) return name.end; /* "Mr. Darcy" */
    static const char *const courtesies[] = {"mr", "ms", "mrs", "mme", "mlle"};
    const uint32_t matters = REGISTER_HINT | REGISTER_SERVICE | REGISTER_CONTACT;
    if (IS_ONE_OF(title, courtesies) && (redact_registers(finder) & matters) == REGISTER_HINT &&
        !redact_speaks_of_self(finder))
        return name.end; /* "Mr. Pryce brings off this whimsy": one word of critics is enough */
    if (IS_ONE_OF(title, courtesies) && name_is_in_a_critique(finder, CRITIC)) return name.end;
    if (!(redact_registers(finder) & (REGISTER_SERVICE | REGISTER_CONTACT)) &&
        name_is_partly_public(text, &name))
        return name.end; /* "monsieur Reno", of "Jean Reno" */
    static const char *const ranks[] = {"lady", "sir", "lord", "don", "miss"};
    if (IS_ONE_OF(title, ranks) && name_is_known_to_all(finder, &name)) return name.end;
    return name_take(finder, &name);
}

/* --- behind a word that names ----------------------------------------------------------------- */

/* "…?\nCaller: it's Hanna": where the answer to a question that ends at `i` begins, or `i`. */
static size_t answer_start(struct str text, size_t i)
{
    static const char *const fillers[] = {"it", "s", "yes", "sure", "yeah", "oui", "c", "est", "es",
                                          "si", "claro", "con"};
    enum { LABEL_BYTES = 24 };
    size_t label = skip_blanks(text, i), end;
    if (at(text, label) != '?' || at(text, label + 1) != '\n') return i;
    for (end = label + 2; end < text.size && end < label + LABEL_BYTES; end++)
        if (text.data[end] == ':' || text.data[end] == '\n') break;
    if (at(text, end) != ':') return i;
    size_t start = skip_blanks(text, end + 1);
    for (int k = 0; k < 4; k++) {
        struct redact_word word;
        redact_word_at(text, start, &word);
        if (!word.size || !IS_ONE_OF(&word, fillers)) break;
        start = word.end;
        while (start < text.size && strchr(" ,'.", text.data[start])) start++;
    }
    return start;
}

/* "is", "es", ":" and the like between the cue and the name. */
static size_t skip_links(struct str text, size_t i, bool *ret_link)
{
    static const char *const links[] = {
        "is", "was", "es", "era", "est", "etait", "as", "ist", "to", "y", "me"};
    size_t apostrophe;
    *ret_link = is_apostrophe(text, i, &apostrophe) && at(text, i + apostrophe) == 's' &&
                at(text, i + apostrophe + 1) == ' '; /* "my name's" */
    if (*ret_link) i += apostrophe + 1;
    static const char family[] = " de famille";
    if (str_starts(str_slice(text, i, text.size), STR(family))) i += sizeof family - 1;
    size_t answer = answer_start(text, i);
    if (answer > i) return *ret_link = true, answer;
    for (int k = 0; k < 3; k++) {
        struct redact_word word;
        while (at(text, i) == ' ' || at(text, i) == ':' ||
               (at(text, i) == '?' && k == 0 && at(text, i + 1) == ' ') || at(text, i) == '"' ||
               at(text, i) == '=' || (at(text, i) == '\n' && *ret_link)) {
            *ret_link |= text.data[i] == ':' || text.data[i] == '=' || text.data[i] == '?';
            i++;
        }
        redact_word_at(text, i, &word);
        size_t size; /* "mon nom, c'est …" */
        if (word_is(&word, "c") && is_apostrophe(text, word.end, &size))
            redact_word_at(text, word.end + size, &word);
        if (!word.size || !IS_ONE_OF(&word, links) || word.capital) break;
        *ret_link = true;
        i = word.end;
    }
    return i;
}

/* "my name", "maiden name", "apellido:", "Name:" at the start of a line. */
static bool is_persons_name(struct str text, const struct redact_word *cue, bool link)
{
    static const char *const bookings[] = {"booking", "reservation", "billing", "delivery",
                                           "guest"};
    struct redact_word word;
    redact_word_before(text, cue->start, &word);
    bool booking = word_is(cue, "name") && word.end + 1 == cue->start && IS_ONE_OF(&word, bookings);
    if (booking) return true; /* "booking name Ostrowski" */
    if (!link) return word.cues & CUE(OWNER) && word.end + 1 == cue->start && cue->size > 3;
    bool line = cue->start == 0 || strchr("\n.-*>", text.data[cue->start - 1]) ||
                (cue->start > 1 && strchr("\n.-*>;", text.data[cue->start - 2]));
    return line || (word.cues & CUE(OWNER) && word.end + 1 == cue->start);
}

/* "je m'appelle", "my name", "soy": nobody in a film. */
bool name_is_writers(struct str text, const struct redact_word *cue)
{
    static const char *const selves[] = {"me", "m", "my", "mi", "i", "am", "je", "mon"};
    struct redact_word before_cue;
    redact_word_before(text, cue->start, &before_cue);
    return (before_cue.size && IS_ONE_OF(&before_cue, selves)) ||
           IS_ONE_OF(cue, ((const char *const[]){"soy", "llamo", "suis", "signed", "firmado"}));
}

/* "my grandmother was called". */
static bool is_relatives(struct str text, const struct redact_word *cue)
{
    struct redact_word was, relative;
    redact_word_before(text, cue->start, &was);
    redact_word_before(text, was.start, &relative);
    return ((was.cues | relative.cues) & CUE(RELATIVE)) != 0;
}

/* "named him Yulan", "a lady named Yulan", "everyone calls me Yulan": whoever it is. */
static bool names_somebody(struct str text, const struct redact_word *cue, size_t *i)
{
    static const char *const objects[] = {"him", "her", "me"};
    static const char *const people[] = {
        "lady", "man", "woman", "guy", "gentleman", "girl", "person", "employee", "someone",
        "bloke", "lad", "fella", "chap", "somebody", "agent", "rep", "representative",
        "chica", "chico", "persona", "dame", "homme", "nurse", "cashier"};
    struct redact_word word;
    redact_word_at(text, skip_blanks(text, cue->end), &word);
    if (word.size && IS_ONE_OF(&word, objects) && at(text, word.end) == ' ')
        return *i = word.end + 1, true;
    redact_word_before(text, cue->start, &word);
    return word.size && IS_ONE_OF(&word, people);
}

/* "my name is yulan vehbi": small, and no words of every day. Returns its end, or 0. */
static size_t small_unknown_end(struct str text, size_t start)
{
    static const char *const joins[] = {"and", "but", "from", "i", "im", "y", "et"};
    struct redact_word word;
    size_t i = start, end = 0;
    for (int k = 0; k < 3; k++) {
        redact_word_at(text, i, &word);
        if (word.size < 3 || word.cues || word.capital || redact_is_ordinary(&word)) break;
        end = word.end;
        if (at(text, end) != ' ') break;
        i = end + 1;
    }
    if (!end || end == text.size || strchr(".,!\n;", text.data[end])) return end;
    redact_word_at(text, end + 1, &word);
    return text.data[end] == ' ' && word.size && IS_ONE_OF(&word, joins) ? end : 0;
}

struct name name_read_told(struct str text, size_t i, enum small lower, bool own)
{
    static const char *const months[] = {"april", "may",   "june", "august",
                                         "abril", "avril", "julio"};
    static const char *const joins[] = {"and", "but", "from", "y", "et", "de"};
    struct redact_word month, next;
    redact_word_at(text, i, &month);
    if (!(month.capital || own) || !IS_ONE_OF(&month, months))
        return name_read_initials(text, i, lower);
    struct name name = {.start = i, .end = i};
    next = name_next_word(text, month.end);
    if (next.size) name = name_read(text, next.start, lower);
    bool whole = month.end == text.size || is_one_of(text.data[month.end], "\n,.;!") ||
                 (own && IS_ONE_OF(&next, joins));
    if (!name.parts && !whole) return name;
    if (!name.parts) name.end = month.end;
    name.start = i, name.parts++, name.known++, name.given++;
    return name;
}

/* What is told in small letters and no list knows: "my name is yulan vehbi", "Name: yulan" to the
 * line's end. own: "my". Its end, or 0. */
static size_t small_told_end(struct str text, size_t i, bool own)
{
    size_t end = small_unknown_end(text, i);
    struct redact_word first;
    redact_word_at(text, i, &first);
    struct name name = {.start = i, .end = first.end, .parts = 1};
    bool line = end == text.size || at(text, end) == '\n';
    return own || (line && name_is_like_one(text, &name, LIKE_A_NAME)) ? end : 0;
}

static size_t behind_naming(struct redact_finder *finder, const struct redact_word *cue)
{
    static const char *const sure[] = {
        "llamo", "appelle", "heisse", "chiamo", "chamo", "surname", "apellido", "apellidos",
        "prenom", "firstname", "signed", "firmado", "signe"};
    static const char *const weak[] = {
        "soy", "suis", "called", "named", "nome", "llama", "llaman", "llamamos", "appelles",
        "heisst"};
    static const char *const owns[] = {"me", "my", "mi", "m", "mon"};
    struct str text = finder->text;
    struct redact_word first, called;
    bool link;
    bool signs = IS_ONE_OF(cue, ((const char *const[]){"signed", "firmado", "signe"})),
         comma = at(text, cue->end) == ',' && signs;
    size_t i = skip_links(text, cue->end + comma, &link);
    if (i == cue->end) return 0;
    if (word_is(cue, "signe") && (!cue->accented || is_lower(at(text, i))))
        return 0; /* "signé par" */
    bool strong = IS_ONE_OF(cue, sure) ||
                  (!IS_ONE_OF(cue, weak) && is_persons_name(text, cue, link));
    bool told = strong && (link || IS_ONE_OF(cue, sure));
    bool person = !strong && names_somebody(text, cue, &i);
    redact_word_before(text, cue->start, &called);
    bool own = called.size && IS_ONE_OF(&called, owns); /* "llamo y me cuelgan" is a call */
    struct name name = name_read_told(text, i, told ? SMALL_ALSO : strong ? SMALL : NOT_SMALL,
                                      told && own);
    redact_word_at(text, i, &first);
    static const char *const calls[] = {"llama", "llamaba"};
    person |= IS_ONE_OF(cue, calls) && word_is(&called, "se"); /* "la chica se llama dayana" */
    if (!name.parts && person) /* "a bloke called wayne" */
        name = name_read_small_like(text, i, LIKE_A_NAME);
    if (!name.parts && told) {
        size_t end = small_told_end(text, i, own);
        if (end) redact_add(finder, i, end, REDACT_PERSON);
        return end;
    }
    if (!name.parts || name.company || name_is_brand(text, &name)) return 0;
    redact_word_at(text, name.start, &first);
    size_t last = name.end + (at(text, name.end) == '.'); /* "signé Hermès, …", "signé Orange" */
    bool closed = last == text.size || at(text, last) == '\n' || (name.known && name.parts > 1);
    if (word_is(cue, "signe") && (!closed || name.also || redact_is_ordinary(&first))) return 0;
    if (told && own && !first.capital && at(text, name.end) == ' ') { /* "maría del carmen ñáñez" */
        size_t more = small_unknown_end(text, name.end + 1);
        if (more) name.end = more;
    }
    if (person && !name.also && !first.upper && name.end - name.start >= 4 && !name_in_film(finder))
        return name_take(finder, &name);
    /* "Soy Tamay Kunter, cliente", "Je suis Thommy Treschow." */
    bool self = (word_is(cue, "soy") || word_is(cue, "suis")) && name.parts == 2 && !first.upper &&
                (name.end == text.size || strchr(",.\n", text.data[name.end]));
    if (!strong && !self && (!name.known || (name.parts == 1 && name.given == 0)) &&
        !(name.parts >= 2 && is_relatives(text, cue)))
        return 0;
    if (!name_is_writers(text, cue) && (name_in_film(finder) || name_is_character(text, &name)))
        return name.end;
    return name_take(finder, &name);
}

/* "a nombre de", "au nom de", "booked under the name (of)": where the name behind
 * it begins, or 0. */
static size_t behind_name_of(struct str text, const struct redact_word *cue)
{
    static const char *const wares[] = {
        "sold", "marketed", "known", "goes", "go", "branded", "made", "sells"};
    struct redact_word lead, verb, of;
    redact_word_before(text, cue->start, &lead);
    redact_word_at(text, skip_blanks(text, cue->end), &of);
    bool romance = (word_is(cue, "nombre") && word_is(&lead, "a")) ||
                   (word_is(cue, "nom") && word_is(&lead, "au"));
    if (romance)
        return word_is(&of, "de") && !of.capital
                   ? skip_blanks(text, of.end)
                   : 0;
    if (!word_is(cue, "name") || !word_is(&lead, "the")) return 0;
    redact_word_before(text, lead.start, &lead);
    if (!IS_ONE_OF(&lead, ((const char *const[]){"under", "in"}))) return 0;
    redact_word_before(text, lead.start, &verb);
    if (IS_ONE_OF(&verb, wares)) return 0;
    return skip_blanks(text, word_is(&of, "of") ? of.end : cue->end);
}

static bool is_holder(const struct redact_word *cue)
{
    static const char *const holders[] = {
        "holder", "cardholder", "titular", "titulaire", "passenger", "pasajero", "pasajera",
        "passager", "passagere", "recipient", "destinatario", "destinataire", "sender", "remitente",
        "expediteur", "attn", "att", "guest", "huesped", "medico", "medica", "medecin",
        "facultativo", "facultativa", "paciente", "patient", "patiente", "customer", "client",
        "cliente", "beneficiario", "beneficiaria", "asegurado", "asegurada"};
    return IS_ONE_OF(cue, holders);
}

/* "Account holder: Nkechi Obi", "the booking in the name of Obi": whoever it is, known or not. */
static size_t behind_holder(struct redact_finder *finder, const struct redact_word *cue)
{
    struct str text = finder->text;
    size_t i = behind_name_of(text, cue);
    size_t colon = cue->end + (at(text, cue->end) == ' '); /* "Titulaire : …" */
    if (!i && at(text, colon) == ':' && is_holder(cue)) i = skip_blanks(text, colon + 1);
    if (!i) return 0;
    /* "au nom de De Smet", "a nombre de ximena" */
    bool field = at(text, colon) == ':';
    struct name name = name_read_told(text, i, field ? NOT_SMALL : SMALL, false);
    if (!name.parts && !field) name = name_read_small_like(text, i, LIKE_A_NAME);
    if (!name.parts || name.company || name.end - name.start < 3 || name_is_brand(text, &name) ||
        name_in_film(finder))
        return 0;
    /* "Guest: Wifi is down" */
    if (name.parts == 1 && !name.known && name_follow(text, &name).size && is_holder(cue)) return 0;
    return name_take(finder, &name);
}

/* What stands behind a word that names somebody, or 0. */
static size_t behind_cue(struct redact_finder *finder, const struct redact_word *word, bool title)
{
    size_t end = title ? behind_title(finder, word) : 0;
    if (!end && name_is_users(word)) end = redact_user_name(finder, word);
    if (!end && word->cues & (CUE(NAMED) | CUE(SIGN_OFF))) end = redact_small_name(finder, word);
    bool names = word->cues & CUE(NAMED) && !name_is_told_behind(word);
    if (!end && names) end = behind_holder(finder, word);
    if (!end && names && !is_holder(word) && !name_is_users(word))
        end = behind_naming(finder, word);
    if (!end && word->cues & CUE(SIGN_OFF)) end = redact_sign_off(finder, word);
    if (!end && word->cues & CUE(RELATIVE)) end = redact_relative(finder, word);
    return end;
}

size_t redact_person(struct redact_finder *finder, const struct redact_word *word)
{
    const uint32_t cues = CUE(TITLE) | CUE(NAMED) | CUE(SIGN_OFF) | CUE(RELATIVE);
    /* "@user Anna is": whom one writes to, and no word of the sentence */
    if (name_is_handle(finder->text, word->start)) return 0;
    /* "M. Dupont" */
    bool monsieur = (word->size == 1) & finder->french && word->folded[0] == 'm' && word->capital &&
                    at(finder->text, word->end) == '.' && at(finder->text, word->end + 1) == ' ';
    size_t end = word->cues & cues || monsieur
                     ? behind_cue(finder, word, word->cues & CUE(TITLE) || monsieur)
                     : 0;
    return end || !word->capital ? end : redact_bare_name(finder, word);
}
