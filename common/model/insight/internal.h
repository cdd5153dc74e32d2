/* What the parts of insight share; nobody else includes it. */
#ifndef VERBATIM_MODEL_INSIGHT_INTERNAL_H
#define VERBATIM_MODEL_INSIGHT_INTERNAL_H

#include "base/flags.h"
#include "model/feeling.h"
#include "model/insight/idioms.h"
#include "model/insight.h"
#include "model/linear_pair.h"
#include "model/rules.h"
#include "model/topics.h"
#include "model/words.h"

struct insight_engine {
    struct linear_model sentiment, needs;
    struct linear_pair pair; /* of both */
    struct feeling feeling; /* of the sentiment model */
    struct feeling_scales scales;
    uint32_t positive, negative, neutral; /* classes of the sentiment model */
    uint32_t need_classes[3];             /* of the needs model, by enum insight_need_kind */
    struct topics topics, aspects;
    struct linear_model trained; /* classes of topics; none: there is no such model */
    uint32_t trained_topics[LINEAR_CLASSES_MAX]; /* of the taxonomy, by class */
    uint32_t alert_topic; /* the taxonomy's [safety]; TOPIC_UNNAMED: it has none */
    struct topic_sieve sieve; /* of both */
    struct rules rules;
    const struct idioms *idioms;
    char models[INSIGHT_MODELS_BYTES + 1];
};

/* A stretch of one sentence with one feeling: tokens [first, last). */
struct clause {
    uint32_t first, last;
    uint32_t sentence; /* index of it */
    bool figures;      /* it holds a figure of speech, perhaps */
    bool names;        /* an aspect: reading_aspects() */
    float score; /* P(positive) - P(negative) */
    struct linear_sums sentiment;
};
struct sentence {
    uint32_t first, last;
    float score, probabilities[3]; /* by enum insight_need_kind */
    struct linear_sums sentiment;  /* of its clauses */
    uint32_t clauses;
    bool asked;                    /* a question mark stands behind it */
    /* "an item is missing", "an option is missing": set when requests are looked for */
    bool lacks_goods, lacks_ability;
    bool calls;  /* wants what support gives, rather than something new: set then, too */
    bool wished;   /* it became a need of that kind */
};

/* Probabilities; their sum is 1. */
struct mood {
    float positive, negative, neutral;
};

/* Of FLAGS_MOST tokens, a bit each. */
struct word_marks {
    uint64_t apostrophes, elided; /* those that have one, or an elision */
    uint64_t begins;              /* … with which a clause begins */
    uint32_t clauses;             /* that begin before them all */
};

enum { INSIGHT_FACETS_MAX = 8 };

/* Everything about one text while it is analysed. */
struct reading {
    const struct insight_engine *engine;
    struct str text;
    const struct tokens *tokens;
    const struct words *words;
    struct arena *arena;
    struct linear_features features;
    struct word_marks *marks;
    /* Of each word without its elision; read as features.sets, and those themselves where no word
     * has one. */
    const uint16_t *sets;
    struct clause *clauses;
    struct sentence *sentences;
    uint32_t clause_count, sentence_count;
    uint32_t *stating; /* reading_needs(): sentences that state a need of one kind */
    float most[3];     /* of sentences' probabilities, as the model has them */
    /* Some sentence is asked; lacks goods or calls for support; only looks like a wish. */
    bool asks, complains, unwished;
    struct linear_sums sentiment;
    struct mood words_feel;
    float needs[3]; /* of the text as a whole, by enum insight_need_kind */
    struct strongest strongest; /* of its words and figures of speech */
    /* Of the whole text; NULL: the model doesn't judge whole texts. */
    struct linear_level *levels;
    uint32_t languages, text_language; /* bits of taxonomies; index of texts */
    bool foreign; /* in a language that the models don't know */
    /* Where keywords of topics (one) and of aspects (other) may begin, TOPIC_PLACES tokens each. */
    struct topic_places *places;
    uint32_t topics[INSIGHT_TOPICS_MAX]; /* of the taxonomy, as the result has them */
    /* Sides of topics that are spoken of: for rules only, so not in the result. */
    struct facet {
        uint32_t number; /* TOPICS_MAX or more */
        struct insight_topic said;
    } facets[INSIGHT_FACETS_MAX];
    uint32_t facet_count;
    /* of each of a taxonomy's, its number in the result, from 1; 0: it isn't there */
    uint8_t topic_numbers[TOPICS_MAX], aspect_numbers[TOPICS_MAX];
    uint32_t cheers; /* words of irony that it begins with */
    float feeling; /* of the text and its rating: P(positive) - P(negative) */
    bool has_rating;
    enum insight_alarm alarm;
    struct insight_harm harm;
    float rating, grades; /* grades that the text tells, added up */
    uint32_t grade_count;
    bool graded_for; /* "five stars for …" */
};

/* Of numbers: fmaxf() and fminf() are calls, as they care for what is none. */
static inline float larger(float a, float b) { return a > b ? a : b; }
static inline float smaller(float a, float b) { return a < b ? a : b; }

static inline bool reading_is_harm(const struct reading *reading)
{
    return reading->alarm == INSIGHT_ALERT;
}

/* clauses.c */
int reading_split(struct reading *reading, struct err *err) CHECKED;
/* What tokens [first, last) weigh in one of the models. */
void reading_sum(const struct reading *reading, enum linear_half half, uint32_t first,
                 uint32_t last, struct linear_sums *ret_sums);
void reading_add_sums(const struct linear_model *model, struct linear_sums *sums,
                      const struct linear_sums *more);
