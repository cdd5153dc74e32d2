/* Secrets told in a sentence: "the wifi password they gave me, Heron#41south, fails", "my PIN, I
 * think it was 4096", "the three digits on the back are 491". From a word of secret on, within its
 * sentence and bounds, to a value that a comma, a colon, a dash or a verb leads to. What may be
 * one: value.c. */
#include "text/redact/told.h"

enum { WORDS_MOST = 14, BYTES_MOST = 112, BESIDE = 6 };

bool redact_secret_needs_more(const struct redact_word *word)
{
    static const char *const doubtful[] = {
        "code", "codigo", "digits", "chiffres", "cifras", "digitos", "numbers", "numeros"};
    return IS_ONE_OF(word, doubtful);
}

bool redact_secret_only_told(const struct redact_word *word)
{
    static const char *const told[] = {
        "cvv", "cvc", "csc", "cryptogramme", "criptograma", "digicode",
        "puk", "nip", "answer", "respuesta", "reponse", "memorable"};
    return redact_secret_needs_more(word) || IS_ONE_OF(word, told);
}

static bool is_joint(const struct redact_word *word)
{
    static const char *const joints[] = {
        "of", "for", "to", "the", "my", "our", "your", "a", "de", "del", "la", "el", "mi", "d",
        "du", "des", "l", "le", "ma", "mon", "on", "en", "au", "para", "pour", "s", "in", "notre",
        "nuestra", "their", "his", "her"};
    return IS_ONE_OF(word, joints);
}

/* What a code opens or proves: "code d'accès", "alarm code", "código de la puerta". */
static bool opens(const struct redact_word *word)
{
    static const char *const things[] = {
        "security", "access", "alarm", "door", "gate", "pin", "entry", "verification", "secret",
        "unlock", "lock", "safe", "garage", "keypad", "lockbox", "login", "sms", "authentication",
        "entrance", "acces", "securite", "confidentiel", "porte", "portail", "alarme", "entree",
        "coffre", "immeuble", "carte", "deverrouillage", "wifi", "seguridad", "acceso", "alarma",
        "puerta", "portal", "verificacion", "secreto", "garaje", "desbloqueo", "tarjeta", "caja",
        "card", "network", "banco", "banque", "bank", "cvv", "cvc", "building", "keybox", "locker",
        "recovery", "backup", "activation", "factor", "edificio", "buzon", "taquilla", "llaves",
        "recuperacion", "activacion", "temporal", "dinamica", "unica", "unico", "numerica",
        "secreta", "boite", "cles", "batiment", "casier", "barriere", "interphone", "recuperation",
        "temporaire", "provisoire", "unique", "recu", "recus", "received", "sent", "texted",
        "llego", "llegado", "enviaron", "mandaron", "recibi", "dieron", "gave", "envoye"};
    return IS_ONE_OF(word, things);
}

static bool is_verb(const struct redact_word *word)
{
    static const char *const verbs[] = {
        "is", "was", "are", "were", "es", "era", "son", "eran", "fue", "est", "etait", "sont",
        "etaient", "being", "ser", "sera", "s"}; /* "the code's 4410" */
    return IS_ONE_OF(word, verbs);
}

static bool is_back(const struct redact_word *word)
{
    static const char *const backs[] = {
        "back", "reverse", "dos", "verso", "reverso", "atras", "detras", "dorso", "behind",
        "derriere"};
    return IS_ONE_OF(word, backs);
}

static bool is_network(const struct redact_word *word)
{
    static const char *const networks[] = {"wifi", "fi", "network", "router", "reseau", "box"};
    return IS_ONE_OF(word, networks);
}

/* What a key of letters and digits is for, beside a network. */
static bool has_key(const struct redact_word *word)
{
    static const char *const things[] = {"activation", "recovery", "licence", "license", "product",
                                         "encryption", "activacion", "licencia", "recuperacion"};
    return is_network(word) || IS_ONE_OF(word, things);
}

