/* A grade that the text itself tells ("five stars", "9/10", "je mets 18 sur 20"): it counts as the
 * record's rating where that has none.
 *
 * Only what surely is one: a fraction stands at the end of a clause and is no date; stars are of no
 * hotel, none was taken off, and a good grade isn't only imagined ("would be five stars if"). The
 * words that may end one are in words.c, with those of idioms. */
#include <assert.h>
#include <threads.h>

#include "base/ascii.h"
#include "base/hash.h"
#include "base/perfect.h"
#include "model/insight/internal.h"

enum {
    STARS_MOST = 5, STARS_NEIGHBOURS = 3, DIGITS_MOST = 3,
    IMAGINED_WITHIN = 32, /* words: a text of grades alone mustn't cost the square of its size */
    MOCKING_WORDS_MAX = 24, NONE = -1
};
/* "Five stars for breaking in record time": words that lean so much take the stars back. */
#define MOCKING (-0.3f)

static bool is_one_of(struct str word, const char *list)
{
    for (struct str rest = str_of(list); rest.size;)
        if (str_equal(str_cut(&rest, ' '), word)) return true;
    return false;
}

/* What this file asks of words, by perfect hash: a slot holds its word's hash, but for the low
 * bits, which tell the sets that it is in; 0: empty. */
enum {
    ENDS = 1, GOOD_IMAGINED = 2, BAD_IMAGINED = 4, HOUSE = 8, LESS = 16, DATED = 32, OF = 64,
    SETS_BITS = 8, WORDS_MOST = 256, SLOT_BITS = 9, BUCKET_BITS = 6
};
static const struct {
    uint32_t set;
    const char *words; /* parted by blanks */
} lists[] = {
    {ENDS, IDIOM_GRADES},
    {GOOD_IMAGINED,
     "would d i'd i'll could should if until unless when were was expected isn't not didn't "
     "can't cannot don't stop why originally wanted reason instead si serait mettrais donnerais "
     "aurais aurait pas sauf seria daria pondria habria fuera no hasta cuando but mais pero"},
    {BAD_IMAGINED, "can't cannot couldn't even than remove another why puisse"},
    {HOUSE,
     "hotel hotels hostel hostal resort resorts camping campings lodge motel apartment apartments "
     "gite gites palace palaces residence apartamento apartamentos restaurant restaurante "
     "restaurants restaurantes chef michelin general energy reviews review resena resenas avis "
     "rating ratings"},
    {LESS,
     "minus less lost lose off deduct deducted knocked took dropped moins menos perd perdu enleve "
     "j'enleve retire quito quitado resto pierde missing"},
    {DATED,
     "on by until since before after from le du au depuis avant apres dia el del desde hasta antes "
     "despues page step chapter part episode season is vision"},
    {OF, "sur sobre de"},
};
static uint64_t slots[1 << SLOT_BITS];
static uint32_t factors[1 << BUCKET_BITS];
static once_flag once = ONCE_FLAG_INIT;

static uint64_t *slot_of(uint64_t hash)
{
    return &slots[perfect_slot(hash, factors[hash % (1 << BUCKET_BITS)], SLOT_BITS)];
}

static void build(void)
{
    static uint32_t scratch[PERFECT_SCRATCH(WORDS_MOST, BUCKET_BITS, SLOT_BITS)];
    static uint64_t hashes[WORDS_MOST], sets[WORDS_MOST];
    uint32_t count = 0, at;
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
        for (struct str rest = str_of(lists[i].words); rest.size;) {
            uint64_t hash = hash_word(str_cut(&rest, ' '));
            for (at = 0; at < count && hashes[at] != hash;) at++;
            assert(at < WORDS_MOST);
            hashes[at] = hash;
            sets[at] |= lists[i].set;
            count += at == count;
        }
    bool built = perfect_build(hashes, count, BUCKET_BITS, SLOT_BITS, factors, scratch);
    assert(built);
    for (at = 0; at < count; at++)
        *slot_of(hashes[at]) = hashes[at] >> SETS_BITS << SETS_BITS | sets[at];
}

void reading_open_grades(void) { call_once(&once, build); }

