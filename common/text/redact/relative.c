/* Persons beside a word for somebody's relative, friend, or who serves him: "my wife Anna", "our
 * waiter Marco", "the driver, Yulan, left", "roberto's daughter". */
#include "text/redact/name.h"

/* "my kid Yulan", "mi hija Yulan": nobody knows the name, but there is nothing
 * else of that form. */
static bool is_familys(const struct redact_word *cue)
{
    static const char *const family[] = {
        "husband", "wife", "son", "daughter", "brother", "sister", "mother", "father", "mom", "mum",
        "dad", "grandson", "granddaughter", "grandmother", "grandfather", "uncle", "aunt", "cousin",
        "niece", "nephew", "kid", "fiance", "fiancee", "boyfriend", "girlfriend", "neighbour",
        "neighbor", "colleague", "friend", "roommate", "coworker", "boss", "amigo", "amiga",
        "vecino", "vecina", "jefe", "jefa", "ami", "amie", "voisin", "voisine", "esposo",
        "esposa", "marido", "mujer", "hijo", "hija", "hermano",
        "hermana", "madre", "padre", "abuelo", "abuela", "sobrino", "sobrina", "novio", "novia",
        "mari", "femme", "fils", "fille", "frere", "soeur", "neveu", "epoux", "epouse", "copain",
        "copine", "collegue", "law", "stepson", "stepdaughter", "stepmother", "stepfather",
        "stepmom", "stepdad", "grandchild", "godson", "goddaughter", "nanny", "babysitter",
        "flatmate", "housemate", "suegro", "suegra", "cunado", "cunada", "yerno", "nuera", "nieto",
        "nieta", "ahijado", "ahijada", "hijastro", "hijastra", "hermanastro", "hermanastra",
        "madrastra", "padrastro", "mere", "pere", "tante", "oncle", "niece", "cousine", "gendre",
        "filleul", "filleule", "nounou", "tio", "tia", "primo", "prima"};
    return IS_ONE_OF(cue, family);
}

/* "roberto's daughter": whose relative. */
static size_t before_relative(struct redact_finder *finder, const struct redact_word *cue)
{
    struct str text = finder->text;
    struct redact_word s, owner;
    size_t size;
    redact_word_before(text, cue->start, &s);
    if (s.size != 1 || s.folded[0] != 's' || s.end + 1 != cue->start || s.capital) return 0;
    redact_word_before(text, s.start, &owner);
    if (!owner.size || !is_apostrophe(text, owner.end, &size) || owner.end + size != s.start)
        return 0;
    if (owner.cues & (CUE(COMMON) | CUE(ALSO) | CUE(PUBLIC) | CUE(RELATIVE)) ||
        !(owner.cues & CUE(GIVEN)) || name_in_film(finder))
        return 0;
    redact_add(finder, owner.start, owner.end, REDACT_PERSON);
    return cue->end;
}

static bool is_ours(const struct redact_word *owner)
{
    static const char *const owners[] = {"our", "my", "nuestro", "nuestra", "notre", "mi", "mon"};
    return IS_ONE_OF(owner, owners);
}

static bool is_servants(const struct redact_word *owner)
{
    static const char *const owners[] = {"our", "the", "your", "nuestro", "nuestra", "el", "la",
                                         "su", "notre", "votre", "le", "l"};
    return IS_ONE_OF(owner, owners);
}

/* Who serves a customer; not who is named as companies are ("our agent", "your seller"). */
static bool is_serving(const struct redact_word *cue)
{
    static const char *const serving[] = {
        "technician", "manager", "recepcionista", "asesor", "asesora", "waiter", "waitress",
        "server", "bartender", "barista", "hostess", "guide", "receptionist", "cashier",
        "therapist",
        "dentist", "hairdresser", "stylist", "barber", "instructor", "trainer", "realtor",
        "plumber", "electrician", "mechanic", "installer", "camarero", "camarera", "mesero",
        "mesera", "guia", "enfermero", "enfermera", "vendedor", "vendedora", "profesor",
        "profesora", "peluquera", "peluquero", "fontanero", "electricista", "serveur", "serveuse",
        "infirmier", "infirmiere", "coiffeuse", "coiffeur", "moniteur", "monitrice", "hotesse",
        "plombier", "tecnico", "conseiller", "conseillere", "vendeur", "vendeuse", "technicien",
        "repartidor", "livreur", "adviser", "advisor", "courier", "postman", "mailman", "cartero",
        "facteur", "pharmacist", "farmaceutico", "farmaceutica", "pharmacien", "pharmacienne",
        "instructora", "monitora", "entrenador", "entrenadora", "cocinero", "cocinera",
        "masajista", "matrona", "taxista", "chofer", "chauffeur", "estheticienne", "osteopathe",
        "cajero", "cajera", "caissier", "caissiere", "dependiente", "dependienta", "encargado",
        "encargada", "gerente", "gerant", "gerante", "nurse", "engineer", "fitter", "driver",
        "receptionniste", "solicitor", "lawyer", "accountant", "clerk", "supervisor", "abogado",
        "abogada", "gestor", "gestora", "perito", "supervisora", "operadora", "teleoperador",
        "teleoperadora", "secretaire", "avocat", "avocate", "notaire", "gardien", "gardienne",
        "banquier"};
    return IS_ONE_OF(cue, serving);
}

