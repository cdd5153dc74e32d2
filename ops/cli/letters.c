/* Dead letters: read, chosen, and sent again. */
#include "ops/cli/letters.h"

#include "base/hash.h"

static const char *const obstacle_texts[LETTER_OBSTACLES] = {
    [LETTER_FREE] = "",
    [LETTER_DONE] = "was sent again before (--again)",
    [LETTER_TOO_OFTEN] = "came back too often (--most)",
    [LETTER_NO_VALUE] = "was too large to be kept",
    [LETTER_NO_TOPIC] = "is of a topic that this version doesn't know",
    [LETTER_BAD_BYTES] = "isn't what its hash says",
};

const char *letter_obstacle_text(enum letter_obstacle obstacle) { return obstacle_texts[obstacle]; }

/* --- reading ---------------------------------------------------------------------------------- */

/* A record that broke its schema may still say whose it is; so do its headers and, where the door
 * made it of a caller's id, the id: TENANT:ID. */
static void read_record(struct letter *letter, struct arena *arena)
{
    struct record record;
    struct feedback feedback;
    letter->record_id = shape_has(dead_letter, &letter->body, record)
                            ? letter->body.record
                            : str_map_get(&letter->body.headers, STR("ce_id"));
    if (shape_has(dead_letter, &letter->body, value) &&
        record_scan(letter->body.value, arena, &record, NULL) == E_OK) {
        letter->record_id = record.id;
        if (record_has(&record, SECTION_FEEDBACK) &&
            record_decode(&record, SECTION_FEEDBACK, &feedback, arena, NULL) == E_OK)
            letter->tenant = feedback.tenant;
    }
    struct str rest = letter->record_id;
    if (letter->tenant.size == 0 && str_find(rest, STR(":")) < rest.size)
        letter->tenant = str_cut(&rest, ':');
}

int letter_read(const struct bus_message *message, struct arena *arena, struct letter *ret_letter,
                struct err *err)
{
    struct record record;
    struct letter letter = {.partition = message->partition, .offset = message->offset};
    int rc = record_scan(message->value, arena, &record, err);
    if (rc == E_OK) rc = record_decode(&record, SECTION_DEAD_LETTER, &letter.body, arena, err);
    if (rc) return rc;
    letter.id = record.id;
    letter.topic = topic_by_name(letter.body.topic);
    if (!str_to_u64(str_map_get(&letter.body.headers, STR(HEADER_REDRIVES)), &letter.redrives))
        letter.redrives = 0;
    read_record(&letter, arena);
    *ret_letter = letter;
    return E_OK;
}

/* --- choosing --------------------------------------------------------------------------------- */

/* The list on the screen shows the first eight characters: these do, too. */
static bool wants_id(const struct flag_list *ids, const struct letter *letter)
{
    if (cli_wants(ids, letter->id) || (letter->record_id.size && cli_wants(ids, letter->record_id)))
        return true;
    for (size_t i = 0; i < ids->count; i++)
        if (strlen(ids->items[i]) >= LETTER_SHORT_ID &&
            str_starts(letter->id, str_of(ids->items[i])))
            return true;
    return false;
}

bool letter_matches(const struct letter_filter *filter, const struct letter *letter)
{
    const struct dead_letter *body = &letter->body;
    return wants_id(&filter->ids, letter) && cli_wants(&filter->causes, body->cause) &&
           cli_wants(&filter->workers, body->worker) && cli_wants(&filter->topics, body->topic) &&
           cli_wants(&filter->tenants, letter->tenant) && body->failed_at >= filter->since_ms &&
           (!filter->until_ms || body->failed_at < filter->until_ms);
}

static bool has_its_hash(const struct dead_letter *body)
{
    uint8_t hash[SHA256_BYTES];
    char hex[SHA256_TEXT_BYTES];
    hash_sha256(body->value, hash);
    hash_hex(hash, sizeof hash, hex);
    return str_equal(body->value_sha256, str_of(hex));
}

enum letter_obstacle letter_obstacle(const struct letter *letter, bool done, uint64_t most)
{
    if (letter->topic == TOPIC_NONE || letter->topic == TOPIC_DEAD_LETTERS) return LETTER_NO_TOPIC;
    if (!shape_has(dead_letter, &letter->body, value)) return LETTER_NO_VALUE;
    if (!has_its_hash(&letter->body)) return LETTER_BAD_BYTES;
    if (done) return LETTER_DONE;
    return letter->redrives >= most ? LETTER_TOO_OFTEN : LETTER_FREE;
}

/* --- what was sent already -------------------------------------------------------------------- */

struct letter_mark letter_mark(struct str id, struct str value_sha256)
{
    uint64_t seed = hash_fast(value_sha256, 0);
    return (struct letter_mark){{hash_fast(id, seed), hash_fast(id, ~seed)}};
}

static const struct hash_table_layout marks_layout = {
    .item_bytes = sizeof(struct letter_mark), .key_bytes = sizeof(struct letter_mark)};

int letter_marks_add(struct hash_table *marks, struct letter_mark mark, struct err *err)
{
    void *kept = hash_table_get(marks, marks_layout, mark.parts[0], &mark);
    return kept ? E_OK : err_set(err, E_NO_MEMORY, NULL);
}

bool letter_marks_hold(const struct hash_table *marks, struct letter_mark mark)
{
    return hash_table_has(marks, marks_layout, mark.parts[0], &mark);
}

/* --- sending again ---------------------------------------------------------------------------- */

/* False without memory. */
static bool add_header(struct bus_header *headers, uint32_t *count, struct str name,
                       struct str value, struct arena *arena)
{
    struct bus_header header = {arena_copy(arena, name), arena_copy(arena, value)};
    headers[(*count)++] = header;
    return header.name.data && header.value.data;
}

int letter_resubmit(const struct letter *letter, const struct letter_content *content,
                    int64_t now_ms, struct arena *arena, struct bus_output *ret_output,
                    struct err *err)
{
    const struct str_map *old = &letter->body.headers;
    struct bus_header *headers = ARENA_ARRAY(arena, struct bus_header, BUS_HEADERS_MAX);
    struct str times = arena_printf(arena, "%llu", (unsigned long long)letter->redrives + 1);
    struct str key = arena_copy(arena, content->key), value = arena_copy(arena, content->value);
    uint32_t count = 0;
    bool ok = headers && times.data && key.data && value.data &&
              add_header(headers, &count, STR(HEADER_REDRIVES), times, arena);
    /* insights are read by webhooks, each on its own: the others have had it */
    if (ok && letter->topic == TOPIC_INSIGHTS)
        ok = add_header(headers, &count, STR(HEADER_FOR), letter->body.worker, arena);
    for (uint32_t i = 0; ok && i < old->count && count < BUS_HEADERS_MAX; i++) {
        struct str name = old->items[i].name, text = old->items[i].value;
        if (str_equal(name, STR(HEADER_REDRIVES)) || str_equal(name, STR(HEADER_FOR))) continue;
        if (str_equal(name, STR("ce_id")) && content->id.size) text = content->id;
        ok = add_header(headers, &count, name, text, arena);
    }
    if (!ok) return err_set(err, E_NO_MEMORY, NULL);
    *ret_output = (struct bus_output){
        .topic = letter->topic, .timestamp_ms = now_ms, .key = key, .value = value,
        .headers = headers, .header_count = count};
    return E_OK;
}
