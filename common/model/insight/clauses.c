/* Cuts a text into sentences and clauses, and scores each clause once: sums of clauses add up to
 * those of sentences and of the whole, so nothing is scored twice. */
#include "base/ascii.h"
#include "base/hash.h"
#include "model/elision.h"
#include "model/insight/internal.h"

/* A clause of fewer words joins the one before, "red, white, and blue" is one thing, unless a turn
 * stands there: "Great, but …". */
enum { CLAUSE_WORDS_MIN = 2, MARK_BYTES_MAX = 8 };
enum { LANES = 4 }; /* models' strides are multiples of it: no loop that ends anywhere */

static bool asked(const struct reading *reading, uint32_t last)
{
    const struct tokens *tokens = reading->tokens;
    size_t behind = last < tokens->count ? tokens->items[last].start : reading->text.size;
    size_t from = tokens->items[last - 1].end;
    if (behind > from + MARK_BYTES_MAX) behind = from + MARK_BYTES_MAX;
    for (size_t i = from; i < behind; i++)
        if (reading->text.data[i] == '?') return true;
    return false;
}

void reading_add_sums(const struct linear_model *model, struct linear_sums *sums,
                      const struct linear_sums *more)
{
    for (uint32_t i = 0; i < model->stride; i += LANES)
        for (uint32_t k = i; k < i + LANES; k++) sums->classes[k] += more->classes[k];
    sums->count += more->count;
}

float insight_score(const struct insight_engine *engine, const struct linear_sums *sums)
{
    float probabilities[LINEAR_CLASSES_MAX];
    linear_probabilities(&engine->sentiment, sums, probabilities);
    return probabilities[engine->positive] - probabilities[engine->negative];
}

enum insight_sentiment insight_label(float score)
{
    if (score >= 0.25f) return INSIGHT_POSITIVE;
    return score <= -0.25f ? INSIGHT_NEGATIVE : INSIGHT_NEUTRAL;
}

/* A turn, and before it a word that may stand alone: "Great, but …". */
static bool turns_at(const struct reading *reading, uint32_t at)
{
    return reading_sets_at(reading, at) & WORD_TURN &&
           !(reading_sets_at(reading, at - 1) & WORD_NO_CLAUSE);
}

/* "pique-nique", "7.42": what stands between this token and the one before is one mark within a
 * word or a number, so it parts nothing. */
static bool is_within(const struct reading *reading, uint32_t at)
{
    const struct token *token = &reading->tokens->items[at];
    if (token->start != token[-1].end + 1 || token->kind == TOKEN_EMOJI) return false;
    const char *mark = &reading->text.data[token->start - 1];
    if (*mark == '-') return token[-1].kind != TOKEN_EMOJI;
    return (*mark == '.' || *mark == ',' || *mark == ':') && ascii_is_digit(mark[-1]) &&
           ascii_is_digit(mark[1]);
}

/* At token `at` a sentence begins, or a clause if the one before has words enough: whether either
 * does. */
static bool open_clause(struct reading *reading, uint32_t at)
{
    bool within = at > 0 && is_within(reading, at), turns = at > 0 && turns_at(reading, at),
         sentence = at == 0 || (reading->tokens->items[at].sentence_before && !within);
    struct clause *clause = &reading->clauses[reading->clause_count];
    if (!sentence && !turns && (within || at - clause[-1].first < CLAUSE_WORDS_MIN)) return false;
    if (at) clause[-1].last = at;
    if (sentence) {
        struct sentence *begun = &reading->sentences[reading->sentence_count++];
        if (at) begun[-1].last = at;
        begun->first = at;
        begun->asked = begun->lacks_goods = begun->lacks_ability = begun->calls = false;
        begun->wished = false;
        begun->clauses = 0;
        begun->sentiment.count = 0;
        for (uint32_t i = 0; i < reading->engine->sentiment.stride; i += LANES)
            for (uint32_t k = i; k < i + LANES; k++) begun->sentiment.classes[k] = 0;
    }
    clause->first = at;
    clause->sentence = reading->sentence_count - 1;
    clause->figures = clause->names = false;
    reading->clause_count++; /* its sums and score come later */
    return true;
}

/* Token `at` is of a set of figures of speech; few of these end one. */
static void note_figure(struct reading *reading, uint32_t at)
{
    uint32_t sets = reading_sets_at(reading, at);
    bool ends = sets & WORD_IDIOM &&
                idiom_may_end(reading->engine->idioms, reading->tokens, at);
    if (ends) reading_note_grade(reading, at);
    if (ends || (sets & (WORD_BAD | WORD_ONCE) && reading_may_be_denied(reading, at)))
        reading_clause_at(reading, at)->figures = true;
}

static struct word_marks marks_of(const struct token *tokens, uint64_t apostrophes)
{
    struct word_marks marks = {.apostrophes = apostrophes};
    for (; apostrophes; apostrophes &= apostrophes - 1)
        if (elision_bytes(tokens[__builtin_ctzll(apostrophes)].folded))
            marks.elided |= apostrophes & -apostrophes;
    return marks;
}

