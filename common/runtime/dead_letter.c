/* A record that can't be processed becomes a record itself: cause, origin and raw bytes. */
#include "base/hash.h"
#include "runtime/flow.h"

/* A letter must fit on the bus whatever the message brought along: larger headers are left out. */
enum { HEADER_BYTES_MAX = 1024 };

/* Headers may come twice; the schema's maps hold a name once, so the first counts. */
static void fill_headers(struct dead_letter *letter, const struct bus_message *message,
                         struct arena *arena)
{
    struct str_map map = {.items = ARENA_ARRAY(arena, struct str_pair, message->header_count)};
    if (!map.items) return; /* headers are a help, not a promise */
    for (uint32_t i = 0; i < message->header_count && map.count < 16; i++) {
        const struct bus_header *header = &message->headers[i];
        if (header->name.size + header->value.size > HEADER_BYTES_MAX) continue;
        if (!str_is_utf8(header->name) || !str_is_utf8(header->value) ||
            str_map_find(&map, header->name))
            continue;
        map.items[map.count++] = (struct str_pair){header->name, header->value};
    }
    if (map.count) shape_set(dead_letter, letter, headers, map);
}

/* Derived from the origin: the same message always becomes the same dead letter. */
static struct str letter_id(const struct job *job, struct arena *arena)
{
    uint8_t hash[SHA256_BYTES];
    char text[UUID_TEXT_BYTES];
    const struct bus_message *message = job->message;
    struct str origin = arena_printf(arena, "%s/%s/%u/%lld", job->context->worker->name,
                                     topic_info(message->topic)->name, message->partition,
                                     (long long)message->offset);
    hash_sha256(origin, hash);
    uuid_from_hash(hash, text);
    return arena_copy(arena, str_of(text));
}

int dead_letter_emit(struct job *job, enum err_code code, const struct err *cause,
                     size_t bytes_limit, struct err *err)
{
    const struct bus_message *message = job->message;
    struct dead_letter letter = {0};
    uint8_t hash[SHA256_BYTES];
    char hex[SHA256_TEXT_BYTES];
    hash_sha256(message->value, hash);
    hash_hex(hash, sizeof hash, hex);
    struct str text = arena_copy(job->arena, str_of(cause->text));
    text.size = str_utf8_valid_prefix(text);
    shape_set(dead_letter, &letter, worker, str_of(job->context->worker->name));
    shape_set(dead_letter, &letter, cause, str_of(err_name(code)));
    shape_set(dead_letter, &letter, message, text);
    shape_set(dead_letter, &letter, topic, str_of(topic_info(message->topic)->name));
    shape_set(dead_letter, &letter, partition, message->partition);
    shape_set(dead_letter, &letter, offset, (uint64_t)message->offset);
    shape_set(dead_letter, &letter, attempts, job->attempts);
    shape_set(dead_letter, &letter, failed_at, clock_wall_ms(job->context->clock));
    shape_set(dead_letter, &letter, value_sha256, arena_copy(job->arena, str_of(hex)));
    struct str key = message->key.size <= BUS_KEY_BYTES_MAX ? message->key : (struct str){0};
    if (key.size) shape_set(dead_letter, &letter, key, key);
    if (message->value.size <= bytes_limit) shape_set(dead_letter, &letter, value, message->value);
    fill_headers(&letter, message, job->arena);
    if (job->record.id.size) shape_set(dead_letter, &letter, record, job->record.id);

    struct str id = job->record.id;
    job->record = (struct record){.version = RECORD_VERSION, .id = letter_id(job, job->arena)};
    if (!job->record.id.data || !letter.value_sha256.data) return err_set(err, E_NO_MEMORY, NULL);
    int rc = record_put(&job->record, SECTION_DEAD_LETTER, &letter, job->arena, err);
    if (rc == E_OK) rc = job_emit_record(job, TOPIC_DEAD_LETTERS, key, err);
    const struct worker *worker = job->context->worker;
    if (rc || !worker->refused) return rc;
    return worker->refused(job->context, job, id.size ? id : job->record.id, err);
}
