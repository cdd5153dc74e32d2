/* verbatim send: feedback from files or a pipe straight onto the bus. */
#include <stdio.h>
#include <stdlib.h>

#include "ops/cli/cli.h"
#include "ops/cli/input.h"
#include "ops/cli/refusals.h"

enum { BATCH_RECORDS = 500 };

/* A batch of records in one arena, until the bus holds them. */
struct shipment {
    struct arena arena;
    struct bus_output outputs[BATCH_RECORDS];
    size_t count;
    bool done;
    struct err err;
};

static void on_done(void *user, const struct err *err)
{
    struct shipment *shipment = user;
    shipment->done = true;
    if (err) shipment->err = *err;
}

/* Of all files: what was sent, and what was not. */
struct sending {
    struct bus *bus;
    struct bus_producer *producer;
    struct shipment *shipment;
    const char *text_column;
    struct flag_list columns;
    uint64_t sent;
    bool waited; /* which was said */
    struct refusals refusals;
};

/* Until the bus has it or the producer gives it up, which takes bus.commit_timeout: who waits for
 * longer than a moment is told what for. */
static int await(struct sending *sending, struct err *err)
{
    enum { MOMENT_MS = 2000 };
    int rc = bus_producer_flush(sending->producer, MOMENT_MS, err);
    if (rc != E_TIMEOUT) return rc;
    if (!sending->waited)
        fprintf(stderr, "verbatim send: waiting for %s\n", bus_description(sending->bus));
    sending->waited = true;
    return E_OK;
}

/* Hands the batch over and waits until the bus holds it: what was counted was written. */
static int ship(struct sending *sending, struct err *err)
{
    struct shipment *shipment = sending->shipment;
    if (shipment->count == 0) return E_OK;
    shipment->done = false;
    shipment->err = (struct err){0};
    int rc = bus_produce(sending->producer, shipment->outputs, shipment->count, on_done, shipment,
                         err);
    while (rc == E_OK && !shipment->done) rc = await(sending, err);
    if (rc == E_OK && shipment->err.code) {
        *err = shipment->err;
        rc = (int)err->code;
    }
    if (rc == E_OK) sending->sent += shipment->count;
    shipment->count = 0;
    arena_reset(&shipment->arena);
    return rc;
}

static int pack(struct shipment *shipment, const struct intake *intake, struct random *random,
                struct err *err)
{
    struct bus_header *headers = ARENA_ARRAY(&shipment->arena, struct bus_header, JOB_HEADERS);
    char *trace = arena_alloc(&shipment->arena, TRACE_TEXT_BYTES);
    if (!headers || !trace) return err_set(err, E_NO_MEMORY, NULL);
    trace_child((struct str){0}, random, trace);
    headers_fill(headers, TOPIC_FEEDBACK, "send", intake->id, str_of(trace));
    /* may be a view of the input's buffer */
    struct str key = arena_copy(&shipment->arena, intake->key);
    if (!key.data) return err_set(err, E_NO_MEMORY, NULL);
    headers[4].value = arena_copy(&shipment->arena, intake->id);
    shipment->outputs[shipment->count++] = (struct bus_output){
        .topic = TOPIC_FEEDBACK, .timestamp_ms = intake->feedback.received_at, .key = key,
        .value = intake->message, .headers = headers, .header_count = JOB_HEADERS};
    return E_OK;
}

static bool on_wait(void *user, struct err *err) { return ship(user, err) == E_OK; }

static int send_all(struct sending *sending, struct input *input, struct err *err)
{
    struct shipment *shipment = sending->shipment;
    struct cli_ids ids;
    struct intake intake;
    struct json_problems problems;
    struct progress progress;
    int rc = E_OK;
    cli_ids_init(&ids);
    progress_start(&progress, "records", 0);
    const struct intake_rules rules = {.source = str_of(input->name), .ids = &ids.generator};
    while (rc == E_OK) {
        enum input_result result = input_next(input, &rules, &shipment->arena, &intake, &problems,
                                              err);
        if (result == INPUT_END) {
            rc = (int)err->code;
            break;
        }
        if (result == INPUT_REFUSED) {
            refusals_add(&sending->refusals, err);
            continue;
        }
        rc = pack(shipment, &intake, &ids.random, err);
        if (rc == E_OK && shipment->count == BATCH_RECORDS) rc = ship(sending, err);
        progress_set(&progress, sending->sent);
    }
    struct err unsent = {0}; /* what was read before is sent all the same */
    int sent = ship(sending, &unsent);
    if (rc == E_OK && sent) *err = unsent;
    progress_end(&progress);
    return rc ? rc : sent;
}

