/* Sentences that look like a need with nothing left to do: a form's question that is answered,
 * and a problem that is mended. */
#include <threads.h>

#include "model/insight/internal.h"
#include "model/word_table.h"

enum { SLOT_BITS = 7 };
static const char mended[] =
    "fixed solved resolved sorted repaired arreglo arreglaron arreglado arreglada soluciono "
    "solucionaron solucionado solucionada corrigio corrigieron corregido resolvio resolvieron "
    "resuelto resuelta resolu resolue regle reglee corrige corrigee repare reparee";
static struct word_slot slots[1 << SLOT_BITS];
static once_flag once = ONCE_FLAG_INIT;

static void build(void) { word_slots_enter(slots, SLOT_BITS, mended, 1); }

static bool is_listed(struct str word, const char *list)
{
    for (struct str rest = str_of(list); rest.size;)
        if (str_equal(str_cut(&rest, ' '), word)) return true;
    return false;
}

/* A form's: "Any problems? No", "¿Requirió hospitalización?: No". */
bool reading_is_answered(const struct reading *reading, const struct sentence *sentence)
{
    static const char answers[] = "no none nope yes si oui non ninguno ninguna nada nunca aucun "
                                  "aucune rien jamais n nothing";
    uint32_t at = sentence->last;
    if (!sentence->asked || at == reading->tokens->count) return false;
    const struct token *answer = &reading->tokens->items[at];
    bool alone = at + 1 == reading->tokens->count || answer[1].clause_before;
    return alone && is_listed(answer->folded, answers);
}

/* "The update fixed the crash": nobody asks for it or denies it, and it doesn't go on ("and broke
 * three others"). */
static bool tells_mended(const struct reading *reading, const struct sentence *sentence,
                         uint32_t sets)
{
    if (sentence->asked || sets & (WORD_NEGATOR | WORD_WISH | WORD_TURN)) return false;
    const struct token *tokens = reading->tokens->items;
    uint32_t at = sentence->first;
    call_once(&once, build);
    while (at < sentence->last && !word_slot(slots, SLOT_BITS, tokens[at].hash)->bits) at++;
    return at < sentence->last && !(reading_sets(reading, at, sentence->last) & WORD_JOIN);
}

/* What the sentence tells was so before, and it ends in praise. */
bool reading_is_mended(const struct reading *reading, const struct sentence *sentence)
{
    uint32_t first = sentence->first, count = sentence->last - first,
             sets = sets_together(&reading->features.sets[first], count);
    if (!(sets & WORD_ONCE)) return tells_mended(reading, sentence, sets);
    float end = reading_clause_at(reading, sentence->last - 1)->score;
    return insight_label(end) == INSIGHT_POSITIVE;
}
