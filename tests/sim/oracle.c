/* The topics, read as read_committed reads them, against what clients said. */
#include "tests/sim/oracle.h"

#include <string.h>

#include "tests/sim/bus.h"
#include "tests/sim/clients.h"

enum { SAID_MAX = CLIENTS_MAX * CLIENT_RECORDS_MAX };

/* What became of one thing that was said. */
struct fate {
    char id[48];
    uint32_t received, letters, seen[TOPIC_COUNT];
    int64_t received_ns, insight_ns;
};

static struct fate fates[CLIENTS_MAX][CLIENT_RECORDS_MAX];
static struct arena arena;

static struct fate *fate_of(const struct said *said) { return &fates[said->client][said->number]; }

/* --- reading --------------------------------------------------------------------------------- */

static const char *place_of(const struct bus_message *message)
{
    static char text[64];
    snprintf(text, sizeof text, "%s/%u@%lld", topic_info(message->topic)->name, message->partition,
             (long long)message->offset);
    return text;
}

static bool is_poison(const struct bus_message *message)
{
    return message->value.size && message->value.data[0] == '\xc1';
}

/* The record of a message of ours. */
static bool scan(const struct bus_message *message, struct record *record)
{
    struct err err;
    arena_reset(&arena);
    if (record_scan(message->value, &arena, record, &err) == E_OK) return true;
    broken("%s is no record: %s", place_of(message), err.text);
    return false;
}

static const struct said *said_by_text(const struct bus_message *message, struct record *record)
{
    struct feedback feedback;
    if (!scan(message, record)) return NULL;
    if (record_decode(record, SECTION_FEEDBACK, &feedback, &arena, NULL)) return NULL;
    return said_find(feedback.text);
}

static const struct said *said_by_id(struct str id)
{
    for (uint32_t i = 0; i < sim_client_count; i++)
        for (uint32_t j = 0; j < sim_clients[i].said_count; j++)
            if (!sim_clients[i].said[j].again && str_equal(id, str_of(fates[i][j].id)))
                return &sim_clients[i].said[j];
    return NULL;
}

typedef void on_message(struct entry *entry);

static void for_each(enum topic topic, on_message *call)
{
    for (uint32_t i = 0; i < sim.partitions; i++)
        for (size_t j = 0; j < sim_logs[topic][i].count && !sim.failed; j++)
            if (log_is_data(&sim_logs[topic][i].entries[j]))
                call(&sim_logs[topic][i].entries[j]);
}

/* --- each topic ------------------------------------------------------------------------------ */

static int32_t latest[CLIENTS_MAX]; /* number of the last one of a client in this topic */

/* A copy of something earlier may come late; what is new is in order. */
static void check_order(const struct said *said, const struct bus_message *message)
{
    if (!sim_clients[said->client].customer[0]) return;
    if ((int32_t)said->number < latest[said->client])
        broken("%s: c%u s%u comes behind s%d", place_of(message), said->client, said->number,
               latest[said->client]);
    latest[said->client] = (int32_t)said->number;
}

static void take_feedback(struct entry *entry)
{
    struct record record;
    if (is_poison(&entry->message)) return;
    const struct said *said = said_by_text(&entry->message, &record);
    if (!said) {
        broken("%s: nobody said that", place_of(&entry->message));
        return;
    }
    struct fate *fate = fate_of(said);
    if (fate->received++ == 0) {
        snprintf(fate->id, sizeof fate->id, "%.*s", STR_ARGS(record.id));
        fate->received_ns = entry->written_ns;
        check_order(said, &entry->message);
    }
    if (!str_equal(record.id, str_of(fate->id)) ||
        (said->receipt && !str_equal(record.id, str_of(said->id))))
        broken("%s: id %.*s; its receipt says %s, another copy %s", place_of(&entry->message),
               STR_ARGS(record.id), said->id, fate->id);
}

static uint32_t told_refused, preprocess_letters;

/* Nobody screened it: people are told, once for each dead letter of preprocess. */
static bool is_refused(const struct record *record)
{
    struct safety safety;
    return record_decode(record, SECTION_SAFETY, &safety, &arena, NULL) == E_OK &&
           shape_has(safety, &safety, reason) && str_equal(safety.reason, STR("refused"));
}

/* Copies of what came before: none, but at least once where something went wrong. */
static void repeated(const char *place, const struct said *said)
{
    sim.repeats++;
    if (!sim_once()) return;
    if (said) broken("%s: doubled: c%u s%u", place, said->client, said->number);
    else broken("%s: a second dead letter", place);
}

