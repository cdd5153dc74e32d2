/* Needs: which sentences ask for something, report a problem or put a question. */
#include <math.h>

#include "base/ascii.h"
#include "model/insight/internal.h"
#include "model/insight/statement.h"

enum {
    NEEDS_PER_KIND = 3, QUESTION_WORDS_MIN = 3, IDLE_WORDS_MAX = 12, NEED_WORDS_MIN = 2,
    STATEMENT_SAYS = 3, CONTACT_WORDS_MAX = 20
};
/* A sentence in a text that as a whole states no such need must be surer by this
 * share of the rest. */
#define ALONE_MARGIN 0.35f
#define ASKED_PROBABILITY 0.9f
/* No sentence states a need below SENTENCE_FLOOR; where the text as a whole does, its best one
 * above BEST_FLOOR is taken; requests have a rule of their own. */
#define SENTENCE_FLOOR 0.45f
#define BEST_FLOOR 0.3f
/* Shifts of the log-odds: a wish with or without words of wishing; a problem that is put as a
 * question; a question without its mark. */
#define WISH_PROBABILITY_MIN 0.02f /* below it no shift reaches REQUEST_PROBABILITY_MIN */
#define REQUEST_PROBABILITY_MIN 0.02f
#define WISH_LOGIT 1.2f
#define NO_WISH_LOGIT 1.8f
#define ASKED_LOGIT 1.0f
/* "How do I export?", "could you add an export?": what is put as a question is a wish from so surely
 * on, and else a question; never both. */
#define ASKED_WISH 0.5f
/* See request_shift(): chosen on one app left out in turn, in two languages. */
#define REQUEST_LOGIT 0.9f /* added: a wish is missed more often than made up */
#define REQUEST_FEELING_LOGIT 1.3f /* who is contented names what there is, rather than wishes */
#define REQUEST_PROBLEM_SHARE 0.3f
#define REQUEST_LENGTH_LOGIT 0.6f
#define REQUEST_WORDS 12.0f /* as long a text needs no shift */
/* A logistic over these odds: how often what is called a request is one, on apps left out. */
#define REQUEST_CONFIDENCE_SLOPE 0.32f
#define REQUEST_CONFIDENCE_LOGIT (-0.55f)
/* Problems are seldom told by contented people: log-odds for a text of feeling -1,
 * off for one of +1. */
#define FEELING_LOGIT 1.0f
/* Praise isn't a problem, unless the model is very sure. */
#define PRAISE 0.5f
#define PRAISE_PROBABILITY 0.85f
/* That goods are missing is a problem, at least so surely; that a program can't do something yet
 * is less often one, by this much log-odds. */
#define LACK_PROBABILITY 0.85f /* … and so is what support is called for */
#define ABILITY_LOGIT 2.0f
/* "It used to crash, but now it is great": log-odds that this reports a problem go
 * down by this much. */
#define MENDED_LOGIT 4.0f

/* Compiled for each kind of need: what is asked of it is known then. */
#define ALWAYS_INLINE static inline __attribute__((always_inline))

/* A form's: "Comments:". Another token follows. */
static bool is_label(const struct reading *reading, uint32_t at)
{
    const struct token *token = &reading->tokens->items[at];
    struct str between = str_slice(reading->text, token->end, token[1].start);
    return token->kind == TOKEN_WORD && token[1].clause_before &&
           str_starts(str_trim(between), STR(":"));
}

static bool is_picture(const struct reading *reading, uint32_t at)
{
    return reading->tokens->items[at].kind == TOKEN_EMOJI;
}

static bool holds_digit(const struct reading *reading, uint32_t at)
{
    const struct token *token = &reading->tokens->items[at];
    for (size_t i = token->start; i < token->end; i++)
        if (ascii_is_digit(reading->text.data[i])) return true;
    return false;
}

/* Emoji, numbers and ids ("zx9qk4t") alone state no need. */
static bool has_word(const struct reading *reading, uint32_t first, uint32_t last)
{
    for (uint32_t i = first; i < last; i++)
        if (reading->tokens->items[i].kind == TOKEN_WORD && !holds_digit(reading, i)) return true;
    return false;
}

/* "Please": it asks for what another sentence tells. */
static bool is_courtesy(const struct reading *reading, uint32_t first, uint32_t last)
{
    while (first < last && reading->features.sets[first] & (WORD_FILLER | WORD_COURTESY)) first++;
    return first == last;
}

/* The clause praises, and states no need of the kind. */
static bool is_aside(const struct reading *reading, const struct clause *clause,
                     enum insight_need_kind kind)
{
    if (clause->score < PRAISE) return false;
    return kind == INSIGHT_PROBLEM_REPORT ||
           !(reading_sets(reading, clause->first, clause->last) & (WORD_WISH | WORD_LACK));
}

