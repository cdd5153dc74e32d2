/* The record's feeling: the model on the whole text, shifted by the rating and by harm,
 * mixed by a rule. */
#include <math.h>

#include "model/insight/internal.h"

/* A star away from the middle is worth this much log-odds of positive against negative. */
#define RATING_LOGIT 0.9f
/* Somebody was harmed: as if by so many stars fewer. */
#define HARM_STARS 1.0f
/* From this score on a clause counts as felt. */
#define FELT 0.4f
/* Mixed: each side has a clause of this score, and the weaker this share of the
 * stronger's weight. */
#define SIDE 0.5f
/* "Great, but …": one word weighs as much as so many. */
#define SIDE_WORDS_MIN 2.0f
#define MIXED_SHARE 0.45f
/* … and the text as a whole doesn't clearly lean. */
#define MIXED_SCORE_MAX 0.88f
/* "Superb cotton, but it runs small": praise, and behind a turn what is blamed faintly. Who blames
 * first mostly means the praise ("not cheap, but worth it"). */
#define TURN_PRAISE 0.7f
#define TURN_BLAME 0.25f
#define TURN_PROBLEM 0.8f /* … or at all, where a problem is told so surely */
enum { TURN_WORDS_MIN = 2, TURNED_WORDS_MAX = 30 };
/* Of harm praise must be clear: few who tell of it choose their words. */
#define HARM_PRAISE 0.75f
/* Two named sides of a text of a few words, each felt so clearly, make it mixed too: in a long one
 * something is nearly always named both ways. */
#define ASPECT_SIDE 0.6f
enum { ASPECTS_WORDS_MAX = 30 };
/* A mixed record's score is this share of its lean, and so stays in the middle: from -0.3 to 0.3.
 * Where it leans still shows. */
#define MIXED_BAND 0.3f
/* "You charged me twice": who surely reports a problem isn't content, though no word feels. */
#define BLAMING_PROBLEM 0.9f
#define BLAMING_LEAN (-0.03f)
#define BLAMING_CONFIDENCE 0.5f
#define BLAMING_SCORE (-0.25f) /* at most */
/* What the models can't read is called neutral: of 37 such texts in five languages 9 were. */
#define FOREIGN_NEUTRAL 0.5f
/* Who thanks or agrees in so few words says nothing of what he feels. */
enum { COURTESY_WORDS_MAX = 5 };
#define COURTESY_FELT 0.15f /* either way: one or five stars still tell */
#define FACE_FELT 0.85f /* of who says so by a face alone */
/* Irony turns what is said by as much as so many stars. */
#define IRONY_STARS 2.0f
/* A grade in so few words is all that is said, and counts so many times. */
enum { GRADE_WORDS_MAX = 4 };
#define GRADE_ALONE 2.5f

/* Who asks so surely for what he praises hasn't got it. */
#define HOPED 0.8f

/* stars: away from the middle. */
static void apply_stars(float stars, struct mood *mood)
{
    float shift = expf(stars * RATING_LOGIT);
    mood->positive *= shift;
    mood->negative /= shift;
    float total = mood->positive + mood->negative + mood->neutral;
    mood->positive /= total;
    mood->negative /= total;
    mood->neutral /= total;
}

struct sides {
    float positive, negative;         /* sums of score x words */
    float most_positive, most_negative; /* the strongest clause of each */
};

/* Without a branch: which clauses feel so can't be foreseen. */
static struct sides weigh_sides(const struct reading *reading)
{
    floats_4 sums = {0}; /* of both sides */
    struct sides sides = {0};
    for (uint32_t i = 0; i < reading->clause_count; i++) {
        const struct clause *clause = &reading->clauses[i];
        float words = larger((float)(clause->last - clause->first), SIDE_WORDS_MIN);
        bool asks = reading->sentences[clause->sentence].asked; /* … rather than judges */
        float score = asks ? 0 : clause->score;
        floats_4 felt = {score, -score};
        sums += (floats_4)((ints_4)(felt * words) & (felt >= SIDE));
        sides.most_positive = larger(sides.most_positive, score);
        sides.most_negative = larger(sides.most_negative, -score);
    }
    sides.positive = sums[0];
    sides.negative = sums[1];
    return sides;
}

