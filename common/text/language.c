/* Adds up a row of int8 weights, one lane a language, for every gram of a text's Latin letters.
 *
 * The table (language_model.h) is compiled in. The sums of the three grams at a place fit into int8, those of a
 * block of places into int16, so that the compiler can keep all lanes in vector registers. Long
 * texts are read at their beginning. Other scripts are told by their code points. */
#include "text/language.h"

#include <math.h>

#include "text/language_model.h"
#include "text/language_script.h"

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "the model file is little-endian, and read as it is"
#endif

enum { BLOCK_PLACES = 64 };
/* Below it a guess is none: with 16 lanes the most probable one can be this improbable. */
static const float LEAST_CONFIDENCE = 0.3f;

typedef int8_t bytes_16 __attribute__((vector_size(16)));
typedef int16_t shorts_16 __attribute__((vector_size(32)));

static const struct language_header *header(void) { return (const void *)language_model; }

static bytes_16 row_at(uint32_t row)
{
    bytes_16 weights;
    memcpy(&weights, language_model + sizeof(struct language_header) + (size_t)row * LANGUAGE_LANES, sizeof weights);
    return weights;
}

static void add_places(const uint8_t *place, uint32_t count, int32_t sums[LANGUAGE_LANES])
{
    shorts_16 block = {0};
    for (uint32_t i = 0; i < count; i++) {
        uint32_t rows[LANGUAGE_GRAMS];
        language_rows(place + i, rows);
        block += __builtin_convertvector(row_at(rows[0]) + row_at(rows[1]) + row_at(rows[2]), shorts_16);
    }
    for (int c = 0; c < LANGUAGE_LANES; c++) sums[c] += block[c];
}

static void guess_latin(const struct language_letters *letters, struct language_guess *guess)
{
    int32_t sums[LANGUAGE_LANES] = {0};
    uint32_t places = language_places(letters);
    for (uint32_t at = 0; at < places; at += BLOCK_PLACES)
        add_places(letters->bytes + at, places - at < BLOCK_PLACES ? places - at : BLOCK_PLACES, sums);
    float root = sqrtf((float)places), total = 0, factor = header()->sharpness + header()->slope * root;
    float by_code[LANGUAGE_LANES], unknown = 0;
    int best = 0;
    for (int c = 1; c < LANGUAGE_LANES; c++)
        if (sums[c] > sums[best]) best = c;
    for (int c = 0; c < LANGUAGE_LANES; c++) {
        by_code[c] = expf(factor * header()->scale / root * (float)(sums[c] - sums[best]));
        total += by_code[c];
        if (header()->codes[c][0] == 'u') unknown += by_code[c];
    }
    float confidence = 1 / total;
    if (header()->codes[best][0] == 'u') confidence = unknown / total;
    else if (confidence < LEAST_CONFIDENCE) return;
    memcpy(guess->code, header()->codes[best], sizeof header()->codes[best]);
    guess->confidence = confidence;
}

/* Letters of other scripts weigh more than one byte of Latin: they say more. */
static float latin_share(const struct language_letters *letters)
{
    return (float)letters->latin / (float)(letters->latin + 3 * letters->foreign);
}

void language_detect(struct str text, struct language_guess *guess)
{
    struct language_letters letters;
    *guess = (struct language_guess){.code = "und"};
    language_letters(text, &letters);
    if (!letters.latin && !letters.foreign) return;
    float latin = latin_share(&letters);
    if (latin >= 0.5f) guess_latin(&letters, guess);
    else language_of_script(str_slice(text, 0, LANGUAGE_READ_BYTES), guess);
    guess->confidence *= latin >= 0.5f ? latin : 1 - latin;
}
