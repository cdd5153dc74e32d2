/* One scan for the bytes that personal data can't do without (a digit, '@', ':', a capital,
 * the start of a cue word); a finder looks around each; then overlaps are settled and the
 * text is written anew.
 *
 * Text without any is returned as it came, and nothing is allocated. After a find the scan is
 * run again over the result, because a placeholder can be what was missing to see its neighbour
 * ("[EMAIL] at …"); so a second call finds nothing new. */
#include "text/redact/rewrite.h"
#include "text/redact/weigh.h"

/* hostile numbers needed five: each placeholder uncovers the one before */
enum { PASSES_MOST = 8 };

void redact_add(struct redact_finder *finder, size_t start, size_t end, enum redact_kind kind)
{
    if (finder->count == finder->capacity) {
        uint32_t capacity = finder->capacity ? finder->capacity * 2 : 16;
        struct redact_found *items = arena_alloc(finder->arena, capacity * sizeof *items);
        if (!items) {
            finder->no_memory = true;
            return;
        }
        if (finder->count) memcpy(items, finder->items, finder->count * sizeof *items);
        finder->items = items, finder->capacity = capacity;
    }
    finder->items[finder->count++] = (struct redact_found){(uint32_t)start, (uint32_t)end, kind};
}

/* --- scan ------------------------------------------------------------------------------------- */

enum { PLAIN, LETTER, CAPITAL, HIGH, DIGIT, SIGN, COLON };

#define TIMES_2(c) c, c
#define TIMES_4(c) TIMES_2(c), TIMES_2(c)
#define TIMES_16(c) TIMES_4(c), TIMES_4(c), TIMES_4(c), TIMES_4(c)
#define TIMES_26(c) TIMES_16(c), TIMES_4(c), TIMES_4(c), TIMES_2(c)
/* clang-format off */
static const uint8_t classes[256] = {
    TIMES_16(PLAIN), TIMES_16(PLAIN), TIMES_16(PLAIN),
    TIMES_4(DIGIT), TIMES_4(DIGIT), TIMES_2(DIGIT), COLON, PLAIN, TIMES_4(PLAIN),       /* 0 to ? */
    /* @ to _ */
    SIGN, TIMES_26(CAPITAL), TIMES_4(PLAIN), PLAIN,
    /* ` to DEL */
    PLAIN, TIMES_26(LETTER), TIMES_4(PLAIN), PLAIN,
    TIMES_16(HIGH), TIMES_16(HIGH), TIMES_16(HIGH), TIMES_16(HIGH), TIMES_16(HIGH), TIMES_16(HIGH),
    TIMES_16(HIGH), TIMES_16(HIGH),
};
/* clang-format on */

/* What may stand behind a word with a capital that no list knows: where the sentence or a part of
 * it ends, or the word is joined to the next one; bits of the bytes. */
static const uint64_t ends_word = UINT64_C(1) << '\n' | UINT64_C(1) << ' ' | UINT64_C(1) << '!' |
                                  UINT64_C(1) << ')' | UINT64_C(1) << '-' | UINT64_C(1) << '.' |
                                  UINT64_C(1) << '/' | UINT64_C(1) << ':' | UINT64_C(1) << ';' |
                                  UINT64_C(1) << '?';

/* key: it may be the start of one. */
static size_t on_word(struct redact_finder *finder, size_t start, bool key)
{
    struct str text = finder->text;
    struct redact_word word;
    size_t end = key && redact_secret_may_start(text.data + start, text.size - start)
                     ? redact_secret_token(finder, start)
                     : start;
    if (end > start) return end;
    redact_word_at(text, start, &word);
    bool ordinary = (!word.cues & !word.capital) | (word.cues == CUE(COMMON));
    if (ordinary) return word.end;
    if (((word.cues & CUE(NUMBER)) != 0) | ((word.size == 1) & word.capital)) {
        end = word.size == 1 ? redact_spelled_name(finder, &word)
                             : redact_said_number(finder, &word);
        if (end > start || word.cues == CUE(NUMBER)) return end > start ? end : word.end;
    }
    if (!word.cues && !word.accented) {
        /* A capital that no list knows: only the first of several, or a foreign one, may be a
         * name. */
        char c = at(text, word.end), next = at(text, word.end + 1);
        bool goes_on = (((uint8_t)c < 64) & (ends_word >> (c & 63) & 1)) |
                       ((c == ',') & is_blank(next)) | ((c == '\'') & (next == 's')) |
                       (word.end == text.size);
        bool apart = (c == ' ') & !is_letter(next) & (next != '!') & (next != '?');
        if (!goes_on | apart) {
            end = apart && is_digit(next) ? redact_address_formed(finder, &word) : 0;
            return end > word.end ? end : word.end;
        }
    }
    /* "Although", "There": no name, no street and no cue */
    if (!word.cues && redact_is_ordinary(&word)) return word.end;
    if (word.cues & CUE(AT)) end = redact_email_spelled(finder, &word);
    if (end <= start && word.cues & CUE(SECRET)) end = redact_secret_word(finder, &word);
    if (end <= start) end = redact_address_word(finder, &word);
    if (end <= start) end = redact_person(finder, &word);
    return end > word.end ? end : word.end;
}

