/* Takes openers off the head of a clause and courtesies off its tail until what is left
 * says what is needed.
 *
 * The kind of the need is told beside it, so words that only wish, ask or add say nothing here;
 * words that turn the meaning ("remove", "without", "not") stay. At least one word stays. */
#include "model/insight/statement.h"

#include <assert.h>
#include <threads.h>

#include "base/ascii.h"
#include "base/hash.h"
#include "model/insight/statement_end.h"
#include "model/insight/statement_mark.h"
#include "model/insight/statement_own.h"
#include "text/ascii_head.h"

#include "model/insight/statement_phrases.inc"

/* The openers of a kind, by their first two characters: nearly all that a head can't begin with
 * are never looked at. */
enum { KINDS = 3, PAIRS = 1024, OPENERS_MAX = 640, MARK_CODE = 28, PLACEHOLDER_BYTES_MAX = 24 };
static struct openers {
    /* those of pair p are phrases[first[p]] to phrases[first[p + 1] - 1] */
    uint16_t first[PAIRS + 1];
    const char *phrases[OPENERS_MAX];
    /* bytes of a phrase's first word; 0: it has an apostrophe, and isn't compared as it is */
    uint8_t words[OPENERS_MAX];
} openers[KINDS];
/* The closers by the hash of their last word, in the order of the list: of those in one slot each
 * knows the next; numbers begin at 1. */
enum { CLOSERS = sizeof closers / sizeof *closers, CLOSER_SLOTS = 256 };
static uint8_t closer_words[CLOSERS], first_closer[CLOSER_SLOTS], next_closer[CLOSERS + 1];
_Static_assert(CLOSERS <= UINT8_MAX, "a closer's number is a byte");
static once_flag once = ONCE_FLAG_INIT;

/* Of a word's first and second character; the second is 0 where there is none. A typographic
 * apostrophe is one too. */
static uint32_t pair_of(char first, char second)
{
    uint32_t code = second == '\'' || second == '\xe2' ? MARK_CODE : (unsigned char)second & 31u;
    return ((unsigned char)first & 31u) << 5 | code;
}

static uint32_t pair_of_phrase(const char *phrase)
{
    return pair_of(phrase[0], phrase[1] == ' ' ? '\0' : phrase[1]);
}

static uint8_t plain_word_bytes(const char *phrase)
{
    size_t size = strcspn(phrase, " ");
    return memchr(phrase, '\'', size) ? 0 : (uint8_t)size;
}

static void index_openers(struct openers *index, const char *const *of_kind)
{
    const char *const *const lists[] = {any, of_kind};
    uint16_t at[PAIRS] = {0}, count = 0;
    for (size_t i = 0; i < 2; i++)
        for (const char *const *phrase = lists[i]; *phrase; phrase++) at[pair_of_phrase(*phrase)]++;
    for (uint32_t pair = 0; pair < PAIRS; pair++) {
        index->first[pair] = count;
        count = (uint16_t)(count + at[pair]);
        at[pair] = index->first[pair];
    }
    assert(count <= OPENERS_MAX);
    index->first[PAIRS] = count;
    for (size_t i = 0; i < 2; i++)
        for (const char *const *phrase = lists[i]; *phrase; phrase++) {
            uint16_t place = at[pair_of_phrase(*phrase)]++;
            index->phrases[place] = *phrase;
            index->words[place] = plain_word_bytes(*phrase);
        }
}

/* Their last words have no apostrophe but behind an elision, of which texts have two kinds: what
 * follows it is their last word here. */
static const char *last_word(const char *closer)
{
    const char *word = closer;
    for (const char *c = closer; *c; c++)
        if (*c == ' ' || *c == '\'') word = c + 1;
    return word;
}

static void index_closers(void)
{
    for (size_t i = CLOSERS; i-- > 0;) {
        closer_words[i] = 1;
        for (const char *c = closers[i]; *c; c++)
            closer_words[i] = (uint8_t)(closer_words[i] + (*c == ' '));
        uint8_t *first = &first_closer[hash_word(str_of(last_word(closers[i]))) % CLOSER_SLOTS];
        next_closer[i + 1] = *first;
        *first = (uint8_t)(i + 1);
    }
}