static bool is_in(const struct token *token, uint32_t set)
{
    uint64_t differs = *slot_of(token->hash) ^ token->hash;
    return differs >> SETS_BITS == 0 && (differs ^ token->hash) & set;
}

static bool is_star(const struct token *token)
{
    return token->folded.data[0] == 's' || token->folded.data[0] == 'e';
}

/* A number of digits or a word up to ten; NONE: neither. */
static int number_of(const struct token *token)
{
    static const char *const names[] = {
        "zero cero", "one un une una", "two deux dos", "three trois tres", "four quatre cuatro",
        "five cinq cinco", "six seis", "seven sept siete", "eight huit ocho", "nine neuf nueve",
        "ten dix diez"};
    int number = 0;
    if (token->kind == TOKEN_WORD) {
        for (int i = 0; i < (int)(sizeof names / sizeof *names); i++)
            if (is_one_of(token->folded, names[i])) return i;
        return NONE;
    }
    if (token->kind != TOKEN_NUMBER || token->folded.size > DIGITS_MOST) return NONE;
    for (size_t i = 0; i < token->folded.size; i++) {
        if (!ascii_is_digit(token->folded.data[i])) return NONE;
        number = number * 10 + token->folded.data[i] - '0';
    }
    return number;
}

static struct str between(const struct reading *reading, uint32_t first, uint32_t next)
{
    uint32_t from = reading->tokens->items[first].end, to = reading->tokens->items[next].start;
    return (struct str){reading->text.data + from, to - from};
}

/* --- fractions ------------------------------------------------------------------------------- */

/* Token `at` is the whole: where its part stands, "9" of "9/10" or "9 out of 10"; at: none. */
static uint32_t part_of(const struct reading *reading, uint32_t at)
{
    const struct token *items = reading->tokens->items;
    if (at < 1) return at;
    if (str_equal(between(reading, at - 1, at), STR("/"))) return at - 1;
    if (items[at].clause_before || at < 2 || items[at - 1].clause_before) return at;
    if (is_in(&items[at - 1], OF)) return at - 2;
    if (at < 3 || items[at - 2].clause_before) return at;
    bool out_of = str_equal(items[at - 1].folded, STR("of")) &&
                  str_equal(items[at - 2].folded, STR("out"));
    return out_of ? at - 3 : at;
}

/* A letter or mark that makes a number a piece of something larger: "3/10/2024", "8.5", "24/7". */
static bool goes_on(const struct reading *reading, uint32_t first, uint32_t last)
{
    struct str text = reading->text;
    uint32_t from = reading->tokens->items[first].start, to = reading->tokens->items[last].end;
    if (from && strchr("/.,-:$#", text.data[from - 1])) return true;
    return to + 1 < text.size && strchr("/.,-:%", text.data[to]) && text.data[to + 1] >= '0' &&
           text.data[to + 1] <= '9';
}

/* "10/10 would buy again": the text begins with all that can be had. */
static bool is_full_marks(const struct reading *reading, uint32_t at)
{
    const struct token *items = reading->tokens->items;
    return at + 1 < reading->tokens->count && part_of(reading, at) == 0 &&
           str_equal(items[0].folded, items[at].folded) &&
           is_one_of(items[at + 1].folded, "would will recommend recommended recommande recomiendo "
                                           "recomendado");
}

/* The number that ends at token `at`, "4.5" too, and the token it begins with; NONE: none does. */
static float number_before(const struct reading *reading, uint32_t at, uint32_t *ret_first)
{
    const struct token *items = reading->tokens->items;
    int number = number_of(&items[at]);
    *ret_first = at;
    if (number == NONE || items[at].kind != TOKEN_NUMBER || at == 0 ||
        items[at].folded.size != 1 || items[at - 1].kind != TOKEN_NUMBER)
        return (float)number;
    struct str mark = between(reading, at - 1, at);
    int units = number_of(&items[at - 1]);
    if (units == NONE || !(str_equal(mark, STR(".")) || str_equal(mark, STR(","))))
        return (float)number;
    *ret_first = at - 1;
    return (float)units + (float)number / 10;
}

