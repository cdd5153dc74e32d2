/* Digests told by a model, through the asker that asks about records: what holds is told with
 * where it is from, all else ends in the rules' words, marked degraded; and nothing waits for
 * longer than patience. */
#include "asker_rig.h"
#include "digest_rows.h"

#include "workers/genai/digest_teller.h"
#include "workers/genai/genai.h"

#define LINE "Topic delivery: 44 records"
#define SEGMENT_LINE "Topic delivery: 20 records"

struct room {
    struct rig *rig;
    struct genai_options options;
    struct worker_context context;
    struct digest_teller *teller;
    struct digest_bed bed;
};

static void open_room(struct room *room, uint32_t providers)
{
    struct asker_options options = rig_options();
    const char *source = getenv("VERBATIM_SOURCE");
    char folder[512];
    struct err err;
    room->rig = rig_start(&options, providers);
    room->options = (struct genai_options){.digest_prompt = "digest-000001", .patience = 60000};
    room->context = (struct worker_context){
        .options = &room->options, .clock = &room->rig->clock.clock, .random = &room->rig->random};
    snprintf(folder, sizeof folder, "%s/config", source ? source : ".");
    must(digest_teller_open(&room->context, providers ? &room->rig->asker : NULL, folder,
                            &room->teller, &err), &err);
    bed_fill(&room->bed);
    must(digest_teller_begin(room->teller, &room->bed.digest, 1, &err), &err);
}

static void close_room(struct room *room)
{
    rig_stop(room->rig);
    digest_teller_close(room->teller);
}

/* One sentence and one piece of advice, with these words and quotes. */
static void answer(struct room *room, uint32_t number, const char *summary, const char *quote)
{
    struct rig_call *call = room->rig->calls[number];
    struct llm_result result = rig_result(LLM_ANSWERED);
    char json[1024];
    assert_int_equal(call->count, 1);
    snprintf(
        json, sizeof json,
        "{\"answers\":[{\"id\":\"%s\",\"summary\":[{\"text\":\"%s\",\"quote\":\"%s\"}],"
        "\"recommendations\":"
        "[{\"text\":\"See to it.\",\"quote\":\"%s\",\"team\":\"marketing\",\"priority\":2}]}]}",
        call->ids[0], summary, quote, quote);
    result.json = str_of(json);
    result.usage = (struct llm_usage){.known = true, .input_tokens = 700, .output_tokens = 90};
    rig_end(room->rig, number, &result);
}

static const struct digest_story *story(struct room *room, uint32_t number)
{
    struct err err;
    assert_true(digest_teller_done(room->teller));
    must(digest_teller_fill(room->teller, 0, &room->bed.digest, &err), &err);
    assert_int_equal(room->bed.digest.stories.count, 2);
    return &room->bed.digest.stories.items[number];
}

static void is_of_rules(const struct digest_story *story, uint32_t dropped)
{
    assert_true(str_equal(story->provider, STR("local")));
    assert_true(story->degraded && story->summary.count > 1);
    assert_int_equal(story->dropped_claims, dropped);
}

static void what_holds_is_told(void **state)
{
    struct room room;
    (void)state;
    open_room(&room, 1);
    struct rig_task *record = rig_feedback(room.rig, "It came late.");
    rig_turn_after(room.rig, 100);
    CASE("the window and its segment go alone, under their own prompt, and records go on beside "
         "them");
    assert_int_equal(room.rig->call_count, 3);
    assert_int_equal(room.rig->asker.counts.asked, 1);
    assert_false(digest_teller_done(room.teller));
    uint32_t calls[2] = {0}, of_record = 0;
    for (uint32_t i = 0; i < 3; i++) {
        if (!strstr(room.rig->calls[i]->prompt, " counts id=")) of_record = i;
        else calls[strstr(room.rig->calls[i]->prompt, "All feedback") ? 0 : 1] = i;
    }
    rig_answer(room.rig, of_record, 1);
    assert_int_equal(record->ends, 1);
    answer(&room, calls[0], "Delivery: 44 records.", LINE);
    assert_false(digest_teller_done(room.teller));
    answer(&room, calls[1], "Delivery: 20 records.", SEGMENT_LINE);
    const struct digest_story *window = story(&room, 0), *segment = story(&room, 1);
    CASE("with its evidence, and where it is from");
    assert_true(str_equal(window->provider, STR("first")) &&
                str_equal(window->model, STR("model-1")));
    assert_true(str_starts(window->prompt, STR("digest-000001.")));
    assert_int_equal(window->input_tokens, 700);
    assert_int_equal(window->attempts, 1);
    assert_false(window->degraded);
    assert_int_equal(window->dropped_claims, 0);
    assert_true(str_equal(
        str_slice(window->counts, window->summary.items[0].start, window->summary.items[0].end),
        STR(LINE)));
    assert_int_equal(window->recommendations.items[0].team, ENUM_team_marketing);
    assert_true(str_equal(segment->segment, STR("7")) && !shape_has(digest_story, window, segment));
    digest_teller_drop(room.teller);
    close_room(&room);
}

