/* Labels of turns are found first, each with its side; then they say whether this is a transcript,
 * and which tokens are the customer's. */
#include "model/insight/turns.h"

#include <string.h>
#include <threads.h>

#include "base/ascii.h"
#include "model/word_table.h"

enum {
    TURNS_MIN = 3,
    TURNS_MAX = 512,
    LABEL_WORDS_MAX = 3,
    CONFIRMING_WORDS_MAX = 4,
    STATEMENT_WORDS_MIN = 3,
    LABEL_GAP_MAX = 12, /* bytes behind a label's last word: "**", " (", a no-break space */
    SLOT_BITS = 9,
};

/* Folded. A word of the first list outweighs one of the second: "customer service". */
static const char agents[] =
    "accueil adviser advisor agent agente asesor asesora assistance assistant assistante "
    "associate asistente atencion bot care chatbot conseiller conseillere csr desk "
    "encuestador encuestadora enqueteur enquetrice entrevistador entrevistadora gestor "
    "gestora helpdesk hotline interviewer ivr moderator operador operadora operateur operator "
    "operatrice recepcion recepcionista receptionist rep representante representative sav "
    "service servicio soporte specialist staff support system technician technicien "
    "technicienne tecnico teleconseiller teleconseillere teleoperador teleoperadora";
static const char customers[] =
    "abonado abonne abonnee adherent adherente appelant appelante buyer caller client cliente "
    "clienta comprador compradora consumer customer encuestado encuestada entrevistado "
    "entrevistada guest huesped interviewe interviewee llamante member paciente participant "
    "participante passager passagere passenger pasajera pasajero patient patiente respondent "
    "shopper socia socio subscriber usager usagere user usuaria usuario utilisateur "
    "utilisatrice visitor";
/* Labels only where nothing else is in them: "just a question:" is none. */
static const char agents_alone[] = "pregunta q question";
static const char customers_alone[] = "a answer me moi r reponse respuesta yo";

/* All that a customer says who only confirms what the agent has asked; the first list by itself. */
static const char confirmed[] =
    "absolument absolutely affirmatif affirmative afirmativo asi cierto claro correct correcto "
    "definitely did effectivement efectivamente eso exact exactamente exactement exactly exacto "
    "indeed ouais oui right si that's thats true voila yeah yep yes yup c'est tout";
static const char confirming[] =
    "a am ca do does es fait have has i is it please sir they was we you";
/* What agents begin to ask with when they ask for something: to say yes to it tells nothing. */
static const char asking[] =
    "anything avez can could ha have how may might me podria podrias puede puedes puedo pourriez "
    "pouvez puis qu'est que quel quelle quiere shall souhaitez sabe savez voulez what when "
    "where which who will would";

enum side { OTHER, AGENT, CUSTOMER, SIDES };
/* Bits 1 << side of the lists of labels, 1 << (ALONE + side) of those that stand alone. */
enum { ALONE = SIDES, CONFIRMED = 2 * SIDES, CONFIRMING, ASKING };
static struct word_slot slots[1 << SLOT_BITS];
static once_flag once = ONCE_FLAG_INIT;

static void build(void)
{
    word_slots_enter(slots, SLOT_BITS, agents, 1u << AGENT);
    word_slots_enter(slots, SLOT_BITS, customers, 1u << CUSTOMER);
    word_slots_enter(slots, SLOT_BITS, agents_alone, 1u << (ALONE + AGENT));
    word_slots_enter(slots, SLOT_BITS, customers_alone, 1u << (ALONE + CUSTOMER));
    word_slots_enter(slots, SLOT_BITS, confirmed, 1u << CONFIRMED);
    word_slots_enter(slots, SLOT_BITS, confirming, 1u << CONFIRMING);
    word_slots_enter(slots, SLOT_BITS, asking, 1u << ASKING);
}

struct turn {
    uint32_t label, first, last; /* tokens: of the label; [first, last) of what is said */
    enum side side;
    uint64_t name; /* the label's words, hashed */
};

