/* An archive in memory, written line by line: for whatever reads archives.
 * Include test.h before. */
#ifndef VERBATIM_TEST_ARCHIVE_BENCH_H
#define VERBATIM_TEST_ARCHIVE_BENCH_H

#include "must.h"
#include "archive/read.h"
#include "memory_store.h"

/* Its time; each offset is a second later. */
#define ARCHIVE_BENCH_MS INT64_C(1767312000000) /* 2026-01-02T00:00:00Z */

/* Appends {BODY,"bus":{…}} as one line; body is members without braces. */
static inline void archive_line(struct buffer *lines, const char *body, enum topic topic,
                                uint32_t partition, int64_t offset)
{
    char time[TIME_TEXT_BYTES];
    time_format(ARCHIVE_BENCH_MS + offset * 1000, time);
    buffer_printf(lines, "{%s%s\"bus\":{\"topic\":\"%s\",\"partition\":%u,\"offset\":%lld,", body,
                  body[0] ? "," : "", topic_info(topic)->name, partition, (long long)offset);
    buffer_printf(lines, "\"timestamp\":\"%s\"}}\n", time);
}

/* An object of these lines, and its manifest. */
static inline struct object_facts archive_put(struct memory_store *store, enum topic topic,
                                              uint32_t partition, struct str lines)
{
    struct object_facts facts = {.topic = topic, .partition = partition};
    struct buffer packed = {0}, manifest = {0};
    struct line_reader reader;
    struct err err;
    uint8_t hash[SHA256_BYTES];
    char key[LAYOUT_KEY_BYTES];
    char *room = buffer_reserve(&packed, ZSTD_compressBound(lines.size));
    assert_non_null(room);
    packed.size = ZSTD_compress(room, ZSTD_compressBound(lines.size), lines.data, lines.size, 1);
    struct str span = buffer_str(&packed);
    must(line_reader_init(&reader, &span, 1, &err), &err);
    must(archive_read_lines(&reader, &facts, NULL, NULL, &err), &err);
    line_reader_deinit(&reader);
    facts.bytes = packed.size;
    hash_sha256(span, hash);
    hash_hex(hash, sizeof hash, facts.sha256);
    layout_object_key(topic, partition, facts.span.start, facts.first_ms, key);
    memory_set(store, str_of(key), span);
    manifest_write(&facts, &manifest);
    layout_manifest_key(topic, partition, facts.span, key);
    memory_set(store, str_of(key), buffer_str(&manifest));
    buffer_deinit(&packed);
    buffer_deinit(&manifest);
    return facts;
}

#endif
