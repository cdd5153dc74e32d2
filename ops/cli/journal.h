/* What an operator's command writes to the bus, and what it did before: both at once, or neither.
 *
 * Each commit is one transaction of messages and of the audit records that tell of them.
 * The command first announces itself on the audit topic, under a name that all its runs share:
 * so whoever announces itself later takes the name over, and an earlier run that is still there can
 * commit nothing any more. All audit records of a command have one key, and so one partition:
 * who has read its own announcement has read all that any earlier run ever committed. That is how a
 * command that is stopped, killed, or started twice does nothing twice. */
#ifndef VERBATIM_OPS_CLI_JOURNAL_H
#define VERBATIM_OPS_CLI_JOURNAL_H

#include "ops/cli/cli.h"
#include "ops/cli/reader.h"

enum { JOURNAL_OUTPUTS_MAX = 1000, JOURNAL_BYTES_MAX = 4 << 20 };

/* An earlier audit record of the same command; an error ends the reading. */
typedef int journal_on_entry(void *user, const struct audit *audit, struct err *err);

struct journal {
    const char *command; /* "redrive": the group, the member and the key */
    struct bus *bus;
    struct bus_consumer *consumer; /* for its transactions; reads nothing */
    struct cli_ids ids;
    char by[128]; /* who: user@host */
    struct arena arena; /* of what is written next */
    struct bus_output outputs[JOURNAL_OUTPUTS_MAX];
    size_t count, bytes;
};

/* Only reads: each audit record of this command that there is by now. `actor`: its audit.actor. */
int journal_read(struct bus *bus, const char *actor, journal_on_entry *on_entry, void *user,
                 struct err *err) CHECKED;

/* Announces a run by an audit record with this action and detail ("by" is added), then reads as
 * journal_read() does, up to and with that record. `journal` is large: not for the stack. */
int journal_open(struct journal *journal, struct bus *bus, const char *command, struct str action,
                 struct str_map detail, journal_on_entry *on_entry, void *user,
                 struct err *err) CHECKED;
/* what wasn't committed is forgotten; zeroed is valid */
void journal_close(struct journal *journal);

/* Is there room for so many more outputs, of about so many bytes? If not, commit first. */
bool journal_has_room(const struct journal *journal, size_t outputs, size_t bytes);
/* A message to write; what it points to must stay until the commit: journal->arena is for that. */
void journal_add(struct journal *journal, const struct bus_output *output);
/* An audit record; the same holds for `detail`. NO_MEMORY. */
int journal_note(struct journal *journal, struct str action, struct str_map detail,
                 struct err *err) CHECKED;

/* Writes all of it at once, and forgets it; tries again what may be tried again. CANCELLED, FENCED:
 * another run took over, or nobody knows what became of it; then start anew,
 * and the journal tells. */
int journal_commit(struct journal *journal, struct err *err) CHECKED;
/* Stays a member while nothing is to be written; waits so long. */
int journal_rest(struct journal *journal, int ms, struct err *err) CHECKED;

/* Adds to a map of detail that has room. NO_MEMORY shows as a value without data,
 * which is left out. */
void journal_detail(struct str_map *map, const char *name, struct str value);

#endif
