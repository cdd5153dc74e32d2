/* Goes back word by word, to one that begins another thought, then to one that may be the last. */
#include "model/insight/statement_end.h"

#include "model/insight/statement.h"
#include "model/word_table.h"

/* Bytes that are kept whatever they end in; those before another thought, if it is long. */
enum {
    KEEP_BYTES = STATEMENT_BYTES * 2 / 5, THOUGHT_BYTES = STATEMENT_BYTES * 5 / 8, LONG_WORDS = 5
};

/* As they are written in lower case. What turns a thought ("but") may be what is needed. */
static const char begins[] =
    "although and aunque because et even if nor or ou porque since sino so though unless until "
    "when where which while y";
static const char leads[] =
    "alors aunque donc though a about after against al all am an and any apr\xc3\xa8s are as "
    "at au aucun aucune aussi "
    "aux avant avec be because been before being between but by c'est cada can car ce cet "
    "cette ceux chaque chez como con contre could cuando d'un d'une dans de del depuis des "
    "desde deux did do does dont dos du during each el elle en entre era es est estaba "
    "est\xc3\xa1 et even every for from ha hab\xc3\xad" "a had han has hasta have he her his "
    "how i if il ils in into is it its j'ai jamais je jusqu'\xc3\xa0 l la las le les leur "
    "leurs lo los ma mais me mes mi mis mon more muy my m\xc3\xa1s n'est ne never ni ninguna "
    "ning\xc3\xban no non nos not notre nous nunca of on only or other ou our over o\xc3\xb9 "
    "par para pas pendant per pero plus por porque pour puis qu'il qu'on quand que qui s'est "
    "s'il sa sans se ses she should sin since so sobre some son sous still su sur sus tan te "
    "ten\xc3\xad" "a than that the their them there they this to toda todas todo todos too "
    "tous tout toute tr\xc3\xa8s tu tus un una une until van vers very votre vous was we "
    "were when where which while who will with without would y ya you your \xc3\xa0 "
    "\xc3\xa9tait";

/* A word's bytes, the last first, are its key: none has more than fit. */
enum { BEGINS = 1, LEADS = 2, SLOT_BITS = 9 };
static struct word_slot slots[1 << SLOT_BITS];

/* Where the last word's blank stands, or 0, and the word's key; 0: it is too long to have one. */
static size_t last_word(struct str text, uint64_t *ret_key)
{
    size_t at = text.size;
    uint64_t key = 0;
    while (at && text.data[at - 1] != ' ') key = key << 8 | (unsigned char)text.data[--at];
    *ret_key = text.size - at > sizeof key ? 0 : key;
    return at ? at - 1 : 0;
}

static uint32_t lists_of(uint64_t key) { return word_slot(slots, SLOT_BITS, key)->bits; }

static void enter(const char *list, uint32_t bit)
{
    for (struct str rest = str_of(list); rest.size;) {
        uint64_t key;
        last_word(str_cut(&rest, ' '), &key);
        word_slot_add(slots, SLOT_BITS, key, bit);
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
    uint32_t words = 1, trimmed = LEADS; /* words: from the blank on */
    for (struct str left = statement; (blank = last_word(left, &key)) >= KEEP_BYTES;
         left.size = blank) {
        bool begun = blank == seam || lists_of(key) & BEGINS;
        if (begun && (blank >= THOUGHT_BYTES || words < LONG_WORDS)) {
            statement.size = blank;
            trimmed = BEGINS; /* "even | though" */
            break;
        }
        if (++words >= LONG_WORDS && blank < THOUGHT_BYTES) break;
    }
    while ((blank = last_word(statement, &key)) >= KEEP_BYTES && lists_of(key) & trimmed)
        statement.size = blank;
    return statement.size;
}
