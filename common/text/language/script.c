/* Languages that their script gives away, or nearly: counts letters per script, then looks for the
 * letters that only one language of a script has. */
#include "text/language/script.h"
#include "text/language/grams.h"

enum { LETTERS_MAX = 256 /* so many are plenty */ };

enum script {
    GREEK,
    CYRILLIC,
    HEBREW,
    ARABIC,
    DEVANAGARI,
    BENGALI,
    TAMIL,
    THAI,
    GEORGIAN,
    ARMENIAN,
    HANGUL,
    KANA,
    HAN,
    SCRIPTS
};

static const struct block {
    uint32_t first, last;
    enum script script;
} blocks[] = {
    {0x0370, 0x03FF, GREEK},      {0x0400, 0x052F, CYRILLIC}, {0x0530, 0x058F, ARMENIAN},
    {0x0590, 0x05FF, HEBREW},     {0x0600, 0x06FF, ARABIC},   {0x0750, 0x077F, ARABIC},
    {0x0900, 0x097F, DEVANAGARI}, {0x0980, 0x09FF, BENGALI},  {0x0B80, 0x0BFF, TAMIL},
    {0x0E00, 0x0E7F, THAI},       {0x10A0, 0x10FF, GEORGIAN}, {0x1F00, 0x1FFF, GREEK},
    {0x3040, 0x30FF, KANA},       {0x3400, 0x4DBF, HAN},      {0x4E00, 0x9FFF, HAN},
    {0xAC00, 0xD7A3, HANGUL},
};

/* What a script says by itself. Devanagari, Cyrillic and Arabic are shared: hence the probability.
 */
static const struct {
    char code[4];
    float confidence;
} languages[SCRIPTS] = {
    [GREEK] = {"el", 0.98f},    [CYRILLIC] = {"und", 0.9f},  [HEBREW] = {"he", 0.95f},
    [ARABIC] = {"ar", 0.8f},    [DEVANAGARI] = {"hi", 0.7f}, [BENGALI] = {"bn", 0.9f},
    [TAMIL] = {"ta", 0.98f},    [THAI] = {"th", 0.98f},      [GEORGIAN] = {"ka", 0.95f},
    [ARMENIAN] = {"hy", 0.98f}, [HANGUL] = {"ko", 0.99f},    [KANA] = {"ja", 0.99f},
    [HAN] = {"zh", 0.9f},
};

/* Letters of one language only, the more telling first. */
static const struct telling {
    enum script script;
    char code[4], *letters;
} telling[] = {
    {CYRILLIC, "uk", "їєґЇЄҐ"}, {CYRILLIC, "ru", "ыэёЫЭЁ"}, {CYRILLIC, "sr", "ђћљњџ"},
    {ARABIC, "ur", "ٹڈڑےں"},    {ARABIC, "fa", "پچژگکی"},
};

struct counts {
    uint32_t of_script[SCRIPTS], of_telling[sizeof telling / sizeof telling[0]];
};

/* Only two and three bytes matter; text ends at a whole character or is cut short here. */
static size_t read_letter(struct str text, size_t at, uint32_t *ret_code)
{
    uint8_t lead = (uint8_t)text.data[at];
    size_t size = lead < 0xC0 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    *ret_code = 0;
    if (size > text.size - at) return text.size - at;
    const char *p = text.data + at;
    if (size == 2) *ret_code = (uint32_t)(lead & 0x1F) << 6 | (p[1] & 0x3F);
    if (size == 3)
        *ret_code = (uint32_t)(lead & 0x0F) << 12 | (uint32_t)(p[1] & 0x3F) << 6 | (p[2] & 0x3F);
    return size;
}

static bool count_letter(struct counts *counts, struct str letter, uint32_t code)
{
    for (size_t i = 0; i < sizeof blocks / sizeof blocks[0]; i++) {
        if (code < blocks[i].first || code > blocks[i].last) continue;
        counts->of_script[blocks[i].script]++;
        for (size_t t = 0; t < sizeof telling / sizeof telling[0]; t++)
            if (telling[t].script == blocks[i].script)
                counts->of_telling[t] +=
                    str_find(str_of(telling[t].letters), letter) < strlen(telling[t].letters);
        return true;
    }
    return false;
}

void language_of_script(struct str text, struct language_guess *guess)
{
    struct counts counts = {0};
    uint32_t letters = 0, most = 0;
    for (size_t at = 0; at < text.size && letters < LETTERS_MAX;) {
        uint32_t code;
        size_t size = read_letter(text, at, &code);
        if (code >= 0x370) letters += count_letter(&counts, str_slice(text, at, at + size), code);
        at += size;
    }
    for (uint32_t s = 1; s < SCRIPTS; s++)
        if (counts.of_script[s] > counts.of_script[most]) most = s;
    if (!counts.of_script[most]) return;
    if (most == HAN && counts.of_script[KANA] * 8 > counts.of_script[HAN])
        most = KANA; /* Japanese uses both */
    memcpy(guess->code, languages[most].code, sizeof languages[most].code);
    guess->confidence = languages[most].confidence;
    uint32_t told = 0;
    for (size_t t = 0; t < sizeof telling / sizeof telling[0]; t++) {
        if (telling[t].script != most || counts.of_telling[t] <= told) continue;
        told = counts.of_telling[t];
        memcpy(guess->code, telling[t].code, sizeof telling[t].code);
        guess->confidence = told > 1 ? 0.95f : 0.8f;
    }
}
