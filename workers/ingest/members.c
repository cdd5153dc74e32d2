/* The workers' states, as they report them on the audit topic: GET /v1/status. */
#include <stdio.h>

#include "workers/ingest/feed.h"

static void write_member(const struct audit *audit, struct member *member)
{
    static const char *const numbers[] = {"backlog_records", "backlog_seconds", "done", "rejected",
                                          "in_flight"};
    struct buffer out = {0};
    char at[TIME_TEXT_BYTES];
    time_format(audit->at, at);
    buffer_add(&out, STR("{\"member\":"));
    json_write_string(&out, audit->actor);
    buffer_add(&out, STR(",\"worker\":"));
    json_write_string(&out, str_map_get(&audit->detail, STR("worker")));
    buffer_printf(&out, ",\"at\":\"%s\"", at);
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        double value = 0;
        if (!str_to_f64(str_map_get(&audit->detail, str_of(numbers[i])), &value)) continue;
        buffer_printf(&out, ",\"%s\":", numbers[i]);
        json_write_number(&out, value);
    }
    buffer_add_char(&out, '}');
    if (!out.failed && out.size < sizeof member->json)
        snprintf(member->json, sizeof member->json, "%s", buffer_cstr(&out));
    buffer_deinit(&out);
}

/* A new name takes a free place, or that of nobody: more replicas than we can show are left out. */
static struct member *place_of(struct feed *feed, struct str name)
{
    for (size_t i = 0; i < feed->member_count; i++)
        if (str_equal(str_of(feed->members[i].name), name)) return &feed->members[i];
    if (feed->member_count == MEMBERS_MAX) return NULL;
    struct member *member = &feed->members[feed->member_count++];
    *member = (struct member){.json = "{}"};
    memcpy(member->name, name.data, name.size);
    return member;
}

void members_take(struct feed *feed, struct str audit_message)
{
    struct record record;
    struct audit audit;
    if (record_scan(audit_message, &feed->arena, &record, NULL)) return;
    if (!record_has(&record, SECTION_AUDIT)) return;
    if (record_decode(&record, SECTION_AUDIT, &audit, &feed->arena, NULL)) return;
    if (!str_equal(audit.action, STR("status"))) return;
    if (audit.actor.size == 0 || audit.actor.size >= sizeof((struct member *)0)->name) return;
    struct member *member = place_of(feed, audit.actor);
    if (member) write_member(&audit, member);
}

void feed_status(struct feed *feed, struct http_request *request)
{
    struct buffer out = {0};
    const struct ingest_state *state = feed->state;
    buffer_printf(&out, "{\"version\":\"%s\",\"bus\":", VERBATIM_VERSION);
    json_write_string(&out, str_of(bus_description(state->context->bus)));
    buffer_printf(&out, ",\"receipts\":%llu,\"invalid\":%llu,\"streams\":%zu,\"workers\":[",
                  (unsigned long long)(state->receipts + watch_receipts(state->watch)),
                  (unsigned long long)(state->invalid + watch_refused(state->watch)),
                  feed->stream_count);
    for (size_t i = 0; i < feed->member_count; i++)
        buffer_printf(&out, "%s%s", i ? "," : "", feed->members[i].json);
    buffer_add(&out, STR("]}\n"));
    if (out.failed) http_refuse_busy(request, 503, 1, "The server is short of memory.");
    else http_respond(request, 200, STR("application/json"), buffer_str(&out));
    buffer_deinit(&out);
}
