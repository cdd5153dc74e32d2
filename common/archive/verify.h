/* Is an archive whole, and does it balance?
 *
 * 1. Each manifest's object is there, with the bytes, hashes, counts and times that it says; no
 *    offset is in two objects.
 * 2. What each commit read, by the ledger, is what the archive holds at these offsets: by count and
 *    by sum of ids, for each topic, partition and hour. Between the first and the last offset that
 *    the ledger tells of none is missing (transaction markers take offsets, but no record is
 *    there). What lies behind is in flight.
 * 3. What the commits wrote is what the archive holds, by topic and hour.
 * 4. Of each id that was received came one insight or one dead letter, or it is in flight, or it is
 *    one of those dropped as duplicates, which add up to the ledger's.
 * 5. For each hour: received = insights + duplicates + dead letters + in flight.
 * 6. By source and hour, the door gave no more receipts than `feedback` holds records, and where it
 *    gave as many, for these. A door that was killed has told of fewer: that is none of its faults.
 *
 * Records that a redrive or a replay sent again are marked, with all that is made of them; they
 * balance apart, from the topic on where they were sent to, and count in none of the sums.
 *
 * Memory: the sums (200 bytes by topic, partition and hour), 16 bytes for each gap in the ledger's
 * positions, 8 bytes an object, 5 MiB of sources at most (sources.h), a 256th of the notes on ids
 * (ids.h), and an object's line. */
#ifndef VERBATIM_ARCHIVE_VERIFY_H
#define VERBATIM_ARCHIVE_VERIFY_H

#include "archive/findings.h"
#include "archive/sources.h"
#include "schema/ledger.h"
#include "store/store.h"

struct verify_progress {
    uint64_t objects, records, bytes;
    enum topic topic;
};

struct verify_options {
    int64_t from_ms, to_ms; /* [from, to) of the records' timestamps, whole hours; to 0: no end */
    const char *folder;     /* for temporary files */
    void (*on_object)(void *user, const struct verify_progress *progress); /* may be NULL */
    void *user;
};

/* One hour. Resent records are in none. */
struct verify_row {
    int64_t window;
    uint64_t received, insights, duplicates, dead_letters, in_flight;
    bool balanced;
};

struct verify_topic {
    uint64_t objects, records, bytes;
};

struct verify_report {
    struct findings findings;
    struct verify_row *rows;
    size_t row_count;
    struct source_sums *sources; /* most records first; an empty name: all that had no room */
    size_t source_count;
    struct verify_topic topics[TOPIC_COUNT];
    uint64_t entries;    /* of the ledger */
    /* objects without a manifest, at an end: somebody was about to write one */
    uint64_t unfinished;
    uint64_t repeated;   /* insights of an id that was received, and not recognised, again */
};
/* Balanced if there are no findings. The store's errors; NO_INPUT: there is no archive; NO_OUTPUT,
 * DISK_FULL, IO: the temporary files. The report is to be freed whatever comes back. */
int verify_archive(struct store *store, const struct verify_options *options,
                   struct verify_report *report, struct err *err) CHECKED;
void verify_report_deinit(struct verify_report *report);

#endif
