/* What is left of a received record once its text is a document:
 * nothing that tells who wrote it. */
#ifndef VERBATIM_WORKERS_PREPROCESS_STRIP_H
#define VERBATIM_WORKERS_PREPROCESS_STRIP_H

#include "schema/record.h"
#include "workers/preprocess/pseudonym.h"

/* A stream says the same few products and channels over and over: what was found to hold nothing
 * personal, by its bytes and the language that it was read in. Zeroed is empty;
 * one thread at a time. */
enum { STRIP_KNOWN_SLOTS = 256, STRIP_KNOWN_BYTES = 54 };
struct strip_known {
    struct {
        uint8_t size; /* 0: free */
        char language[9], bytes[STRIP_KNOWN_BYTES];
    } slots[STRIP_KNOWN_SLOTS];
};

/* The text goes, the customer gives way to a keyed hash, other texts are redacted:
 * - attributes called like a person's data ("email", "first_name") become its placeholder, whatever
 *   they hold; those that number people ("user_id", "device_id") are hashed like the customer, by
 *   the same key; in others, and in all names, personal data is looked for as in the text;
 * - product, channel, source and language keep what only looks like a name ("Calvin Klein"), and
 *   lose addresses of mail, numbers of phones and cards, and the like;
 * - fields that this version doesn't know survive, their texts treated like attributes.
 * Strings live in the arena. NO_MEMORY only. */
int strip_feedback(struct feedback *feedback, const struct pseudonym *pseudonym,
                   const char *language, struct strip_known *known, struct arena *arena,
                   struct err *err) CHECKED;

/* Drops the sections of later workers, which make theirs anew; unknown sections survive, their
 * texts treated like attributes. NO_MEMORY only. */
int strip_sections(struct record *record, const struct pseudonym *pseudonym, const char *language,
                   struct arena *arena, struct err *err) CHECKED;

#endif
