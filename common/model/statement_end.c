/* Goes back word by word, to one that begins another thought, then to one that may be the last. */
#include "model/statement_end.h"

#include "model/statement.h"

enum { KEEP_BYTES = STATEMENT_BYTES * 5 / 8 };

/* As they are written in lower case. What turns a thought ("but") may be what is needed. */
static const char begins[] =
    "and because et even if nor or otherwise ou porque since sino so unless until when where which "
    "while y";
static const char leads[] =
    "a al am an and are as at au aux avec be because been but by car ce con cuando d'un d'une dans "
    "de del des du el en es est et even for from had has have i if in into is it its l la las le "
    "les lo los mais mes mi mis mon my ne no non not of on or ou para pas per pero plus por porque "
    "pour quand que qui sa se ses since sin so su sur te than that the their they this to too tu "
    "un una une van very was were when which while will with without y you your \xc3\xa0";

static bool is_listed(const char *list, struct str word)
{
    for (struct str rest = str_of(list); rest.size;)
        if (str_equal(str_cut(&rest, ' '), word)) return true;
    return false;
}

static size_t last_blank(struct str text)
{
    size_t at = text.size;
    while (at && text.data[at - 1] != ' ') at--;
    return at ? at - 1 : 0;
}

static struct str last_word(struct str text, size_t blank)
{
    return str_slice(text, blank + 1, text.size);
}

size_t statement_end(struct str statement, size_t seam)
{
    size_t blank;
    for (struct str left = statement; (blank = last_blank(left)) >= KEEP_BYTES; left.size = blank)
        if (blank == seam || is_listed(begins, last_word(left, blank))) {
            statement.size = blank;
            break;
        }
    while ((blank = last_blank(statement)) >= KEEP_BYTES &&
           is_listed(leads, last_word(statement, blank)))
        statement.size = blank;
    return statement.size;
}
