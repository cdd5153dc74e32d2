/* What only one customer has: how long it took, and the number of an order. */
#include "model/insight/statement_own.h"

#include <assert.h>

#include "base/ascii.h"
#include "base/hash.h"
#include "model/insight/statement_mark.h"

static const char *const spans[] = {"after",  "for",   "since", "within", "in",      "over", "pour",
                                    "depuis", "apres", "desde", "tras",   "pendant", "hace",
                                    "durante"};
uint64_t statement_spans[STATEMENT_SPANS];

static const char *const units[] = {
    "second", "seconds", "minute", "minutes", "min", "mins", "hour", "hours", "hrs", "day", "days",
    "week", "weeks", "month", "months", "year", "years", "dia", "dias", "semana", "semanas", "mes",
    "meses", "ano", "anos", "hora", "horas", "minuto", "minutos", "jour", "jours", "semaine",
    "semaines", "mois", "an", "ans", "heure", "heures"};
static const char *const counts[] = {"a",    "an",     "one",   "un",   "una",  "une",   "two",
                                     "three", "four",  "five",  "six",  "dos",  "tres",  "cuatro",
                                     "cinco", "seis",  "deux",  "trois", "quatre", "cinq"};
static const char *const numbered[] = {
    "order", "reference", "ticket", "case", "invoice", "parcel", "booking", "reservation", "claim",
    "account", "commande", "colis", "dossier", "facture", "pedido", "paquete", "factura", "reserva",
    "incidencia"};
static const char *const marks[] = {"number", "num", "nr", "ref", "numero", "n"};
enum { LONG_NUMBER = 5 };
#define IS_ONE_OF(token, list) is_one_of(token, list, sizeof list / sizeof *list)

static bool is_one_of(const struct token *token, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (words[i][0] == token->folded.data[0] && str_equal(token->folded, str_of(words[i])))
            return true;
    return false;
}

void statement_own_build(void)
{
    for (size_t i = 0; i < sizeof spans / sizeof *spans; i++) {
        uint64_t hash = hash_word(str_of(spans[i]));
        assert(!*statement_span(hash)); /* each has a slot of its own */
        *statement_span(hash) = hash;
    }
}

/* "number", "nº": a number that only one customer has follows. */
static bool is_number_mark(const struct token *token)
{
    bool sign = str_equal(token->folded, STR("no")) && token->end - token->start > 2;
    return sign || IS_ONE_OF(token, marks);
}

/* Tokens of a span of time from `at` on, "after 12 days"; 0: none begins there. */
static uint32_t span_words(const struct token *tokens, uint32_t at, uint32_t last)
{
    if (at + 2 >= last || !statement_begins_span(&tokens[at])) return 0;
    if (str_equal(tokens[at + 1].folded, STR("hace"))) { /* "desde hace dos semanas" */
        uint32_t words = span_words(tokens, at + 1, last);
        return words ? words + 1 : 0;
    }
    if (tokens[at + 1].kind != TOKEN_NUMBER && !IS_ONE_OF(&tokens[at + 1], counts)) return 0;
    return IS_ONE_OF(&tokens[at + 2], units) ? 3 : 0;
}

/* Tokens of what is written as one from `at` on, "A-55190", if it is an id: of letters and digits,
 * five of these in a row or two behind what says that it is one, or behind a "#"; 0: it isn't. */
static uint32_t id_words(struct str text, const struct tokens *all, uint32_t at, uint32_t last,
                         bool said, bool hash)
{
    const struct token *tokens = all->items;
    uint32_t end = at + 1, row = 0, longest = 0, digits = 0, letters = 0;
    while (end < last && strchr("-/", statement_mark_before(text, &tokens[end]))) end++;
    for (uint32_t i = tokens[at].start; i < tokens[end - 1].end; i++) {
        row = ascii_is_digit(text.data[i]) ? row + 1 : 0;
        longest = row > longest ? row : longest;
        digits += row > 0;
        letters += ascii_is_upper(text.data[i]) || ascii_is_lower(text.data[i]);
    }
    bool id = letters && (longest >= LONG_NUMBER || (said && digits > 1));
    return id || (hash && digits) ? end - at : 0;
}

/* "£36", "38,50 €" */
static bool is_amount(struct str text, const struct token *tokens, uint32_t at, uint32_t last)
{
    uint32_t end = at + 1;
    if (statement_sign_before(text, &tokens[at])) return true;
    while (end < last && strchr(".,", statement_mark_before(text, &tokens[end]))) end++;
    return statement_sign_behind(text, &tokens[end - 1]);
}

uint32_t statement_own_words(struct str text, const struct tokens *all, uint32_t first, uint32_t at,
                             uint32_t last, enum insight_need_kind kind)
{
    const struct token *tokens = all->items, *token = &tokens[at];
    if (token->kind != TOKEN_NUMBER && (at + 1 == last || tokens[at + 1].kind != TOKEN_NUMBER))
        return kind == INSIGHT_PROBLEM_REPORT ? span_words(tokens, at, last) : 0;
    bool said = at > first &&
                (IS_ONE_OF(&tokens[at - 1], numbered) || is_number_mark(&tokens[at - 1]));
    bool hash = token->start && text.data[token->start - 1] == '#';
    uint32_t id = id_words(text, all, at, last, said, hash);
    if (id) return id;
    if (token->kind == TOKEN_NUMBER)
        return (said || token->folded.size >= LONG_NUMBER) && !is_amount(text, tokens, at, last);
    if (token->kind != TOKEN_WORD || at + 1 >= last) return 0;
    bool number = tokens[at + 1].kind == TOKEN_NUMBER;
    id = is_number_mark(token) ? id_words(text, all, at + 1, last, true, false) : 0;
    if (id) return id + 1;
    if (number && is_number_mark(token)) return 2;
    if (number && at > first && at + 2 == last && token->clause_before) /* "…, order 57" */
        return IS_ONE_OF(token, numbered) ? 2 : 0;
    return kind == INSIGHT_PROBLEM_REPORT ? span_words(tokens, at, last) : 0;
}
