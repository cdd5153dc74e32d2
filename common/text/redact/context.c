/* The words before a place that say what a number there is: "my card ends in", "née le". */
#include "text/redact/numbers.h"

/* "no. 55", "nr. 55": the dot behind it ends no sentence. */
static bool is_number_sign(struct str text, size_t dot)
{
    struct str sign = str_slice(text, dot > 2 ? dot - 3 : 0, dot);
    return str_equal(sign, STR(" no")) || str_equal(sign, STR(" No")) ||
           str_equal(sign, STR(" nr")) || str_equal(sign, STR(" Nr"));
}

/* A placeholder, a blank line, or the end of a sentence lies between ("tel. 555" is none). */
static bool parts(struct str text, size_t start, size_t end, bool cue)
{
    bool digit = false;
    if (end == start + 1 && text.data[start] == ' ') return false; /* nearly always */
    for (size_t i = start; i < end; i++) {
        char c = text.data[i], next = at(text, i + 1);
        digit |= is_digit(c);
        if (c == '[' || c == ']' || (c == '\n' && next == '\n')) return true;
        if (c == '.' && is_blank(next) && (!cue || digit) && !is_number_sign(text, i)) return true;
    }
    return false;
}

/* "CPR 010190-1234", "mon identifiant est le 0048817263", but not "CPR in 2019 … 12000": these
 * count right before a number only, and a long one. */
static bool is_far_from(struct str text, const struct redact_word *word, size_t number)
{
    enum { SHORT_WORD = 4, SHORT_GAP = 5, GAP_MOST = 18, DIGITS_LEAST = 7 };
    static const char *const close[] = {"cpr", "dui", "nit", "cel", "fono", "mob", "pdl", "prm",
                                        "pce", "mpan", "mprn", "suministro", "identifiant",
                                        "sejour"};
    if (!IS_ONE_OF(word, close)) return false;
    size_t digits = 0;
    for (size_t i = number; is_digit(at(text, i)) || is_one_of(at(text, i), " .-"); i++)
        digits += is_digit(text.data[i]);
    size_t most = word->size <= SHORT_WORD ? SHORT_GAP : GAP_MOST;
    return number - word->end > most || digits < DIGITS_LEAST;
}

/* "EIN", "ein 46-2218826", but not "ein 1234567 Modell"; "documento nº", "mi documento", "documento
 * 27.449.310", but not "el documento 12345". */
static bool is_id_here(struct str text, const struct redact_word *word, size_t number)
{
    static const char *const kinds[] = {"n", "no", "num", "numero", "personal", "argentino",
                                        "extranjero", "uruguayo", "paraguayo"};
    struct str said = str_slice(text, word->start, word->end);
    struct redact_word kind;
    if (word_is(word, "ein"))
        return memcmp(said.data, "EIN", 3) == 0 || at(text, number + 2) == '-';
    redact_word_before(text, word->start, &kind);
    if (word_is(word, "sejour"))
        return word_is(&kind, "de"); /* "titre de séjour", no "mon séjour" */
    if (!word_is(word, "documento")) return true;
    if (word_is(&kind, "de")) redact_word_before(text, kind.start, &kind);
    if (word_is(&kind, "numero")) return true; /* "mi número de documento es" */
    if (at(text, word->end) == ':' || word_is(&kind, "mi") || word_is(&kind, "con")) return true;
    redact_word_at(text, word->end + 1, &kind);
    return at(text, number + 2) == '.' ||
           (at(text, word->end) == ' ' && IS_ONE_OF(&kind, kinds));
}

/* "D.O.B.", "d.n.i.": the cues of the word that its last letter ends, or 0. */
static uint32_t dotted_cues(struct str text, const struct redact_word *last)
{
    static const struct {
        const char *letters;
        uint32_t cues;
    } words[] = {{"d.o.b", CUE(BIRTH)}, {"d.n.i", CUE(ID)}, {"n.i.e", CUE(ID)}, {"r.u.t", CUE(ID)},
                 {"s.s.n", CUE(ID)},    {"r.f.c", CUE(ID)}, {"n.i.f", CUE(ID)}};
    struct str said = str_slice(text, last->end > 5 ? last->end - 5 : 0, last->end);
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (str_equal_ignoring_case(said, str_of(words[i].letters))) return words[i].cues;
    return 0;
}

struct redact_context redact_context_before(struct str text, size_t start)
{
    static const uint32_t classes = CUE(PHONE) | CUE(CARD) | CUE(ACCOUNT) | CUE(ID) | CUE(BIRTH) |
                                    CUE(SECRET) | CUE(ZIP) | CUE(ORDER) | CUE(VERSION);
    struct redact_context context = {0};
    size_t least = start > 64 ? start - 64 : 0;
    size_t end = start;
    for (uint32_t words = 0; words < 8 && end > least; words++) {
        struct redact_word word;
        redact_cue_before(text, end, &word);
        if (word.cues & CUE(SECRET) && redact_secret_needs_more(&word)) word.cues = 0;
        if (word.size == 1 && before(text, word.start) == '.')
            word.cues |= dotted_cues(text, &word);
        if (!word.size || word.start < least || parts(text, word.end, end, word.cues & classes))
            break;
        if (word.cues & (CUE(ID) | CUE(PHONE) | CUE(ACCOUNT)) && is_far_from(text, &word, start))
            word.cues = 0;
        if (word.cues & CUE(ID) && !is_id_here(text, &word, start)) word.cues &= ~CUE(ID);
        context.all |= word.cues;
        if (!context.nearest && word.cues & classes)
            context.nearest = word.cues & classes, context.distance = words;
        end = word.start;
    }
    return context;
}

/* "6433435F is my PPS number", "… es mi DNI": as if the word stood before it. */
static void look_behind(struct str text, size_t end, struct redact_context *context)
{
    enum { WORDS_MOST = 3 };
    static const char *const links[] = {"is", "s", "was", "es", "era", "est", "etait"};
    static const char *const owners[] = {"my", "our", "mi", "nuestro", "mon", "ma", "notre"};
    static const uint32_t classes = CUE(PHONE) | CUE(CARD) | CUE(ACCOUNT) | CUE(ID) | CUE(ORDER);
    struct redact_word word;
    redact_word_at(text, end + 1, &word);
    if (!word.size || !IS_ONE_OF(&word, links)) return;
    redact_word_at(text, word.end + 1, &word);
    if (!word.size || !IS_ONE_OF(&word, owners)) return;
    for (int k = 0; k < WORDS_MOST && !context->nearest && at(text, word.end) == ' '; k++) {
        redact_word_at(text, word.end + 1, &word);
        if (k && word_is(&word, "id")) return; /* "our review id" */
        context->nearest = word.cues & classes;
        context->all |= word.cues;
    }
}

struct redact_context redact_context_around(struct str text, size_t start, size_t end)
{
    struct redact_context context = redact_context_before(text, start);
    if (!context.nearest && at(text, end) == ' ') look_behind(text, end, &context);
    return context;
}
