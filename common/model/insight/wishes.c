/* What looks like a wish and asks for nothing new: "Should I be worried?", "someone could get
 * hurt", "I want to speak to a manager".
 *
 * The phrases' words don't count as words of wishing; where no other is left, the sentence is no
 * wish. Each begins with a word of the set WORD_UNWISH. */
#include <assert.h>
#include <threads.h>

#include "base/hash.h"
#include "model/elision.h"
#include "model/insight/internal.h"

static const char *const idle[] = {
    "should i", "should we", "could get", "could happen", "could fall", "could cause",
    "could be dangerous", "could be hurt", "could be injured", "could have been", "could have hurt",
    "could have died", "could have killed", "could not", "would not", "would recommend",
    "would buy", "would order", "if i could", "dommage pour", "could give zero", "could give 0",
    "could give it zero", "wish i could give zero", "wish i could give 0",
    "wish i could give it zero", "shout out to", "shoutout to", "ojala pudiera poner cero",
    "ojala pudiera dar cero", "ojala pudiera darle cero", "pudiera poner cero", "pudiera dar cero",
    "pudiera darle cero", "pouvais mettre zero", "pouvais mettre 0", "pourrais mettre zero",
    "pourrais mettre 0", "stars i would", "stars for", "star for", "thanks to",
    "podria hacerse", "podria hacer dano", "podria pasar", "podria caerse", "podria haber",
    "podria haberse", "deberia preocuparme", "gracias a", "pourrait se", "pourrait arriver",
    "pourrait tomber", "pourrait provoquer", "devrais je", "dois je", "merci a", "merci au",
    "merci aux", "bravo a",
};
/* Wants what support can give, or is owed: a person, an answer, money, a missing piece. */
static const char *const calls[] = {
    "want to speak", "want to talk", "like to speak", "like to talk", "would like to speak",
    "would like to talk", "need to speak", "need to talk", "want someone", "want somebody",
    "need someone to", "need somebody to", "like someone to", "want a person", "want a human",
    "want my money", "want a refund", "want my refund", "need a refund", "like a refund",
    "would like a refund", "would like my money", "want an explanation", "want an answer",
    "want a replacement", "need a replacement", "please call", "please contact", "please ring",
    "please send", "please send the missing", "please send me the missing",
    "please refund", "please replace", "send the missing", "send me the missing",
    "quiero hablar", "quisiera hablar", "necesito hablar", "gustaria hablar", "quiero que alguien",
    "quiero que me llame", "quiero que me llamen", "quiero que me devuelvan", "quiero mi dinero",
    "quiero un reembolso", "quiero una explicacion", "quiero una respuesta", "quiero una solucion",
    "necesito que me llamen", "necesito una solucion", "necesito que alguien me llame",
    "veux parler", "voudrais parler", "souhaite parler", "souhaiterais parler", "aimerais parler",
    "veux qu'on me rappelle", "veux etre rappele", "veux etre rembourse", "veux etre remboursee",
    "veux un remboursement", "veux mon remboursement", "veux mon argent", "veux une explication",
    "veux une reponse", "souhaite etre rappele", "souhaite etre rembourse",
    "souhaite etre remboursee", "voudrais etre rembourse", "voudrais etre remboursee",
};
/* So much may wish; of harm it tells: "I took two instead of one". Only words of WORD_WISH are
 * asked about. */
static const char *const doubtful[] = {
    "could", "should", "would", "instead", "need", "needs", "miss", "missing", "hope", "podria",
    "podrian", "deberia", "pourrait", "devrait",
};
/* Behind these a question asks what is so; "what about" proposes. */
static const char *const heads[] = {
    "why", "what", "which", "who", "pourquoi", "quel", "quelle", "quels", "quelles", "combien",
    "que", "cual", "cuales", "quien", "cuanto",
};
static const char *const proposals[] = {"about", "can",    "could", "if", "not",
                                        "only",  "should", "tal",   "would"};

/* The phrases by the hash of their first word: of those in one slot each knows the next; numbers
 * begin at 1. */
enum {
    CALLS = sizeof calls / sizeof *calls, PHRASES = CALLS + sizeof idle / sizeof *idle, SLOTS = 256
};
static uint8_t first_phrase[SLOTS], next_phrase[PHRASES + 1];
/* of its first word, and of its second; 0: it has an apostrophe, of which texts have two kinds */
static uint64_t phrase_hashes[PHRASES + 1], phrase_seconds[PHRASES + 1];
static once_flag once = ONCE_FLAG_INIT;
_Static_assert(PHRASES <= UINT8_MAX, "a phrase's number is a byte");

static const char *phrase_of(uint32_t number)
{
    return number <= CALLS ? calls[number - 1] : idle[number - 1 - CALLS];
}

/* What isn't in its set is never found. */
static void expect_in(uint32_t set, uint64_t hash)
{
    assert(words_sets(words_open(), hash) & set);
}

static void build(void)
{
    for (size_t i = 0; i < sizeof doubtful / sizeof *doubtful; i++)
        expect_in(WORD_WISH, hash_word(str_of(doubtful[i])));
    for (uint32_t number = 1; number <= PHRASES; number++) {
        struct str rest = str_of(phrase_of(number));
        uint64_t hash = hash_word(str_cut(&rest, ' '));
        expect_in(WORD_UNWISH, hash);
        struct str second = str_cut(&rest, ' ');
        phrase_hashes[number] = hash;
        phrase_seconds[number] = str_find(second, STR("'")) < second.size ? 0
                                                                         : hash_word(second);
        next_phrase[number] = first_phrase[hash % SLOTS];
        first_phrase[hash % SLOTS] = (uint8_t)number;
    }
}