static void take_record(struct entry *entry)
{
    enum topic topic = entry->message.topic;
    struct record record;
    if (is_poison(&entry->message) || !scan(&entry->message, &record)) return;
    if (topic == TOPIC_SAFETY && is_refused(&record)) {
        told_refused++;
        return;
    }
    const struct said *said = said_by_id(record.id);
    if (!said) {
        broken("%s: unknown id %.*s", place_of(&entry->message), STR_ARGS(record.id));
        return;
    }
    if (fate_of(said)->seen[topic]++) {
        repeated(place_of(&entry->message), said);
        return;
    }
    if (topic == TOPIC_INSIGHTS) fate_of(said)->insight_ns = entry->written_ns;
    /* one that was a dead letter may come again, and be none then */
    if (!fate_of(said)->letters || sim_once()) check_order(said, &entry->message);
}

static struct entry *origin_of(const struct dead_letter *letter)
{
    enum topic topic = topic_by_name(letter->topic);
    if (topic == TOPIC_NONE || letter->partition >= sim.partitions) return NULL;
    struct log *log = &sim_logs[topic][letter->partition];
    return letter->offset < log->count ? &log->entries[letter->offset] : NULL;
}

struct lettered {
    struct lettered *next;
    const struct entry *origin;
};
static struct lettered *lettered;

static bool has_letter(const struct entry *origin)
{
    for (const struct lettered *one = lettered; one; one = one->next)
        if (one->origin == origin) return true;
    return false;
}

static void take_letter(struct entry *entry)
{
    struct record record;
    struct dead_letter letter;
    if (is_poison(&entry->message) || !scan(&entry->message, &record)) return;
    if (record_decode(&record, SECTION_DEAD_LETTER, &letter, &arena, NULL)) return;
    struct entry *origin = origin_of(&letter);
    if (!origin || !log_is_data(origin)) {
        broken("%s: a dead letter of what isn't there", place_of(&entry->message));
        return;
    }
    if (has_letter(origin)) {
        repeated(place_of(&origin->message), NULL);
        return;
    }
    preprocess_letters += str_equal(letter.worker, STR("preprocess"));
    struct lettered *one = sim_alloc(sizeof *one);
    *one = (struct lettered){lettered, origin};
    lettered = one;
    if (is_poison(&origin->message)) return;
    const struct said *said = origin->message.topic == TOPIC_FEEDBACK
                                  ? said_by_text(&origin->message, &record)
                                  : scan(&origin->message, &record) ? said_by_id(record.id) : NULL;
    if (said) fate_of(said)->letters++;
}

/* --- all together ---------------------------------------------------------------------------- */

static void check_poison(struct entry *entry)
{
    if (is_poison(&entry->message) && !has_letter(entry))
        broken("%s: lost: no record, and no dead letter", place_of(&entry->message));
}

/* Where there is a receipt, and where there is none but the bus has it. */
static void check_fate(const struct said *said)
{
    const struct fate *fate = fate_of(said);
    uint32_t insights = said->again ? 0 : fate->seen[TOPIC_INSIGHTS];
    if (said->receipt && !fate->received)
        broken("lost: c%u s%u has a receipt and isn't in feedback", said->client, said->number);
    else if (fate->received && insights + fate->letters == 0)
        broken("lost: c%u s%u (%s) is neither an insight nor a dead letter", said->client,
               said->number, fate->id);
    else if (insights && fate->letters && sim_once())
        broken("doubled: c%u s%u (%s) is an insight and a dead letter", said->client, said->number,
               fate->id);
}

/* Without faults, and once all have joined, nothing waits for a heartbeat: each wake-up comes. */
static void check_haste(const struct said *said)
{
    enum { JOINED_S = 6, HASTE_MS = 200 };
    const struct fate *fate = fate_of(said);
    if (sim.faults || !fate->insight_ns || fate->received_ns < JOINED_S * SECONDS) return;
    if (fate->insight_ns - fate->received_ns > HASTE_MS * MS)
        broken("late: c%u s%u took %lld ms to its insight, and there was no fault", said->client,
               said->number, (long long)((fate->insight_ns - fate->received_ns) / MS));
}

void oracle_forget(void)
{
    memset(fates, 0, sizeof fates);
    lettered = NULL;
    told_refused = preprocess_letters = 0;
    arena_deinit(&arena);
    arena = (struct arena){0};
}

