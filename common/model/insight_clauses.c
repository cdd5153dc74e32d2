/* Cuts a text into sentences and clauses, and scores each clause once: sums of clauses add up to
 * those of sentences and of the whole, so nothing is scored twice. */
#include <math.h>

#include "model/elision.h"
#include "model/flags.h"
#include "model/insight_internal.h"

/* What denying blame ("not bad", "nada mal", "rien a redire") weighs, and what an idiom ("to die
 * for") does: as much as so many features that speak clearly. The model hears the words, as there
 * is little of this to learn from. */
#define LITOTES_WEIGHT 4.0f
#define IDIOM_WEIGHT 7.0f
#define ONCE_WEIGHT 5.0f /* "I used to love it" */
/* … and what the safety screen found in a clause ("it burned my hand"): few who tell of harm say
 * what they feel. */
#define HARM_WEIGHT 7.0f
/* A clause of fewer words joins the one before, "red, white, and blue" is one thing, unless a turn
 * stands there: "Great, but …". */
enum { CLAUSE_WORDS_MIN = 2, MARK_BYTES_MAX = 8, IDIOM_NEGATED_WITHIN = 3 };

static uint32_t sets_at(const struct reading *reading, uint32_t at)
{
    return reading->features.sets[at];
}

/* "not", and "isn't" too. */
static bool negates(const struct reading *reading, uint32_t at)
{
    const struct token *token = &reading->tokens->items[at];
    struct str word = token->folded;
    if (token->apostrophe && word.size > 3 && word.data[word.size - 2] == '\'')
        return word.data[word.size - 3] == 'n';
    return sets_at(reading, at) & WORD_NEGATOR;
}

/* "pas mal d'erreurs", of "mal". */
static bool counts_elided(const struct reading *reading, uint32_t at)
{
    const struct token *next = &reading->tokens->items[at + 1];
    if (at + 1 == reading->tokens->count || next->clause_before || next->sentence_before)
        return false;
    return next->apostrophe && next->folded.data[0] == 'd' && elision_bytes(next->folded);
}

/* "pas mal de problemes" are many of them; "pas mal du tout" isn't. */
static bool counts_things(const struct reading *reading, uint32_t at)
{
    const struct tokens *tokens = reading->tokens;
    if (at + 1 == tokens->count) return false;
    const struct token *next = &tokens->items[at + 1];
    if (next->clause_before || next->sentence_before) return false;
    struct str word = str_make(reading->text.data + next->start, next->end - next->start);
    return str_equal_ignoring_case(word, STR("de")) || str_equal_ignoring_case(word, STR("des")) ||
           str_equal_ignoring_case(word, STR("d")) || str_equal_ignoring_case(word, STR("d'")) ||
           counts_elided(reading, at);
}

/* Of a WORD_BAD: right behind a negator, or with one small word between. */
static bool is_litotes(const struct reading *reading, const struct clause *clause, uint32_t at)
{
    for (uint32_t back = at; back > clause->first && at - back < 2; back--) {
        if (reading->tokens->items[back].clause_before) return false;
        if (negates(reading, back - 1)) return !counts_things(reading, at);
        if (!(sets_at(reading, back - 1) & WORD_LINK)) return false;
    }
    return false;
}

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
    for (uint32_t i = 0; i < model->classes; i++) sums->classes[i] += more->classes[i];
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

/* An idiom ends at token `at`, and isn't denied ("it's no game changer"). Praise counts
 * up, blame counts down. */
static bool hears_idiom(const struct reading *reading, const struct clause *clause, uint32_t at,
                        uint32_t *ret_from, float *praise)
{
    enum idiom_kind kind = idiom_at(reading->engine->idioms, reading->tokens, clause->first, at,
                                    reading->languages, ret_from);
    if (kind == IDIOM_NONE || (kind == IDIOM_SLANG && reading->safety_positive)) return false;
    if (kind == IDIOM_BLAME) *praise -= IDIOM_WEIGHT;
    if (kind == IDIOM_BLAME || kind == IDIOM_EVEN) return true;
    for (uint32_t back = *ret_from; back > clause->first && *ret_from - back < IDIOM_NEGATED_WITHIN;
         back--)
        if (negates(reading, back - 1)) return false;
    *praise += IDIOM_WEIGHT;
    return true;
}

/* strongest: NULL where nobody asks for it, here and below. */
static void hear_words(const struct reading *reading, uint32_t first, uint32_t last,
                       struct strongest *strongest)
{
    if (!strongest) return;
    feeling_hear(&reading->engine->scales, &reading->features, reading->levels, first, last,
                 strongest);
}

