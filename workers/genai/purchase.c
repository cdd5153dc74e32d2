/* Entries of the topic `answers`: a record with one section, its key and its headers. */
#include "workers/genai/purchase.h"

#include <stdio.h>

#include "base/ascii.h"

int purchase_write(const struct purchase *purchase, struct str id,
                   const struct worker_context *context, struct arena *arena,
                   struct bus_output *ret_output, struct err *err)
{
    struct record record = {.version = RECORD_VERSION};
    struct str value;
    char *trace = arena_alloc(arena, TRACE_TEXT_BYTES);
    struct bus_header *headers = ARENA_ARRAY(arena, struct bus_header, JOB_HEADERS);
    record.id = arena_copy(arena, id);
    if (!trace || !headers || !record.id.data) return err_set(err, E_NO_MEMORY, NULL);
    int rc = record_put(&record, SECTION_PURCHASE, purchase, arena, err);
    if (rc == E_OK) rc = record_write(&record, arena, &value, err);
    if (rc) return rc;
    trace_alone(context->random, trace);
    headers_fill(headers, TOPIC_ANSWERS, context->worker->name, record.id, str_of(trace));
    *ret_output = (struct bus_output){
        .topic = TOPIC_ANSWERS, .timestamp_ms = clock_wall_ms(context->clock), .key = record.id,
        .value = value,
        .headers = headers, .header_count = JOB_HEADERS};
    return E_OK;
}

bool purchase_read(struct str message, struct arena *arena, struct purchase *ret_purchase)
{
    struct record record;
    return record_scan(message, arena, &record, NULL) == E_OK &&
           record_has(&record, SECTION_PURCHASE) &&
           record_decode(&record, SECTION_PURCHASE, ret_purchase, arena, NULL) == E_OK;
}

/* --- keys ------------------------------------------------------------------------------------- */

bool purchase_key(const struct purchase *purchase, struct str message_key,
                  struct answer_key *ret_key)
{
    return shape_has(purchase, purchase, said) &&
           ascii_consists_of(message_key, ASCII_DIGITS "abcdef") && /* one key, written one way */
           ascii_read_hex(message_key, ret_key->bytes, sizeof ret_key->bytes);
}

struct str purchase_mark_id(const char *member, uint32_t number,
                            char out[static RECORD_ID_BYTES_MAX + 1])
{
    int size = snprintf(out, RECORD_ID_BYTES_MAX + 1, "mark-%.40s-%u", member, number);
    return str_make(out, (size_t)size);
}

struct str purchase_round(uint64_t round, char out[static PURCHASE_ROUND_BYTES])
{
    int size = snprintf(out, PURCHASE_ROUND_BYTES, "%llu", (unsigned long long)round);
    return str_make(out, (size_t)size);
}