/* "Lovely food, but the waiter was rude": the need without the praise before and behind it. Tokens
 * [*first, *last), of several words, stay. */
static void leave_praise(const struct reading *reading, enum insight_need_kind kind,
                         uint32_t *first, uint32_t *last)
{
    const struct clause *from = reading_clause_at(reading, *first),
                        *to = reading_clause_at(reading, *last - 1);
    if (kind == INSIGHT_QUESTION) return;
    while (from < to && is_aside(reading, from, kind)) from++;
    while (from < to && is_aside(reading, to, kind)) to--;
    if (is_aside(reading, from, kind) || to->last - from->first < NEED_WORDS_MIN) return;
    if (from->first > *first) *first = from->first;
    if (to->last < *last) *last = to->last;
}

/* It is short, with a placeholder in it or behind it, or ends as an id does: "QK7T2M". */
static bool may_be_contact(const struct reading *reading, uint32_t first, uint32_t last)
{
    if (last - first > CONTACT_WORDS_MAX) return false;
    struct insight_span span = reading_span(reading, first, last);
    const char *text = reading->text.data;
    return memchr(text + span.start, ']', reading->text.size - span.start) ||
           (text[span.end - 1] > 0 && text[span.end - 1] < 'a');
}

static int add_need(const struct reading *reading, struct insight_result *result,
                    enum insight_need_kind kind, const struct sentence *sentence, float confidence,
                    struct err *err)
{
    uint32_t first = sentence->first, last = sentence->last;
    if (first < reading->cheers && reading->cheers < last) first = reading->cheers;
    while (first < last && is_picture(reading, first)) first++;
    while (first < last && is_picture(reading, last - 1)) last--;
    if (first + 1 < last && is_label(reading, first)) first++;
    if (result->need_count == INSIGHT_NEEDS_MAX || !has_word(reading, first, last)) return E_OK;
    leave_praise(reading, kind, &first, &last);
    if (is_courtesy(reading, first, last)) return E_OK;
    if (may_be_contact(reading, first, last) && reading_is_contact(reading, first, last))
        return E_OK;
    while (first + 2 < last && reading->features.sets[first] & WORD_FILLER) first++;
    struct insight_span span = reading_span(reading, first, last);
    struct str text = statement_make(reading->text, reading->tokens, first, last, kind,
                                     reading->arena);
    if (!text.data) return err_set(err, E_NO_MEMORY, NULL);
    if (text.size < STATEMENT_SAYS && result->need_count) return E_OK; /* "Fix it!" */
    result->needs[result->need_count++] = (struct insight_need){kind, text, span, confidence};
    return E_OK;
}

static uint32_t sets_of(const struct reading *reading, const struct sentence *sentence)
{
    return reading_sets(reading, sentence->first, sentence->last);
}

/* "An item is missing", but neither "nothing is missing" nor "an order filter is missing". */
static bool lacks_goods(uint32_t sets)
{
    return sets & WORD_LACK && sets & WORD_GOODS && !(sets & (WORD_NEGATOR | WORD_ABILITY));
}

static float multiply_odds(float probability, float factor)
{
    float odds = probability / (1 - probability + 1e-6f) * factor;
    return odds / (1 + odds);
}

static float shift_odds(float probability, float logit)
{
    return multiply_odds(probability, expf(logit));
}

/* How surely the sentence asks for something; notes whether goods are missing instead. */
static float request_probability(struct reading *reading, struct sentence *sentence)
{
    float probability = sentence->probabilities[INSIGHT_FEATURE_REQUEST];
    if (probability < WISH_PROBABILITY_MIN) return probability;
    uint32_t sets = sets_of(reading, sentence);
    sentence->lacks_goods = lacks_goods(sets);
    reading->complains |= sentence->lacks_goods;
    sentence->lacks_ability = sets & WORD_LACK && sets & WORD_ABILITY;
    if (sentence->lacks_goods) return 0;
    enum wish wish = sets & WORD_WISH ? WISH_SAID : WISH_UNSAID;
    if (reading_is_harm(reading) | sentence->asked | ((sets & WORD_UNWISH) != 0))
        wish = reading_wish(reading, sentence, sets);
    reading->complains |= sentence->calls;
    reading->unwished |= wish == WISH_NONE;
    if (wish == WISH_NONE) return 0;
    return wish == WISH_SAID ? shift_odds(probability, WISH_LOGIT)
                             : shift_odds(probability, -NO_WISH_LOGIT);
}

static bool has_figure_word(const struct reading *reading, const struct clause *clause)
{
    uint32_t first = clause->first, count = clause->last - first;
    return sets_together(&reading->features.sets[first], count) & WORD_FIGURE;
}