/* Looks up what is left of words with elisions; most texts have none. */
static int take_off_elisions(struct reading *reading, struct err *err)
{
    uint32_t count = reading->tokens->count;
    uint16_t *sets = NULL;
    reading->sets = reading->features.sets;
    for (uint32_t first = 0; first < count; first += FLAGS_MOST)
        for (uint64_t elided = reading->marks[first / FLAGS_MOST].elided; elided;
             elided &= elided - 1) {
            uint32_t at = first + (uint32_t)__builtin_ctzll(elided);
            struct str word = reading->tokens->items[at].folded;
            if (!sets) {
                sets = arena_alloc(reading->arena, (count + FLAGS_ROUND) * sizeof *sets);
                if (!sets) return err_set(err, E_NO_MEMORY, NULL);
                memcpy(sets, reading->features.sets, count * sizeof *sets);
                reading->sets = sets;
            }
            word = str_slice(word, elision_bytes(word), word.size);
            sets[at] = (uint16_t)words_sets(reading->words, token_part_hash(word));
        }
    return E_OK;
}

/* Which words open something can't be foreseen: it is told for many of them without branches, and
 * then gone through bit by bit. */
static void find_clauses(struct reading *reading)
{
    enum { OPENS = 1, APOSTROPHE = 2 };
    const struct linear_pair *pair = &reading->engine->pair;
    uint32_t count = reading->tokens->count;
    for (uint32_t first = 0; first < count; first += FLAGS_MOST) {
        uint32_t words = count - first < FLAGS_MOST ? count - first : FLAGS_MOST;
        const struct token *tokens = &reading->tokens->items[first];
        const uint16_t *sets = &reading->features.sets[first];
        const uint32_t *items = reading->features.items;
        uint8_t flags[FLAGS_MOST];
        for (uint32_t i = 0; i < words; i++) {
            /* its pair with the word before, mostly: other features are seen more often */
            linear_pair_prefetch(pair, items[reading->features.first[first + i + 1] - 1]);
            /* no sentence begins but where a clause does */
            flags[i] = (uint8_t)(tokens[i].apostrophe * APOSTROPHE +
                                 tokens[i].clause_before * OPENS);
        }
        struct word_marks *marks = &reading->marks[first / FLAGS_MOST];
        *marks = marks_of(tokens, flags_with(flags, words, APOSTROPHE));
        marks->clauses = reading->clause_count;
        uint64_t opening = flags_with(flags, words, OPENS) | sets_with(sets, words, WORD_TURN) |
                           (first == 0),
                 figures = sets_with(sets, words, WORD_FIGURE);
        for (; opening; opening &= opening - 1) {
            bool opens = open_clause(reading, first + (uint32_t)__builtin_ctzll(opening));
            marks->begins |= opening & -opening & -(uint64_t)opens;
        }
        for (; figures; figures &= figures - 1)
            note_figure(reading, first + (uint32_t)__builtin_ctzll(figures));
    }
    if (!count) return;
    reading->clauses[reading->clause_count - 1].last = count;
    reading->sentences[reading->sentence_count - 1].last = count;
}

void reading_sum(const struct reading *reading, enum linear_half half, uint32_t first,
                 uint32_t last, struct linear_sums *ret_sums)
{
    const struct insight_engine *engine = reading->engine;
    if (reading->levels) {
        linear_pair_between(&reading->features, reading->levels, half, first, last, ret_sums);
        return;
    }
    *ret_sums = (struct linear_sums){0};
    linear_sum(half == LINEAR_ONE ? &engine->sentiment : &engine->needs, &reading->features, first,
               last, ret_sums);
}

/* Those without figures of speech that stand in a row are heard at once. */
static void sum_clauses(struct reading *reading)
{
    struct strongest *strongest = reading->levels ? &reading->strongest : NULL;
    uint32_t heard = 0;
    for (uint32_t i = 0; i < reading->clause_count; i++) {
        struct clause *clause = &reading->clauses[i];
        reading_sum(reading, LINEAR_ONE, clause->first, clause->last, &clause->sentiment);
        if (clause->figures) {
            reading_hear_words(reading, heard, clause->first, strongest);
            heard = clause->last;
        }
        if (clause->figures | (reading->harm.count > 0)) reading_hear(reading, clause, strongest);
        struct sentence *sentence = &reading->sentences[clause->sentence];
        reading_add_sums(&reading->engine->sentiment, &sentence->sentiment, &clause->sentiment);
        sentence->clauses++;
    }
    reading_hear_words(reading, heard, reading->tokens->count, strongest);
}

/* What feels by its sums: clauses, sentences of several clauses and, behind them, the whole
 * text. */
struct feeling_row {
    const struct linear_sums *sums;
    float *score;
};