/* In a text of few words praise turns to blame, or to a problem. */
static bool turns_to_blame(const struct reading *reading)
{
    if (reading->tokens->count > TURNED_WORDS_MAX) return false;
    for (uint32_t i = 1; i < reading->clause_count; i++) {
        const struct clause *clause = &reading->clauses[i];
        const struct sentence *sentence = &reading->sentences[clause->sentence];
        if (!(reading_sets_at(reading, clause->first) & WORD_TURN)) continue;
        if (sentence->first == clause->first || sentence->asked) continue;
        if (clause->last - clause->first < TURN_WORDS_MIN || clause[-1].score < TURN_PRAISE)
            continue;
        bool tells = sentence->probabilities[INSIGHT_PROBLEM_REPORT] >= TURN_PROBLEM;
        if (-clause->score >= (tells ? 0 : TURN_BLAME)) return true;
    }
    return false;
}

static bool is_listed(struct str word, const char *list)
{
    for (struct str rest = str_of(list); rest.size;)
        if (str_equal(str_cut(&rest, ' '), word)) return true;
    return false;
}

/* The word that ends the clause's label ("Pros:", "Lo malo:", "Points faibles :"); empty: it has
 * none. */
static struct str label_of(const struct reading *reading, const struct clause *clause)
{
    enum { LABEL_WORDS = 3 };
    const struct token *tokens = reading->tokens->items;
    struct str text = reading->text;
    for (uint32_t at = clause->first; at < clause->last && at - clause->first < LABEL_WORDS; at++) {
        size_t end = tokens[at].end;
        end += end < text.size && text.data[end] == ' ';
        if (end < text.size && text.data[end] == ':') return tokens[at].folded;
    }
    return (struct str){0};
}

/* Pros and cons, whatever they weigh. */
static bool lists_both(const struct reading *reading)
{
    static const char praises[] = "pros pro good positives upsides ventajas bueno mejor avantages "
                                  "plus forts positifs",
                      blames[] = "cons con bad negatives downsides desventajas inconvenientes malo "
                                 "peor inconvenients moins faibles negatifs";
    bool praised = false, blamed = false;
    if (!memchr(reading->text.data, ':', reading->text.size)) return false;
    for (uint32_t i = 0; i < reading->clause_count; i++) {
        struct str label = label_of(reading, &reading->clauses[i]);
        praised |= label.size && is_listed(label, praises);
        blamed |= label.size && is_listed(label, blames);
    }
    return praised && blamed;
}

/* Praise and blame in one text, or praise and harm. One or five stars say that one
 * side prevails. */
static bool is_mixed(const struct reading *reading, const struct sides *sides, float score)
{
    float weaker = smaller(sides->positive, sides->negative),
          stronger = larger(sides->positive, sides->negative);
    if (reading_is_harm(reading) && sides->most_positive >= HARM_PRAISE && score > -SIDE)
        return true;
    bool extreme = reading->has_rating && (reading->rating < 1.5f || reading->rating > 4.5f),
         both = sides->most_positive >= SIDE && sides->most_negative >= SIDE;
    if (!extreme && (turns_to_blame(reading) || (both && lists_both(reading)))) return true;
    return !extreme && fabsf(score) <= MIXED_SCORE_MAX && weaker > 0 &&
           weaker >= MIXED_SHARE * stronger;
}

/* Clauses that feel as the record does, in the text's order; if none does, the nearest one. */
static void find_evidence(const struct reading *reading, struct insight_result *result)
{
    uint32_t count = 0, best = 0;
    float most = -INFINITY, sign = result->sentiment == INSIGHT_NEGATIVE ? -1.0f : 1.0f;
    if (result->sentiment == INSIGHT_NEUTRAL) return;
    for (uint32_t i = 0; i < reading->clause_count && count < INSIGHT_EVIDENCE_MAX; i++) {
        const struct clause *clause = &reading->clauses[i];
        float score =
            result->sentiment == INSIGHT_MIXED ? fabsf(clause->score) : sign * clause->score;
        /* without a branch, too */
        result->evidence[count] = reading_span(reading, clause->first, clause->last);
        count += score >= FELT;
        best = score > most ? i : best;
        most = larger(score, most);
    }
    if (reading->clause_count && !count) {
        const struct clause *clause = &reading->clauses[best];
        result->evidence[count++] = reading_span(reading, clause->first, clause->last);
    }
    if (!reading->clause_count && reading->text.size) { /* stars, or a face */
        struct str text = str_trim(reading->text);
        size_t start = (size_t)(text.data - reading->text.data);
        result->evidence[count++] =
            (struct insight_span){(uint32_t)start, (uint32_t)(start + text.size)};
    }
    result->evidence_count = count;
}

