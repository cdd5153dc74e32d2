/* Adds up a row of int8 weights, one lane a language, for every gram of a text's Latin letters.
 *
 * The table (model.h) is compiled in, or read from a file (table.c). The sums
 * of the three grams at a place fit into int8, those of a block of places into int16, so that the
 * compiler can keep all lanes in vector registers. Of a long text blocks from its whole length are
 * read; when some speak for another language, the guess says so by its confidence. Other scripts
 * are told by their code points. */
#include "text/language.h"

#include <math.h>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "text/language/model.h"
#include "text/language/script.h"

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "the model file is little-endian, and read as it is"
#endif

enum {
    BLOCK_PLACES = 36,
    PLACES_A_TURN = 6, /* all blocks but the last are a few whole turns */
    BLOCKS_MAX = LANGUAGE_LETTER_BYTES / BLOCK_PLACES + 1,
    SCRIPT_BYTES = 1024
};
static const float LEAST_CONFIDENCE = 0.3f; /* below it a guess is none */
static const float DISSENT = 6;      /* log odds at which a block speaks for another language */
static const float NEGLIGIBLE = -16; /* e to that is nothing */
/* Where two words leave it open ("todo mal": es or pt), a language that we read is the likelier,
 * by so much log odds, up to so many places. Longer texts tell by themselves. */
static const float READ_LOGIT = 1;
enum { READ_PLACES_MAX = 24 };

typedef int8_t bytes_16 __attribute__((vector_size(16)));
typedef int16_t shorts_8 __attribute__((vector_size(16)));
typedef uint16_t words_8 __attribute__((vector_size(16)));

struct blocks {
    int16_t sums[BLOCKS_MAX][LANGUAGE_LANES];
    uint32_t sizes[BLOCKS_MAX], count, places;
};

/* `model`: a model file's bytes, whole. */
static const struct language_header *header(const char *model) { return (const void *)model; }

static bytes_16 row_at(const char *model, uint32_t row)
{
    bytes_16 weights;
    memcpy(&weights, model + sizeof(struct language_header) + (size_t)row * LANGUAGE_LANES,
           sizeof weights);
    return weights;
}

/* What the three grams at a place weigh. */
static inline bytes_16 weights_at(const char *model, const uint8_t *place)
{
    uint32_t rows[LANGUAGE_GRAMS];
    language_rows(place, rows);
    return row_at(model, rows[0]) + row_at(model, rows[1]) + row_at(model, rows[2]);
}

/* Two registers of shorts: odd lanes are widened by a shift; `all` adds up pairs of lanes as they
 * lie, an even one as 128 more than it is, so that nothing is borrowed from its odd one. */
struct sums {
    shorts_8 odd;
    words_8 all; /* modulo 2^16 */
};
static inline void add_place(const char *model, struct sums *sums, const uint8_t *place)
{
    const words_8 bias = {128, 128, 128, 128, 128, 128, 128, 128};
    words_8 pairs = (words_8)weights_at(model, place) ^ bias;
    sums->odd += (shorts_8)pairs >> 8;
    sums->all += pairs;
}

static void add_block(const char *model, struct blocks *blocks, const uint8_t *place, uint32_t size)
{
    struct sums all = {0};
    int16_t *sums = blocks->sums[blocks->count];
    uint32_t i = 0;
    for (; i + PLACES_A_TURN <= size; i += PLACES_A_TURN)
        for (uint32_t k = 0; k < PLACES_A_TURN; k++) add_place(model, &all, place + i + k);
    for (; i < size; i++) add_place(model, &all, place + i);
    shorts_8 even = (shorts_8)(all.all - ((words_8)all.odd << 8) - (uint16_t)(128 * size));
    shorts_8 low = __builtin_shufflevector(even, all.odd, 0, 8, 1, 9, 2, 10, 3, 11),
             high = __builtin_shufflevector(even, all.odd, 4, 12, 5, 13, 6, 14, 7, 15);
    memcpy(sums, &low, sizeof low);
    memcpy(sums + LANGUAGE_LANES / 2, &high, sizeof high);
    blocks->sizes[blocks->count++] = size;
    blocks->places += size;
}

static void add_blocks(const char *model, struct blocks *blocks,
                       const struct language_letters *letters)
{
    uint32_t places = language_places(letters);
    for (uint32_t at = 0; at < places; at += BLOCK_PLACES)
        add_block(model, blocks, letters->bytes + at,
                  places - at < BLOCK_PLACES ? places - at : BLOCK_PLACES);
}

/* What a weight counts for in the log odds of a text with so many places. */
static float weight_of(const char *model, uint32_t places)
{
    float root = sqrtf((float)places);
    return header(model)->scale * (header(model)->sharpness / root + header(model)->slope);
}

