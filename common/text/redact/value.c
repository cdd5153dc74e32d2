/* What may be the value of a secret that a sentence tells: a PIN's digits, a password's block, the
 * code of a door; no count, no year and no ware. */
#include "text/redact/told.h"

static bool is_mark(char c) { return c && strchr("!@#$%^&*_+=~?/\\", c) != NULL; }

/* Behind the block that starts at `start`; what closes a clause isn't its last byte. */
static size_t block_end(struct str text, size_t start)
{
    size_t end = start;
    while (end < text.size && end - start < VALUE_MOST && !is_blank(text.data[end]) &&
           !is_one_of(text.data[end], "\"<>[](){}`") && text.data[end] != '\xC2' &&
           text.data[end] != '\xE2')
        end++;
    while (end > start && strchr(".,;:!?'-", text.data[end - 1])) end--;
    return end;
}

static bool closes(struct str text, size_t end)
{
    return end == text.size || text.data[end] == '\n' || strchr(".,;:!?)'\"", text.data[end]);
}

/* "Heron#41south", "Xy7-lamp-Rm41": a mark inside, letters behind digits and before them, or two
 * capitals and a digit within; but neither "Windows10" nor "iPhone" nor "24hrs". */
struct block told_read_block(struct str text, size_t start)
{
    struct block block = {start, block_end(text, start), .digits = true};
    bool capital = false;
    size_t letters = 0, digits = 0, marks = 0, hyphens = 0, turns = 0, rises = 0;
    for (size_t i = start; i < block.end; i++) {
        char c = text.data[i], last = i > start ? text.data[i - 1] : '\0';
        bool sign = is_one_of(c, "#*") && (i == start || i + 1 == block.end); /* "2580#" */
        if (!is_digit(c) && !sign) block.digits = false;
        letters += is_letter(c), digits += is_digit(c);
        marks += i > start && i + 1 < block.end && is_mark(c);
        hyphens += c == '-';
        turns += is_letter(c) && is_digit(last);
        rises += is_upper(c) && is_lower(last);
        struct redact_word word;
        if (!is_letter(c) || is_letter(last)) continue;
        redact_word_at(text, i, &word);
        capital |= word.capital;
        block.words |= redact_is_ordinary(&word) || word.cues & (CUE(COMMON) | CUE(SECRET));
    }
    block.words &= hyphens && !capital;
    size_t size = block.end - start;
    block.closed = closes(text, block.end);
    block.odd = size >= 6 && letters >= 2 && digits > 0 && !(turns && letters <= 4 && !marks &&
                                                        is_digit(text.data[start]) && !rises);
    block.hard = size >= 6 && letters >= 2 &&
                 ((marks && digits) || (turns && digits >= 2 && (rises || hyphens || turns > 1)) ||
                  (rises > 1 && digits) || (hyphens && digits >= 2 && letters >= 4 && size >= 9));
    return block;
}

struct block told_read_groups(struct str text, size_t start)
{
    enum { GROUPED_LEAST = 6, GROUPED_MOST = 8 };
    size_t end = start, first = 0, all = 0;
    char mark = '\0';
    for (size_t i = start; is_digit(at(text, i));) {
        size_t size = i;
        while (is_digit(at(text, i))) i++;
        size = i - size;
        if ((first && size != first) || is_word(at(text, i))) break;
        first = size, all += size, end = i;
        if (!mark) mark = at(text, i);
        if ((mark != ' ' && mark != '-') || at(text, i) != mark) break;
        i++;
    }
    if (all == first || all < GROUPED_LEAST || all > GROUPED_MOST || is_word(at(text, end)))
        return told_read_block(text, start);
    return (struct block){start, end, .digits = true, .closed = closes(text, end)};
}

