/* Every record's way, id by id: of each that was received one thing came,
 * or it is still on its way.
 *
 * Notes of 40 bytes (an id's hash of 128 bits, what, where) are spread over 256 temporary files by
 * their hash; then each file is sorted in memory. So memory is a 256th of all notes, and room on
 * disk 40 bytes for each line of the five topics of the way and the dead letters. */
#ifndef VERBATIM_ARCHIVE_IDS_H
#define VERBATIM_ARCHIVE_IDS_H

#include <stdio.h>

#include "archive/book.h"

enum { IDS_FILES = 256, IDS_LETTER = STAGES + 1 };

struct id_note {
    uint64_t hash, other_hash; /* of the id with its marks */
    int64_t offset;
    uint64_t id_hash; /* of the id alone, as the ledger has it */
    uint32_t partition;
    uint8_t what;  /* a stage: read there; STAGES: an insight; IDS_LETTER: a dead letter */
    uint8_t of;    /* IDS_LETTER: of which stage */
    bool waiting;  /* nobody has read it */
    bool resent;   /* by a redrive or a replay */
};

struct ids {
    const char *folder;
    FILE *files[IDS_FILES];
    uint64_t notes;
    struct ledger_sum dropped; /* ids_judge(): that went in, and nothing of them came out */
    uint64_t repeated;         /* insights of an id that was received more than once */
};

/* Temporary files in the folder, gone when they are closed; `folder` must live as
 * long. NO_OUTPUT. */
int ids_init(struct ids *ids, const char *folder, struct err *err) CHECKED;
void ids_deinit(struct ids *ids);

/* `mark` tells a record that was sent again from the one before; may be empty. DISK_FULL, IO. */
int ids_add(struct ids *ids, struct str id, struct str mark, struct id_note note,
            struct err *err) CHECKED;
/* Once all are in: LOST and DOUBLED, but not of what preprocess may have dropped, which is summed.
 * `vanished`: the first that went in and of which nothing is left; offset -1:
 * none. NO_MEMORY, IO. */
int ids_judge(struct ids *ids, struct findings *findings, struct id_note *vanished,
              struct err *err) CHECKED;

#endif