/* "What more could you want?" praises by a figure of speech. */
static bool praises_by_figure(const struct reading *reading, const struct sentence *sentence)
{
    if (sentence->score < PRAISE) return false;
    const struct clause *clause = reading_clause_at(reading, sentence->first),
                        *behind = reading_clause_at(reading, sentence->last - 1) + 1;
    for (; clause < behind; clause++)
        if (clause->score >= PRAISE && has_figure_word(reading, clause)) return true;
    return false;
}

/* How surely the sentence asks. Without its mark and any word of asking, what more surely reports a
 * problem doesn't ("They charged my card twice."): problems are settled before questions are. */
static float question_probability(const struct reading *reading, struct sentence *sentence)
{
    float probability = sentence->probabilities[INSIGHT_QUESTION];
    if (sentence->wished || reading_is_answered(reading, sentence)) return 0;
    if (sentence->asked && sentence->last - sentence->first >= QUESTION_WORDS_MIN)
        return praises_by_figure(reading, sentence) ? 0 : larger(probability, ASKED_PROBABILITY);
    probability = shift_odds(probability, -ASKED_LOGIT);
    if (sentence->probabilities[INSIGHT_PROBLEM_REPORT] <= probability) return probability;
    return sets_of(reading, sentence) & WORD_ASK ? probability : 0;
}

/* How surely the sentence is a need of the kind, after the rules that words alone don't give.
 * contented: what its feeling does to the odds of a problem. */
ALWAYS_INLINE float sentence_probability(struct reading *reading, struct sentence *sentence,
                                         enum insight_need_kind kind, float contented)
{
    float probability = sentence->probabilities[kind];
    if (kind == INSIGHT_FEATURE_REQUEST) return request_probability(reading, sentence);
    if (kind == INSIGHT_PROBLEM_REPORT && (sentence->lacks_goods || sentence->calls))
        return larger(probability, LACK_PROBABILITY);
    if (kind == INSIGHT_PROBLEM_REPORT) {
        float logit = -FEELING_LOGIT * reading->feeling;
        if (sentence->asked) logit -= ASKED_LOGIT;
        if (sentence->lacks_ability) logit -= ABILITY_LOGIT;
        bool plain = !sentence->asked && !sentence->lacks_ability;
        probability = multiply_odds(probability, plain ? contented : expf(logit));
        if (probability >= BEST_FLOOR && reading_is_mended(reading, sentence))
            return shift_odds(probability, -MENDED_LOGIT);
        if (probability >= BEST_FLOOR &&
            reading_tells_facts(reading, sentence->first, sentence->last))
            return 0;
        return sentence->score >= PRAISE && probability < PRAISE_PROBABILITY ? 0 : probability;
    }
    return question_probability(reading, sentence);
}

/* Applies the rules to each sentence's probability; the surest sentence. */
ALWAYS_INLINE struct sentence *settle_sentences(struct reading *reading,
                                                enum insight_need_kind kind, float contented)
{
    float most = -1;
    uint32_t best = 0;
    for (uint32_t i = 0; i < reading->sentence_count; i++) {
        struct sentence *sentence = &reading->sentences[i];
        float probability = sentence_probability(reading, sentence, kind, contented);
        sentence->probabilities[kind] = probability;
        best = probability > most ? i : best;
        most = probability > most ? probability : most;
    }
    return &reading->sentences[best];
}

static float log_odds(float probability)
{
    return logf((probability + 1e-4f) / (1 - probability + 1e-4f));
}

/* What the text as a whole adds to the log-odds that a sentence asks for something: less what looks
 * like a problem ("please fix …") and what praises; the longer a text, the fewer of its words do
 * the asking. */
static float request_shift(const struct reading *reading, float whole, float problem)
{
    return log_odds(whole) - REQUEST_PROBLEM_SHARE * log_odds(problem) -
           REQUEST_FEELING_LOGIT * reading->feeling +
           REQUEST_LENGTH_LOGIT * logf((float)reading->tokens->count / REQUEST_WORDS);
}

/* How surely the sentence is a request, of those that are called one. */
static float request_confidence(const struct sentence *sentence, float shift)
{
    float odds = shift + log_odds(sentence->probabilities[INSIGHT_FEATURE_REQUEST]);
    return shift_odds(0.5f, REQUEST_CONFIDENCE_SLOPE * odds + REQUEST_CONFIDENCE_LOGIT);
}

/* "Again", "Waste of money", "Version 4.2 on a Pixel 7": nothing that could be done about. */
static bool says_nothing(const struct reading *reading, const struct sentence *sentence)
{
    if (sentence->last - sentence->first > IDLE_WORDS_MAX) return false;
    for (uint32_t i = sentence->first; i < sentence->last; i++)
        if (reading->tokens->items[i].kind == TOKEN_WORD &&
            !(reading->features.sets[i] & WORD_IDLE))
            return false;
    return true;
}

