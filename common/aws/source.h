/* Credentials that a service hands out: AWS STS for a web identity's token (EKS, IRSA), the
 * endpoint of a container (ECS, EKS), or that of an instance (IMDSv2). Says which request is next
 * and reads what was answered; sends nothing itself: common/llm does on its loop, common/store by
 * waiting.
 *
 *     source_find(&source, region, err)
 *     source_begin(&source)
 *     do source_request(&source, &request, err); ... send it ...
 *     while (source_take(&source, status, body, &fresh, err) == SOURCE_MORE);
 *
 * Sources: "Assume role credential provider", "Container credential provider" and "IMDS credential
 * provider" of the AWS SDKs and Tools Reference Guide; AssumeRoleWithWebIdentity of the STS API. */
#ifndef VERBATIM_AWS_SOURCE_H
#define VERBATIM_AWS_SOURCE_H

#include "aws/credentials.h"
#include "base/arena.h"

enum {
    SOURCE_RENEW_MS = 10 * 60 * 1000, /* credentials are renewed so long before they expire */
    SOURCE_RETRY_MS = 5000,      /* least time between two attempts, where one was in vain ... */
    SOURCE_AGAIN_MS = 60 * 1000, /* ... and where one was answered, by keys or by a refusal */
    SOURCE_REPLY_BYTES_MAX = 64 * 1024,
};

enum source_kind { SOURCE_NONE, SOURCE_WEB_IDENTITY, SOURCE_CONTAINER, SOURCE_INSTANCE };

struct source {
    enum source_kind kind;
    bool assumed;                          /* an instance that nobody named: there may be none */
    char *url;                             /* without a slash at the end */
    char *role_arn, *session, *token_file; /* web identity */
    enum source_step { SOURCE_IDLE, SOURCE_WHOLE, SOURCE_TOKEN, SOURCE_ROLE, SOURCE_KEYS } step;
    char token[512], role[128];
};

/* By the environment; region: for STS. NOT_FOUND: nobody may be asked (AWS_EC2_METADATA_DISABLED).
 * BAD_CONFIG for an address that must not be asked. */
int source_find(struct source *source, const char *region, struct err *err) CHECKED;
void source_deinit(struct source *source);            /* zeroed is valid */
const char *source_name(const struct source *source); /* "the instance's endpoint" */

struct source_request {
    const char *method, *header;    /* header NULL: none */
    struct buffer url, body, value; /* value: the header's */
    int64_t deadline_ms;
    bool direct; /* past any proxy */
};
void source_request_deinit(struct source_request *request); /* wipes */

void source_begin(struct source *source);
/* The request of this step. NO_MEMORY; DENIED: the token that it needs can't be read. */
int source_request(struct source *source, struct source_request *ret_request,
                   struct err *err) CHECKED;

struct source_document {
    struct sigv4_credentials keys; /* views of the arena or of the text */
    int64_t expires_ms;            /* wall; 0: never */
};
enum source_verdict { SOURCE_MORE, SOURCE_DONE, SOURCE_FAILED };
/* FAILED: err says why (DENIED: refused; UPSTREAM: not what was asked for; UNAVAILABLE: later). */
enum source_verdict source_take(struct source *source, long status, struct str body,
                                struct arena *arena, struct source_document *ret_document,
                                struct err *err);

/* For tests: what an endpoint's JSON, or STS's XML, says. False: no credentials. */
bool source_parse(struct str text, struct arena *arena, struct source_document *ret_document);
bool source_parse_sts(struct str text, struct arena *arena, struct source_document *ret_document);

/* May credentials be fetched from there? https, or loopback and the addresses of ECS and EKS. */
bool source_url_is_allowed(struct str url);

#endif
