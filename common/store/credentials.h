/* AWS credentials: from the configuration, else the environment, else a credentials file.
 *
 * The file is read again when the store refuses them, as a rotated secret appears there. They are
 * never printed, and wiped when they go. */
#ifndef VERBATIM_STORE_CREDENTIALS_H
#define VERBATIM_STORE_CREDENTIALS_H

#include "store/sigv4.h"

struct credentials_config {
    const char *access_key_id, *secret_access_key, *session_token; /* NULL or "": look elsewhere */
    const char *file, *profile;
};

enum credentials_origin { CREDENTIALS_CONFIG, CREDENTIALS_ENVIRONMENT, CREDENTIALS_FILE };

struct credentials {
    enum credentials_origin origin;
    struct sigv4_credentials keys; /* views of `memory` */
    struct buffer memory;
};

/* BAD_CONFIG when there are none, or a half; DENIED when the file may not be read. */
int credentials_load(const struct credentials_config *config, struct credentials *ret_credentials,
                     struct err *err) CHECKED;
void credentials_deinit(struct credentials *credentials); /* zeroed is valid */

/* One profile out of the text of a credentials file. False if it isn't there or lacks a key. */
bool credentials_parse_file(struct str text, struct str profile,
                            struct sigv4_credentials *ret_keys);

#endif