/* Lists the sentences of `floor` or more in reading->stating; their number. */
static uint32_t list_stating(struct reading *reading, enum insight_need_kind kind, float floor)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < reading->sentence_count; i++) {
        reading->stating[count] = i;
        count += reading->sentences[i].probabilities[kind] >= floor;
    }
    return count;
}

/* A sentence that says nothing is no need beside one that does; how many are left. */
static uint32_t drop_idle(struct reading *reading, uint32_t count)
{
    uint32_t telling = 0, *stating = reading->stating;
    if (count < 2) return count;
    for (uint32_t i = 0; i < count; i++)
        if (!says_nothing(reading, &reading->sentences[stating[i]])) {
            /* those that do come first, in their order; if none does, nothing has moved */
            stating[telling++] = stating[i];
        }
    return telling ? telling : count;
}

/* How sure a sentence must be where the text as a whole doesn't state such a need. */
static float floor_alone(float threshold) { return threshold + (1 - threshold) * ALONE_MARGIN; }

/* False: neither the text as a whole nor a sentence can state a problem, or a question, whatever
 * the rules. contented: as in settle_sentences(). */
static bool may_state(const struct reading *reading, enum insight_need_kind kind, float whole,
                      float contented)
{
    const struct insight_engine *engine = reading->engine;
    float threshold = engine->needs.thresholds[engine->need_classes[kind]],
          most = reading->most[kind];
    if (whole >= threshold) return true;
    if (kind == INSIGHT_QUESTION) return reading->asks || most >= floor_alone(threshold);
    return reading->complains || multiply_odds(most, contented) >= floor_alone(threshold);
}

/* Whether the text asks for something; then `whole` becomes how surely by its best sentence. */
static bool states_request(const struct reading *reading, const struct sentence *best,
                           float problem, float *whole, float *ret_shift)
{
    float probability = best->probabilities[INSIGHT_FEATURE_REQUEST];
    if (probability < REQUEST_PROBABILITY_MIN) return false;
    /* where a sentence only looks like a wish, the text as a whole wishes less than it seems to */
    if (reading->unwished) *whole = smaller(*whole, probability);
    *ret_shift = request_shift(reading, *whole, problem);
    if (*ret_shift + log_odds(probability) < -REQUEST_LOGIT) return false;
    *whole = request_confidence(best, *ret_shift);
    return true;
}

ALWAYS_INLINE int find_kind(struct reading *reading, struct insight_result *result,
                            enum insight_need_kind kind, struct err *err)
{
    const struct insight_engine *engine = reading->engine;
    float whole = reading->needs[kind], contented = 1, shift = 0,
          threshold = engine->needs.thresholds[engine->need_classes[kind]],
          problem = reading->needs[INSIGHT_PROBLEM_REPORT],
          question = reading->needs[INSIGHT_QUESTION];
    bool request = kind == INSIGHT_FEATURE_REQUEST;
    int rc = E_OK;
    if (kind == INSIGHT_PROBLEM_REPORT) {
        contented = expf(-FEELING_LOGIT * reading->feeling);
        whole = multiply_odds(whole, contented);
    }
    if (!request && !may_state(reading, kind, whole, contented)) {
        /* questions ask how surely a sentence reports a problem */
        if (kind == INSIGHT_PROBLEM_REPORT && may_state(reading, INSIGHT_QUESTION, question, 1))
            (void)settle_sentences(reading, kind, contented);
        return E_OK;
    }
    struct sentence *best = settle_sentences(reading, kind, contented);
    if (request && !states_request(reading, best, problem, &whole, &shift)) return E_OK;
    bool stated = request || whole >= threshold;
    float floor = stated ? larger(threshold, SENTENCE_FLOOR) : floor_alone(threshold);
    uint32_t found = drop_idle(reading, list_stating(reading, kind, floor));
    for (uint32_t i = 0; i < found && i < NEEDS_PER_KIND && !rc; i++) {
        struct sentence *sentence = &reading->sentences[reading->stating[i]];
        float sure = request ? request_confidence(sentence, shift) : sentence->probabilities[kind];
        if (request && sentence->asked && sure < ASKED_WISH) continue;
        sentence->wished |= request;
        rc = add_need(reading, result, kind, sentence, sure, err);
    }
    if (rc || found || !stated || (!request && best->probabilities[kind] < BEST_FLOOR)) return rc;
    if (request && best->asked && whole < ASKED_WISH) return rc;
    best->wished |= request;
    return add_need(reading, result, kind, best, whole, err);
}

int reading_needs(struct reading *reading, struct insight_result *result, struct err *err)
{
    if (reading->sentence_count == 0) return E_OK;
    int rc = find_kind(reading, result, INSIGHT_FEATURE_REQUEST, err);
    if (!rc) rc = find_kind(reading, result, INSIGHT_PROBLEM_REPORT, err);
    return rc ? rc : find_kind(reading, result, INSIGHT_QUESTION, err);
}