/* As a rating, 1 to 5; 0: no grade ends at token `at`. */
static float fraction_at(const struct reading *reading, uint32_t at, bool before_stars)
{
    const struct token *items = reading->tokens->items;
    bool ends = at + 1 == reading->tokens->count || items[at + 1].clause_before;
    if (!ends && !before_stars && !is_full_marks(reading, at)) return 0;
    uint32_t first = part_of(reading, at);
    int whole = first < at ? number_of(&items[at]) : NONE;
    if (whole != 5 && whole != 10 && whole != 20 && whole != 100) return 0;
    float part = number_before(reading, first, &first);
    if (part < 0 || part > (float)whole || goes_on(reading, first, at)) return 0;
    if (first && !items[first].clause_before && is_in(&items[first - 1], DATED)) return 0;
    return larger(1, STARS_MOST * part / (float)whole);
}

/* --- stars ----------------------------------------------------------------------------------- */

/* The sentence only imagines, denies or remembers a good grade, or is too long to tell; or it
 * shrinks from a bad one. A clause behind doesn't count ("five stars, and I would give six"). */
static bool is_imagined(const struct reading *reading, uint32_t at, bool good)
{
    const struct token *items = reading->tokens->items;
    uint32_t first = at, last = at + 1, count = reading->tokens->count;
    while (first && at - first < IMAGINED_WITHIN && !items[first].sentence_before) first--;
    while (last < count && last - at < IMAGINED_WITHIN && !items[last].clause_before) last++;
    for (uint32_t i = first; i < last; i++)
        if (is_in(&items[i], good ? GOOD_IMAGINED : BAD_IMAGINED)) return true;
    return good && first && !items[first].sentence_before;
}

static bool is_of_a_house(const struct reading *reading, uint32_t value, uint32_t star)
{
    const struct token *items = reading->tokens->items;
    uint32_t first = value > STARS_NEIGHBOURS ? value - STARS_NEIGHBOURS : 0;
    uint32_t last = star + 1 + STARS_NEIGHBOURS;
    if (last > reading->tokens->count) last = reading->tokens->count;
    for (uint32_t i = first; i < last; i++)
        if (is_in(&items[i], HOUSE)) return true;
    return false;
}

/* "One star off", "minus one star", "lost a star". */
static bool is_taken_off(const struct reading *reading, uint32_t value, uint32_t star)
{
    const struct token *items = reading->tokens->items;
    uint32_t first = value > 2 ? value - 2 : 0, last = star + 3;
    if (last > reading->tokens->count) last = reading->tokens->count;
    for (uint32_t i = first; i < last; i++)
        if (is_in(&items[i], LESS)) return true;
    return false;
}

/* In stars, one to five; 0: none that counts. Token `at` is "stars". */
static float stars_at(const struct reading *reading, uint32_t at)
{
    const struct token *items = reading->tokens->items;
    if (at == 0) return 0;
    uint32_t value = at - 1;
    float rating = fraction_at(reading, value, true);
    if (rating == 0) {
        int stars = number_of(&items[value]);
        if (stars == NONE || stars > STARS_MOST + 1 || goes_on(reading, value, value)) return 0;
        rating = stars < 1 ? 1 : stars > STARS_MOST ? STARS_MOST : (float)stars;
    }
    if (is_of_a_house(reading, value, at) || is_taken_off(reading, value, at)) return 0;
    return is_imagined(reading, at, rating > 3) ? 0 : rating;
}

void reading_note_grade(struct reading *reading, uint32_t at)
{
    const struct token *token = &reading->tokens->items[at];
    if (!is_in(token, ENDS)) return;
    float rating = is_star(token) ? stars_at(reading, at) : fraction_at(reading, at, false);
    if (rating == 0) return;
    reading->grades += rating;
    reading->grade_count++;
    const struct token *next = token + 1;
    reading->graded_for |= at + 1 < reading->tokens->count && !next->clause_before &&
                           is_one_of(next->folded, "for por pour");
}

void reading_take_grade(struct reading *reading)
{
    if (reading->has_rating || reading->grade_count == 0) return;
    float rating = reading->grades / (float)reading->grade_count,
          lean = reading->words_feel.positive - reading->words_feel.negative;
    bool mocks = reading->graded_for && rating > 3 && lean <= MOCKING &&
                 reading->tokens->count <= MOCKING_WORDS_MAX;
    if (mocks) return;
    reading->has_rating = true;
    reading->rating = rating;
}