/* The part of the blocks that don't speak, loudly, for another language. */
static float agreement(const char *model, const struct blocks *blocks, int lane)
{
    uint32_t dissent = 0;
    for (uint32_t b = 0; b < blocks->count; b++) {
        const int16_t *sums = blocks->sums[b];
        int16_t most = sums[0];
        for (int c = 0; c < LANGUAGE_LANES; c++) most = sums[c] > most ? sums[c] : most;
        dissent += (float)(most - sums[lane]) * weight_of(model, blocks->sizes[b]) > DISSENT;
    }
    return 1 - (float)dissent / (float)blocks->count;
}

/* Its lane stands for languages that have none of their own. */
static bool is_others(const char *model, int lane)
{
    return memcmp(header(model)->codes[lane], "und", sizeof header(model)->codes[lane]) == 0;
}

/* One of the languages whose harm, feeling and needs we read. */
static bool is_read(const char *model, int lane)
{
    const char *code = header(model)->codes[lane];
    return memcmp(code, "en", 3) == 0 || memcmp(code, "es", 3) == 0 || memcmp(code, "fr", 3) == 0;
}

static void raise_read(const char *model, int32_t sums[static LANGUAGE_LANES], float weight)
{
    if (!(weight > 1e-3f)) return; /* a table of somebody's own may weigh nothing */
    for (int c = 0; c < LANGUAGE_LANES; c++)
        if (is_read(model, c)) sums[c] += (int32_t)(READ_LOGIT / weight);
}

/* Which one is the largest, of equals the first: by the lane below each sum, without a branch. */
static int first_largest(const int32_t sums[static LANGUAGE_LANES])
{
    int32_t largest = INT32_MIN;
    for (int32_t c = 0; c < LANGUAGE_LANES; c++) {
        int32_t with_lane = sums[c] * LANGUAGE_LANES + (LANGUAGE_LANES - 1 - c);
        largest = with_lane > largest ? with_lane : largest;
    }
    return LANGUAGE_LANES - 1 - (largest & (LANGUAGE_LANES - 1));
}

/* Bit c: lane c isn't negligible beside the best; *odds: by how much the logarithm of each is
 * less. */
static uint32_t near_best(const int32_t sums[static LANGUAGE_LANES], int best, float weight,
                          float odds[static LANGUAGE_LANES])
{
    uint32_t near = 0;
    for (int c = 0; c < LANGUAGE_LANES; c++) odds[c] = weight * (float)(sums[c] - sums[best]);
#ifdef __SSE2__
    for (int c = 0; c < LANGUAGE_LANES; c += 4)
        near |= (uint32_t)_mm_movemask_ps(_mm_cmpgt_ps(_mm_loadu_ps(odds + c),
                                                       _mm_set1_ps(NEGLIGIBLE))) << c;
#else
    for (int c = 0; c < LANGUAGE_LANES; c++) near |= (uint32_t)(odds[c] > NEGLIGIBLE) << c;
#endif
    return near;
}

static void guess_latin(const char *model, const struct language_letters *letters,
                        struct language_guess *guess)
{
    struct blocks blocks;
    blocks.count = blocks.places = 0;
    int32_t sums[LANGUAGE_LANES] = {0};
    add_blocks(model, &blocks, letters);
    for (uint32_t b = 0; b < blocks.count; b++)
        for (int c = 0; c < LANGUAGE_LANES; c++) sums[c] += blocks.sums[b][c];
    float total = 0, unknown = 0, weight = weight_of(model, blocks.places), odds[LANGUAGE_LANES];
    if (blocks.places <= READ_PLACES_MAX) raise_read(model, sums, weight);
    int best = first_largest(sums);
    for (uint32_t near = near_best(sums, best, weight, odds); near; near &= near - 1) {
        int c = __builtin_ctz(near);
        float share = expf(odds[c]);
        total += share;
        unknown += is_others(model, c) ? share : 0;
    }
    bool is_unknown = is_others(model, best);
    float confidence = (is_unknown ? unknown : 1) / total *
                       (blocks.count > 1 ? agreement(model, &blocks, best) : 1);
    if (!is_unknown && confidence < LEAST_CONFIDENCE) return;
    memcpy(guess->code, header(model)->codes[best], sizeof header(model)->codes[best]);
    guess->confidence = confidence;
}

/* Letters of other scripts weigh more than one byte of Latin: they say more. */
static float latin_share(const struct language_letters *letters)
{
    return (float)letters->latin / (float)(letters->latin + 3 * letters->foreign);
}

void language_detect_by(const struct language_table *table, struct str text,
                        struct language_guess *guess)
{
    const char *model = table ? language_table_bytes(table) : language_model_bytes();
    struct language_letters letters;
    *guess = (struct language_guess){.code = "und"};
    language_letters(text, &letters);
    if (!letters.latin && !letters.foreign) return;
    float latin = latin_share(&letters);
    if (latin >= 0.5f)
        guess_latin(model, &letters, guess);
    else
        language_of_script(str_slice(text, 0, SCRIPT_BYTES), guess);
    guess->confidence *= latin >= 0.5f ? latin : 1 - latin;
}

void language_detect(struct str text, struct language_guess *guess)
{
    language_detect_by(NULL, text, guess);
}
