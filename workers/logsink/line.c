/* Messages to lines. */
#include "workers/logsink/line.h"

#include "base/clock.h"
#include "runtime/worker.h"
#include "schema/json.h"

static bool is_reserved(struct str name)
{
    return str_equal(name, STR("bus")) || str_equal(name, STR("raw")) ||
           str_equal(name, STR("error"));
}

/* Takes sections with the archive's own names out of the record; *ret_taken: there were some. */
static int take_reserved(struct record *record, struct arena *arena, bool *ret_taken,
                         struct err *err)
{
    uint32_t count = 0, kept = 0;
    for (uint32_t i = 0; i < record->unknown.count; i++)
        count += is_reserved(record->unknown.items[i].name);
    *ret_taken = count > 0;
    if (count == 0) return E_OK;
    struct raw_field *items = ARENA_ARRAY(arena, struct raw_field, record->unknown.count);
    if (!items) return err_set(err, E_NO_MEMORY, NULL);
    for (uint32_t i = 0; i < record->unknown.count; i++)
        if (!is_reserved(record->unknown.items[i].name)) items[kept++] = record->unknown.items[i];
    record->unknown = (struct raw_fields){.items = items, .count = kept};
    return E_OK;
}

static void write_raw(struct str value, struct buffer *out)
{
    buffer_add(out, STR("\"raw\":"));
    json_write_base64(out, value);
    buffer_add_char(out, ',');
}

/* The record, open at its end: a comma, and no closing brace yet. */
static int write_record(const struct bus_message *message, struct arena *arena, struct buffer *out,
                        bool *ret_raw, struct err *err)
{
    struct record record;
    int rc = record_scan(message->value, arena, &record, err);
    if (rc == E_OK) rc = take_reserved(&record, arena, ret_raw, err);
    if (rc == E_OK) rc = json_write_scanned(&record, out, err);
    if (rc != E_OK) return rc;
    out->data[out->size - 1] = ',';
    if (*ret_raw) write_raw(message->value, out);
    return E_OK;
}

static void write_refused(const struct bus_message *message, const struct err *why,
                          struct buffer *out)
{
    struct str text = str_of(why->text);
    text.size = str_utf8_valid_prefix(text);
    buffer_add_char(out, '{');
    write_raw(message->value, out);
    buffer_printf(out, "\"error\":\"%s\",\"error_text\":", err_name(why->code));
    json_write_string(out, text);
    buffer_add_char(out, ',');
}

static void write_key(struct str key, struct buffer *out)
{
    if (key.size == 0) return;
    bool text = str_is_utf8(key);
    buffer_add(out, text ? STR(",\"key\":") : STR(",\"key_base64\":"));
    if (text)
        json_write_string(out, key);
    else
        json_write_base64(out, key);
}

/* What an operator's redrive or replay put on it: runtime/worker.h. */
static void write_marks(const struct bus_message *message, struct buffer *out)
{
    uint64_t redrives;
    struct str replay = header_find(message, STR(HEADER_REPLAY));
    if (str_to_u64(header_find(message, STR(HEADER_REDRIVES)), &redrives))
        buffer_printf(out, ",\"redrives\":%llu", (unsigned long long)redrives);
    if (replay.size == 0 || replay.size > MARK_BYTES_MAX || !str_is_utf8(replay)) return;
    buffer_add(out, STR(",\"replay\":"));
    json_write_string(out, replay);
}

static void write_bus(const struct bus_message *message, struct buffer *out)
{
    char time[TIME_TEXT_BYTES];
    struct str trace = header_find(message, STR("traceparent"));
    time_format(time_bounded(message->timestamp_ms), time);
    buffer_printf(
        out, "\"bus\":{\"topic\":\"%s\",\"partition\":%u,\"offset\":%lld,\"timestamp\":\"%s\"",
        topic_info(message->topic)->name, message->partition, (long long)message->offset, time);
    write_key(message->key, out);
    if (trace.size && trace.size <= TRACE_TEXT_BYTES && str_is_utf8(trace)) {
        buffer_add(out, STR(",\"traceparent\":"));
        json_write_string(out, trace);
    }
    write_marks(message, out);
    buffer_add(out, STR("}}\n"));
}

int line_write(const struct bus_message *message, struct arena *arena, struct buffer *out,
               bool *ret_raw, struct err *err)
{
    struct err why = {0};
    size_t before = out->size;
    *ret_raw = false;
    int rc = write_record(message, arena, out, ret_raw, &why);
    if (rc == E_NO_MEMORY) return err_set(err, E_NO_MEMORY, NULL);
    if (rc != E_OK) {
        out->size = before;
        *ret_raw = true;
        write_refused(message, &why, out);
    }
    write_bus(message, out);
    return out->failed ? err_set(err, E_NO_MEMORY, NULL) : E_OK;
}