struct turns {
    struct turn *items;
    uint32_t count;
};

static bool has_colons(struct str text)
{
    const char *at = text.data, *end = text.data + text.size;
    for (uint32_t i = 0; i < TURNS_MIN; i++, at++)
        if (!(at = memchr(at, ':', (size_t)(end - at)))) return false;
    return true;
}

/* Whether a colon ends a label with `token`: but for marks and blanks nothing stands between;
 * "https://" and "10:33" are no labels. */
static bool colon_behind(struct str text, const struct token *token, size_t next)
{
    size_t end = token->end + LABEL_GAP_MAX < next ? token->end + LABEL_GAP_MAX : next;
    for (size_t i = token->end; i < end; i++) {
        bool last = i + 1 == text.size;
        if (text.data[i] == ':')
            return last || !(text.data[i + 1] == '/' || ascii_is_digit(text.data[i + 1]));
        if (!strchr(" *)]_\xC2\xA0\xE2\x80\xAF", text.data[i])) return false;
    }
    return false;
}

static enum side side_of(uint32_t bits, uint32_t words)
{
    if (words == 1) bits |= bits >> ALONE;
    if (bits >> AGENT & 1) return AGENT;
    return bits >> CUSTOMER & 1 ? CUSTOMER : OTHER;
}

/* The turn whose label begins with token `at`, where a sentence does. Times may stand around it:
 * "[10:32] Agent:", "Agente 2 (10:32):". */
static bool read_label(struct str text, const struct tokens *tokens, uint32_t at, struct turn *turn)
{
    uint32_t bits = 0, words = 0, first = at;
    while (at < tokens->count && tokens->items[at].kind == TOKEN_NUMBER) at++;
    *turn = (struct turn){.label = first};
    for (; at < tokens->count && words < LABEL_WORDS_MAX; at++) {
        const struct token *token = &tokens->items[at];
        if (token->kind == TOKEN_EMOJI || (words && token->sentence_before)) return false;
        if (token->kind == TOKEN_WORD) {
            bits |= word_slot(slots, SLOT_BITS, token->hash)->bits;
            turn->name = turn->name * 31 + token->hash;
            words++;
        }
        size_t next = at + 1 < tokens->count ? token[1].start : text.size;
        if (!words || !colon_behind(text, token, next)) continue;
        turn->first = at + 1;
        turn->side = side_of(bits, words);
        return true;
    }
    return false;
}

static int find_turns(struct str text, const struct tokens *tokens, struct arena *arena,
                      struct turns *turns, struct err *err)
{
    *turns = (struct turns){.items = ARENA_ARRAY(arena, struct turn, TURNS_MAX)};
    if (!turns->items) return err_set(err, E_NO_MEMORY, NULL);
    for (uint32_t at = 0; at < tokens->count && turns->count < TURNS_MAX; at++) {
        struct turn *turn = &turns->items[turns->count];
        if (at && !tokens->items[at].sentence_before) continue;
        if (!read_label(text, tokens, at, turn)) continue;
        turns->count++;
        at = turn->first - 1;
    }
    return E_OK;
}

/* "Taller:" again and again is a side, "Screen:" once is a list's. */
static bool comes_again(const struct turns *turns, const struct turn *turn)
{
    for (uint32_t i = 0; i < turns->count; i++)
        if (&turns->items[i] != turn && turns->items[i].name == turn->name) return true;
    return false;
}

/* Of two sides one may have any name, if it comes again; a form has each label once. False: this is
 * no transcript. */