/* "my son tobiasz swallowed it": a word that no list knows is a name only where it does something;
 * "my daughter tore the leaf off" has its verb already. */
static struct name read_small(struct str text, size_t i)
{
    static const char *const deeds[] = {
        "is", "was", "has", "had", "will", "who", "got", "went", "never", "told", "said", "took",
        "gave", "left", "came", "swallowed", "signed", "ordered", "bought", "called", "rang",
        "promised", "forgot", "cancelled", "es", "fue", "era", "ha", "me", "nos", "se", "lo", "la",
        "no", "nunca", "tiene", "dijo", "dejo", "a", "est", "m", "s", "n", "l", "nous", "etait",
        "avait", "qui"};
    struct redact_word first, next;
    redact_word_at(text, i, &first);
    struct name name = name_read_small(text, &first);
    if (name.parts) return name;
    name = name_read_small_like(text, i, LIKE_NOTHING_ELSE);
    next = name_next_word(text, name.end);
    bool does = at(text, name.end) == ',' || (next.size && IS_ONE_OF(&next, deeds));
    return does ? name : (struct name){0};
}

/* "bought my son Lego bricks", "got our niece Playmobil": what is given, not to whom. */
static bool is_gift(struct str text, const struct redact_word *owner, const struct name *name)
{
    static const char *const gives[] = {"bought", "buy", "buying", "got", "get", "getting", "gave",
                                        "give", "giving", "gifted", "gift", "sent", "purchased",
                                        "ordered", "compre", "regale", "offert", "achete"};
    struct redact_word verb;
    redact_word_before(text, owner->start, &verb);
    return !name->known && verb.size && IS_ONE_OF(&verb, gives);
}

/* "hermana [mayor] Maite", "friend [called] Anna": behind what says which one. */
static size_t skip_which(struct str text, size_t i)
{
    struct redact_word of;
    redact_word_at(text, i, &of);
    static const char *const ages[] = {"mayor",   "menor", "mediano", "mediana", "pequeno",
                                       "pequena", "aine",  "ainee",   "cadet",   "cadette"};
    if (IS_ONE_OF(&of, ages) && !of.capital) { /* "su hermana mayor Maite" */
        i = skip_blanks(text, of.end + (at(text, of.end) == ','));
        redact_word_at(text, i, &of);
    }
    if (IS_ONE_OF(&of,
                  ((const char *const[]){"de", "of", "named", "called", "llamado", "llamada"})) &&
        !of.capital)
        i = skip_blanks(text, of.end);
    return i;
}

/* "Our usual driver, Dev, carried it up": one word between commas, whatever else it may mean. */
static size_t apposed_to_servant(struct redact_finder *finder, const struct redact_word *cue)
{
    static const char *const usual[] = {"habitual",   "favorito", "favorita", "habituel",
                                        "habituelle", "prefere",  "preferee"};
    const uint32_t names = CUE(GIVEN) | CUE(FAMILY) | CUE(ALSO);
    struct str text = finder->text;
    struct redact_word word = name_next_word(text, cue->end);
    size_t comma = IS_ONE_OF(&word, usual) ? word.end : cue->end;
    if (at(text, comma) != ',' || cue->capital || !is_serving(cue)) return 0;
    word = name_next_word(text, comma + 1);
    struct name name = {.start = word.start, .end = word.end, .parts = 1};
    if (!word.capital || word.upper || word.size < 3 || word.cues & ~names ||
        at(text, word.end) != ',' || at(text, word.end + 1) != ' ' ||
        !starts_small(text, word.end + 2) || name_is_brand(text, &name) ||
        name_is_place(text, &name) || name_in_film(finder))
        return 0;
    return name_take(finder, &name);
}