/* As much as so many features that speak clearly; below 0: blame. */
static void add_praise(const struct insight_engine *engine, struct clause *clause, float praise,
                       struct strongest *strongest)
{
    const float *scales = engine->sentiment.scales;
    clause->sentiment.classes[engine->positive] += (int64_t)(praise / scales[engine->positive]);
    clause->sentiment.classes[engine->negative] -= (int64_t)(praise / scales[engine->negative]);
    if (!strongest) return;
    strongest->praise = larger(strongest->praise, 2 * praise);
    strongest->blame = larger(strongest->blame, -2 * praise);
}

/* "Antes era", "avant c'etait", but neither "antes de" nor "avant la date": an imperfect is near. */
static bool stands_near_imperfect(const struct reading *reading, const struct clause *clause,
                                  uint32_t at)
{
    enum { NEAR = 3 };
    static const char *const ends[] = {"aba",   "aban",  "abas", "abamos", "era",   "eran", "iba",
                                       "etait", "avait", "lait", "tait",   "aient", "rais"};
    for (uint32_t i = at + 1; i < clause->last && i - at <= NEAR; i++) {
        struct str word = reading->tokens->items[i].folded;
        if (str_equal(word, STR("de")) || str_equal(word, STR("que"))) return false;
        for (size_t k = 0; k < sizeof ends / sizeof *ends; k++)
            if (str_ends(word, str_of(ends[k]))) return true;
    }
    return false;
}

/* "I used to love it", but neither "I got used to it" nor "it is used to clean". */
static bool tells_of_once(const struct reading *reading, const struct clause *clause, uint32_t at)
{
    static const char *const others[] = {"am",  "are", "be", "been", "being",  "get",
                                         "gets", "got", "is", "was",  "were", "getting"};
    const struct token *tokens = reading->tokens->items;
    struct str word = tokens[at].folded;
    if (str_equal(word, STR("antes")) || str_equal(word, STR("avant")))
        return stands_near_imperfect(reading, clause, at);
    if (!str_equal(word, STR("used")) || at + 2 >= clause->last) return false;
    if (!str_equal(tokens[at + 1].folded, STR("to"))) return false;
    if (at == clause->first) return true;
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (str_equal(tokens[at - 1].folded, str_of(others[i]))) return false;
    return !tokens[at - 1].apostrophe;
}

static void take_words(const struct reading *reading, struct clause *clause,
                       const struct linear_sums *words)
{
    for (uint32_t i = 0; i < reading->engine->sentiment.classes; i++)
        clause->sentiment.classes[i] -= words->classes[i];
}

/* What was good once, and is told so, isn't any more; what was bad is told by its words. */
static bool turns_praise(const struct reading *reading, struct clause *clause, uint32_t at)
{
    const struct insight_engine *engine = reading->engine;
    const float *scales = engine->sentiment.scales;
    struct linear_sums words = {0};
    if (!tells_of_once(reading, clause, at)) return false;
    linear_sum(&engine->sentiment, &reading->features, at, clause->last, &words);
    float praise = scales[engine->positive] * (float)words.classes[engine->positive],
          blame = scales[engine->negative] * (float)words.classes[engine->negative];
    if (praise <= blame) return false;
    take_words(reading, clause, &words);
    return true;
}

/* What figures of speech say counts, and what the words of an idiom say doesn't. */
static void hear_figures(const struct reading *reading, struct clause *clause,
                         struct strongest *strongest)
{
    const struct insight_engine *engine = reading->engine;
    const struct linear_model *model = &engine->sentiment;
    float praise = 0;
    uint32_t heard = clause->first; /* up to here words speak for themselves, or are an idiom's */
    for (uint32_t at = clause->first; at < clause->last; at++) {
        uint32_t sets = sets_at(reading, at), from;
        if (sets & WORD_ONCE && turns_praise(reading, clause, at)) {
            if (heard < at) hear_words(reading, heard, at, strongest);
            heard = clause->last;
            praise -= ONCE_WEIGHT;
            break;
        }
        if (sets & WORD_BAD && at > clause->first && negates(reading, at - 1) &&
            counts_elided(reading, at)) {
            from = at - 1;
        } else if (!(sets & WORD_IDIOM) || !hears_idiom(reading, clause, at, &from, &praise)) {
            bool denied = sets & WORD_BAD && is_litotes(reading, clause, at);
            praise += denied ? LITOTES_WEIGHT : 0;
            continue;
        }
        struct linear_sums words = {0};
        linear_sum(model, &reading->features, from, at + 1, &words);
        take_words(reading, clause, &words);
        if (heard < from) hear_words(reading, heard, from, strongest);
        heard = at + 1;
    }
    hear_words(reading, heard, clause->last, strongest);
    add_praise(engine, clause, praise, strongest);
}