static void build(void)
{
    statement_own_build();
    statement_end_build();
    index_openers(&openers[INSIGHT_FEATURE_REQUEST], wishes);
    index_openers(&openers[INSIGHT_PROBLEM_REPORT], problems);
    index_openers(&openers[INSIGHT_QUESTION], questions);
    index_closers();
}

/* Tokens have typographic apostrophes too: the byte behind one mark, or 0. */
static size_t apostrophe_bytes(struct str word, size_t at)
{
    if (word.data[at] == '\'') return 1;
    return word.size - at >= 3 && memcmp(word.data + at, "\xe2\x80\x99", 3) == 0 ? 3 : 0;
}

/* How much of the folded word a phrase's first part is, or 0; a part that ends in an apostrophe
 * may leave a rest. *ret_rest: the phrase behind the part. */
static size_t part_bytes(struct str word, const char *phrase, const char **ret_rest)
{
    size_t at = 0;
    const char *c = phrase;
    for (; *c && *c != ' '; c++) {
        if (at == word.size) return 0;
        size_t mark = *c == '\'' ? apostrophe_bytes(word, at) : word.data[at] == *c;
        if (!mark) return 0;
        at += mark;
    }
    *ret_rest = *c ? c + 1 : c;
    return at == word.size || c[-1] == '\'' ? at : 0;
}

/* Where a clause begins: its token, and the bytes of an elision off that token's head. */
struct head {
    uint32_t token;
    size_t cut;
};

static bool fits(const struct tokens *tokens, struct head head, uint32_t last, const char *phrase,
                 struct head *ret_behind)
{
    while (*phrase) {
        if (head.token == last) return false;
        struct str word = tokens->items[head.token].folded;
        word = str_slice(word, head.cut, word.size);
        size_t bytes = part_bytes(word, phrase, &phrase);
        if (!bytes) return false;
        head = bytes < word.size ? (struct head){head.token, head.cut + bytes}
                                 : (struct head){head.token + 1, 0};
    }
    *ret_behind = head;
    return true;
}

static bool is_behind(struct head a, struct head b)
{
    return a.token > b.token || (a.token == b.token && a.cut > b.cut);
}

static bool is_any_of(const struct token *token, const char *const *words)
{
    for (; *words; words++)
        if (str_equal(token->folded, str_of(*words))) return true;
    return false;
}

/* What looks like an opener and is part of what follows: "the app of the bank", "a quién". */
static bool belongs(const struct tokens *tokens, uint32_t at, const char *phrase,
                    const struct token *next)
{
    static const char *const of[] = {"of", "de", "del", "des", "du", NULL};
    static const char *const towards[] = {
        "quien", "quienes", "que",    "cual",   "donde", "cuanto", "cuantos", "mi", "mis", "los",
        "las",   "la",      "lo",     "el",     "un",    "una",    "su",     "sus",   "veces",
        "ver",   "partir",  "nadie",  "qui",    "quoi",  "quel",   "quelle", NULL};
    if (phrase[0] == 'a' && !phrase[1])
        return tokens->items[at].end - tokens->items[at].start > 1 || is_any_of(next, towards);
    return (next->folded.data[0] == 'd' || next->folded.data[0] == 'o') &&
           is_any_of(next, of) && strstr(phrase, "app");
}

static void seek(const struct tokens *tokens, struct head head, uint32_t last,
                 const struct openers *index, struct head *farthest)
{
    struct str word = tokens->items[head.token].folded;
    word = str_slice(word, head.cut, word.size);
    uint32_t pair = pair_of(word.data[0], word.size > 1 ? word.data[1] : '\0');
    for (uint32_t i = index->first[pair]; i < index->first[pair + 1]; i++) {
        struct head behind;
        size_t bytes = index->words[i];
        if (bytes && (word.size != bytes || memcmp(word.data, index->phrases[i], bytes) != 0))
            continue;
        if (!fits(tokens, head, last, index->phrases[i], &behind)) continue;
        if (behind.token < last && is_behind(behind, *farthest) &&
            !belongs(tokens, head.token, index->phrases[i], &tokens->items[behind.token]))
            *farthest = behind;
    }
}

static struct head skip_openers(const struct tokens *tokens, uint32_t first, uint32_t last,
                                enum insight_need_kind kind)
{
    struct head head, farthest = {first, 0};
    do {
        head = farthest;
        seek(tokens, head, last, &openers[kind], &farthest);
    } while (is_behind(farthest, head));
    return head;
}

