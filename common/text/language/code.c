/* Languages as callers and labels name them. */
#include "text/language.h"

#include "base/ascii.h"

bool language_code(struct str tag, char ret_code[static 4])
{
    struct str rest = str_trim(tag);
    struct str primary = str_cut(&rest, str_find(rest, STR("_")) < 4 ? '_' : '-');
    if (primary.size < 2 || primary.size > 3) return false;
    for (size_t i = 0; i < primary.size; i++) {
        ret_code[i] = (char)(primary.data[i] | 0x20);
        if (!ascii_is_lower(ret_code[i])) return false;
    }
    ret_code[primary.size] = '\0';
    return true;
}
