/* Numbers of cards: by their check digit (Luhn), who issues them and how they are grouped; behind a
 * word for a card also mistyped ones. */
#include "text/redact/numbers.h"

bool redact_luhn(const char *digits, size_t count)
{
    unsigned sum = 0;
    for (size_t i = 0; i < count; i++) {
        unsigned d = (unsigned)(digits[count - 1 - i] - '0') << (i & 1);
        sum += d > 9 ? d - 9 : d;
    }
    return sum % 10 == 0;
}

/* Issuers' first digits and lengths (ISO/IEC 7812; Visa, Mastercard, Amex, Discover, UnionPay, JCB,
 * Diners). Maestro's wide range wants a word before it. */
static bool is_issuer(const char *digits, size_t count, bool cue)
{
    unsigned two = (unsigned)(digits[0] - '0') * 10 + (unsigned)(digits[1] - '0');
    unsigned four = two * 100 + (unsigned)(digits[2] - '0') * 10 + (unsigned)(digits[3] - '0');
    if (digits[0] == '4')
        return count == 16 || ((count == 13 || count == 19) && (cue || count == 19));
    if ((two >= 51 && two <= 55) || (four >= 2221 && four <= 2720)) return count == 16;
    if (two == 34 || two == 37) return count == 15;
    if (four == 6011 || two == 65 || two == 64 || two == 62 || two == 35)
        return count >= 16 && count <= 19;
    if (four == 1800 || four == 2131) return count == 15;
    if (two == 30 || two == 36 || two == 38) return count == 14;
    if (count == 16 && (four == 5018 || four == 5020 || four == 5038 || four == 6304)) return true;
    return cue && count >= 12 && count <= 19 && (digits[0] == '5' || digits[0] == '6');
}

static bool is_card_grouping(const struct redact_digits *digits, uint8_t groups)
{
    if (groups == 1) return true;
    char separator = digits->separators[1];
    if (separator != ' ' && separator != '-' && separator != '.') return false;
    for (int g = 0; g < groups; g++)
        if (digits->sizes[g] > 7 || (digits->sizes[g] < 2 && g != 3) ||
            (g > 0 && digits->separators[g] != separator))
            return false;
    return digits->sizes[0] == 4 || groups == 2;
}

uint8_t redact_card_groups(const struct redact_digits *digits, const struct redact_context *context)
{
    bool cue = context->all & CUE(CARD);
    size_t count = 0;
    uint8_t best = 0;
    for (uint8_t groups = 1; groups <= digits->groups; groups++) {
        count += digits->sizes[groups - 1];
        if (count > 19) break;
        if (count < 12 || !is_card_grouping(digits, groups)) continue;
        bool checked = redact_luhn(digits->digits, count) && is_issuer(digits->digits, count, cue);
        bool named = context->nearest & CUE(CARD) && count >= 13; /* mistyped, yet a card */
        if (checked || named) best = groups;
    }
    return best;
}
