/* First version: passes valid UTF-8 through. */
#include "text/clean.h"

int text_clean(struct str text, struct arena *arena, struct str *ret_clean, struct err *err)
{
    (void)arena;
    if (!str_is_utf8(text)) return err_set(err, E_BAD_TEXT, NULL);
    *ret_clean = text;
    return E_OK;
}