/* "network Hub6-X2, key …": a network stands in the same sentence, a few words before. */
static bool is_behind_network(struct str text, size_t i)
{
    struct redact_word word;
    for (int k = 0; k < BESIDE && i; k++, i = word.start) {
        redact_word_before(text, i, &word);
        if (!word.size || memchr(text.data + word.end, '\n', i - word.end) ||
            (at(text, word.end) == '.' && is_blank(at(text, word.end + 1))))
            return false;
        if (is_network(&word)) return true;
    }
    return false;
}

/* Behind the word that `wanted` knows, if nothing but joints lies between; 0: it isn't there. */
static size_t behind_wanted(struct str text, size_t i, bool (*wanted)(const struct redact_word *))
{
    static const char *const sent[] = {"que", "me", "you", "they", "that", "i", "it", "we", "j",
                                       "ai", "m", "avez", "vous", "nos", "by", "por", "par"};
    struct redact_word word;
    for (int k = 0; k < BESIDE; k++, i = word.end) {
        while (at(text, i) == ' ' || at(text, i) == '\'') i++;
        if (str_starts(str_slice(text, i, text.size), STR("\xE2\x80\x99"))) i += 3;
        redact_word_at(text, i, &word);
        if (!word.size) return 0;
        if (wanted(&word)) return word.end;
        if (!is_joint(&word) && !IS_ONE_OF(&word, sent)) return 0; /* "code que me enviaron" */
    }
    return 0;
}

/* "gift card code", "código de la tarjeta regalo": worth money, but no secret of his. */
static bool is_voucher(struct str text, size_t i)
{
    static const char *const vouchers[] = {
        "cadeau", "regalo", "fidelite", "fidelidad", "gift", "promo", "loyalty"};
    struct redact_word word;
    redact_word_at(text, i + (at(text, i) == ' '), &word);
    return IS_ONE_OF(&word, vouchers);
}

/* "[ADDRESS]. Code B2741": that of the door. */
static bool is_behind_address(struct str text, size_t i)
{
    size_t end = i;
    while (end && i - end < 4 && strchr(" .,;\n(-", text.data[end - 1])) end--;
    return end < i && str_ends(str_slice(text, 0, end), STR("[ADDRESS]"));
}

/* What is said of a code, and of much else. */
static bool is_sent(const struct redact_word *word)
{
    static const char *const said[] = {"sent", "received", "gave", "texted", "unique"};
    return IS_ONE_OF(word, said);
}

/* "pass: …", "pass is …": it is also what one does, and what trains ask for. */
static bool is_led_to_value(struct str text, const struct redact_word *cue)
{
    struct redact_word verb;
    size_t i = cue->end;
    while (at(text, i) == ' ') i++;
    redact_word_at(text, i, &verb);
    return at(text, i) == ':' || at(text, i) == '=' || is_verb(&verb);
}

static struct told code_told(struct str text, const struct redact_word *cue)
{
    static const char *const not_before[] = {"card", "bank", "network", "carte", "banco", "safe"};
    struct told told = {.class = NUMBER, .least = 3, .most = 8};
    struct redact_word lead;
    redact_word_before(text, cue->start, &lead);
    bool beside = lead.size && lead.end + 1 == cue->start;
    /* "one-time code" */
    bool once = word_is(&lead, "time") && before(text, lead.start) == '-';
    told.from = beside && (once || opens(&lead)) && !IS_ONE_OF(&lead, not_before) ? cue->end : 0;
    bool free = !beside || is_joint(&lead) || lead.cues & CUE(COMMON);
    if (!told.from && free) told.from = behind_wanted(text, cue->end, opens);
    if (!told.from && is_behind_address(text, cue->start)) told.from = cue->end;
    if (!told.from || is_voucher(text, told.from)) return (struct told){0};
    redact_word_before(text, told.from, &lead);
    told.led = told.from > cue->end && is_sent(&lead);
    if (is_network(&lead)) told.class = PASSWORD, told.odd = true; /* "code wifi Mimosa2291" */
    return told;
}