/* Of what follows the word's last apostrophe. */
static uint64_t hash_behind_apostrophe(struct str word)
{
    size_t at = word.size;
    while (at && word.data[at - 1] != '\'' && word.data[at - 1] != '\x99') at--;
    return token_part_hash(str_slice(word, at, word.size));
}

static uint32_t skip_closers(const struct tokens *tokens, struct head head, uint32_t last)
{
    for (bool found = true; found;) {
        const struct token *ending = &tokens->items[last - 1];
        uint64_t hash = ending->apostrophe ? hash_behind_apostrophe(ending->folded) : ending->hash;
        found = false;
        for (uint32_t i = first_closer[hash % CLOSER_SLOTS]; i && !found; i = next_closer[i]) {
            const char *closer = closers[i - 1];
            uint32_t words = closer_words[i - 1];
            struct head behind, from = {last - words, 0};
            if (last - head.token <= words ||
                tokens->items[from.token].folded.data[0] != closer[0])
                continue;
            found = fits(tokens, from, last, closer, &behind) && behind.token == last;
            if (found) last -= words;
        }
    }
    return last;
}

/* Of a word as it is written, what the first `cut` bytes of its folded form are: elisions, each up
 * to its mark, which is longer in the text where it is typographic. */
static size_t cut_in_text(struct str folded, size_t cut, struct str word)
{
    size_t end = 0;
    for (size_t i = 0; i < cut; i++) {
        if (folded.data[i] != '\'') continue;
        while (end < word.size && !apostrophe_bytes(word, end)) end++;
        end += end < word.size ? apostrophe_bytes(word, end) : 0;
    }
    return end;
}

/* All of them in lower case: ASCII, Latin-1 and the ligature; others stay. `left`: bytes of the
 * text from the first on. STEP bytes behind the last may be written. */
enum { STEP = 16 };
static void put_lower(char *out, const char *bytes, size_t size, size_t left)
{
#ifdef __SSE2__
    char room[STEP];
    __m128i earlier = _mm_setzero_si128();
    for (size_t at = 0; at < size; at += STEP) {
        const char *from = ascii_readable(bytes + at, left - at, STEP, ' ', room);
        __m128i step = _mm_loadu_si128((const void *)from);
        __m128i lead = _mm_or_si128(_mm_slli_si128(step, 1), _mm_srli_si128(earlier, 15));
        __m128i latin = _mm_andnot_si128(ascii_equal(step, '\x97'),
                                         ascii_between(step, '\x80', 31));
        __m128i upper = _mm_or_si128(ascii_between(step, 'A', 26),
                                     _mm_and_si128(ascii_equal(lead, '\xc3'), latin));
        __m128i ligature = _mm_and_si128(ascii_equal(lead, '\xc5'), ascii_equal(step, '\x92'));
        step = _mm_or_si128(step, _mm_and_si128(upper, _mm_set1_epi8(0x20)));
        _mm_storeu_si128((void *)(out + at), _mm_sub_epi8(step, ligature));
        earlier = step;
    }
#else
    (void)left;
    for (size_t i = 0; i < size; i++) {
        char lead = i ? bytes[i - 1] : '\0';
        unsigned char c = (unsigned char)bytes[i];
        bool latin = lead == '\xc3' && c >= 0x80 && c <= 0x9e && c != 0x97;
        out[i] = (char)(c | (ascii_is_upper(bytes[i]) || latin ? 0x20 : 0));
        if (lead == '\xc5' && c == 0x92) out[i] = '\x93';
    }
#endif
}

/* words: one, or several that fit. left: bytes of the text from them on. */
static size_t put(char *out, size_t size, struct str words, size_t left)
{
    size_t room = STATEMENT_BYTES - size, bytes = words.size;
    if (bytes > room) { /* a word alone may be cut, at a whole character */
        bytes = size ? 0 : str_utf8_cut(words, room).size;
    }
    put_lower(out + size, words.data, bytes, left);
    return size + bytes;
}

static bool is_placeholder_letter(char c) { return c == '_' || ascii_is_upper(c); }

/* Bytes of a placeholder of redaction, [PERSON] or [NATIONAL_ID], whose first word is this one; 0:
 * it is a word of the writer's. It stands in the statement as in the text: "sso with person fails"
 * would say something else. */
