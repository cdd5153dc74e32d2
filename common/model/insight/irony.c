/* "Oh great, broke on day two", "Bravo, encore en retard": cheers that are all of their clause, and
 * behind them nothing but a problem. Who praises and then complains says more than a word of
 * praise, or turns ("Great, but …"). */
#include "model/insight/internal.h"

/* What follows feels so, reports a problem so surely, and is told in so many words. */
#define FELT_MOST (-0.2f)
#define PROBLEM_LEAST 0.5f
enum { CHEER_WORDS_MAX = 4, BEHIND_WORDS_MIN = 2, BEHIND_WORDS_MAX = 24 };

static const char cheers[] =
    "amazing awesome bien bravo brilliant congrats congratulations enhorabuena estupendo excelente "
    "excellent fantastic fantastico felicidades felicitaciones felicitations formidable genial "
    "gracias great lovely magnifique marvellous merci nice parfait perfect perfecto splendid super "
    "superb thanks top wonderful";
static const char sighs[] = "ah how just muy oh que really so tres very vraiment well wow";
/* Behind a full stop a problem is a second thought, unless it is the same one again. */
static const char agains[] = "again another encore otra otro still toujours yet";

static bool is_listed(const struct token *token, const char *list)
{
    for (struct str rest = str_of(list); rest.size;)
        if (str_equal(str_cut(&rest, ' '), token->folded)) return true;
    return false;
}

/* Words of cheering that the text begins with; 0: it begins otherwise, or goes on cheering. */
static uint32_t cheer_words(const struct tokens *tokens)
{
    uint32_t at = 0;
    bool cheered = false, sighed = false;
    for (; at < tokens->count && at < CHEER_WORDS_MAX; at++) {
        bool cheer = is_listed(&tokens->items[at], cheers);
        if (!cheer && !is_listed(&tokens->items[at], sighs)) break;
        cheered |= cheer;
        sighed |= !cheer;
    }
    if (!cheered || at == tokens->count) return 0;
    const struct token *behind = &tokens->items[at];
    if (!behind->clause_before) return 0;
    return !behind->sentence_before || sighed || is_listed(behind, agains) ? at : 0;
}

static float problem_from(const struct reading *reading, uint32_t from)
{
    const struct insight_engine *engine = reading->engine;
    struct linear_sums sums;
    float probabilities[LINEAR_CLASSES_MAX];
    reading_sum(reading, LINEAR_OTHER, from, reading->tokens->count, &sums);
    linear_probabilities(&engine->needs, &sums, probabilities);
    return probabilities[engine->need_classes[INSIGHT_PROBLEM_REPORT]];
}

/* What is said is said by the rest. */
static void take_cheers(struct reading *reading, uint32_t from)
{
    struct linear_sums sums;
    struct clause *clause = reading->clauses;
    reading_sum(reading, LINEAR_ONE, 0, from, &sums);
    for (uint32_t i = 0; i < reading->engine->sentiment.classes; i++)
        clause->sentiment.classes[i] -= sums.classes[i];
    clause->score = insight_score(reading->engine, &clause->sentiment);
    reading->cheers = from;
    for (uint32_t i = 0; i < reading->clause_count; i++)
        reading->clauses[i].score = smaller(reading->clauses[i].score, FELT_MOST);
}

bool reading_hear_irony(struct reading *reading)
{
    uint32_t count = reading->tokens->count, from = 0;
    if (reading->has_rating && reading->rating > 3) return false;
    if (count > CHEER_WORDS_MAX + BEHIND_WORDS_MAX || count < 1 + BEHIND_WORDS_MIN) return false;
    from = cheer_words(reading->tokens);
    if (!from || count - from < BEHIND_WORDS_MIN || reading_sets_at(reading, from) & WORD_TURN)
        return false;
    if (problem_from(reading, from) < PROBLEM_LEAST) return false;
    if (reading_piece_score(reading, from, count) > FELT_MOST) return false;
    take_cheers(reading, from);
    return true;
}