static struct told asks_for(enum cue_class class, uint8_t least, uint8_t most, size_t from)
{
    return (struct told){.class = class, .least = least, .most = most, .from = from};
}

static bool is_secret(const struct redact_word *word)
{
    static const char *const secret[] = {"secret", "security", "secreta", "seguridad", "secrete",
                                         "securite"};
    return IS_ONE_OF(word, secret);
}

static bool is_memorable(const struct redact_word *word)
{
    static const char *const things[] = {"word", "answer", "phrase"};
    return IS_ONE_OF(word, things);
}

/* "my security answer", "la respuesta secreta", "answer to the secret question": a word that is
 * told. */
static struct told answer_told(struct str text, const struct redact_word *cue)
{
    struct told told = asks_for(PASSWORD, 0, 0, 0);
    struct redact_word lead;
    redact_word_before(text, cue->start, &lead);
    if (word_is(cue, "memorable")) told.from = behind_wanted(text, cue->end, is_memorable);
    else if (lead.end + 1 == cue->start && is_secret(&lead)) told.from = cue->end;
    else told.from = behind_wanted(text, cue->end, is_secret);
    told.plain = told.answer = true;
    if (!told.from) told.class = NO_CUE;
    return told;
}

/* What the cue asks for, or class NO_CUE. */
static struct told told_of(struct str text, const struct redact_word *cue)
{
    static const char *const passwords[] = {
        "password", "passwords", "passwd", "pwd", "pw", "passphrase", "contrasena", "passwort",
        "mdp", "motdepasse", "senha"};
    static const char *const pins[] = {"pin", "passcode", "digicode", "otp", "puk", "nip"};
    static const char *const answers[] = {"answer", "respuesta", "reponse", "memorable"};
    static const char *const card_codes[] = {"cvv", "cvc", "csc", "cryptogramme", "criptograma"};
    struct redact_word lead;
    size_t behind;
    static const char *const no_pins[] = {
        "safety", "bowling", "rolling", "hair", "hitch", "lapel", "enamel", "drawing"};
    static const char *const no_passes[] = {"boarding", "bus", "day", "season", "ski", "game",
                                            "battle", "guest", "travel", "monthly", "rail",
                                            "train", "weekly", "annual", "parking"};
    struct told password = asks_for(PASSWORD, 5, 12, cue->end);
    password.plain = true;
    if (IS_ONE_OF(cue, passwords)) return password;
    if (IS_ONE_OF(cue, answers)) return answer_told(text, cue);
    redact_word_before(text, cue->start, &lead);
    if (word_is(cue, "pass")) {
        bool led = is_led_to_value(text, cue) && !IS_ONE_OF(&lead, no_passes);
        return asks_for(led ? PASSWORD : NO_CUE, 0, 0, cue->end);
    }
    if (IS_ONE_OF(cue, pins) && IS_ONE_OF(&lead, no_pins)) return (struct told){0};
    if (word_is(cue, "nip") && !cue->upper) return (struct told){0};
    if (IS_ONE_OF(cue, pins)) { /* "pin de la tarjeta 4471" */
        behind = behind_wanted(text, cue->end, opens);
        return asks_for(NUMBER, 3, 8, behind ? behind : cue->end);
    }
    if (IS_ONE_OF(cue, card_codes)) return asks_for(NUMBER, 3, 4, cue->end);
    if (word_is(cue, "code") || word_is(cue, "codigo")) return code_told(text, cue);
    if (redact_secret_needs_more(cue)) {
        behind = behind_wanted(text, cue->end, is_back);
        return asks_for(behind ? BACK_DIGITS : NO_CUE, 3, 4, behind);
    }
    if (word_is(cue, "clave")) {
        behind = behind_wanted(text, cue->end, opens);
        return asks_for(PASSWORD, behind ? 3 : 0, 8, behind ? behind : cue->end);
    }
    if (word_is(cue, "passe")) return word_is(&lead, "de") ? password : (struct told){0};
    if (!word_is(cue, "key") && !word_is(cue, "cle")) return (struct told){0};
    behind = behind_wanted(text, cue->end, has_key);
    if (!behind && lead.end + 1 == cue->start && has_key(&lead)) behind = cue->end;
    if (!behind && is_behind_network(text, cue->start)) behind = cue->end;
    return asks_for(behind ? PASSWORD : NO_CUE, 0, 0, behind);
}

