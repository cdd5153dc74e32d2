/* What tests of object stores ask again and again. */
#ifndef VERBATIM_TESTS_STORE_EXPECT_H
#define VERBATIM_TESTS_STORE_EXPECT_H

#include "store/store.h"
#include "must.h"

/* The code's name and the error's text in the failure, not two numbers. */
static inline void expect(enum err_code wanted, int rc, const struct err *err)
{
    if (rc != (int)wanted)
        fail_msg("wanted %s, got %s: %s", err_name(wanted), err_name((enum err_code)rc),
                 rc ? err->text : "");
}

/* The object holds exactly these bytes. */
static inline void expect_object(struct store *store, struct str key, struct str body)
{
    struct buffer found = {0};
    struct err err;
    expect(E_OK, store_get(store, key, body.size, &found, &err), &err);
    assert_true(str_equal(buffer_str(&found), body));
    buffer_deinit(&found);
}

#endif