/* Each copy that comes to a worker is read again once a breach at most. */
static void check_copies(enum topic topic, enum topic before)
{
    for (uint32_t i = 0; i < sim_client_count; i++)
        for (uint32_t j = 0; j < sim_clients[i].said_count; j++) {
            const struct fate *fate = &fates[i][j];
            uint64_t copies = before == TOPIC_NONE ? fate->received : fate->seen[before];
            if (fate->seen[topic] > copies * (1 + sim.breaches))
                broken("c%u s%u is in %s %u times, after %llu breaches", i, j,
                       topic_info(topic)->name, fate->seen[topic],
                       (unsigned long long)sim.breaches);
        }
}

void oracle_topics(bool at_rest)
{
    static const struct {
        enum topic topic, before; /* before: what it is made from; NONE: feedback */
    } records[] = {{TOPIC_DOCUMENTS, TOPIC_NONE},
                   {TOPIC_SAFETY, TOPIC_NONE},
                   {TOPIC_FEATURES, TOPIC_DOCUMENTS},
                   {TOPIC_SEGMENTS, TOPIC_FEATURES},
                   {TOPIC_INSIGHTS, TOPIC_SEGMENTS}};
    oracle_forget();
    sim.repeats = 0;
    memset(latest, -1, sizeof latest);
    for_each(TOPIC_FEEDBACK, take_feedback);
    for_each(TOPIC_DEAD_LETTERS, take_letter);
    for (size_t i = 0; i < sizeof records / sizeof *records; i++) {
        memset(latest, -1, sizeof latest);
        for_each(records[i].topic, take_record);
        check_copies(records[i].topic, records[i].before);
    }
    if (told_refused < preprocess_letters || (sim_once() && told_refused > preprocess_letters))
        broken("%u dead letters of preprocess, and people were told of %u", preprocess_letters,
               told_refused);
    if (!at_rest) return;
    for_each(TOPIC_FEEDBACK, check_poison);
    for_each(TOPIC_DOCUMENTS, check_poison);
    for_each(TOPIC_FEATURES, check_poison);
    for_each(TOPIC_SEGMENTS, check_poison);
    for (uint32_t i = 0; i < sim_client_count; i++)
        for (uint32_t j = 0; j < sim_clients[i].said_count; j++)
            check_fate(&sim_clients[i].said[j]), check_haste(&sim_clients[i].said[j]);
}

static bool partition_at_rest(const struct group *group, enum topic topic, uint32_t partition)
{
    const struct log *log = &sim_logs[topic][partition];
    int64_t reach = log_reach(topic, partition);
    if (group->unstable[topic][partition]) return false;
    if (reach > 0 && group->committed[topic][partition] < reach) return false;
    for (size_t j = log->count; j > 0 && j + 8 > log->count; j--) {
        const struct transaction *transaction = log->entries[j - 1].transaction;
        if (transaction && transaction->outcome == OUTCOME_OPEN) return false;
    }
    return true;
}

const char *oracle_unrest(void)
{
    static char text[96];
    if (!clients_done()) return "clients that have something to say";
    if (sim_group_count < SIM_SLOTS / SIM_REPLICAS - 1) return "a worker that never read";
    for (uint32_t i = 0; i < sim_group_count; i++)
        for (int j = 0; j < TOPIC_COUNT; j++)
            for (uint32_t k = 0; k < sim.partitions && sim_groups[i].topics >> j & 1; k++) {
                if (partition_at_rest(&sim_groups[i], (enum topic)j, k)) continue;
                snprintf(text, sizeof text, "%s at %s/%u@%lld", sim_groups[i].name,
                         topic_info((enum topic)j)->name, k,
                         (long long)sim_groups[i].committed[j][k]);
                return text;
            }
    return NULL;
}

void oracle_poison(void *unused)
{
    static const enum topic topics[] = {TOPIC_FEEDBACK, TOPIC_DOCUMENTS, TOPIC_FEATURES,
                                        TOPIC_SEGMENTS, TOPIC_INSIGHTS};
    char key[16];
    (void)unused;
    snprintf(key, sizeof key, "k%u", (uint32_t)random_below(&sim.plan, 100));
    struct bus_output output = {.topic = topics[random_below(&sim.plan, 5)],
                                .timestamp_ms = clock_wall_ms(sim_clock_of_nobody()),
                                .key = str_of(key), .value = STR("\xc1 no record")};
    log_append(&output, NULL);
}
