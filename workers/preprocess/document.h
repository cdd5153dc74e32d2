/* What was received becomes a document: clean text, its language, no personal data in it, and
 * whether it came before. */
#ifndef VERBATIM_WORKERS_PREPROCESS_DOCUMENT_H
#define VERBATIM_WORKERS_PREPROCESS_DOCUMENT_H

#include "text/language.h"
#include "workers/preprocess/state.h"

/* What one record's text was found to be. Its pointers are the job's arena's. */
struct reading {
    struct document document;
    struct language_guess language;
    const struct tokens *words; /* of document.text */
    struct window_record seen;  /* for the window, once the record goes on */
    enum window_match match;
    bool retried; /* it came before, as another message, and goes no further */
};

/* Fills `reading`, in parts where it fails. `feedback` has a text. EXISTS: its id came before with
 * another text; BAD_MESSAGE and the like from the text. */
int document_make(struct worker_context *context, struct job *job, const struct feedback *feedback,
                  struct reading *reading, struct err *err) CHECKED;

/* A record that another replica has worked on: only what is to be known of it. One that can't be
 * read is a dead letter of theirs, and may come again. `user` is the struct worker_context. */
void document_remember(void *user, const struct bus_message *message, struct arena *arena);

#endif
