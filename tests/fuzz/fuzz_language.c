/* links: common_text */
/* The language of hostile text: a code and a probability; of a short text, which is read 16 bytes
 * at a time, the same letters as of its words one by one, and of a long one no more than there is
 * room for. */
#include <assert.h>

#include "text/language.h"
#include "text/language/grams.h"

static void check_guess(struct str text)
{
    struct language_guess guess;
    char code[4];
    language_detect(text, &guess);
    assert(guess.confidence >= 0 && guess.confidence <= 1);
    assert(strcmp(guess.code, "und") == 0 || language_code(str_of(guess.code), code));
}

/* " like this ", and eight blanks behind it. */
static void check_form(const struct language_letters *letters)
{
    uint32_t size = letters->size;
    assert(size >= 1 && size + 8 <= LANGUAGE_LETTER_BYTES && letters->latin == size - 1);
    assert(letters->bytes[0] == ' ' && letters->bytes[size - 1] == ' ');
    for (uint32_t i = 0; i < size; i++) {
        uint8_t byte = letters->bytes[i];
        assert(byte == ' ' || (byte >= 'a' && byte <= 'z') || byte >= 0x80);
        assert(i == 0 || byte != ' ' || letters->bytes[i - 1] != ' ');
    }
    for (uint32_t i = size; i < size + 8; i++) assert(letters->bytes[i] == ' ');
}

/* Handles and addresses end at blanks, too: so no word knows of another. */
static void check_words(struct str text, const struct language_letters *letters)
{
    uint32_t at = 1, foreign = 0;
    while (text.size) {
        struct language_letters word;
        language_letters(str_cut(&text, ' '), &word);
        check_form(&word);
        assert(at + word.size - 1 <= letters->size);
        assert(memcmp(letters->bytes + at, word.bytes + 1, word.size - 1) == 0);
        at += word.size - 1;
        foreign += word.foreign;
    }
    assert(at == letters->size && foreign == letters->foreign);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct language_letters letters;
    struct str text = str_make(data, size);
    text = str_slice(text, 0, str_utf8_valid_prefix(text));
    check_guess(text);
    language_letters(text, &letters);
    check_form(&letters);
    if (text.size <= LANGUAGE_WHOLE_BYTES) check_words(text, &letters);
    return 0;
}