/* Most words are told by their first letters, most others by their size and last letter.
 * marked: the first letters were looked at. */
static size_t small_word(struct redact_finder *finder, size_t start, bool marked)
{
    struct str text = finder->text;
    if (!marked && !redact_is_marked(&redact_starts, text.data + start, text.size - start))
        return start;
    size_t end = redact_run_end(text, start, RUN_LOWER);
    bool whole = end == text.size || !is_word(text.data[end]);
    char mark = at(text, end); /* a key has digits, capitals or one of these */
    bool key = (!whole || mark == '-' || mark == '_' || mark == '.') &&
               redact_secret_may_start(text.data + start, text.size - start);
    return key || !whole || redact_is_shaped(&redact_starts, text.data + start, end - start)
               ? on_word(finder, start, key)
               : end;
}

static size_t skip_digits(struct str text, size_t i)
{
    while (is_digit(at(text, i))) i++;
    return i;
}

/* `mika: "who are you?"`: who speaks, at the start of a line. */
static void find_speaker(struct redact_finder *finder, size_t colon)
{
    struct str text = finder->text;
    struct redact_word word;
    redact_word_before(text, colon, &word);
    bool line = word.size >= 4 && word.end == colon &&
                (word.start == 0 || text.data[word.start - 1] == '\n');
    if (line && !(word.cues & ~(CUE(GIVEN) | CUE(FAMILY))) && !redact_is_ordinary(&word))
        redact_add(finder, word.start, word.end, REDACT_PERSON);
}

static size_t on_colon(struct redact_finder *finder, size_t i)
{
    struct str text = finder->text;
    size_t end = 0;
    if (at(text, i + 1) == '"' || (at(text, i + 1) == ' ' && at(text, i + 2) == '"'))
        find_speaker(finder, i);
    else if (at(text, i + 1) == ' ')
        redact_field(finder, i);
    if (at(text, i + 1) == '/' && at(text, i + 2) == '/') end = redact_link(finder, i);
    else if (is_ascii_alnum(at(text, i + 1)) || at(text, i + 1) == ':')
        end = redact_ipv6(finder, i);
    return end > i ? end : i + 1;
}

/* Beyond ASCII: a word, or a sign ("’", "…", emoji), which leads to nothing. */
static size_t on_high(struct redact_finder *finder, size_t i)
{
    if (redact_wide_letter_size(finder->text, i)) return on_word(finder, i, true);
    for (i++; redact_is_inside(finder->text, i);) i++;
    return i;
}

/* What the byte at `i` leads to; where the scan goes on. marked: as small_word() has it. */
static size_t step(struct redact_finder *finder, size_t i, bool marked)
{
    struct str text = finder->text;
    size_t end;
    switch (classes[(uint8_t)text.data[i]]) {
    case LETTER:
        end = small_word(finder, i, marked);
        return end > i ? end : redact_run_end(text, i + 1, RUN_LETTERS);
    case HIGH: end = on_high(finder, i); break;
    case CAPITAL:
        finder->capitals = true;
        end = on_word(finder, i, true);
        break;
    case DIGIT:
        end = redact_number(finder, i);
        return end > i ? end : skip_digits(text, i);
    case SIGN: end = redact_email(finder, i); break;
    case COLON: return on_colon(finder, i);
    default:
        end = redact_placeholder_end(text, i);
        finder->again |= end > i;
        if (end == i && text.data[i] == '.') end = redact_email_joined(finder, i);
        if (end == i) end = redact_email_bracketed(finder, i);
    }
    return end > i ? end : i + 1;
}

#ifdef __SSE2__
/* A word or a number that began before `i`. */
static bool goes_through(struct str text, size_t i)
{
    char c = text.data[i], earlier = text.data[i - 1];
    return (is_letter(c) && is_letter(earlier)) || (is_digit(c) && is_digit(earlier));
}

/* What there is in 64 bytes of a text, and in eight more behind them. */
struct block {
    const char *bytes;
    uint64_t letters, small, digits, marks;
    uint64_t ends;   /* behind which a word is over, and no key */
    uint64_t places; /* that lead to something: words that a finder starts from, numbers, marks */
    unsigned width;  /* bytes that were looked at, without a word that goes on behind them */
};
enum { BLOCK_BYTES = ASCII_MARKS_BYTES + sizeof(uint64_t) };

