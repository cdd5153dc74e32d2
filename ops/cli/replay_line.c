/* Lines back to messages: workers/logsink/line.h says what is in one. */
#include "ops/cli/replay_line.h"

#include "schema/json.h"

static struct str text_of(struct str raw, struct arena *arena)
{
    struct json_reader reader = json_reader(raw, arena);
    struct json_value value;
    return json_next(&reader, &value) && value.kind == JSON_STRING ? value.text : (struct str){0};
}

static int read_bus(struct str bus, struct arena *arena, struct replay_message *message,
                    struct err *err)
{
    struct json_reader reader = json_reader(bus, arena);
    struct json_value value;
    struct str name, raw;
    bool first = true;
    int rc = E_OK;
    if (!json_next(&reader, &value) || value.kind != JSON_OBJECT)
        return err_set(err, E_BAD_MESSAGE, "\"bus\" is no object");
    while (rc == E_OK && json_member(&reader, &first, &name) && json_skip(&reader, &raw)) {
        if (str_equal(name, STR("key"))) message->key = text_of(raw, arena);
        if (str_equal(name, STR("traceparent"))) message->traceparent = text_of(raw, arena);
        message->copy |= str_equal(name, STR("replay"));
        if (str_equal(name, STR("redrives")) && !str_to_u64(raw, &message->redrives))
            message->redrives = 0;
        if (str_equal(name, STR("key_base64")))
            rc = json_read_base64(text_of(raw, arena), arena, &message->key, err);
    }
    return rc;
}

/* Everything but "bus" is the record's JSON. */
static int split(struct str line, struct arena *arena, struct buffer *record, struct str *bus,
                 struct str *raw_bytes, struct replay_message *message, struct err *err)
{
    struct json_reader reader = json_reader(line, arena);
    struct json_value value;
    struct str name, raw;
    bool first = true, empty = true;
    if (!json_next(&reader, &value)) return json_fault(&reader, err);
    if (value.kind != JSON_OBJECT) return err_set(err, E_BAD_MESSAGE, "a line is no object");
    while (json_member(&reader, &first, &name) && json_skip(&reader, &raw)) {
        if (str_equal(name, STR("bus"))) {
            *bus = raw;
            continue;
        }
        if (str_equal(name, STR("raw"))) *raw_bytes = raw;
        if (str_equal(name, STR("id"))) message->id = text_of(raw, arena);
        buffer_add(record, empty ? STR("{") : STR(","));
        json_write_string(record, name);
        buffer_add_char(record, ':');
        buffer_add(record, raw);
        empty = false;
    }
    buffer_add(record, empty ? STR("{}") : STR("}"));
    if (!json_end(&reader)) return json_fault(&reader, err);
    if (!bus->size) return err_set(err, E_BAD_MESSAGE, "a line doesn't say where it was read");
    return record->failed ? err_set(err, E_NO_MEMORY, NULL) : E_OK;
}

int replay_line(struct str line, struct arena *arena, struct replay_message *ret_message,
                struct err *err)
{
    struct buffer record = {0};
    struct str bus = {0}, raw = {0};
    struct replay_message message = {0};
    struct json_problems problems;
    int rc = split(line, arena, &record, &bus, &raw, &message, err);
    if (rc == E_OK) rc = read_bus(bus, arena, &message, err);
    if (rc == E_OK && raw.size) {
        rc = json_read_base64(text_of(raw, arena), arena, &message.value, err);
    } else if (rc == E_OK) {
        struct str text = arena_copy(arena, buffer_str(&record));
        rc = text.data ? json_read_record(text, arena, &message.value, &problems, err)
                       : err_set(err, E_NO_MEMORY, NULL);
    }
    if (rc == E_OK) *ret_message = message;
    buffer_deinit(&record);
    return rc;
}

/* Who writes what is on a topic: its ce_source. */
static const char *source_of(enum topic topic)
{
    switch (topic) {
    case TOPIC_FEEDBACK: return "ingest";
    case TOPIC_DOCUMENTS: return "preprocess";
    case TOPIC_SAFETY: return "preprocess/safety";
    case TOPIC_FEATURES: return "featurize";
    case TOPIC_SEGMENTS: return "segment";
    case TOPIC_INSIGHTS: return "genai";
    default: return "replay";
    }
}

int replay_output(const struct replay_message *message, enum topic topic, struct str run,
                  int64_t now_ms, struct arena *arena, struct bus_output *ret_output,
                  struct err *err)
{
    struct bus_header *headers = ARENA_ARRAY(arena, struct bus_header, JOB_HEADERS + JOB_MARKS);
    uint32_t count = 0;
    if (!headers) return err_set(err, E_NO_MEMORY, NULL);
    if (message->id.size) {
        headers_fill(headers, topic, source_of(topic), message->id, message->traceparent);
        count = JOB_HEADERS - 1; /* the trace is the last one */
    }
    if (message->traceparent.size)
        headers[count++] = (struct bus_header){STR("traceparent"), message->traceparent};
    headers[count++] = (struct bus_header){STR(HEADER_REPLAY), run};
    if (message->redrives) {
        struct str times = arena_printf(arena, "%llu", (unsigned long long)message->redrives);
        if (!times.data) return err_set(err, E_NO_MEMORY, NULL);
        headers[count++] = (struct bus_header){STR(HEADER_REDRIVES), times};
    }
    *ret_output = (struct bus_output){
        .topic = topic, .timestamp_ms = now_ms, .key = message->key, .value = message->value,
        .headers = headers, .header_count = count};
    return E_OK;
}
