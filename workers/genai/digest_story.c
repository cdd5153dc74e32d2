/* Sentences by rules. Each rests on one line of the facts, and repeats its numbers as the line has
 * them, so that it passes the check that a model's sentences must pass. */
#include "workers/genai/digest_story.h"

#include <math.h>

enum {
    RECORDS_LEAST = 5, UNUSUAL_MOST = 3, CLAIMS_MAX = 8, ADVICE_MAX = 8,
    TEXT_MAX = 1024 /* as schemas/ have it */
};
#define SAD (-0.2f)
#define GLAD 0.3f

struct teller {
    const struct digest_facts *facts;
    struct arena *arena;
    struct digest_claim_list claims;
    struct recommendation_list advice;
    bool failed;
};

static const struct digest_line *line_of(const struct digest_facts *facts, uint32_t side)
{
    for (uint32_t i = 0; i < facts->line_count; i++)
        if (facts->lines[i].row && facts->lines[i].row->side == side) return &facts->lines[i];
    return NULL;
}

static bool is_topic(const struct digest_line *line)
{
    return line->row && (line->row->side == ENUM_digest_side_topic ||
                         line->row->side == ENUM_digest_side_segment_topic);
}

static void claim(struct teller *teller, const struct digest_line *line, struct str text)
{
    if (!text.data) teller->failed = true;
    if (teller->failed || teller->claims.count == CLAIMS_MAX || text.size > TEXT_MAX) return;
    struct digest_claim *out = &teller->claims.items[teller->claims.count++];
    shape_set(digest_claim, out, text, text);
    shape_set(digest_claim, out, start, line->start);
    shape_set(digest_claim, out, end, line->end);
}

static void advise(struct teller *teller, const struct digest_line *line, uint32_t team,
                   uint32_t priority, struct str text)
{
    if (!text.data) teller->failed = true;
    if (teller->failed || teller->advice.count == ADVICE_MAX || text.size > TEXT_MAX) return;
    struct recommendation *out = &teller->advice.items[teller->advice.count++];
    shape_set(recommendation, out, text, text);
    shape_set(recommendation, out, team, team);
    shape_set(recommendation, out, priority, priority);
    shape_set(recommendation, out, start, line->start);
    shape_set(recommendation, out, end, line->end);
}

static unsigned long long records(const struct digest_line *line)
{
    return (unsigned long long)(line->need ? line->need->records : line->row->records);
}

static const char *noun(const struct digest_line *line)
{
    return records(line) == 1 ? "record" : "records";
}

static double feeling(const struct digest_line *line)
{
    double score = (double)line->row->score;
    return fabs(score) < 0.005 ? 0 : score; /* as digest_facts.c shows it */
}

/* --- what happened ---------------------------------------------------------------------------- */

static void say_size(struct teller *teller)
{
    const struct digest_line *all =
        line_of(teller->facts,
                teller->facts->segment.size ? ENUM_digest_side_segment : ENUM_digest_side_total);
    const struct digest_line *unhappy = line_of(teller->facts, ENUM_digest_side_negative);
    const struct digest_line *danger = line_of(teller->facts, ENUM_digest_side_safety);
    struct arena *arena = teller->arena;
    if (all && teller->facts->segment.size)
        claim(teller, all,
              arena_printf(arena, "Segment %.*s: %llu %s, mean feeling %.2f.",
                           STR_ARGS(all->name), records(all), noun(all), feeling(all)));
    else if (all)
        claim(teller, all,
              arena_printf(arena, "%llu %s, mean feeling %.2f.", records(all), noun(all),
                           feeling(all)));
    if (unhappy && unhappy->row->records)
        claim(teller, unhappy, arena_printf(arena, "%llu %s unhappy.", records(unhappy),
                                            records(unhappy) == 1 ? "record is" : "records are"));
    if (danger && danger->row->records)
        claim(teller, danger, arena_printf(arena, "%llu %s of danger.", records(danger),
                                           records(danger) == 1 ? "record tells" : "records tell"));
}

/* A number alone is nobody's name, and a topic's word is an ordinary one. */
static const char *kind_of(const struct digest_line *line)
{
    if (line->row->side == ENUM_digest_side_segment) return "Segment ";
    return is_topic(line) ? "Topic " : "";
}

/* "rising and worse" */
static struct str findings_of(const struct digest_line *line, struct arena *arena)
{
    struct str text = {0};
    for (uint32_t i = 0; i < ENUM_digest_finding_count; i++) {
        const char *finding = digest_finding_enumeration.values[i];
        if (line->row->findings >> i & 1)
            text = arena_printf(arena, "%.*s%s%s", STR_ARGS(text), text.size ? " and " : "",
                                finding);
    }
    return text;
}

static void say_unusual(struct teller *teller)
{
    for (uint32_t i = 0, said = 0; i < teller->facts->line_count && said < UNUSUAL_MOST; i++) {
        const struct digest_line *line = &teller->facts->lines[i];
        if (!line->row || !line->row->findings || !line->name.size) continue;
        claim(teller, line,
              arena_printf(teller->arena, "%s%.*s is %.*s: %llu %s.", kind_of(line),
                           STR_ARGS(line->name), STR_ARGS(findings_of(line, teller->arena)),
                           records(line), noun(line)));
        said++;
    }
}