bool redact_is_counted(struct str text, size_t start, size_t end)
{
    static const char *const units[] = {
        "minutes", "minute", "min", "mins", "hours", "days", "weeks", "months", "years", "times",
        "digits", "characters", "letters", "numbers", "euros", "euro", "eur", "dollars", "pounds",
        "usd", "percent", "attempts", "tries", "minutos", "horas", "dias", "semanas", "meses",
        "anos", "veces", "digitos", "caracteres", "cifras", "letras", "intentos", "dolares",
        "heures", "jours", "semaines", "mois", "ans", "fois", "chiffres", "lettres", "essais",
        "tentatives", "people", "personas", "personnes", "customers", "users", "clientes",
        "clients", "metres", "meters", "metros", "km", "miles", "steps", "pages", "mb", "gb",
        "seconds", "segundos", "secondes", "mm", "cm", "m", "inch", "inches", "ft", "feet", "grams",
        "gramos", "grammes", "g", "kg", "oz", "lb", "lbs", "carat", "gold", "goles", "points",
        "puntos", "pesos", "more", "other", "errors", "errores", "erreurs", "usuarios",
        "utilisateurs"};
    struct redact_word unit;
    if (at(text, end) == '%' || before(text, start) == '$') return true;
    redact_word_at(text, end + 1, &unit);
    return at(text, end) == ' ' &&
           (IS_ONE_OF(&unit, units) || at(text, end + 1) == '%' || unit.cues & CUE(MONTH) ||
            str_starts(str_slice(text, end + 1, text.size), STR("\xE2\x82\xAC")));
}

/* "4096 I think", "4096 but": what is said behind a number that a comma led to. */
static bool goes_on_plainly(struct str text, size_t end)
{
    static const char *const next[] = {
        "i", "but", "and", "or", "creo", "pero", "y", "o", "je", "mais", "et", "ou", "isn", "doesn",
        "no", "ne", "n"};
    struct redact_word word;
    redact_word_at(text, end + 1, &word);
    return at(text, end) == ' ' && IS_ONE_OF(&word, next);
}

static bool is_year(struct str text, const struct block *block)
{
    struct str century = str_slice(text, block->start, block->start + 2);
    return block->end - block->start == 4 &&
           (str_equal(century, STR("19")) || str_equal(century, STR("20")));
}

/* "47B12", "B4471": capitals and digits, as doors have them. */
static bool is_door_code(struct str value)
{
    size_t digits = 0;
    for (size_t i = 0; i < value.size; i++) {
        if (!is_digit(value.data[i]) && !is_upper(value.data[i])) return false;
        digits += is_digit(value.data[i]);
    }
    return value.size >= 4 && value.size <= 8 && digits >= 2;
}

static bool ends_in(const struct redact_word *word, const char *endings)
{
    for (struct str rest = str_of(endings); rest.size;)
        if (str_ends(str_make(word->folded, word->size), str_cut(&rest, ' '))) return true;
    return false;
}

/* "swordfish", "Bluebell": a word that is none of every day, and none of what a password may be
 * ("rejected", "incorrecta", "oublié"). */
static bool is_plain_word(struct str text, const struct block *block)
{
    struct redact_word word;
    redact_word_at(text, block->start, &word);
    if (word.end != block->end || word.size < 5 || word.upper || redact_is_ordinary(&word) ||
        word.cues & ~(CUE(GIVEN) | CUE(FAMILY) | CUE(ALSO)))
        return false;
    struct str folded = str_make(word.folded, word.size);
    bool state = str_starts(folded, STR("in")) || str_starts(folded, STR("un")) ||
                 str_starts(folded, STR("err")) ||
                 (word.accented && word.folded[word.size - 1] == 'e');
    return !state && !ends_in(&word, "ed en ing ado ada ido ida ee able ible ly ment mente less "
                                     "ive ant ent");
}

bool told_is_value(struct str text, const struct told *told, const struct block *block,
                   enum lead lead)
{
    size_t size = block->end - block->start, digits = 0;
    if (block->digits) {
        for (size_t i = block->start; i < block->end; i++) digits += is_digit(text.data[i]);
        bool plain = block->closed || goes_on_plainly(text, block->end);
        bool year = is_year(text, block) && !block->closed;
        if (!told->least || digits < told->least || digits > told->most) return false;
        if (redact_is_counted(text, block->start, block->end)) return false;
        if (told->class == PASSWORD && lead == BESIDE_CUE && told->least > 3) return false;
        return lead == COMMA ? plain && !year : lead != BESIDE_CUE || told->most == 4 || !year;
    }
    if (told->class == BACK_DIGITS) return false;
    bool closed = block->closed || goes_on_plainly(text, block->end);
    if (told->plain && closed && is_plain_word(text, block) &&
        (lead == SURE || (told->answer && lead == COMMA && is_upper(text.data[block->start]))))
        return true;
    if (block->words && (lead < COMMA || !told->least)) return false;
    if (told->class == NUMBER)
        return told->most > 4 && (block->hard ||
                                  is_door_code(str_make(text.data + block->start, size)));
    return block->hard ||
           (block->odd && (lead == SURE || told->odd || (lead == COMMA && block->closed)));
}