float insight_score(const struct insight_engine *engine, const struct linear_sums *sums);
enum insight_sentiment insight_label(float score);

static inline struct insight_span reading_span(const struct reading *reading, uint32_t first,
                                               uint32_t last)
{
    const struct token *items = reading->tokens->items;
    return (struct insight_span){items[first].start, items[last - 1].end};
}

/* The clause that holds byte `at`, or the last before it. There is one. */
const struct clause *reading_clause_of_byte(const struct reading *reading, uint32_t at);

/* The clause that feels worst, or the first: where harm is told, as far as feeling shows it. */
static inline const struct clause *reading_worst_clause(const struct reading *reading)
{
    const struct clause *worst = &reading->clauses[0];
    for (uint32_t i = 1; i < reading->clause_count; i++)
        if (reading->clauses[i].score < worst->score) worst = &reading->clauses[i];
    return worst;
}

/* Of token `at`. */
static inline struct clause *reading_clause_at(const struct reading *reading, uint32_t at)
{
    const struct word_marks *marks = &reading->marks[at / FLAGS_MOST];
    uint32_t before = bits_of(marks->begins << (FLAGS_MOST - 1 - at % FLAGS_MOST));
    return &reading->clauses[marks->clauses + before - 1];
}

/* figures.c. strongest: NULL where nobody asks for it. */
static inline uint32_t reading_sets_at(const struct reading *reading, uint32_t at)
{
    return reading->features.sets[at];
}
/* Sets of the words that figures of speech may hang on; few of them do. */
enum { WORD_FIGURE = WORD_BAD | WORD_ONCE | WORD_IDIOM };
/* Whether what token `at`, of WORD_BAD or WORD_ONCE, says may not be so, or not any more. */
bool reading_may_be_denied(const struct reading *reading, uint32_t at);
/* The sets that the words [first, last) are in without elisions, all together. */
static inline uint32_t reading_sets(const struct reading *reading, uint32_t first, uint32_t last)
{
    return sets_together(&reading->sets[first], last - first);
}
/* Tokens [first, last) as they stand. */
void reading_hear_words(const struct reading *reading, uint32_t first, uint32_t last,
                        struct strongest *strongest);
/* What the clause tells besides the sum of its words; those of one without figures of speech are
 * left to reading_hear_words(), of several such clauses at once. */
void reading_hear(const struct reading *reading, struct clause *clause,
                  struct strongest *strongest);
/* Whether the safety screen found something within tokens [first, last). */
bool reading_tells_harm(const struct reading *reading, uint32_t first, uint32_t last);
/* How tokens [from, last) of one clause feel, with their figures of speech. */
float reading_piece_score(const struct reading *reading, uint32_t from, uint32_t last);

/* wishes.c: whether the sentence has words of wishing; none: it asks for nothing new. sets:
 * of its words. Notes whether it calls for support. To be asked of questions, of what has a word of
 * WORD_UNWISH, and in a text of harm: elsewhere WORD_WISH alone tells. */
enum wish { WISH_NONE, WISH_UNSAID, WISH_SAID };
enum wish reading_wish(const struct reading *reading, struct sentence *sentence, uint32_t sets);

/* grade.c: what the rest of it needs, built once; notes the grade that ends at a token, if
 * one does; takes those for the rating where the record has none. */
void reading_open_grades(void);
void reading_note_grade(struct reading *reading, uint32_t at);
void reading_take_grade(struct reading *reading);

/* marks.c: notes what a row of stars grades; whether a face is glad (1) or sad (-1) that is
 * all of the text or, where words don't tell, stands behind them; 0: there is none. */
void reading_note_stars(struct reading *reading);
int reading_face(const struct reading *reading, bool words_tell);

/* facts.c: what it needs, built once; whether tokens [first, last) only tell what was
 * bought or came, and when. */
void reading_open_facts(void);
bool reading_tells_facts(const struct reading *reading, uint32_t first, uint32_t last);

/* contact.c: what it needs, built once; whether tokens [first, last) say no more than how
 * to reach the writer, or what a form wants to know. */
void reading_open_contact(void);
bool reading_is_contact(const struct reading *reading, uint32_t first, uint32_t last);

/* settled.c: "Any problems? No"; "it used to crash", "the update fixed the crash". */
bool reading_is_answered(const struct reading *reading, const struct sentence *sentence);
bool reading_is_mended(const struct reading *reading, const struct sentence *sentence);

/* irony.c: whether praise is meant as blame ("Oh great, broke on day two"); then
 * nothing praises. */
bool reading_hear_irony(struct reading *reading);

/* sentiment.c, needs.c, topics.c, aspects.c, advice.c */
void reading_sentiment(struct reading *reading, struct insight_result *result);
/* Behind reading_needs(): who praises only what isn't there yet is neutral. */
void reading_hopes(const struct reading *reading, struct insight_result *result);
/* … and who surely reports a problem, and else is neutral, blames. */
void reading_blames(const struct reading *reading, struct insight_result *result);
/* Behind reading_aspects(): praise of one side and blame of another is mixed. */
void reading_mix(const struct reading *reading, struct insight_result *result);
int reading_needs(struct reading *reading, struct insight_result *result, struct err *err) CHECKED;
/* reading_aspects() comes behind it. */
int reading_topics(struct reading *reading, struct insight_result *result,
                   struct err *err) CHECKED;
int reading_aspects(struct reading *reading, struct insight_result *result,
                    struct err *err) CHECKED;
void reading_advice(const struct reading *reading, struct insight_result *result);
/* What the safety team is told of each safety case; NULL: it depends on the text. */
const struct rule *rules_of_alerts(const struct rules *rules);

#endif
