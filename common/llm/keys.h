/* Credentials for Bedrock, fresh ones at any time: from configuration, environment or file, else
 * from STS for a web identity, or a container's or an instance's endpoint (aws/source.h), asked on
 * the loop.
 *
 * Keys that expire are renewed KEYS_RENEW_MS before they do, by whoever asks for them then; those
 * at hand serve meanwhile, until they have expired. */
#ifndef VERBATIM_LLM_KEYS_H
#define VERBATIM_LLM_KEYS_H

#include "aws/source.h"
#include "base/clock.h"
#include "wire/wire.h"

enum {
    KEYS_RENEW_MS = SOURCE_RENEW_MS,
    KEYS_RETRY_MS = SOURCE_RETRY_MS,
    KEYS_AGAIN_MS = SOURCE_AGAIN_MS
};

enum keys_state {
    KEYS_READY,
    KEYS_COMING, /* on_change() tells */
    KEYS_NONE,   /* keys->err says why; a later call may try again */
};

struct keys {
    struct credentials_config config; /* its texts live as long as the keys, */
    const char *region;               /* and so does this: of STS */
    const struct clock *clock;
    struct wire *wire;
    void (*on_change)(struct keys *keys); /* renewed, or failed to; from the loop */
    void *user;

    struct credentials current; /* memory.data NULL: none */
    int64_t expires_ms;         /* wall; 0: never */
    int64_t not_before_ms;      /* monotonic: no attempt at an endpoint before */
    bool denied;                /* there are none to be had, rather than none at the moment */
    struct err err;
    struct source source;
    struct source_request request;
    struct exchange exchange;
    bool fetching;
};

/* BAD_CONFIG as credentials_load() says, or for an endpoint's address that must not be asked;
 * NOT_FOUND: nothing here, and no endpoint to ask either. Makes no request. */
int keys_open(struct keys *keys, struct wire *wire, const struct clock *clock,
              struct err *err) CHECKED;
void keys_close(struct keys *keys); /* before the wire; zeroed is valid */

enum keys_state keys_get(struct keys *keys);

/* A service refused them: true if others are at hand now, or are being fetched. */
bool keys_refused(struct keys *keys);

#endif