static const struct digest_line *first_topic(const struct digest_facts *facts)
{
    for (uint32_t i = 0; i < facts->line_count; i++)
        if (is_topic(&facts->lines[i]) && facts->lines[i].row->records) return &facts->lines[i];
    return NULL;
}

static const struct digest_line *first_need(const struct digest_facts *facts)
{
    for (uint32_t i = 0; i < facts->line_count; i++)
        if (facts->lines[i].need) return &facts->lines[i];
    return NULL;
}

static void say_most(struct teller *teller)
{
    const struct digest_line *topic = first_topic(teller->facts), *need = first_need(teller->facts);
    if (topic)
        claim(teller, topic,
              arena_printf(teller->arena, "Spoken of most: %.*s, %llu %s, mean feeling %.2f.",
                           STR_ARGS(topic->name), records(topic), noun(topic), feeling(topic)));
    if (need)
        claim(teller, need,
              arena_printf(teller->arena, "Needed most: \"%.*s\", %llu records.",
                           STR_ARGS(need->name), records(need)));
}

/* --- what to do ------------------------------------------------------------------------------- */

/* The topic of the strongest feeling in this direction. Nobody is sent to find out "what is wrong
 * with safety": danger is told by itself. */
static const struct digest_line *felt_most(const struct digest_facts *facts, bool sad)
{
    const struct digest_line *found = NULL;
    for (uint32_t i = 0; i < facts->line_count; i++) {
        const struct digest_line *line = &facts->lines[i];
        if (!is_topic(line) || line->row->records < RECORDS_LEAST) continue;
        if (str_equal(line->name, STR("safety"))) continue;
        if (sad ? line->row->score > SAD : line->row->score < GLAD) continue;
        if (!found ||
            (sad ? line->row->score < found->row->score : line->row->score > found->row->score))
            found = line;
    }
    return found;
}

static void advise_on_need(struct teller *teller, const struct digest_line *line)
{
    static const struct {
        const char *what;
        uint32_t team, priority;
    } of_kind[ENUM_need_kind_count] = {
        [ENUM_need_kind_feature_request] = {"Consider a wish", ENUM_team_product, 3},
        [ENUM_need_kind_problem_report] = {"Work on a problem", ENUM_team_product, 2},
        [ENUM_need_kind_question] = {"Answer a question in public", ENUM_team_support, 3},
    };
    uint32_t kind = line->need->kind;
    advise(teller, line, of_kind[kind].team, of_kind[kind].priority,
           arena_printf(teller->arena, "%s: \"%.*s\", %llu records.", of_kind[kind].what,
                        STR_ARGS(line->name), records(line)));
}

static void recommend(struct teller *teller)
{
    const struct digest_facts *facts = teller->facts;
    const struct digest_line *danger = line_of(facts, ENUM_digest_side_safety),
                             *need = first_need(facts);
    const struct digest_line *sad = felt_most(facts, true), *glad = felt_most(facts, false);
    struct arena *arena = teller->arena;
    if (danger && danger->row->records)
        advise(teller, danger, ENUM_team_safety, 1,
               arena_printf(arena, "Review the reports of danger now: %llu %s.",
                            records(danger), noun(danger)));
    if (sad)
        advise(teller, sad, ENUM_team_product, 2,
               arena_printf(arena,
                            "Find out what is wrong with %.*s: %llu records, mean feeling %.2f.",
                            STR_ARGS(sad->name), records(sad), feeling(sad)));
    if (need) advise_on_need(teller, need);
    if (glad)
        advise(teller, glad, ENUM_team_marketing, 4,
               arena_printf(arena,
                            "Tell others what pleases about %.*s: %llu records, mean feeling %.2f.",
                            STR_ARGS(glad->name), records(glad), feeling(glad)));
}

int digest_story_local(const struct digest_facts *facts, struct arena *arena,
                       struct digest_story *ret_story, struct err *err)
{
    struct digest_story story = {0};
    struct teller teller = {.facts = facts, .arena = arena};
    teller.claims.items = ARENA_ARRAY(arena, struct digest_claim, CLAIMS_MAX);
    teller.advice.items = ARENA_ARRAY(arena, struct recommendation, ADVICE_MAX);
    if (!teller.claims.items || !teller.advice.items) return err_set(err, E_NO_MEMORY, NULL);
    say_size(&teller);
    say_unusual(&teller);
    say_most(&teller);
    recommend(&teller);
    if (teller.failed) return err_set(err, E_NO_MEMORY, NULL);
    shape_set(digest_story, &story, summary, teller.claims);
    if (teller.advice.count) shape_set(digest_story, &story, recommendations, teller.advice);
    shape_set(digest_story, &story, provider, STR("local"));
    *ret_story = story;
    return E_OK;
}