static int send_files(struct sending *sending, const struct arguments *arguments, struct err *err)
{
    size_t count = arguments->positional_count ? arguments->positional_count : 1;
    int rc = E_OK;
    for (size_t i = 0; i < count && rc == E_OK; i++) {
        struct input input;
        rc = input_open(&input, arguments->positional_count ? arguments->positionals[i] : NULL,
                        INPUT_GUESS, err);
        if (rc) break;
        input.text_column = sending->text_column;
        input.columns = &sending->columns;
        input.on_wait = on_wait;
        input.user = sending;
        rc = send_all(sending, &input, err);
        input_close(&input);
    }
    return rc;
}

static int send_to_bus(struct sending *sending, const struct arguments *arguments, struct err *err)
{
    sending->shipment = calloc(1, sizeof *sending->shipment);
    if (!sending->shipment) return err_set(err, E_NO_MEMORY, NULL);
    int rc = bus_producer_open(sending->bus, "send", &sending->producer, err);
    if (rc == E_OK) rc = send_files(sending, arguments, err);
    bus_producer_close(sending->producer);
    arena_deinit(&sending->shipment->arena);
    free(sending->shipment);
    return rc;
}

/* Also of what was sent before something failed: who sends it all again doubles it. */
static void show(const struct sending *sending, bool json)
{
    if (json)
        printf("{\"sent\":%llu,\"refused\":%llu}\n", (unsigned long long)sending->sent,
               (unsigned long long)sending->refusals.count);
    else
        fprintf(stderr, "  %llu record%s sent to %s\n", (unsigned long long)sending->sent,
                sending->sent == 1 ? "" : "s", bus_description(sending->bus));
}

static int send_run(const struct command *command, int argc, char **argv, struct err *err)
{
    struct arguments arguments;
    struct cli_config config;
    struct bus *bus = NULL;
    struct sending sending = {.refusals.command = "send"};
    bool json = false;
    const struct flag flags[] = {
        {"text-column", FLAG_TEXT, &sending.text_column,
         "NAME  the column or field that holds the words (text)"},
        COLUMN_FLAG(&sending.columns),
        {"json", FLAG_BOOL, &json, "the counts as JSON, for programs"},
    };
    int rc = cli_parse(command, flags, sizeof flags / sizeof flags[0], argc, argv, &arguments, err);
    if (rc || arguments.help) return rc;
    rc = columns_check(&sending.columns, err);
    if (rc == E_OK) rc = cli_config(&arguments, &config, err);
    if (rc) return rc;
    rc = bus_open(config.config, clock_system(), &bus, err);
    sending.bus = bus;
    if (rc == E_OK) rc = send_to_bus(&sending, &arguments, err);
    rc = cli_name_bus(bus, rc, err);
    if (rc == E_OK || sending.sent) show(&sending, json);
    if (rc == E_OK)
        rc = refusals_end(&sending.refusals, sending.sent + sending.refusals.count, err);
    bus_close(bus);
    cli_config_free(&config);
    return rc;
}

const struct command send_command = {
    .name = "send",
    .summary = "feedback from files straight onto the bus",
    .usage = "[--text-column NAME] [--column FIELD=NAME]... [--json] [FILE ...]",
    .details = "NDJSON or CSV as for analyze; unknown fields are refused. Counts only what the bus "
               "holds. Exit status 75: the bus took longer than bus.commit_timeout, and what was "
               "handed to it last may be there or not.\n\n"
               "Example: verbatim send config/sample/feedback.ndjson\n",
    .run = send_run,
};
