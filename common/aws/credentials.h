/* AWS credentials: from the configuration, else the environment, else a credentials file.
 *
 * The file is read again when a service refuses them, as a rotated secret appears there. They are
 * never printed, and wiped when they go. Nothing here asks the network. */
#ifndef VERBATIM_AWS_CREDENTIALS_H
#define VERBATIM_AWS_CREDENTIALS_H

#include "aws/sigv4.h"

/* Of the sections [bedrock] and [store]: what struct credentials_config is made of. */
#define AWS_CREDENTIAL_OPTIONS(O)                                                                  \
    O(STR, access_key_id, "",                                                                      \
      "Access key; empty: environment, credentials file, web identity (STS), container or "        \
      "instance endpoint.")                                                                        \
    O(SECRET, secret_access_key, "Secret of access_key_id.")                                       \
    O(SECRET, session_token, "Session token of access_key_id, if it has one.")                     \
    O(STR, credentials_file, "",                                                                   \
      "AWS credentials file; empty: AWS_SHARED_CREDENTIALS_FILE, else ~/.aws/credentials.")        \
    O(STR, profile, "", "Profile in the credentials file; empty: AWS_PROFILE, else default.")

struct credentials_config {
    const char *access_key_id, *secret_access_key, *session_token; /* NULL or "": look elsewhere */
    const char *file, *profile;
};

enum credentials_origin {
    CREDENTIALS_CONFIG,
    CREDENTIALS_ENVIRONMENT,
    CREDENTIALS_FILE,
    CREDENTIALS_ENDPOINT, /* of a container or an instance: credentials_set() */
};

struct credentials {
    enum credentials_origin origin;
    struct sigv4_credentials keys; /* views of `memory` */
    struct buffer memory;
};

/* NOT_FOUND when there are none; BAD_CONFIG for a half, or a named file without them; DENIED when
 * the file may not be read. What was in *ret_credentials (zeroed or loaded) is wiped on success. */
int credentials_load(const struct credentials_config *config, struct credentials *ret_credentials,
                     struct err *err) CHECKED;
void credentials_deinit(struct credentials *credentials); /* zeroed is valid */

/* Copies keys that came from elsewhere; what was there before is wiped, on success only. BAD_CONFIG
 * for what no header can hold; `where` is for its text. */
int credentials_set(struct credentials *credentials, enum credentials_origin origin,
                    struct sigv4_credentials keys, const char *where, struct err *err) CHECKED;
bool credentials_are_same(const struct credentials *a, const struct credentials *b);

/* One profile out of the text of a credentials file. False if it isn't there or lacks a key. */
bool credentials_parse_file(struct str text, struct str profile,
                            struct sigv4_credentials *ret_keys);

#endif