/* --- the way to it ---------------------------------------------------------------------------- */

/* Between what leads and the value: "is now 4471", "est le 4471", "number 418". */
static bool is_filler(const struct redact_word *word)
{
    static const char *const fillers[] = {
        "now", "the", "still", "just", "le", "la", "el", "maintenant", "toujours", "ahora",
        "number", "numero", "no", "n", "bien", "probably", "something", "like", "simply", "set",
        "to", "here", "namely", "as", "printed", "written", "called", "actually", "currently",
        "temporary", "temporal", "temporaire", "provisional", "provisoire", "actual", "nueva",
        "nuevo", "new", "nouveau"};
    return IS_ONE_OF(word, fillers);
}

/* "I think it was", "creo que era", "je crois que c'était": the same thing is still spoken of. */
static bool is_musing(const struct redact_word *word)
{
    static const char *const musings[] = {
        "i", "think", "it", "believe", "guess", "which", "that", "maybe", "perhaps", "creo", "que",
        "me", "parece", "supongo", "lo", "je", "crois", "pense", "c", "ce", "il", "elle", "qui",
        "peut", "etre", "if", "remember", "right", "recuerdo", "bien", "si", "mal", "s", "m",
        "cual", "quiza", "quizas", "sure", "pretty", "sauf", "erreur"};
    return IS_ONE_OF(word, musings);
}

/* Another thing, whose number or name would come next, or what only belongs to secrets. */
static bool is_other(const struct redact_word *word)
{
    static const char *const others[] = {
        "error", "erreur", "username", "user", "usuario", "utilisateur", "manager", "gestor",
        "gestionnaire", "version", "price", "precio", "prix", "total", "email", "correo", "reset",
        "pedido", "year", "ano", "annee", "promo"};
    return word->cues & (CUE(ORDER) | CUE(ZIP) | CUE(BIRTH)) || IS_ONE_OF(word, others);
}

/* What the marks at `i` lead to, and where they end; end 0: the sentence ends. */
static size_t skip_marks(struct str text, size_t i, enum lead *lead, bool *ret_comma)
{
    *ret_comma = false;
    for (; i < text.size; i++) {
        char c = text.data[i], next = at(text, i + 1);
        bool dash = (c == '-' && next == ' ') ||
                    (c == '\xE2' && next == '\x80' && (at(text, i + 2) == '\x93' ||
                                                       at(text, i + 2) == '\x94'));
        bool space = c == '\xC2' && next == '\xA0';
        if (c == ',' || dash) *lead = COMMA, *ret_comma = true, i += (c == '\xE2') * 2u;
        else if (c == ':' || c == '=' || c == '(') *lead = c == '(' ? COMMA : SURE;
        else if (c == ')') *ret_comma = true;
        else if (space) i++;
        else if (c == '\xC2' && next == '\xB0') i++; /* "n°" */
        else if (c == '\xE2' && next == '\x80') i += 2; /* quotes */
        else if (c == '\xC2' && (next == '\xAB' || next == '\xBB')) i++;
        else if (c == '\n' && *lead != SURE) return 0;
        else if (strchr(".!?;[]", c)) return 0;
        else if (!strchr(" \n\"'`*", c)) break;
    }
    return i < text.size ? i : 0;
}

