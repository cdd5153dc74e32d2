/* Undoes UTF-8 that was read as windows-1252 and written again: "cafÃ©" was "café", "itâ€™s" was
 * "it’s".
 *
 * Only where nothing else explains the text: every character beyond ASCII must be part of such a
 * sequence, and only sequences are taken that nobody writes: what accented small letters, signs,
 * typographic marks and emoji turn into, not behind a capital ("IRMû" is Portuguese). */
#include "base/ascii.h"
#include "text/clean/internal.h"

/* windows-1252 between 0x80 and 0x9F, from 0x80; 0: not assigned there, read as the control itself.
 */
/* clang-format off */
static const uint16_t upper_half[32] = {
    0x20AC, 0, 0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160, 0x2039,
    0x0152, 0, 0x017D, 0, 0, 0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014, 0x02DC, 0x2122,
    0x0161, 0x203A, 0x0153, 0, 0x017E, 0x0178,
};
/* clang-format on */

/* The byte that was read as this character, or 0. */
static uint8_t byte_of(uint32_t code)
{
    if (code >= 0x80 && code <= 0xFF) return (uint8_t)code;
    for (unsigned i = 0; i < 32; i++)
        if (code == upper_half[i]) return (uint8_t)(0x80 + i);
    return 0;
}

/* Whether the bytes at p are a character that we believe in: its size, or 0. */
static size_t believed(const uint8_t *p, size_t left, uint8_t before)
{
    bool capital = ascii_is_upper((char)before);
    if (left >= 2 && p[0] == 0xC3 && (p[1] == 0x82 || p[1] == 0x83))
        return 2; /* it went through it twice */
    if (left >= 2 && (p[0] == 0xC2 || p[0] == 0xC3))
        return !capital && p[1] >= 0xA0 && p[1] <= 0xBF ? 2 : 0;
    if (left >= 3 && p[0] == 0xE2) return p[1] >= 0x80 && p[1] <= 0x84 ? 3 : 0;
    return left >= 4 && p[0] == 0xF0 && p[1] == 0x9F ? 4 : 0;
}

static bool is_believed(struct str bytes)
{
    const uint8_t *p = (const uint8_t *)bytes.data;
    for (size_t at = 0; at < bytes.size;) {
        size_t size = p[at] < 0x80 ? 1 : believed(p + at, bytes.size - at, at ? p[at - 1] : 0);
        if (!size) return false;
        at += size;
    }
    return str_is_utf8(bytes);
}

struct str clean_repair(struct str text, struct arena *arena)
{
    size_t at = 0, size = 0, step;
    for (; at < text.size; at += step) /* most texts fail here, before anything is allocated */
        if (clean_read(text, at, &step) >= 0x80 && !byte_of(clean_read(text, at, &step)))
            return text;
    char *bytes = arena_alloc(arena, text.size + 1);
    if (!bytes) return (struct str){0};
    for (at = 0; at < text.size; at += step) {
        uint32_t code = clean_read(text, at, &step);
        bytes[size++] = code < 0x80 ? (char)code : (char)byte_of(code);
    }
    struct str repaired = str_make(bytes, size);
    return is_believed(repaired) ? repaired : text;
}
