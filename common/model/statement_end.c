/* Goes back word by word, to one that begins another thought, then to one that may be the last. */
#include "model/statement_end.h"

#include "model/statement.h"

enum { KEEP_BYTES = STATEMENT_BYTES * 5 / 8 };

/* As they are written in lower case. What turns a thought ("but") may be what is needed. */
static const char begins[] =
    "and because et even if nor or ou porque since sino so unless until when where which "
    "while y";
static const char leads[] =
    "a al am an and are as at au aux avec be because been but by car ce con cuando d'un d'une dans "
    "de del des du el en es est et even for from had has have i if in into is it its l la las le "
    "les lo los mais mes mi mis mon my ne no non not of on or ou para pas per pero plus por porque "
    "pour quand que qui sa se ses since sin so su sur te than that the their they this to too tu "
    "un una une van very was were when which while will with without y you your \xc3\xa0";

/* A word's bytes, the last first, are its key: none has more than fit. */
enum { BEGINS = 1, LEADS = 2, SLOT_BITS = 9 };
static struct slot {
    uint64_t key; /* 0: empty */
    uint32_t lists;
} slots[1 << SLOT_BITS];

/* Where the last word's blank stands, or 0, and the word's key; 0: it is too long to have one. */
static size_t last_word(struct str text, uint64_t *ret_key)
{
    size_t at = text.size;
    uint64_t key = 0;
    while (at && text.data[at - 1] != ' ') key = key << 8 | (unsigned char)text.data[--at];
    *ret_key = text.size - at > sizeof key ? 0 : key;
    return at ? at - 1 : 0;
}

static struct slot *slot_of(uint64_t key)
{
    uint32_t at = (uint32_t)(key * UINT64_C(0x9e3779b97f4a7c15) >> (64 - SLOT_BITS));
    while (slots[at].key && slots[at].key != key) at = (at + 1) % (1 << SLOT_BITS);
    return &slots[at];
}

static void enter(const char *list, uint32_t bit)
{
    for (struct str rest = str_of(list); rest.size;) {
        uint64_t key;
        last_word(str_cut(&rest, ' '), &key);
        struct slot *slot = slot_of(key);
        slot->key = key;
        slot->lists |= bit;
    }
}

void statement_end_build(void)
{
    enter(begins, BEGINS);
    enter(leads, LEADS);
}

size_t statement_end(struct str statement, size_t seam)
{
    size_t blank;
    uint64_t key;
    for (struct str left = statement; (blank = last_word(left, &key)) >= KEEP_BYTES;
         left.size = blank)
        if (blank == seam || slot_of(key)->lists & BEGINS) {
            statement.size = blank;
            break;
        }
    while ((blank = last_word(statement, &key)) >= KEEP_BYTES && slot_of(key)->lists & LEADS)
        statement.size = blank;
    return statement.size;
}
