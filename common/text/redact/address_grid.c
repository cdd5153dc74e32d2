/* Streets that have numbers for names, as in Colombia: "Calle 13 # 9A-1", "7 con calle 45". */
#include "text/redact/address.h"

static size_t skip_digits_and_letter(struct str text, size_t i)
{
    while (is_digit(at(text, i))) i++;
    return is_upper(at(text, i)) && !is_word(at(text, i + 1)) ? i + 1 : i;
}

/* "7 con calle 45", "50 y Avenida Balboa", from "con" on; 0: none. */
static size_t crossing_end(struct str text, const struct redact_word *with)
{
    struct redact_word street;
    int words;
    if ((!word_is(with, "con") && !word_is(with, "y")) || at(text, with->end) != ' ') return 0;
    redact_word_at(text, with->end + 1, &street);
    if (!(street.cues & CUE(STREET_FIRST)) || at(text, street.end) != ' ') return 0;
    size_t name = street.end + 1, end = address_names_end(text, name, ADDRESS_NAME_WORDS, &words);
    if (!words) end = skip_digits_and_letter(text, name);
    return end > name ? end : 0;
}

/* Colombia: "Calle 13 # 9A-1", "Carrera 197 # 2-38 Sur", "Av. calle 4ª No. 81-9". The end, or
 * `i`. */
size_t address_grid_end(struct str text, size_t i)
{
    static const char *const signs[] = {"# ", "#", "No. ", "N\xC2\xB0 ", "N\xC2\xBA ", "no. ",
                                        "No ", "no ", "nro ", "Nro. "};
    struct redact_word word;
    size_t end = i, digits;
    redact_word_at(text, end, &word);
    if (word.cues & CUE(STREET_FIRST) && at(text, word.end) == ' ') end = word.end + 1;
    for (digits = end; is_digit(at(text, end));) end++;
    if (end == digits || end - digits > 3) return i;
    if (is_upper(at(text, end))) end++;
    if (str_starts(str_slice(text, end, text.size), STR("\xC2\xAA"))) end += 2;
    if (at(text, end++) != ' ') return i;
    redact_word_at(text, end, &word);
    size_t corner = crossing_end(text, &word);
    if (corner) return corner;
    if (word.capital && word.size >= 3 && at(text, word.end) == ' ') end = word.end + 1; /* Sur */
    for (size_t k = 0; k < sizeof signs / sizeof *signs; k++) {
        if (!str_starts(str_slice(text, end, text.size), str_of(signs[k]))) continue;
        end += strlen(signs[k]);
        bool word_only = is_one_of(signs[k][0], "nN") && signs[k][2] == ' ';
        size_t dash = end;
        while (is_ascii_alnum(at(text, dash)) && dash - end < 5) dash++;
        size_t blanks = !word_only, door = address_skip(text, dash, " ", blanks);
        if (!is_digit(at(text, end)) || at(text, door) != '-') return i;
        door = address_skip(text, door + 1, " ", blanks); /* "no 5 - 2 canciones" */
        if (!is_digit(at(text, door))) return i;
        end = skip_digits_and_letter(text, door);
        redact_word_at(text, end + 1, &word);
        static const char *const sides[] = {"sur", "norte", "este", "oeste"};
        return at(text, end) == ' ' && word.size && IS_ONE_OF(&word, sides) ? word.end : end;
    }
    return i;
}
