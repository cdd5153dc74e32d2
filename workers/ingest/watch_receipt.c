/* What is written down about a watched object: how far it was taken in, and what became of it. */
#include "schema/json.h"
#include "workers/ingest/watch.h"

void watch_write_progress(const struct object *object, struct buffer *out)
{
    buffer_printf(out,
                  "{\"offset\":%llu,\"line\":%llu,\"rows\":%llu,\"accepted\":%llu,\"refused\":%llu,"
                  "\"validations\":%llu,\"skipping\":%d,\"started\":%lld}\n",
                  (unsigned long long)object->offset, (unsigned long long)object->line,
                  (unsigned long long)object->rows, (unsigned long long)object->accepted,
                  (unsigned long long)object->refused, (unsigned long long)object->validations,
                  object->skipping, (long long)object->started_ms);
}

bool watch_read_progress(struct object *object, struct str text)
{
    struct json_reader reader = json_reader(text, &object->arena);
    struct json_value value;
    struct str name;
    uint64_t skipping = 0, started = 0;
    bool first = true;
    if (!json_next(&reader, &value) || value.kind != JSON_OBJECT) return false;
    while (json_member(&reader, &first, &name)) {
        const struct {
            struct str name;
            uint64_t *at;
        } members[] = {
            {STR("offset"), &object->offset},   {STR("line"), &object->line},
            {STR("rows"), &object->rows},       {STR("accepted"), &object->accepted},
            {STR("refused"), &object->refused}, {STR("validations"), &object->validations},
            {STR("skipping"), &skipping},       {STR("started"), &started}};
        if (!json_next(&reader, &value) || value.kind != JSON_NUMBER) return false;
        for (size_t i = 0; i < sizeof members / sizeof members[0]; i++)
            if (str_equal(members[i].name, name) && !str_to_u64(value.text, members[i].at))
                return false;
    }
    object->skipping = skipping != 0;
    object->started_ms = (int64_t)started;
    return json_end(&reader) && object->offset <= object->info.size_bytes;
}

static void write_time(struct buffer *out, const char *name, int64_t wall_ms)
{
    char text[TIME_TEXT_BYTES];
    time_format(wall_ms, text);
    buffer_printf(out, ",\"%s\":\"%s\"", name, text);
}

void watch_write_receipt(const struct object *object, int64_t now_ms, struct arena *arena,
                         struct buffer *out)
{
    static const char *const statuses[] = {
        [FILE_DONE] = "done", [FILE_FAILED] = "failed", [FILE_CHANGED] = "changed"};
    struct str validation = watch_name(arena, "validation", object->key, object->id, "");
    buffer_add(out, STR("{\"object\":"));
    json_write_string(out, object->key);
    buffer_add(out, STR(",\"etag\":"));
    json_write_string(out, str_of(object->info.etag));
    buffer_printf(out, ",\"size_bytes\":%llu,\"status\":\"%s\"",
                  (unsigned long long)object->info.size_bytes, statuses[object->result]);
    if (object->failure) {
        buffer_add(out, STR(",\"reason\":"));
        json_write_string(out, str_of(object->failure));
    }
    buffer_printf(out, ",\"rows\":%llu,\"accepted\":%llu,\"refused\":%llu",
                  (unsigned long long)object->rows, (unsigned long long)object->accepted,
                  (unsigned long long)object->refused);
    if (object->validations) {
        buffer_add(out, STR(",\"validation\":"));
        json_write_string(out, validation);
    }
    write_time(out, "started_at", object->started_ms);
    write_time(out, "finished_at", now_ms);
    buffer_add(out, STR("}\n"));
}