/* Behind the value that is told of this cue, or 0. */
static size_t find_told(struct redact_finder *finder, const struct told *told)
{
    struct str text = finder->text;
    enum lead lead = BESIDE_CUE;
    bool same = true, comma; /* same: what a verb says is still said of the secret */
    size_t i = told->from, most = told->from + BYTES_MOST;
    for (int words = 0; words < WORDS_MOST; words++) {
        i = skip_marks(text, i, &lead, &comma);
        if (!i || i >= most) return 0;
        same |= comma;
        struct block block = told->class == NUMBER ? told_read_groups(text, i)
                                                   : told_read_block(text, i);
        bool led = lead != NO_LEAD && !(lead == BESIDE_CUE && told->led);
        if (led && block.end > i && told_is_value(text, told, &block, lead)) {
            redact_add(finder, block.start, block.end, REDACT_SECRET);
            return block.end;
        }
        struct redact_word word;
        redact_word_at(text, i, &word);
        if (is_other(&word)) return 0;
        if (!word.size) lead = NO_LEAD, i = block.end > i ? block.end : i + 1;
        else {
            /* "the gate code's 1999 style" */
            if (is_verb(&word)) lead = !same ? NO_LEAD : word_is(&word, "s") ? COMMA : SURE;
            else if (!is_filler(&word)) {
                if (lead == COMMA && !is_musing(&word)) same = false;
                lead = NO_LEAD;
            }
            i = word.end;
        }
    }
    return 0;
}

/* --- the other way round: "4417 is my PIN", "7715 c'est mon code" ----------------------------- */

static bool is_right_before(struct str text, const struct redact_word *word, size_t next)
{
    size_t size;
    return word->size && ((word->end + 1 == next && text.data[word->end] == ' ') ||
                          (is_apostrophe(text, word->end, &size) && word->end + size == next));
}

/* Where the verb before "my PIN" starts, or "c'est", "that's"; 0: there is none. */
static size_t verb_before(struct str text, const struct redact_word *cue)
{
    static const char *const subjects[] = {"c", "that", "it", "which", "this", "eso", "esa", "ce"};
    struct redact_word word = *cue, subject;
    for (int k = 0; k < 4; k++) {
        size_t next = word.start;
        redact_word_before(text, next, &word);
        if (!is_right_before(text, &word, next)) return 0;
        redact_word_before(text, word.start, &subject);
        bool led = is_right_before(text, &subject, word.start) && IS_ONE_OF(&subject, subjects);
        if (k && is_verb(&word)) return led ? subject.start : word.start;
        if (led && word_is(&word, "s")) return subject.start;
        if (!is_joint(&word) && !is_filler(&word) && !opens(&word)) return 0;
    }
    return 0;
}

static size_t find_before(struct redact_finder *finder, const struct told *told,
                          const struct redact_word *cue)
{
    struct str text = finder->text;
    size_t end = verb_before(text, cue), start;
    if (!end) return 0;
    while (end > 0 && strchr(" ,\"'", text.data[end - 1])) end--;
    for (start = end; start > 0 && end - start < VALUE_MOST; start--)
        if (is_blank(text.data[start - 1]) || strchr("\"(:", text.data[start - 1])) break;
    struct block block = told_read_block(text, start);
    struct redact_word lead;
    redact_word_before(text, start, &lead);
    if (start == end || (lead.end + 1 == start && is_other(&lead)) ||
        !told_is_value(text, told, &block, SURE))
        return 0;
    redact_add(finder, block.start, block.end, REDACT_SECRET);
    return cue->end;
}

size_t redact_secret_told(struct redact_finder *finder, const struct redact_word *cue)
{
    struct told told = told_of(finder->text, cue);
    if (told.class == NO_CUE) return 0;
    size_t end = find_told(finder, &told);
    return end ? end : find_before(finder, &told, cue);
}
