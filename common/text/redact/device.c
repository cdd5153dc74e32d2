/* Numbers of devices: IPv4, IPv6 and MAC addresses by their form, IMEIs behind their word. */
#include "text/redact/numbers.h"

enum { ADDRESS_BYTES = 45 };

/* --- IPv4 ------------------------------------------------------------------------------------- */

uint8_t redact_ipv4_groups(const struct redact_digits *digits, const struct redact_context *context)
{
    if (digits->groups < 4 || (context->nearest & CUE(VERSION) && context->distance <= 2)) return 0;
    size_t first = 0;
    for (int g = 0; g < 4; g++) {
        unsigned value = 0;
        if (digits->sizes[g] > 3 || (g && digits->separators[g] != '.')) return 0;
        for (int k = 0; k < digits->sizes[g]; k++)
            value = value * 10 + (unsigned)(digits->digits[first++] - '0');
        if (value > 255 || (g == 0 && value == 0)) return 0;
    }
    return digits->groups > 4 && digits->separators[4] == '.' ? 0 : 4;
}

/* --- IPv6 (RFC 4291, 2.2), MAC (EUI-48) ------------------------------------------------------- */

static bool is_hex(char c) { return is_digit(c) || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f'); }

/* Times ("12:30:45") have neither eight groups nor "::". */
static bool is_ipv6(struct str address)
{
    int groups = 0, gaps = 0;
    size_t i = 0;
    if (str_starts(address, STR("::"))) gaps = 1, i = 2;
    while (i < address.size) {
        size_t start = i;
        while (i < address.size && is_hex(address.data[i])) i++;
        if (i == start || i - start > 4) return false;
        groups++;
        if (i == address.size) break;
        if (address.data[i++] != ':') return false;
        if (i < address.size && address.data[i] == ':') gaps++, i++;
        else if (i == address.size) return false;
    }
    return gaps == 1 ? groups >= 2 && groups <= 7 : gaps == 0 && groups == 8;
}

/* "3C:22:FB:9A:1E:07", "00-1b-63-84-45-e6" */
size_t redact_mac_end(struct str text, size_t start)
{
    enum { PAIRS = 6 };
    char separator = at(text, start + 2);
    bool letter = false; /* "12-05-20-11-45-00" is a time */
    size_t i = start;
    if (separator != ':' && separator != '-') return 0;
    for (int k = 0; k < PAIRS; k++, i += 3) {
        if (!is_hex(at(text, i)) || !is_hex(at(text, i + 1))) return 0;
        if (k + 1 < PAIRS && at(text, i + 2) != separator) return 0;
        letter |= is_letter(text.data[i]) || is_letter(text.data[i + 1]);
    }
    size_t end = i - 1;
    bool goes_on = at(text, end) == separator && is_word(at(text, end + 1));
    return letter && !goes_on && !is_word(before(text, start)) && !is_word(at(text, end)) ? end : 0;
}

size_t redact_ipv6(struct redact_finder *finder, size_t colon)
{
    struct str text = finder->text;
    size_t start = colon, end = colon;
    while (start > 0 && colon - start < 5 && is_hex(text.data[start - 1])) start--;
    while (end < text.size && end - start < ADDRESS_BYTES &&
           (is_hex(text.data[end]) || text.data[end] == ':'))
        end++;
    if (is_word(before(text, start)) || is_word(at(text, end))) return 0;
    while (end > colon + 2 && text.data[end - 1] == ':' && text.data[end - 2] != ':') end--;
    if (!redact_mac_end(text, start) && !is_ipv6(str_slice(text, start, end))) return 0;
    redact_add(finder, start, end, REDACT_IP);
    return end;
}

/* --- IMEI (3GPP TS 23.003) -------------------------------------------------------------------- */

bool redact_is_imei(struct str text, size_t start, size_t count)
{
    enum { WORDS_MOST = 7 };
    if (count < 14 || count > 16) return false; /* 15; without its check, or with a version */
    for (int k = 0; k < WORDS_MOST; k++) {
        struct redact_word word;
        redact_word_before(text, start, &word);
        if (!word.size || word_is(&word, "imei")) return word.size > 0;
        start = word.start;
    }
    return false;
}