bool reading_tells_harm(const struct reading *reading, uint32_t first, uint32_t last)
{
    struct insight_span span = reading_span(reading, first, last);
    for (uint32_t i = 0; i < reading->harm.count; i++)
        if (reading->harm.spans[i].start < span.end && reading->harm.spans[i].end > span.start)
            return true;
    return false;
}

/* What a clause tells besides the sum of its words. Who has no figures of speech is heard by
 * hear_plain(). */
static void hear(const struct reading *reading, struct clause *clause, struct strongest *strongest)
{
    if (clause->figures) hear_figures(reading, clause, strongest);
    if (reading_tells_harm(reading, clause->first, clause->last))
        add_praise(reading->engine, clause, -HARM_WEIGHT, strongest);
}

float reading_piece_score(const struct reading *reading, uint32_t from, uint32_t last)
{
    struct clause piece = {.first = from, .last = last};
    linear_sum(&reading->engine->sentiment, &reading->features, from, last, &piece.sentiment);
    piece.figures = true;
    hear(reading, &piece, NULL);
    return insight_score(reading->engine, &piece.sentiment);
}

/* A turn, and before it a word that may stand alone: "Great, but …". */
static bool turns_at(const struct reading *reading, uint32_t at)
{
    return sets_at(reading, at) & WORD_TURN && !(sets_at(reading, at - 1) & WORD_NO_CLAUSE);
}

static bool is_digit(char c) { return c >= '0' && c <= '9'; }

/* "pique-nique", "7.42": what stands between this token and the one before is one mark within a
 * word or a number, so it parts nothing. */
static bool is_within(const struct reading *reading, uint32_t at)
{
    const struct token *token = &reading->tokens->items[at];
    if (token->start != token[-1].end + 1 || token->kind == TOKEN_EMOJI) return false;
    const char *mark = &reading->text.data[token->start - 1];
    if (*mark == '-') return token[-1].kind != TOKEN_EMOJI;
    return (*mark == '.' || *mark == ',' || *mark == ':') && is_digit(mark[-1]) && is_digit(mark[1]);
}

/* At token `at` a sentence begins, or a clause if the one before has words enough. */
static void open_clause(struct reading *reading, uint32_t at)
{
    bool within = at > 0 && is_within(reading, at), turns = at > 0 && turns_at(reading, at),
         sentence = at == 0 || (reading->tokens->items[at].sentence_before && !within);
    struct clause *clause = &reading->clauses[reading->clause_count];
    if (!sentence && !turns && (within || at - clause[-1].first < CLAUSE_WORDS_MIN)) return;
    if (at) clause[-1].last = at;
    if (sentence) {
        struct sentence *begun = &reading->sentences[reading->sentence_count++];
        if (at) begun[-1].last = at;
        *begun = (struct sentence){.first = at};
    }
    *clause = (struct clause){.first = at, .sentence = reading->sentence_count - 1};
    reading->clause_count++;
}

/* Clause `from`, or one behind it, holds token `at`, which belongs to a figure of speech perhaps. */
static uint32_t note_figure(struct reading *reading, uint32_t from, uint32_t at)
{
    while (from + 1 < reading->clause_count && reading->clauses[from + 1].first <= at) from++;
    reading->clauses[from].figures = true;
    return from;
}

/* Which words open something can't be foreseen: it is told for many of them without branches, and
 * then gone through bit by bit. */
static void find_clauses(struct reading *reading)
{
    /* flags of a word: it opens something; the sets of figures of speech, in what is left of a byte */
    enum { OPENS = 1, FIGURE = WORD_BAD | WORD_ONCE | WORD_IDIOM >> 1 };
    _Static_assert((FIGURE & ~UINT8_MAX) == 0 && !(FIGURE & OPENS), "flags are a byte");
    uint32_t count = reading->tokens->count, ahead = 0, clause = 0;
    for (uint32_t first = 0; first < count; first += FLAGS_MOST) {
        uint32_t words = count - first < FLAGS_MOST ? count - first : FLAGS_MOST;
        const struct token *tokens = &reading->tokens->items[first];
        uint8_t flags[FLAGS_MOST];
        for (uint32_t i = 0; i < words; i++) {
            uint32_t sets = sets_at(reading, first + i);
            ahead = linear_pair_prefetch(&reading->engine->pair, &reading->features, ahead);
            uint32_t opens = tokens[i].sentence_before | tokens[i].clause_before |
                             (sets & WORD_TURN) / WORD_TURN;
            flags[i] = (uint8_t)(opens | (sets & (WORD_BAD | WORD_ONCE)) |
                                 (sets & WORD_IDIOM) >> 1);
        }
        uint64_t opening = flags_with(flags, words, OPENS) | (first == 0),
                 figures = flags_with(flags, words, FIGURE);
        for (; opening; opening &= opening - 1)
            open_clause(reading, first + (uint32_t)__builtin_ctzll(opening));
        for (; figures; figures &= figures - 1)
            clause = note_figure(reading, clause, first + (uint32_t)__builtin_ctzll(figures));
    }
    if (!count) return;
    reading->clauses[reading->clause_count - 1].last = count;
    reading->sentences[reading->sentence_count - 1].last = count;
}