static size_t behind_relative(struct redact_finder *finder, const struct redact_word *cue)
{
    struct str text = finder->text;
    struct redact_word of, first;
    if (cue->capital) redact_word_before(text, cue->start, &of);
    static const char *const signs[] = {"la", "le", "el", "chez"}; /* "en La Tía Juana" */
    if (cue->capital && of.capital && of.end + 1 == cue->start && IS_ONE_OF(&of, signs) &&
        !name_starts_sentence(text, of.start)) {
        redact_word_at(text, skip_blanks(text, cue->end), &first);
        return first.capital ? first.end : 0;
    }
    if (word_is(cue, "law") && !str_ends(str_slice(text, 0, cue->start), STR("-in-"))) return 0;
    /* "@user: Das mit" */
    bool colon = at(text, cue->end) == ':' && before(text, cue->start) != '@';
    size_t i = skip_blanks(text, cue->end + (at(text, cue->end) == ',' || colon));
    i = skip_which(text, i);
    redact_word_at(text, i, &of);
    bool article = is_familys(cue) && (word_is(&of, "el") || word_is(&of, "la")) && !of.capital &&
                   at(text, of.end) == ' ';
    if (article) i = of.end + 1; /* "mi primo el Chema" */
    size_t cue_start = cue->start;
    redact_word_at(text, i, &first);
    redact_word_before(text, cue->start, &of);
    bool small = !first.capital && i == cue->end + 1 && of.end + 1 == cue->start &&
                 ((is_ours(&of) && is_familys(cue)) || (is_servants(&of) && is_serving(cue)));
    struct name name = small ? read_small(text, i) : name_read(text, i, NOT_SMALL);
    /* "mi amiga wendy" */
    struct name also = {first.start, first.end, .parts = 1, .known = 1};
    if (small && !name.parts && first.cues == CUE(ALSO) && first.size >= 4 &&
        !redact_is_ordinary(&first) && !name_is_verb_too(&first) &&
        name_is_often_a_person(text, &also))
        name = also;
    if (!name.parts || i == cue->end || name.company || name_is_brand(text, &name)) return 0;
    if (article && !name.given) return 0; /* "mi padre la Renfe" */
    if (before(text, cue->start) == '-') { /* "my mother-in-law", "ma belle-mère" */
        while (cue_start && (is_letter(before(text, cue_start)) || before(text, cue_start) == '-'))
            cue_start--;
        redact_word_before(text, cue_start, &of);
    }
    bool owned = of.cues & CUE(OWNER) && of.end + 1 == cue_start;
    if (name_is_brand_pair(text, cue->start, name.start)) return name.end; /* "Père Noël" */
    if (!name_is_writers(text, cue) && name_in_film(finder)) return name.end; /* "his wife Anna" */
    if (!(owned && is_ours(&of)) && name_is_known_to_all(finder, &name))
        return name.end; /* "her friend Lenny Henry" */
    redact_word_at(text, name.start, &first);
    /* "our waiter Yulan was", "the driver, Yulan, left" */
    bool apposed = text.data[i - 2] == ',' && at(text, name.end) == ',' &&
                   starts_small(text, name.end + 2);
    static const char *const articles[] = {"la", "el", "le", "l"}; /* "la enfermera Olaia vio" */
    bool ours = owned ? is_ours(&of) : of.end + 1 == cue_start && IS_ONE_OF(&of, articles);
    bool served = ours && is_serving(cue) && name_follow(text, &name).size;
    static const char *const agents[] = {"agent", "representative", "rep", "driver"};
    served |= cue->capital && name_starts_sentence(text, cue->start) &&
              !name_is_brand(text, &name) && (is_serving(cue) || IS_ONE_OF(cue, agents)) &&
              name_follow(text, &name).size;
    bool unlisted = !cue->capital && (small || (owned && is_familys(cue)) || apposed) &&
                    !is_gift(text, &of, &name);
    unlisted = (unlisted || served) && name.parts <= 3 && !name.also && !first.upper &&
               name.end - name.start >= 3;
    return name.known || name.also >= 2 || (name.also && owned) || unlisted
               ? name_take(finder, &name)
               : 0;
}

bool name_is_apposed_to_relative(struct str text, const struct name *name)
{
    static const char *const owners[] = {"my", "our", "his", "her", "mi",    "nuestra", "nuestro",
                                         "su", "mon", "ma",  "notre", "son", "sa"};
    static const char *const servants[] = {"the", "your", "la", "el", "le", "l", "votre"};
    struct redact_word owner, relative;
    size_t size;
    bool bracket = at(text, name->end) == ' ' && at(text, name->end + 1) == '(';
    /* "Zoltan the fitter" */
    bool close = name->given && str_starts(str_slice(text, name->end, text.size), STR(" the "));
    if (!bracket && !close && (at(text, name->end) != ',' || at(text, name->end + 1) != ' '))
        return false;
    redact_word_at(text, name->end + (close ? 1 : 2), &owner);
    bool owned = owner.size && !owner.capital && IS_ONE_OF(&owner, owners);
    bool served = !owned && !owner.capital && IS_ONE_OF(&owner, servants);
    if (!owned && !served && !bracket) return false;
    relative = owner;
    if (owned || served)
        redact_word_at(text, owner.end + (is_apostrophe(text, owner.end, &size) ? size : 1),
                       &relative);
    if (served && !is_serving(&relative) && !word_is(&relative, "agent")) return false;
    return relative.size && (served || is_familys(&relative)) &&
           (close || relative.end == text.size ||
            strchr(bracket ? ")," : ",.!?\n", text.data[relative.end]));
}

size_t redact_relative(struct redact_finder *finder, const struct redact_word *cue)
{
    size_t end = behind_relative(finder, cue);
    if (!end) end = apposed_to_servant(finder, cue);
    return !end && is_familys(cue) ? before_relative(finder, cue) : end;
}