static size_t placeholder_bytes(struct str text, const struct token *token)
{
    size_t end = token->end, most = token->start + PLACEHOLDER_BYTES_MAX;
    if (!token->upper || token->start == 0 || text.data[token->start - 1] != '[') return 0;
    most = most < text.size ? most : text.size;
    while (end < most && is_placeholder_letter(text.data[end])) end++;
    return end < most && text.data[end] == ']' ? end + 2 - token->start : 0;
}

static size_t put_placeholder(char *out, size_t size, struct str text, const struct token *token,
                              size_t bytes)
{
    if (size + bytes > STATEMENT_BYTES) return size;
    memcpy(out + size, text.data + token->start - 1, bytes);
    return size + bytes;
}

/* How far from token `at` on words stand one blank apart, none of which may be only one customer's;
 * of those, how many fit into `room` bytes: at + 1 or more. */
static uint32_t row_end(struct str text, const struct tokens *tokens, uint32_t at, uint32_t last,
                        enum insight_need_kind kind, size_t room)
{
    uint32_t next = at + 1, start = tokens->items[at].start;
    for (; next < last; next++) {
        const struct token *token = &tokens->items[next];
        if (token->start != token[-1].end + 1 || text.data[token[-1].end] != ' ') break;
        if (token->end - start > room || statement_may_be_own(tokens, next, last, kind)) break;
    }
    return next;
}

/* Tokens [at, next) as they are written, without the first `cut` bytes of the first one's folded
 * form; an amount with its sign. */
static struct str words_of(struct str text, const struct tokens *tokens, uint32_t at, uint32_t next,
                           size_t cut)
{
    const struct token *token = &tokens->items[at], *last = &tokens->items[next - 1];
    struct str word = str_slice(text, token->start, token->end);
    size_t start = token->start + cut_in_text(token->folded, cut, word), end = last->end;
    if (ascii_is_digit(text.data[start])) start -= statement_sign_before(text, token);
    if (ascii_is_digit(text.data[end - 1])) end += statement_sign_behind(text, last);
    return str_slice(text, start, end);
}

struct str statement_make(struct str text, const struct tokens *tokens, uint32_t first,
                          uint32_t last, enum insight_need_kind kind, struct arena *arena)
{
    char *out = arena_alloc(arena, STATEMENT_BYTES + STEP);
    if (!out) return (struct str){0};
    call_once(&once, build);
    struct head head = skip_openers(tokens, first, last, kind);
    size_t size = 0;
    last = skip_closers(tokens, head, last);
    uint32_t behind = 0; /* the last placeholder, which may be of two tokens */
    size_t seam = 0;     /* bytes before the last clause that was begun */
    uint32_t put_to = 0; /* behind the last token that was put */
    bool whole = true;
    for (uint32_t i = head.token, next; i < last; i = next) {
        const struct token *token = &tokens->items[i];
        uint32_t own = statement_may_be_own(tokens, i, last, kind)
                           ? statement_own_words(text, tokens, head.token, i, last, kind)
                           : 0;
        next = i + 1;
        if (own && (size || i + own < last)) {
            next = i + own;
            continue;
        }
        size_t placeholder = placeholder_bytes(text, token), begin = size ? size + 1 : 0, end;
        if (token->start < behind) continue;
        seam = token->clause_before ? size : seam;
        whole = begin < STATEMENT_BYTES;
        if (!whole) break;
        bool joined = size && i == put_to && text.data[token->start - 1] != ' ';
        if (size) out[size] = joined ? statement_mark_before(text, token) : ' ';
        put_to = next;
        if (placeholder) {
            end = put_placeholder(out, begin, text, token, placeholder);
            behind = token->start - 1 + (uint32_t)placeholder;
        } else {
            next = row_end(text, tokens, i, last, kind, STATEMENT_BYTES - begin);
            put_to = next;
            struct str words = words_of(text, tokens, i, next, i == head.token ? head.cut : 0);
            end = put(out, begin, words, text.size - (size_t)(words.data - text.data));
        }
        whole = end != begin;
        if (!whole) break;
        size = end;
    }
    return str_make(out, whole ? size : statement_end(str_make(out, size), seam));
}