/* Neither side is sure enough to be said. A model that judges texts as a whole is sure of what it
 * says most. */
static bool is_neutral(const struct insight_engine *engine, const struct mood *mood, uint32_t said)
{
    float sure = larger(mood->positive, mood->negative);
    return mood->neutral > sure ||
           (!engine->feeling.known && sure < engine->sentiment.thresholds[said]);
}

/* The label of how the record feels, and how surely; lean: of its words. Harm is never plain
 * praise, whatever else is said. */
static void choose_label(const struct reading *reading, const struct mood *mood, float lean,
                         struct insight_result *result)
{
    const struct insight_engine *engine = reading->engine;
    struct sides sides = weigh_sides(reading);
    uint32_t said = mood->positive >= mood->negative ? engine->positive : engine->negative;
    float sure = larger(mood->positive, mood->negative);
    result->score = mood->positive - mood->negative;
    if (is_mixed(reading, &sides, lean)) {
        result->sentiment = INSIGHT_MIXED;
        result->confidence = reading_is_harm(reading)
                                 ? sides.most_positive
                                 : smaller(sides.most_positive, sides.most_negative);
    } else if (is_neutral(engine, mood, said)) {
        result->sentiment = INSIGHT_NEUTRAL;
        result->confidence = mood->neutral * (reading->foreign ? FOREIGN_NEUTRAL : 1);
    } else if (said == engine->positive && reading_is_harm(reading)) {
        result->sentiment = INSIGHT_MIXED;
        result->confidence = sure;
    } else {
        result->sentiment = said == engine->positive ? INSIGHT_POSITIVE : INSIGHT_NEGATIVE;
        result->confidence = sure;
    }
    if (result->sentiment == INSIGHT_MIXED) result->score *= MIXED_BAND;
}

/* "Thanks", "ok gracias": no more than that; or a form's "none". */
static bool is_courtesy(const struct reading *reading)
{
    uint32_t count = reading->tokens->count;
    if (count == 0 || count > COURTESY_WORDS_MAX) return false;
    if (count == 1 && reading->features.sets[0] & WORD_NEGATOR) return true;
    for (uint32_t i = 0; i < count; i++)
        if (!(reading->features.sets[i] & WORD_COURTESY)) return false;
    return true;
}

/* In stars from the middle on; a text that hardly has another word is told by its grade. */
static float stars_of(const struct reading *reading)
{
    bool alone = reading->grade_count && reading->tokens->count <= GRADE_WORDS_MAX;
    return (reading->rating - 3) * (alone ? GRADE_ALONE : 1);
}

/* How the text as a whole feels, if the model can tell. */
static struct mood judge_text(const struct reading *reading, const struct mood *words)
{
    float probabilities[] = {words->positive, words->negative, words->neutral};
    float signs[FEELING_SIGNS];
    if (!reading->engine->feeling.known) return *words;
    feeling_read(probabilities, &reading->strongest, reading->most[INSIGHT_PROBLEM_REPORT],
                 reading->most[INSIGHT_QUESTION], signs);
    feeling_judge(&reading->engine->feeling, signs, probabilities);
    return (struct mood){probabilities[FEELING_POSITIVE], probabilities[FEELING_NEGATIVE],
                         probabilities[FEELING_NEUTRAL]};
}

static bool has_words(const struct tokens *tokens)
{
    for (uint32_t i = 0; i < tokens->count; i++)
        if (tokens->items[i].kind != TOKEN_EMOJI) return true;
    return false;
}

/* "Una pasada", of "la semana pasada". */
static bool has_idiom(const struct reading *reading)
{
    uint32_t from;
    for (uint32_t at = 0; at < reading->tokens->count; at++)
        if (reading_sets_at(reading, at) & WORD_IDIOM &&
            idiom_at(reading->engine->idioms, reading->tokens, 0, at, reading->languages, &from))
            return true;
    return false;
}

