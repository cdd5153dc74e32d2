/* Credentials for Bedrock, fresh ones at any time: from configuration, environment or file, else
 * from the endpoint of a container (ECS, EKS) or of an instance (IMDSv2), asked on the loop.
 *
 * Keys that expire are renewed KEYS_RENEW_MS before they do, by whoever asks for them then; those at
 * hand serve meanwhile, until they have expired. Source: "Container credential provider" and "IMDS
 * credential provider", AWS SDKs and Tools Reference Guide. */
#ifndef VERBATIM_LLM_KEYS_H
#define VERBATIM_LLM_KEYS_H

#include "aws/credentials.h"
#include "base/arena.h"
#include "base/clock.h"
#include "llm/wire.h"

enum {
    KEYS_RENEW_MS = 10 * 60 * 1000,
    KEYS_STEP_MS = 2000,         /* longest wait for one step of an endpoint */
    KEYS_RETRY_MS = 5000,        /* least time between two attempts, where one was in vain ... */
    KEYS_AGAIN_MS = 60 * 1000,   /* ... and where one was answered, by keys or by a refusal */
};

enum keys_state {
    KEYS_READY,
    KEYS_COMING, /* on_change() tells */
    KEYS_NONE,   /* keys->err says why; a later call may try again */
};

struct keys {
    struct credentials_config config; /* its texts live as long as the keys */
    const struct clock *clock;
    struct wire *wire;
    void (*on_change)(struct keys *keys); /* renewed, or failed to; from the loop */
    void *user;

    struct credentials current; /* memory.data NULL: none */
    int64_t expires_ms;         /* wall; 0: never */
    int64_t not_before_ms;      /* monotonic: no attempt at an endpoint before */
    bool denied;                /* there are none to be had, rather than none at the moment */
    struct err err;
    char *container_url;        /* NULL: an instance's endpoint */
    const char *instance_url;   /* of IMDS, without slash at the end; NULL: switched off */
    char *instance_copy;
    enum keys_step { KEYS_IDLE, KEYS_CONTAINER, KEYS_TOKEN, KEYS_ROLE, KEYS_KEYS } step;
    struct exchange exchange;
    char token[512], role[128];
};

/* BAD_CONFIG as credentials_load() says, or for an endpoint's address that must not be asked;
 * NOT_FOUND: nothing here, and no endpoint to ask either. Makes no request. */
int keys_open(struct keys *keys, struct wire *wire, const struct clock *clock, struct err *err) CHECKED;
void keys_close(struct keys *keys); /* before the wire; zeroed is valid */

enum keys_state keys_get(struct keys *keys);

/* A service refused them: true if others are at hand now, or are being fetched. */
bool keys_refused(struct keys *keys);

/* What an endpoint answered: views of the arena or of the text. False: no credentials. */
struct keys_document {
    struct sigv4_credentials keys;
    int64_t expires_ms; /* 0: never */
};
bool keys_parse(struct str text, struct arena *arena, struct keys_document *ret_document);

/* May credentials be fetched from there? https, or loopback and the addresses of ECS and EKS. */
bool keys_url_is_allowed(struct str url);

#endif