/* 64 at once, as what comes next in a text can't be foreseen. */
static inline struct block block_at(struct str text, size_t start, char room[static BLOCK_BYTES])
{
    struct block block = {0};
    uint64_t blanks = 0, dots = 0, joins = 0;
    block.bytes = ascii_readable(text.data + start, text.size - start, BLOCK_BYTES, '\0', room);
#pragma GCC unroll 4
    for (int i = 0; i < ASCII_MARKS_BYTES; i += ASCII_HEAD_BYTES) {
        __m128i v = _mm_loadu_si128((const void *)(block.bytes + i));
        __m128i brace = _mm_or_si128(v, _mm_set1_epi8(0x20)); /* '[' as well is '{' then */
        __m128i bracket = _mm_or_si128(ascii_equal(brace, '{'), ascii_equal(v, '('));
        __m128i sign = _mm_or_si128(ascii_equal(v, '@'), ascii_equal(v, ':'));
        block.letters |= (uint64_t)redact_letters_at(block.bytes + i) << i;
        block.small |= ascii_bits(ascii_between(v, 'a', 26), i);
        block.digits |= ascii_bits(ascii_between(v, '0', 10), i);
        block.marks |= ascii_bits(_mm_or_si128(sign, bracket), i);
        joins |= ascii_bits(_mm_or_si128(ascii_equal(v, '-'), ascii_equal(v, '_')), i);
        dots |= ascii_bits(ascii_equal(v, '.'), i);
        blanks |= ascii_bits(ascii_between(v, '\0', ' ' + 1), i);
    }
    block.ends = ~(block.letters | block.digits | joins | (dots & ~(blanks >> 1)));
    char earlier = before(text, start);
    uint64_t words = block.letters & ~(block.letters << 1 | is_letter(earlier)),
             numbers = block.digits & ~(block.digits << 1 | is_digit(earlier)), looked = UINT64_MAX;
    block.width = redact_whole_words(block.letters);
    if (block.width < ASCII_MARKS_BYTES) looked = (UINT64_C(1) << block.width) - 1;
    words &= looked;
    words = (words & ~block.small) |
            redact_words_among(redact_triggers, TRIGGER_BITS, &redact_starts, block.bytes,
                               words & block.small, block.small, block.ends);
    uint64_t inner = dots & block.small << 1 & block.small >> 1; /* "anaarrobagmail.com" */
    block.places = (block.marks | numbers | words | inner) & looked;
    return block;
}

/* A word of every day (redact_plain), which leads to nothing: a key would go on behind it, and a
 * street have its number there. */
static inline bool is_plain(const struct block *block, unsigned place)
{
    const uint64_t joins = UINT64_C(1) << '+' | UINT64_C(1) << '/' | UINT64_C(1) << '=',
                   ends = block->ends & ~(block->digits >> 1 | UINT64_C(1) << 63);
    uint64_t run = block->letters >> place, eight;
    unsigned size = (unsigned)__builtin_ctzll(~run | UINT64_C(1) << PLAIN_BYTES),
             end = place + size;
    memcpy(&eight, block->bytes + place, sizeof eight);
    return redact_is_plain(eight, size) & run & ends >> (end & 63) &
           ~(joins >> (block->bytes[end] & 63)) & 1;
}

static void scan(struct redact_finder *finder)
{
    struct str text = finder->text;
    char room[BLOCK_BYTES];
    for (size_t start = 0, next; start < text.size; start = next) {
        const struct block block = block_at(text, start, room);
        uint64_t places = block.places;
        next = start;
        while (places) {
            unsigned place = (unsigned)__builtin_ctzll(places);
            if (is_plain(&block, place)) {
                finder->capitals |= !(block.small >> place & 1);
                places &= places - 1;
                continue;
            }
            next = step(finder, start + place, true);
            while (next < text.size && goes_through(text, next)) next = step(finder, next, false);
            if (next >= start + block.width) break;
            places &= UINT64_MAX << (next - start);
        }
        if (next < start + block.width) next = start + block.width;
    }
}
#else
static void scan(struct redact_finder *finder)
{
    for (size_t i = 0; i < finder->text.size;) i = step(finder, i, false);
}
#endif

int redact_watched(struct str text, const char *language, const struct redact_watcher *watcher,
                   struct arena *arena, struct redacted *ret_redacted, struct err *err)
{
    struct redacted result = {.text = text};
    struct str tag = str_of(language);
    bool known = tag.size && !str_equal(tag, STR("und"));
    redact_register_open();
    redact_phrases_open();
    redact_ware_open();
    redact_small_open();
    for (int pass = 0; pass < PASSES_MOST; pass++) {
        struct redact_finder finder = {.text = result.text, .arena = arena, .known = known};
        finder.watcher = watcher;
        finder.english = str_equal(tag, STR("en")), finder.spanish = str_equal(tag, STR("es"));
        finder.french = str_equal(tag, STR("fr"));
        scan(&finder);
        redact_person_again(&finder);
        redact_weigh(&finder);
        if (finder.no_memory) return err_set(err, E_NO_MEMORY, NULL);
        redact_settle(&finder);
        if (!finder.count) break;
        int rc = redact_rewrite(&finder, &result, err);
        if (rc) return rc;
    }
    *ret_redacted = result;
    return E_OK;
}

int text_redact(struct str text, const char *language, struct arena *arena,
                struct redacted *ret_redacted, struct err *err)
{
    return redact_watched(text, language, NULL, arena, ret_redacted, err);
}
