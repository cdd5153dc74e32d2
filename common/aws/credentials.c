/* Finds AWS credentials, in the order that the AWS tools have. */
#include "aws/credentials.h"

#include <stdio.h>
#include <stdlib.h>

enum { FILE_BYTES_MAX = 1024 * 1024 };

void credentials_deinit(struct credentials *credentials)
{
    if (!credentials) return;
    if (credentials->memory.data)
        explicit_bzero(credentials->memory.data, credentials->memory.capacity);
    buffer_deinit(&credentials->memory);
    *credentials = (struct credentials){0};
}

static const char *either(const char *first, const char *second)
{
    return first && *first ? first : second && *second ? second : "";
}

/* Copies the keys into memory of its own. */
static int keep(struct credentials *credentials, enum credentials_origin origin,
                struct sigv4_credentials keys, struct err *err)
{
    struct str parts[] = {keys.access_key_id, keys.secret_access_key, keys.session_token};
    struct credentials fresh = {.origin = origin};
    if (!buffer_reserve(&fresh.memory, parts[0].size + parts[1].size + parts[2].size + 1))
        return err_set(err, E_NO_MEMORY, "reading credentials");
    for (size_t i = 0; i < 3; i++) {
        struct str part = str_make(fresh.memory.data + fresh.memory.size, parts[i].size);
        buffer_add(&fresh.memory, parts[i]);
        parts[i] = part;
    }
    fresh.keys = (struct sigv4_credentials){parts[0], parts[1], parts[2]};
    credentials_deinit(credentials);
    *credentials = fresh;
    return E_OK;
}

/* Keys end up in headers: nothing that could end one. */
static bool is_clean(struct str s)
{
    for (size_t i = 0; i < s.size; i++)
        if ((uint8_t)s.data[i] <= ' ' || s.data[i] == 0x7F) return false;
    return true;
}

int credentials_set(struct credentials *credentials, enum credentials_origin origin,
                    struct sigv4_credentials keys, const char *where, struct err *err)
{
    if (!keys.secret_access_key.size)
        return err_set(err, E_BAD_CONFIG, "%s has an access key but no secret", where);
    if (!is_clean(keys.access_key_id) || !is_clean(keys.secret_access_key) ||
        !is_clean(keys.session_token))
        return err_set(err, E_BAD_CONFIG,
                       "credentials in %s hold white space or control characters", where);
    return keep(credentials, origin, keys, err);
}

bool credentials_are_same(const struct credentials *a, const struct credentials *b)
{
    return str_equal(a->keys.access_key_id, b->keys.access_key_id) &&
           str_equal(a->keys.secret_access_key, b->keys.secret_access_key) &&
           str_equal(a->keys.session_token, b->keys.session_token);
}

bool credentials_parse_file(struct str text, struct str profile, struct sigv4_credentials *ret_keys)
{
    struct sigv4_credentials keys = {0};
    bool inside = false;
    while (text.size) {
        struct str line = str_trim(str_cut(&text, '\n'));
        if (line.size == 0 || line.data[0] == '#' || line.data[0] == ';') continue;
        if (line.data[0] == '[') {
            struct str name = str_slice(line, 1, str_find(line, STR("]")));
            name = str_trim(name);
            if (str_starts(name, STR("profile "))) name = str_trim(str_slice(name, 8, name.size));
            inside = str_equal(name, profile);
            continue;
        }
        struct str name = str_trim(str_cut(&line, '=')), value = str_trim(line);
        if (!inside) continue;
        if (str_equal_ignoring_case(name, STR("aws_access_key_id")))
            keys.access_key_id = value;
        else if (str_equal_ignoring_case(name, STR("aws_secret_access_key")))
            keys.secret_access_key = value;
        else if (str_equal_ignoring_case(name, STR("aws_session_token")))
            keys.session_token = value;
    }
    if (!keys.access_key_id.size || !keys.secret_access_key.size) return false;
    *ret_keys = keys;
    return true;
}

static int load_file(const struct credentials_config *config, struct credentials *ret_credentials,
                     struct err *err)
{
    char path[4096];
    const char *home = getenv("HOME"),
               *given = either(config->file, getenv("AWS_SHARED_CREDENTIALS_FILE"));
    const char *profile = either(either(config->profile, getenv("AWS_PROFILE")), "default");
    if (*given)
        snprintf(path, sizeof path, "%s", given);
    else
        snprintf(path, sizeof path, "%s/.aws/credentials", home ? home : "");

    struct buffer text = {0};
    struct sigv4_credentials keys;
    int rc = buffer_read_text(&text, path, FILE_BYTES_MAX, err);
    if (rc == E_NO_INPUT && !*given)
        rc = err_set(
            err, E_NOT_FOUND,
            "no AWS credentials: set access_key_id, AWS_ACCESS_KEY_ID or a credentials file");
    else if (rc == E_OK && !credentials_parse_file(buffer_str(&text), str_of(profile), &keys))
        rc = err_set(err, E_BAD_CONFIG, "%s has no complete profile \"%s\"", path, profile);
    else if (rc == E_NO_INPUT || rc == E_TOO_LARGE)
        rc = err_set(err, E_BAD_CONFIG, "credentials file %s can't be read", path);
    if (rc == E_OK) rc = credentials_set(ret_credentials, CREDENTIALS_FILE, keys, path, err);
    if (text.data) explicit_bzero(text.data, text.capacity);
    buffer_deinit(&text);
    return rc;
}

int credentials_load(const struct credentials_config *config, struct credentials *ret_credentials,
                     struct err *err)
{
    if (config->access_key_id && *config->access_key_id) {
        struct sigv4_credentials keys = {str_of(config->access_key_id),
                                         str_of(either(config->secret_access_key, "")),
                                         str_of(either(config->session_token, ""))};
        return credentials_set(ret_credentials, CREDENTIALS_CONFIG, keys, "the configuration", err);
    }
    /* A file that is named wins over an environment that is just there. */
    const char *id = getenv("AWS_ACCESS_KEY_ID");
    if (id && *id && !(config->file && *config->file)) {
        struct sigv4_credentials keys = {str_of(id),
                                         str_of(either(getenv("AWS_SECRET_ACCESS_KEY"), "")),
                                         str_of(either(getenv("AWS_SESSION_TOKEN"), ""))};
        return credentials_set(ret_credentials, CREDENTIALS_ENVIRONMENT, keys, "the environment",
                               err);
    }
    return load_file(config, ret_credentials, err);
}
