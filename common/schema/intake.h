/* What callers send, as one record of the feedback topic: one JSON object or one CSV row, with the
 * fields of schemas/feedback.def and, if they like, an id of their own. The door and `verbatim
 * analyze` share this. */
#ifndef VERBATIM_SCHEMA_INTAKE_H
#define VERBATIM_SCHEMA_INTAKE_H

#include "base/random.h"
#include "schema/csv.h"
#include "schema/json.h"

struct intake_rules {
    bool keep_unknown;        /* unknown fields become attributes; otherwise they are problems */
    struct str tenant;        /* empty: none */
    struct str source;        /* used where the caller names none */
    struct str idempotency;   /* key of the whole request; empty: none */
    /* JSON: the field that holds the words, ours or not; one called text besides is an attribute.
     * Empty: text */
    struct str text_field;
    struct uuid_generator *ids;
    int64_t received_ms;
    bool handed_on;           /* the record goes on in this process: its message isn't written */
};

struct intake {
    struct feedback feedback;
    struct str id, key;       /* key: the customer, or the id */
    struct record record;
    struct str message;       /* the record, encoded; empty if rules->handed_on */
    uint64_t row;             /* as given */
};

enum { INTAKE_ID_BYTES_MAX = 64, INTAKE_TENANT_BYTES_MAX = 64 };

/* May rules name this tenant? Otherwise no worker could read their records:
 * check where it is configured. */
bool intake_tenant_is_valid(struct str tenant);

/* The id is the caller's "id" (letters, digits and . _ : - ), as "TENANT:id" where there is a
 * tenant; or derived from the idempotency key and the row; or a new UUIDv7. BAD_JSON, BAD_MESSAGE
 * (see problems), NO_MEMORY. `row` numbers the records of one request from 0. */
int intake_json(struct str text, const struct intake_rules *rules, uint64_t row,
                struct arena *arena, struct intake *ret_intake, struct json_problems *problems,
                struct err *err) CHECKED;

/* "Text" is text, and "ID" id: capitals are how people write headers. `name` where it is no
 * field's. */
struct str intake_column(struct str name);

/* The header, its names trimmed, copied and as intake_column() has them; sets the reader's
 * delimiter and passes over a "sep=" line. NOT_FOUND: its end hasn't come, or there is none.
 * BAD_MESSAGE; also where it names one of our fields twice. */
int intake_read_header(struct csv_reader *reader, struct arena *arena, struct csv_row *ret_header,
                       struct err *err) CHECKED;

/* What bytes begin that are no UTF-8 text, and the command that makes some of them, or NULL;
 * itself NULL: they may be text. */
const char *intake_packed_as(struct str bytes, const char **ret_unpack);

/* Whether a header as intake_read_header() gives it names the column that holds the text, "text" or
 * what the user calls it: without it no row can be good. BAD_MESSAGE shows the names that there
 * are. */
int intake_check_header(const struct csv_row *header, struct str wanted, struct err *err) CHECKED;

/* Columns are fields by name; "attributes.NAME" is an attribute; empty cells are not there. */
int intake_csv(const struct csv_row *header, const struct csv_row *cells,
               const struct intake_rules *rules, uint64_t row, struct arena *arena,
               struct intake *ret_intake, struct json_problems *problems, struct err *err) CHECKED;

#endif