static void what_does_not_hold_is_not(void **state)
{
    struct room room;
    (void)state;
    open_room(&room, 1);
    rig_turn_after(room.rig, 0);
    uint32_t window = strstr(room.rig->calls[0]->prompt, "All feedback") ? 0 : 1;
    CASE("an invented number: the sentence goes, and as there is no other, the rules tell");
    answer(&room, window, "Delivery: 45 records.", LINE);
    CASE("a line that isn't in the counts: both claims go");
    answer(&room, 1 - window, "Delivery is liked.", "Topic delivery: 21 records");
    is_of_rules(story(&room, 0), 1);
    is_of_rules(story(&room, 1), 2);
    close_room(&room);
}

static void an_outage_ends_in_rules(void **state)
{
    struct room room;
    (void)state;
    open_room(&room, 1);
    rig_turn_after(room.rig, 0);
    assert_int_equal(room.rig->call_count, 2);
    rig_fail(room.rig, 0, LLM_DENIED);
    rig_fail(room.rig, 1, LLM_DENIED);
    rig_turn_after(room.rig, 0);
    is_of_rules(story(&room, 0), 0);
    is_of_rules(story(&room, 1), 0);
    close_room(&room);
}

static void the_next_provider_is_degraded(void **state)
{
    struct room room;
    (void)state;
    open_room(&room, 2);
    rig_turn_after(room.rig, 0);
    rig_fail(room.rig, 0, LLM_DENIED);
    rig_fail(room.rig, 1, LLM_DENIED);
    rig_turn_after(room.rig, 0);
    assert_int_equal(room.rig->call_count, 4);
    for (uint32_t i = 2; i < 4; i++) answer(&room, i, "Delivery it is.", "Topic delivery");
    assert_true(str_equal(story(&room, 0)->provider, STR("second")) && story(&room, 0)->degraded);
    close_room(&room);
}

static void nothing_waits_for_longer_than_patience(void **state)
{
    struct room room;
    (void)state;
    open_room(&room, 1);
    rig_turn_after(room.rig, 0);
    rig_turn_after(room.rig, room.options.patience - 1);
    assert_false(digest_teller_done(room.teller));
    rig_turn_after(room.rig, 1);
    is_of_rules(story(&room, 0), 0);
    CASE("an answer that comes all the same changes nothing, before it is written and after");
    uint32_t window = strstr(room.rig->calls[0]->prompt, "All feedback") ? 0 : 1;
    answer(&room, window, "Delivery: 44 records.", LINE);
    is_of_rules(story(&room, 0), 0);
    digest_teller_drop(room.teller);
    answer(&room, 1 - window, "Delivery: 20 records.", SEGMENT_LINE);
    close_room(&room);
}

static void what_was_dropped_ends_in_peace(void **state)
{
    struct room room;
    struct err err;
    (void)state;
    open_room(&room, 1);
    CASE("while it is in a queue, and records are let go");
    asker_let_go(&room.rig->asker);
    digest_teller_drop(room.teller);
    CASE("another lot begins meanwhile");
    assert_int_equal(digest_teller_begin(room.teller, &room.bed.digest, 1, &err), E_OK);
    rig_turn_after(room.rig, 0);
    assert_int_equal(room.rig->call_count, 4);
    for (uint32_t i = 0; i < 4; i++) answer(&room, i, "Delivery it is.", "Topic delivery");
    assert_false(story(&room, 0)->degraded);
    CASE("and at the end, in the middle of a call");
    digest_teller_drop(room.teller);
    assert_int_equal(digest_teller_begin(room.teller, &room.bed.digest, 1, &err), E_OK);
    rig_turn_after(room.rig, 0);
    close_room(&room);
}

static void without_a_model_the_rules_tell(void **state)
{
    struct room room;
    (void)state;
    open_room(&room, 0);
    assert_true(str_equal(story(&room, 0)->provider, STR("local")));
    assert_false(story(&room, 0)->degraded);
    close_room(&room);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_holds_is_told),
        cmocka_unit_test(what_does_not_hold_is_not),
        cmocka_unit_test(an_outage_ends_in_rules),
        cmocka_unit_test(the_next_provider_is_degraded),
        cmocka_unit_test(nothing_waits_for_longer_than_patience),
        cmocka_unit_test(what_was_dropped_ends_in_peace),
        cmocka_unit_test(without_a_model_the_rules_tell),
    };
    return cmocka_run_group_tests_name("digest_teller", tests, NULL, NULL);
}
