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

/* A word's bytes are its key: none has more than fit. */
enum { BEGINS = 1, LEADS = 2, SLOT_BITS = 9 };
static struct slot {
    uint64_t key; /* 0: empty */
    uint32_t lists;
} slots[1 << SLOT_BITS];

static uint64_t key_of(struct str word)
{
    uint64_t key = 0;
    if (word.size > sizeof key) return 0;
    for (size_t i = 0; i < word.size; i++) key = key << 8 | (unsigned char)word.data[i];
    return key;
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
        uint64_t key = key_of(str_cut(&rest, ' '));
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

static size_t last_blank(struct str text)
{
    size_t at = text.size;
    while (at && text.data[at - 1] != ' ') at--;
    return at ? at - 1 : 0;
}

/* In which lists the word behind the blank is; a long one is in none, as the empty slot. */
static uint32_t lists_of(struct str text, size_t blank)
{
    return slot_of(key_of(str_slice(text, blank + 1, text.size)))->lists;
}

size_t statement_end(struct str statement, size_t seam)
{
    size_t blank;
    for (struct str left = statement; (blank = last_blank(left)) >= KEEP_BYTES; left.size = blank)
        if (blank == seam || lists_of(left, blank) & BEGINS) {
            statement.size = blank;
            break;
        }
    while ((blank = last_blank(statement)) >= KEEP_BYTES &&
           lists_of(statement, blank) & LEADS)
        statement.size = blank;
    return statement.size;
}