/* How the clauses from `clause` on feel that are the sentence's;
 * *ret_next is the one behind them. */
static float sentence_score(struct reading *reading, uint32_t sentence, uint32_t clause,
                            uint32_t *ret_next)
{
    const struct linear_model *model = &reading->engine->sentiment;
    struct linear_sums feeling = reading->clauses[clause].sentiment;
    uint32_t next = clause + 1;
    for (; next < reading->clause_count && reading->clauses[next].sentence == sentence; next++)
        reading_add_sums(model, &feeling, &reading->clauses[next].sentiment);
    *ret_next = next;
    reading_add_sums(model, &reading->sentiment_total, &feeling);
    return next == clause + 1 ? reading->clauses[clause].score
                              : insight_score(reading->engine, &feeling);
}

static void score_sentences(struct reading *reading)
{
    const struct insight_engine *engine = reading->engine;
    uint32_t clause = 0;
    for (uint32_t i = 0; i < reading->sentence_count; i++) {
        struct sentence *sentence = &reading->sentences[i];
        float probabilities[LINEAR_CLASSES_MAX];
        sentence->score = sentence_score(reading, i, clause, &clause);
        linear_probabilities(&engine->needs, &sentence->needs, probabilities);
        for (int kind = 0; kind < 3; kind++)
            sentence->probabilities[kind] = probabilities[engine->need_classes[kind]];
        sentence->asked = asked(reading, sentence->last);
        reading_add_sums(&engine->needs, &reading->needs_total, &sentence->needs);
    }
}

/* The words of clauses without figures of speech, those in a row at once. */
static void hear_plain(const struct reading *reading, struct strongest *strongest)
{
    uint32_t first = 0;
    for (uint32_t i = 0; i < reading->clause_count; i++) {
        const struct clause *clause = &reading->clauses[i];
        if (!clause->figures) continue;
        hear_words(reading, first, clause->first, strongest);
        first = clause->last;
    }
    hear_words(reading, first, reading->tokens->count, strongest);
}

static void sum_clause(const struct reading *reading, struct clause *clause,
                       struct linear_sums *needs)
{
    if (reading->levels)
        linear_pair_between(&reading->features, reading->levels, clause->first, clause->last,
                            &clause->sentiment, needs);
    else
        linear_pair_sum(&reading->engine->pair, &reading->features, clause->first, clause->last,
                        &clause->sentiment, needs, NULL);
}

/* Of the whole text at once: clauses are short, and where a loop ends can't be foreseen. */
static int make_levels(struct reading *reading, struct err *err)
{
    struct linear_sums unused[2] = {0};
    if (!reading->engine->feeling.known) return E_OK;
    reading->levels = arena_alloc(
        reading->arena, ((size_t)reading->features.count + 1) * sizeof *reading->levels);
    if (!reading->levels) return err_set(err, E_NO_MEMORY, NULL);
    linear_pair_sum(&reading->engine->pair, &reading->features, 0, reading->tokens->count,
                    &unused[0], &unused[1], reading->levels);
    return E_OK;
}

int reading_split(struct reading *reading, struct err *err)
{
    uint32_t count = reading->tokens->count;
    size_t room = (size_t)count + 1;
    reading->clauses = arena_alloc(reading->arena, room * sizeof *reading->clauses);
    reading->sentences = arena_alloc(reading->arena, room * sizeof *reading->sentences);
    if (!reading->clauses || !reading->sentences) return err_set(err, E_NO_MEMORY, NULL);
    find_clauses(reading);
    int rc = make_levels(reading, err);
    if (rc) return rc;
    if (reading->levels) hear_plain(reading, &reading->strongest);
    for (uint32_t i = 0; i < reading->clause_count; i++) {
        struct clause *clause = &reading->clauses[i];
        sum_clause(reading, clause, &reading->sentences[clause->sentence].needs);
        hear(reading, clause, reading->levels ? &reading->strongest : NULL);
        clause->score = insight_score(reading->engine, &clause->sentiment);
    }
    score_sentences(reading);
    return E_OK;
}

struct insight_span reading_span(const struct reading *reading, uint32_t first, uint32_t last)
{
    return (struct insight_span){reading->tokens->items[first].start,
                                 reading->tokens->items[last - 1].end};
}