/* Of texts whose words say nothing of how they feel, if they have any. False: words tell. */
static bool feels_without_words(const struct reading *reading, struct mood *mood)
{
    const float faint = (1 - FACE_FELT) / 2;
    *mood = (struct mood){COURTESY_FELT, COURTESY_FELT, 1 - 2 * COURTESY_FELT};
    if (reading_tells_facts(reading, 0, reading->tokens->count) && !has_idiom(reading))
        return true;
    if (reading->tokens->count > COURTESY_WORDS_MAX) return false;
    /* a grade in stars is what they are worth */
    bool courtesy = is_courtesy(reading) || (reading->grade_count && !has_words(reading->tokens));
    int face = reading_face(reading, reading->tokens->count && !courtesy);
    if (face > 0) *mood = (struct mood){FACE_FELT, faint, faint};
    if (face < 0) *mood = (struct mood){faint, FACE_FELT, faint};
    return face || courtesy;
}

void reading_sentiment(struct reading *reading, struct insight_result *result)
{
    struct mood words = reading->words_feel, text = judge_text(reading, &words), other;
    if (feels_without_words(reading, &other)) words = text = other;
    if (reading_hear_irony(reading)) {
        apply_stars(-IRONY_STARS, &words);
        apply_stars(-IRONY_STARS, &text);
    }
    if (reading->has_rating) {
        apply_stars(stars_of(reading), &words);
        apply_stars(stars_of(reading), &text);
    }
    reading->feeling = words.positive - words.negative;
    if (reading_is_harm(reading)) {
        apply_stars(-HARM_STARS, &words);
        apply_stars(-HARM_STARS, &text);
    }
    choose_label(reading, &text, words.positive - words.negative, result);
    find_evidence(reading, result);
}

/* "It would be great to have a dark mode": all that is praised is surely wished for. Which side it
 * leans to stays in the score. */
void reading_hopes(const struct reading *reading, struct insight_result *result)
{
    uint32_t hopes = 0;
    if (result->sentiment != INSIGHT_POSITIVE || reading->has_rating || !result->need_count) return;
    for (uint32_t i = 0; i < reading->clause_count; i++) {
        const struct clause *clause = &reading->clauses[i];
        const struct sentence *sentence = &reading->sentences[clause->sentence];
        if (insight_label(clause->score) != INSIGHT_POSITIVE) continue;
        if (!sentence->wished || sentence->probabilities[INSIGHT_FEATURE_REQUEST] < HOPED) return;
        if (!(reading_sets(reading, clause->first, clause->last) & WORD_WISH)) return;
        hopes++;
    }
    if (!hopes) return;
    result->sentiment = INSIGHT_NEUTRAL;
    result->confidence = 1 - result->confidence;
    result->score *= MIXED_BAND;
    result->evidence_count = 0;
}

void reading_blames(const struct reading *reading, struct insight_result *result)
{
    float sure = 0;
    bool content = reading->has_rating && reading->rating > 3;
    if (result->sentiment != INSIGHT_NEUTRAL || content || result->score > BLAMING_LEAN) return;
    for (uint32_t i = 0; i < result->need_count; i++) {
        if (result->needs[i].kind == INSIGHT_QUESTION) return;
        if (result->needs[i].kind == INSIGHT_PROBLEM_REPORT)
            sure = larger(sure, result->needs[i].confidence);
    }
    if (sure < BLAMING_PROBLEM) return;
    result->sentiment = INSIGHT_NEGATIVE;
    result->confidence = BLAMING_CONFIDENCE;
    result->score = smaller(result->score, BLAMING_SCORE);
    find_evidence(reading, result);
}

void reading_mix(const struct reading *reading, struct insight_result *result)
{
    float best = 0, worst = 0;
    bool extreme = reading->has_rating && (reading->rating < 1.5f || reading->rating > 4.5f);
    if (extreme || result->sentiment == INSIGHT_MIXED) return;
    if (reading->tokens->count > ASPECTS_WORDS_MAX) return;
    for (uint32_t i = 0; i < result->need_count; i++) /* who reports a problem weighs no sides */
        if (result->needs[i].kind == INSIGHT_PROBLEM_REPORT) return;
    for (uint32_t i = 0; i < result->aspect_count; i++) {
        best = larger(best, result->aspects[i].best);
        worst = smaller(worst, result->aspects[i].worst);
    }
    float sure = smaller(best, -worst);
    if (sure < ASPECT_SIDE) return;
    result->sentiment = INSIGHT_MIXED;
    result->confidence = sure;
    result->score *= MIXED_BAND;
    result->evidence_count = 0;
    find_evidence(reading, result);
}