/* There is room for FOUR more rows. */
static void score_rows(struct reading *reading, struct feeling_row *rows, uint32_t count)
{
    const struct insight_engine *engine = reading->engine;
    floats_4 probabilities[LINEAR_CLASSES_MAX];
    for (uint32_t i = count; i < count + FOUR; i++) rows[i] = rows[count - 1];
    for (uint32_t i = 0; i < count; i += FOUR) {
        linear_probabilities_of_four(&engine->sentiment,
                                     (const struct linear_sums *[]){
                                         rows[i].sums, rows[i + 1].sums, rows[i + 2].sums,
                                         rows[i + 3].sums},
                                     probabilities);
        floats_4 scores = probabilities[engine->positive] - probabilities[engine->negative];
        for (uint32_t k = 0; k < FOUR; k++) *rows[i + k].score = scores[k];
    }
    uint32_t last = (count - 1) % FOUR;
    reading->words_feel = (struct mood){probabilities[engine->positive][last],
                                        probabilities[engine->negative][last],
                                        probabilities[engine->neutral][last]};
}

static int score_feelings(struct reading *reading, struct err *err)
{
    uint32_t clauses = reading->clause_count, sentences = reading->sentence_count, count = clauses;
    float unused;
    struct feeling_row *rows = arena_alloc(
        reading->arena, ((size_t)clauses + sentences + 1 + FOUR) * sizeof *rows);
    if (!rows) return err_set(err, E_NO_MEMORY, NULL);
    for (uint32_t i = 0; i < clauses; i++)
        rows[i] = (struct feeling_row){
            &reading->clauses[i].sentiment, &reading->clauses[i].score};
    for (uint32_t i = 0; i < sentences; i++) {
        struct sentence *sentence = &reading->sentences[i];
        reading_add_sums(&reading->engine->sentiment, &reading->sentiment, &sentence->sentiment);
        rows[count] = (struct feeling_row){&sentence->sentiment, &sentence->score};
        count += sentence->clauses > 1;
    }
    rows[count++] = (struct feeling_row){&reading->sentiment, &unused};
    score_rows(reading, rows, count);
    for (uint32_t i = 0; i < clauses; i++) {
        struct sentence *sentence = &reading->sentences[reading->clauses[i].sentence];
        sentence->score = sentence->clauses > 1 ? sentence->score : reading->clauses[i].score;
    }
    return E_OK;
}

/* Of each sentence and, behind them, of the whole text. */
static void score_needs(struct reading *reading)
{
    const struct insight_engine *engine = reading->engine;
    struct sentence *sentences = reading->sentences;
    uint32_t count = reading->sentence_count;
    sentences[count] = (struct sentence){.last = reading->tokens->count};
    for (uint32_t first = 0; first <= count; first += FOUR) {
        struct linear_sums sums[FOUR];
        floats_4 probabilities[LINEAR_CLASSES_MAX];
        for (uint32_t i = 0; i < FOUR; i++) {
            const struct sentence *each = &sentences[first + i < count ? first + i : count];
            reading_sum(reading, LINEAR_OTHER, each->first, each->last, &sums[i]);
        }
        linear_probabilities_of_four(
            &engine->needs, (const struct linear_sums *[]){&sums[0], &sums[1], &sums[2], &sums[3]},
            probabilities);
        for (int kind = 0; kind < 3; kind++)
            for (uint32_t i = 0; i < FOUR; i++)
                sentences[first + i].probabilities[kind] =
                    probabilities[engine->need_classes[kind]][i];
    }
    memcpy(reading->needs, sentences[count].probabilities, sizeof reading->needs);
    bool asks = reading->text.size && memchr(reading->text.data, '?', reading->text.size);
    for (uint32_t i = 0; i < count; i++) {
        for (int kind = 0; kind < 3; kind++)
            reading->most[kind] = larger(reading->most[kind], sentences[i].probabilities[kind]);
        if (asks) reading->asks |= sentences[i].asked = asked(reading, sentences[i].last);
    }
}

/* Of the whole text at once: clauses are short, and where a loop ends can't be foreseen. */
static int make_levels(struct reading *reading, struct err *err)
{
    if (!reading->engine->feeling.known) return E_OK;
    reading->levels = arena_alloc(
        reading->arena, ((size_t)reading->features.count + 1) * sizeof *reading->levels);
    if (!reading->levels) return err_set(err, E_NO_MEMORY, NULL);
    linear_pair_sum(&reading->engine->pair, &reading->features, 0, reading->tokens->count, NULL,
                    NULL, reading->levels);
    return E_OK;
}

int reading_split(struct reading *reading, struct err *err)
{
    uint32_t count = reading->tokens->count;
    size_t room = (size_t)count + 1;
    reading->clauses = arena_alloc(reading->arena, room * sizeof *reading->clauses);
    reading->sentences = arena_alloc(reading->arena, (room + FOUR) * sizeof *reading->sentences);
    reading->stating = arena_alloc(reading->arena, room * sizeof *reading->stating);
    reading->marks = arena_alloc(reading->arena, (count / FLAGS_MOST + 1) * sizeof *reading->marks);
    if (!reading->clauses || !reading->sentences || !reading->stating || !reading->marks)
        return err_set(err, E_NO_MEMORY, NULL);
    find_clauses(reading);
    int rc = take_off_elisions(reading, err);
    if (!rc) rc = make_levels(reading, err);
    if (rc) return rc;
    sum_clauses(reading);
    score_needs(reading);
    return score_feelings(reading, err);
}