static bool is_word(const struct token *token, struct str word)
{
    return str_equal(token->folded, word) || str_equal(token_bare(token), word);
}

static bool is_one_of(const struct token *token, const char *const *words, size_t count)
{
    /* readable behind it, too */
    char first = token->folded.data[0], rest = token->folded.data[token_elision_bytes(token)];
    for (size_t i = 0; i < count; i++)
        if ((words[i][0] == first || words[i][0] == rest) && is_word(token, str_of(words[i])))
            return true;
    return false;
}

/* Tokens of a phrase that stands at `at`, its first word known to; 0: it doesn't. */
static uint32_t words_of_phrase(const struct reading *reading, uint32_t at, uint32_t last,
                                struct str phrase)
{
    uint32_t words = 1;
    (void)str_cut(&phrase, ' ');
    for (; phrase.size; words++) {
        struct str word = str_cut(&phrase, ' ');
        if (at + words == last || !is_word(&reading->tokens->items[at + words], word)) return 0;
    }
    return words;
}

struct phrases {
    uint32_t calls, idle; /* tokens of the longest that stands there; 0: none does */
};

static struct phrases phrases_at(const struct reading *reading, uint32_t at, uint32_t last)
{
    const struct token *token = &reading->tokens->items[at];
    uint64_t hash = token->apostrophe ? token_bare_hash(token) : token->hash;
    struct phrases found = {0};
    const struct token *next = token + 1;
    if (at + 1 == last) return found; /* each is of two words or more */
    for (uint32_t i = first_phrase[hash % SLOTS]; i; i = next_phrase[i]) {
        bool other = !next->apostrophe & (phrase_seconds[i] != 0) &
                     (phrase_seconds[i] != next->hash);
        if ((phrase_hashes[i] != hash) | other) continue;
        uint32_t words = words_of_phrase(reading, at, last, str_of(phrase_of(i)));
        uint32_t *longest = i <= CALLS ? &found.calls : &found.idle;
        *longest = words > *longest ? words : *longest;
    }
    return found;
}

static bool asks_what_is(const struct reading *reading, const struct sentence *sentence,
                         uint32_t sets)
{
    const struct token *tokens = reading->tokens->items;
    uint32_t at = sentence->first;
    if (!sentence->asked || sets & (WORD_NEGATOR | WORD_ABILITY)) return false;
    if (sentence->last - at > 2 && str_equal(tokens[at].folded, STR("por"))) at++;
    if (sentence->last - at < 2 || !is_one_of(&tokens[at], heads, sizeof heads / sizeof *heads))
        return false;
    if (tokens[at + 1].apostrophe) return false; /* "why don't you add" */
    return !is_one_of(&tokens[at + 1], proposals, sizeof proposals / sizeof *proposals);
}

/* Bits of the tokens [first, first + count) with an apostrophe. */
static uint64_t apostrophes_from(const struct reading *reading, uint32_t first, uint32_t count)
{
    const struct word_marks *marks = &reading->marks[first / FLAGS_MOST];
    uint32_t from = first % FLAGS_MOST;
    uint64_t bits = marks->apostrophes >> from;
    if (from + count > FLAGS_MOST) bits |= marks[1].apostrophes << (FLAGS_MOST - from);
    return bits & flags_lowest(count);
}

enum wish reading_wish(const struct reading *reading, struct sentence *sentence, uint32_t sets)
{
    bool found = false, left = false; /* phrases; words of wishing beside them */
    if (asks_what_is(reading, sentence, sets)) return WISH_NONE;
    bool harm = reading_is_harm(reading) &&
                (!reading->harm.count ||
                 reading_tells_harm(reading, sentence->first, sentence->last));
    if (!harm && !(sets & WORD_UNWISH)) return sets & WORD_WISH ? WISH_SAID : WISH_UNSAID;
    call_once(&once, build);
    const uint16_t *written = reading->features.sets, *bare = reading->sets;
    uint32_t behind = sentence->first; /* the phrase before */
    for (uint32_t first = sentence->first; first < sentence->last; first += FLAGS_MOST) {
        uint32_t count = sentence->last - first < FLAGS_MOST ? sentence->last - first : FLAGS_MOST;
        uint64_t wishes = sets_with(&written[first], count, WORD_WISH),
                 begins = sets_with(&written[first], count, WORD_UNWISH) |
                          apostrophes_from(reading, first, count),
                 doubts = harm ? sets_with(&bare[first], count, WORD_WISH) : 0;
        if (behind > first) wishes &= ~UINT64_C(0) << (behind - first);
        for (uint64_t visits = begins | doubts; visits; visits &= visits - 1) {
            uint32_t bit = (uint32_t)__builtin_ctzll(visits), at = first + bit, words = 0;
            if (at < behind) continue;
            if (begins >> bit & 1) {
                struct phrases phrases = phrases_at(reading, at, sentence->last);
                sentence->calls |= phrases.calls > 0;
                words = phrases.calls ? phrases.calls : phrases.idle;
            }
            if (doubts >> bit & 1 && !words)
                words = is_one_of(&reading->tokens->items[at], doubtful,
                                  sizeof doubtful / sizeof *doubtful);
            if (!words) continue;
            found = true;
            behind = at + words;
            wishes &= ~(((UINT64_C(1) << words) - 1) << bit);
        }
        left |= wishes != 0;
    }
    if (left) sentence->calls = false;
    if (found && !left) return WISH_NONE;
    return sets & WORD_WISH ? WISH_SAID : WISH_UNSAID;
}
