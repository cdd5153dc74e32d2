/* Dead letters, made by hand. */
#ifndef VERBATIM_TEST_LETTER_RIG_H
#define VERBATIM_TEST_LETTER_RIG_H

#include "must.h"

#include "base/hash.h"
#include "ops/cli/letters.h"

/* A record with this id, customer and tenant (NULL: none). */
static inline struct str rig_record(struct arena *arena, const char *id, const char *customer,
                                    const char *tenant)
{
    struct record record = {.version = RECORD_VERSION, .id = str_of(id)};
    struct feedback feedback = {0};
    struct str value;
    struct err err = {0};
    shape_set(feedback, &feedback, text, STR("a \"word\", or two"));
    shape_set(feedback, &feedback, rating, 2.5f);
    if (customer) shape_set(feedback, &feedback, customer, str_of(customer));
    if (tenant) shape_set(feedback, &feedback, tenant, str_of(tenant));
    must(record_put(&record, SECTION_FEEDBACK, &feedback, arena, &err), &err);
    must(record_write(&record, arena, &value, &err), &err);
    return value;
}

/* The letter that preprocess makes of `value` (data NULL: left out, as too large)
 * at feedback/3, offset 17. */
static inline struct dead_letter rig_body(struct arena *arena, struct str value)
{
    struct dead_letter body = {0};
    uint8_t hash[SHA256_BYTES];
    char hex[SHA256_TEXT_BYTES];
    hash_sha256(value, hash);
    hash_hex(hash, sizeof hash, hex);
    shape_set(dead_letter, &body, worker, STR("preprocess"));
    shape_set(dead_letter, &body, cause, STR("bad_message"));
    shape_set(dead_letter, &body, message, STR("no good\nat all"));
    shape_set(dead_letter, &body, topic, STR("feedback"));
    shape_set(dead_letter, &body, partition, 3);
    shape_set(dead_letter, &body, offset, 17);
    shape_set(dead_letter, &body, attempts, 1);
    shape_set(dead_letter, &body, failed_at, 1700000000000);
    shape_set(dead_letter, &body, value_sha256, arena_copy(arena, str_of(hex)));
    shape_set(dead_letter, &body, key, STR("c-1"));
    if (value.data) shape_set(dead_letter, &body, value, value);
    return body;
}

/* As it comes from the bus. */
static inline struct letter rig_letter(struct arena *arena, const struct dead_letter *body)
{
    struct record record = {
        .version = RECORD_VERSION, .id = STR("11111111-2222-8333-8444-555555555555")};
    struct bus_message message = {.topic = TOPIC_DEAD_LETTERS, .partition = 1, .offset = 5};
    struct letter letter;
    struct err err = {0};
    must(record_put(&record, SECTION_DEAD_LETTER, body, arena, &err), &err);
    must(record_write(&record, arena, &message.value, &err), &err);
    must(letter_read(&message, arena, &letter, &err), &err);
    return letter;
}

#endif
