/* Dead letters as rows for people, and as JSON lines. */
#include <stdio.h>
#include <unistd.h>

#include "ops/cli/redrive.h"
#include "ops/cli/show.h"
#include "schema/json.h"

enum { WHEN_BYTES = 20, TEXT_COLUMN = 74 /* and the worker's */ };

static const char *const obstacle_names[LETTER_OBSTACLES] = {
    [LETTER_FREE] = "",
    [LETTER_DONE] = "done",
    [LETTER_TOO_OFTEN] = "too_often",
    [LETTER_NO_VALUE] = "no_value",
    [LETTER_NO_TOPIC] = "no_topic",
    [LETTER_BAD_BYTES] = "bad_bytes",
};

void redrive_show_heading(const struct redrive *redrive)
{
    const char *bold = terminal_colour(STDOUT_FILENO, COLOUR_BOLD);
    printf("%s%-20s %-*s %-12s %-24s %-2s %-8s  %s%s\n", bold, "died at",
           redrive->worker_width, "worker", "cause", "topic/partition at offset", "#", "letter",
           "why", terminal_reset(STDOUT_FILENO));
}

void redrive_show_row(const struct redrive *redrive, const struct letter *letter,
                      enum letter_obstacle obstacle)
{
    const struct dead_letter *body = &letter->body;
    char when[TIME_TEXT_BYTES], origin[64];
    time_format(body->failed_at, when);
    snprintf(when + WHEN_BYTES - 1, sizeof when - WHEN_BYTES + 1, "Z"); /* whole seconds */
    snprintf(origin, sizeof origin, "%.*s/%u at %llu", STR_ARGS(str_slice(body->topic, 0, 24)),
             body->partition, (unsigned long long)body->offset);
    const char *shade = obstacle ? terminal_colour(STDOUT_FILENO, COLOUR_DIM) : "";
    printf("%s%-20s ", shade, when);
    show_padded(str_slice(body->worker, 0, (size_t)redrive->worker_width),
                (unsigned)redrive->worker_width + 1);
    show_padded(body->cause, 12);
    putchar(' ');
    show_padded(str_of(origin), 25);
    printf(" %-2llu ", (unsigned long long)letter->redrives);
    show_padded(str_slice(letter->id, 0, LETTER_SHORT_ID), LETTER_SHORT_ID + 2);
    if (obstacle) printf("[%s] ", letter_obstacle_text(obstacle));
    show_cut(body->message, show_columns_left(TEXT_COLUMN + (unsigned)redrive->worker_width));
    printf("%s\n", obstacle ? terminal_reset(STDOUT_FILENO) : "");
}

static void add_text(struct buffer *out, const char *name, struct str text)
{
    if (!text.size) return;
    buffer_printf(out, "\"%s\":", name);
    json_write_string(out, text);
    buffer_add_char(out, ',');
}

int redrive_show_json(const struct letter *letter, enum letter_obstacle obstacle, struct err *err)
{
    const struct dead_letter *body = &letter->body;
    struct buffer out = {0};
    char when[TIME_TEXT_BYTES];
    time_format(body->failed_at, when);
    buffer_add_char(&out, '{');
    add_text(&out, "letter", letter->id);
    buffer_printf(&out, "\"letter_partition\":%u,\"letter_offset\":%lld,", letter->partition,
                  (long long)letter->offset);
    add_text(&out, "worker", body->worker);
    add_text(&out, "cause", body->cause);
    add_text(&out, "message", body->message);
    add_text(&out, "topic", body->topic);
    buffer_printf(&out, "\"partition\":%u,\"offset\":%llu,\"attempts\":%u,\"failed_at\":\"%s\",",
                  body->partition, (unsigned long long)body->offset, body->attempts, when);
    add_text(&out, "record", letter->record_id);
    add_text(&out, "tenant", letter->tenant);
    add_text(&out, "obstacle", str_of(obstacle_names[obstacle]));
    if (shape_has(dead_letter, body, value))
        buffer_printf(&out, "\"bytes\":%zu,", body->value.size);
    add_text(&out, "value_sha256", body->value_sha256);
    buffer_printf(&out, "\"redrives\":%llu}\n", (unsigned long long)letter->redrives);
    return terminal_write(&out, err);
}

void redrive_explain(const struct letter *letter, enum letter_obstacle obstacle)
{
    const struct dead_letter *body = &letter->body;
    struct err said; /* which makes plain what others wrote */
    err_set(&said, E_BAD_MESSAGE, "letter %.*s, of %.*s/%u at %llu: its message %s; SHA-256 %.*s",
            STR_ARGS(letter->id), STR_ARGS(body->topic), body->partition,
            (unsigned long long)body->offset, letter_obstacle_text(obstacle),
            STR_ARGS(body->value_sha256));
    fprintf(stderr, "verbatim redrive: %s\n", said.text);
}

static void show_sum_json(const struct redrive *redrive)
{
    printf("{\"matched\":%llu,\"%s\":%llu,\"edited\":%llu,\"refused\":%llu",
           (unsigned long long)redrive->matched, redrive->dry_run ? "would_send" : "sent",
           (unsigned long long)(redrive->dry_run ? redrive->obstacles[LETTER_FREE] : redrive->sent),
           (unsigned long long)redrive->edited, (unsigned long long)redrive->refused);
    for (int i = LETTER_FREE + 1; i < LETTER_OBSTACLES; i++)
        printf(",\"%s\":%llu", obstacle_names[i], (unsigned long long)redrive->obstacles[i]);
    printf("}\n");
}

void redrive_show_sum(const struct redrive *redrive)
{
    if (redrive->json) {
        show_sum_json(redrive);
        return;
    }
    uint64_t count = redrive->dry_run ? redrive->obstacles[LETTER_FREE] : redrive->sent;
    fprintf(stderr, "  %llu of %llu dead letters %s", (unsigned long long)count,
            (unsigned long long)redrive->matched,
            redrive->dry_run ? "would be sent again" : "sent again");
    if (redrive->edited)
        fprintf(stderr, ", %llu of them edited", (unsigned long long)redrive->edited);
    if (redrive->obstacles[LETTER_DONE])
        fprintf(stderr, "; %llu had been before",
                (unsigned long long)redrive->obstacles[LETTER_DONE]);
    fputc('\n', stderr);
}