static bool settle_sides(struct turns *turns)
{
    uint32_t sides[SIDES] = {0};
    bool again = false;
    for (uint32_t i = 0; i < turns->count; i++) sides[turns->items[i].side]++;
    if (!sides[CUSTOMER] && !sides[AGENT]) return false;
    enum side unnamed = sides[CUSTOMER] ? AGENT : CUSTOMER;
    for (uint32_t i = 0; i < turns->count; i++) {
        struct turn *turn = &turns->items[i];
        if (!comes_again(turns, turn)) continue;
        again = again || turn->side != OTHER;
        if (turn->side != OTHER) continue;
        turn->side = unnamed;
        sides[OTHER]--, sides[unnamed]++;
    }
    return again && sides[CUSTOMER] && sides[AGENT] && sides[CUSTOMER] + sides[AGENT] >= TURNS_MIN;
}

/* What isn't a side's label is part of what is said. */
static void end_turns(struct turns *turns, uint32_t token_count)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < turns->count; i++) {
        if (turns->items[i].side == OTHER) continue;
        if (kept) turns->items[kept - 1].last = turns->items[i].label;
        turns->items[kept] = turns->items[i];
        turns->items[kept++].last = token_count;
    }
    turns->count = kept;
}

static bool only_confirms(const struct tokens *tokens, const struct turn *turn)
{
    uint32_t all = 0;
    if (turn->last - turn->first > CONFIRMING_WORDS_MAX) return false;
    for (uint32_t at = turn->first; at < turn->last; at++) {
        uint32_t bits = word_slot(slots, SLOT_BITS, tokens->items[at].hash)->bits;
        if (!(bits & (1u << CONFIRMED | 1u << CONFIRMING))) return false;
        all |= bits;
    }
    return all >> CONFIRMED & 1;
}

/* Where the last sentence of an agent's turn begins, if it says what may be confirmed; else the
 * turn's end. */
static uint32_t statement_asked(const struct tokens *tokens, const struct turn *turn)
{
    uint32_t at = turn->last;
    while (at > turn->first && !tokens->items[--at].sentence_before) continue;
    bool short_of_words = turn->last - at < STATEMENT_WORDS_MIN;
    if (short_of_words || word_slot(slots, SLOT_BITS, tokens->items[at].hash)->bits >> ASKING & 1)
        return turn->last;
    return at;
}

static void add_tokens(struct tokens *own, const struct tokens *tokens, uint32_t first,
                       uint32_t last)
{
    if (first == last) return;
    struct token *begun = &own->items[own->count];
    memcpy(begun, &tokens->items[first], (last - first) * sizeof *begun);
    begun->sentence_before = begun->clause_before = true;
    own->count += last - first;
}

/* Copies what stands before all turns and what the customer says; where that only confirms, the
 * question instead: "So it leaks?" "Yes." */
static struct tokens customers_tokens(const struct turns *turns, const struct tokens *tokens,
                                      struct token *items)
{
    struct tokens own = {.items = items};
    add_tokens(&own, tokens, 0, turns->items[0].label);
    for (uint32_t i = 0; i < turns->count; i++) {
        const struct turn *turn = &turns->items[i];
        if (turn->side != CUSTOMER) continue;
        uint32_t first = turn->first, last = turn->last;
        if (i && turn[-1].side == AGENT && only_confirms(tokens, turn)) {
            uint32_t asked = statement_asked(tokens, &turn[-1]);
            if (asked < turn[-1].last) first = asked, last = turn[-1].last;
        }
        add_tokens(&own, tokens, first, last);
    }
    return own;
}

int turns_own(struct str text, const struct tokens *tokens, struct arena *arena,
              struct tokens *ret_own, struct err *err)
{
    struct turns turns;
    *ret_own = *tokens;
    if (!has_colons(text)) return E_OK;
    call_once(&once, build);
    int rc = find_turns(text, tokens, arena, &turns, err);
    if (rc || !settle_sides(&turns)) return rc;
    end_turns(&turns, tokens->count);
    struct token *items = ARENA_ARRAY(arena, struct token, tokens->count);
    if (!items) return err_set(err, E_NO_MEMORY, NULL);
    struct tokens own = customers_tokens(&turns, tokens, items);
    if (own.count) *ret_own = own;
    return E_OK;
}
