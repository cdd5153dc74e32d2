/* IBAN and national identity numbers of letters and digits, by their check digits; those that have
 * none by form and cue.
 *
 * Rules: ISO 13616 (IBAN, mod 97); Spain DNI and NIE (mod 23); France NIR of Corsica (2A/2B); UK
 * NINO (HMRC NIM39110); Germany Versicherungsnummer (weights 2 1 2 5 7 1 2 ..., mod 10); Italy
 * codice fiscale (control character); Mexico CURP and RFC (form and date); Ireland PPS (mod 23);
 * Belgium and France VAT (mod 97); Portugal citizen's card (Luhn over letters); Chile RUT
 * with a K (mod 11); Finland henkilötunnus (mod 31). */
#include "text/redact/numbers.h"

enum { CODE_MOST = 34 };

struct code {
    char text[CODE_MOST + 1]; /* upper case, without blanks and dashes */
    size_t ends[CODE_MOST + 1]; /* byte behind character i of it */
    size_t size;
};

/* A dash, a dot, one or two blanks of whatever kind between two groups: its bytes; 0: none of them.
 * wide: a slash, a comma or the end of a line as well. */
static size_t gap_size(struct str text, size_t i, bool wide)
{
    static const char *const gaps[] = {" ",  "-", ".",  "  ", "\xC2\xA0", "\xE2\x80\xAF",
                                       "/", "\n", ", ", ","};
    enum { NARROW = 6 };
    for (size_t k = 0; k < (wide ? sizeof gaps / sizeof *gaps : NARROW); k++) {
        struct str gap = str_of(gaps[k]);
        if (at(text, i) == gap.data[0] && is_ascii_alnum(at(text, i + gap.size)) &&
            str_starts(str_slice(text, i, text.size), gap))
            return gap.size;
    }
    return 0;
}

/* One token, or several of up to five characters parted by blanks or dashes. */
static void read_code(struct str text, size_t start, bool wide, struct code *code)
{
    size_t i = start;
    *code = (struct code){.size = 0};
    while (i < text.size && code->size < CODE_MOST) {
        char c = text.data[i];
        if (is_ascii_alnum(c)) {
            code->text[code->size] = is_lower(c) ? (char)(c - 32) : c;
            code->ends[code->size++] = ++i;
        } else {
            size_t gap = gap_size(text, i, wide);
            if (!gap) break;
            i += gap;
        }
    }
}

static bool ends_token(struct str text, size_t end) { return !is_word(at(text, end)); }

/* form: 'A' letter, '9' digit, 'X' either, other characters themselves. */
static bool matches(const char *code, size_t size, const char *form)
{
    if (size < strlen(form)) return false;
    for (size_t i = 0; form[i]; i++) {
        bool digit = is_digit(code[i]), letter = is_upper(code[i]);
        if (form[i] == 'A'   ? !letter
            : form[i] == '9' ? !digit
            : form[i] == 'X' ? !digit && !letter
                             : form[i] != code[i])
            return false;
    }
    return true;
}

/* Lengths of IBANs (SWIFT's registry). */
static size_t iban_size(const char *code)
{
    static const char lengths[] = "AD24AE23AL28AT20AZ28BA20BE16BG22BH22BR29BY28CH21CR22CY28CZ24DE22"
                                  "DK18DO28EE20EG29ES24FI18FO18FR27"
                                  "GB22GE22GI23GL18GR27GT28HR21HU28IE22IL23IQ23IS26IT27JO30KW30KZ20"
                                  "LB28LC32LI21LT20LU20LV21LY25MC27"
                                  "MD24ME22MK19MR27MT31MU30NL18NO15PK24PL28PS29PT25QA29RO24RS22SA24"
                                  "SC31SE24SI19SK24SM27ST25SV28TL23"
                                  "TN24TR26UA29VA22VG24XK20";
    for (size_t i = 0; i + 4 <= sizeof lengths - 1; i += 4)
        if (code[0] == lengths[i] && code[1] == lengths[i + 1])
            return (size_t)number_of(lengths + i + 2, 2);
    return 0;
}

static bool is_iban(const char *code, size_t size)
{
    unsigned rest = 0;
    for (size_t k = 0; k < size; k++) {
        char c = code[(k + 4) % size];
        unsigned value = is_digit(c) ? (unsigned)(c - '0') : (unsigned)(c - 'A') + 10;
        rest = (rest * (value > 9 ? 100 : 10) + value) % 97;
    }
    return rest == 1;
}

/* In fours, as nothing else of that length is written. */
static bool is_in_fours(const struct code *code, size_t size)
{
    for (size_t i = 1; i < size; i++)
        if ((code->ends[i] > code->ends[i - 1] + 1) != (i % 4 == 0)) return false;
    return true;
}

/* Mistyped ones count behind the word IBAN or account, or in fours, if they have the length. */
static size_t iban_end(struct str text, const struct code *code,
                       const struct redact_context *context)
{
    if (!matches(code->text, code->size, "AA99XXXXXXXXXXX")) return 0;
    size_t size = iban_size(code->text);
    if (size == 0 || size > code->size || !ends_token(text, code->ends[size - 1])) return 0;
    bool cue = context->nearest & CUE(ACCOUNT);
    size_t digits = 0;
    for (size_t i = 4; i < size; i++) digits += is_digit(code->text[i]);
    bool likely = digits >= 6 && (cue || is_in_fours(code, size));
    return is_iban(code->text, size) || likely ? code->ends[size - 1] : 0;
}

/* The same, also over several lines, or parted by commas or slashes. */
static size_t cut_iban_end(struct str text, size_t start, const struct code *narrow,
                           const struct redact_context *context)
{
    if (!matches(narrow->text, narrow->size, "AA99")) return 0;
    size_t size = iban_size(narrow->text);
    if (!size || size <= narrow->size) return iban_end(text, narrow, context);
    struct code wide;
    read_code(text, start, true, &wide);
    return size <= wide.size && is_iban(wide.text, size) && ends_token(text, wide.ends[size - 1])
               ? wide.ends[size - 1]
               : 0;
}

/* The groups end behind these characters, as many as there are, and nowhere else. */
static bool has_groups(const struct code *code, const uint8_t *ends, size_t size)
{
    for (size_t i = 1; i < size; i++)
        if ((code->ends[i] > code->ends[i - 1] + 1) != (memchr(ends, (int)i, 3) != NULL))
            return false;
    return true;
}

/* Accounts as Spain (CCC: bank, branch, check, account) and France (RIB) wrote them before
 * IBANs. */
static size_t bare_account_end(struct str text, const struct code *code)
{
    static const uint8_t ccc[] = {4, 8, 10}, rib[] = {5, 10, 21};
    if (matches(code->text, code->size, "99999999999999999999") && has_groups(code, ccc, 20) &&
        ends_token(text, code->ends[19]))
        return code->ends[19];
    return matches(code->text, code->size, "9999999999XXXXXXXXXXX99") &&
                   has_groups(code, rib, 23) && ends_token(text, code->ends[22])
               ? code->ends[22]
               : 0;
}

/* 12345678Z and X1234567L: mod 23 tells the letter. A wrong letter counts behind a cue. */
static size_t spanish_end(struct str text, const struct code *code,
                          const struct redact_context *context)
{
    char digits[8];
    if (code->size < 9) return 0;
    bool dni = matches(code->text, code->size, "99999999A"),
         nie = matches(code->text, code->size, "A9999999A") && strchr("XYZ", code->text[0]);
    if ((!dni && !nie) || !ends_token(text, code->ends[8])) return 0;
    memcpy(digits, code->text, 8);
    if (nie) digits[0] = (char)('0' + (code->text[0] - 'X'));
    bool valid = "TRWAGMYFPDXBNJZSQVHLCKE"[number_of(digits, 8) % 23] == code->text[8];
    bool told = context->nearest & CUE(ID), small = is_lower(text.data[code->ends[8] - 1]);
    if (small && at(text, code->ends[7]) == ' ') /* "12345678 y", but "dni 12345678 z" */
        return valid && told && !strchr("AEY", code->text[8]) ? code->ends[8] : 0;
    if (small && code->ends[8] > code->ends[7] + 1) told = false; /* "12345678-h" */
    return valid || told ? code->ends[8] : 0;
}

/* Chile's RUT whose check is a K, "12.345.670-K": mod 11. */
static size_t chilean_end(struct str text, const struct code *code)
{
    size_t digits = 0;
    unsigned sum = 0;
    while (digits < code->size && is_digit(code->text[digits])) digits++;
    if (digits < 7 || digits > 8 || code->text[digits] != 'K' ||
        at(text, code->ends[digits - 1]) != '-' || !ends_token(text, code->ends[digits]))
        return 0;
    for (size_t i = 0; i < digits; i++)
        sum += (unsigned)(code->text[digits - 1 - i] - '0') * (2 + (unsigned)i % 6);
    return 11 - sum % 11 == 10 ? code->ends[digits] : 0;
}

/* Finland's, "131052-308T": a day of birth, a sign for its century, mod 31 of all digits. */
static size_t finnish_end(struct str text, const struct code *code)
{
    static const char checks[] = "0123456789ABCDEFHJKLMNPRSTUVWXY";
    if (!matches(code->text, code->size, "999999999X") || at(text, code->ends[5]) != '-' ||
        code->ends[8] != code->ends[5] + 4 || code->ends[9] != code->ends[8] + 1 ||
        !ends_token(text, code->ends[9]))
        return 0;
    unsigned day = number_of(code->text, 2), month = number_of(code->text + 2, 2);
    bool date = day >= 1 && day <= 31 && month >= 1 && month <= 12;
    struct redact_word article; /* "the 131052-308T cable" */
    redact_word_before(text, code->ends[0] - 1, &article);
    if (word_is(&article, "the") || word_is(&article, "a")) return 0;
    return date && checks[number_of(code->text, 9) % 31] == code->text[9] ? code->ends[9] : 0;
}

/* The NIR of people born in Corsica: 2A counts as 19, 2B as 18. */
static size_t corsican_end(struct str text, const struct code *code)
{
    if (!matches(code->text, code->size, "999992A99999999") &&
        !matches(code->text, code->size, "999992B99999999"))
        return 0;
    char digits[15];
    memcpy(digits, code->text, 15);
    digits[5] = '1', digits[6] = code->text[6] == 'A' ? '9' : '8';
    return redact_is_nir(digits) && ends_token(text, code->ends[14]) ? code->ends[14] : 0;
}

/* "QQ 12 34 56 C", written as nothing else is: whatever its letters are. */
static bool is_parted_nino(struct str text, const struct code *code)
{
    for (size_t i = 1; i < 8; i += 2)
        if (at(text, code->ends[i]) != ' ' || code->ends[i] != code->ends[i - 1] + 1) return false;
    return true;
}

static size_t nino_end(struct str text, const struct code *code)
{
    static const char *const never[] = {"BG", "GB", "NK", "KN", "TN", "NT", "ZZ"};
    if (!matches(code->text, code->size, "AA999999A") || !ends_token(text, code->ends[8])) return 0;
    if (is_parted_nino(text, code)) return code->ends[8];
    if (strchr("DFIQUV", code->text[0]) || strchr("DFIQUVO", code->text[1]) || code->text[8] > 'D')
        return 0;
    for (size_t i = 0; i < sizeof never / sizeof *never; i++)
        if (memcmp(code->text, never[i], 2) == 0) return 0;
    return code->ends[8];
}

static bool is_date(const char *d)
{
    unsigned month = number_of(d + 2, 2), day = number_of(d + 4, 2);
    return month >= 1 && month <= 12 && day >= 1 && day <= 31;
}

/* CURP (18) and RFC (12 or 13): the birth date inside must be one. */
static size_t mexican_end(struct str text, const struct code *code)
{
    if (matches(code->text, code->size, "AAAA999999AAAAAAX9") && strchr("HMX", code->text[10]) &&
        is_date(code->text + 4) && ends_token(text, code->ends[17]))
        return code->ends[17];
    if (matches(code->text, code->size, "AAAA999999XXX") && is_date(code->text + 4) &&
        ends_token(text, code->ends[12]))
        return code->ends[12];
    return 0;
}

/* Values of the odd places (Decreto 23 dicembre 1976). Letters may stand for digits (omocodia). */
static size_t italian_end(struct str text, const struct code *code)
{
    static const uint8_t odd[] = {
        1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24,
        23};
    unsigned sum = 0;
    if (!matches(code->text, code->size, "AAAAAAXXAXXAXXXA") || !ends_token(text, code->ends[15]))
        return 0;
    for (int i = 0; i < 15; i++) {
        unsigned value = is_digit(code->text[i]) ? (unsigned)(code->text[i] - '0')
                                                 : (unsigned)(code->text[i] - 'A');
        sum += i % 2 ? value : odd[value];
    }
    return code->text[15] == (char)('A' + sum % 26) ? code->ends[15] : 0;
}

size_t redact_italian_start(struct str text, size_t start)
{
    size_t i = start, letters = 0;
    if (before(text, start) != ' ' || start < 7 || !is_upper(text.data[start - 2]) ||
        !is_upper(at(text, start + 2)) || !is_digit(at(text, start + 1)))
        return start;
    while (i > 1 && letters < 6 && (is_upper(text.data[i - 1]) || text.data[i - 1] == ' '))
        letters += is_upper(text.data[--i]);
    bool whole = letters == 6 && (start - i == 7 || (start - i == 8 && text.data[i + 3] == ' '));
    return whole && !is_word(before(text, i)) ? i : start;
}

/* Ireland's PPS number: seven digits, a letter that tells their sum, from 2013 on a second one. */
static size_t irish_end(struct str text, const struct code *code)
{
    static const char letters[] = "WABCDEFGHIJKLMNOPQRSTUV";
    bool second = matches(code->text, code->size, "9999999AA") &&
                  code->ends[8] == code->ends[7] + 1; /* "1234567T is" */
    if (!matches(code->text, code->size, "9999999A")) return 0;
    unsigned sum = second && code->text[8] != 'W' ? 9 * (unsigned)(code->text[8] - 'A' + 1) : 0;
    for (unsigned i = 0; i < 7; i++) sum += (unsigned)(code->text[i] - '0') * (8 - i);
    size_t end = code->ends[second ? 8 : 7];
    return letters[sum % 23] == code->text[7] && ends_token(text, end) ? end : 0;
}

/* Germany's pension insurance number, "65 170839 J 003": the letter counts as two digits. */
static size_t german_end(struct str text, const struct code *code)
{
    static const uint8_t weights[] = {2, 1, 2, 5, 7, 1, 2, 1, 2, 1, 2, 1};
    unsigned sum = 0, place = 0;
    if (!matches(code->text, code->size, "99999999A999") || !ends_token(text, code->ends[11]))
        return 0;
    for (size_t i = 0; i < 11; i++) {
        bool letter = i == 8;
        unsigned value = (unsigned)(code->text[i] - (letter ? 'A' - 1 : '0'));
        unsigned digits[] = {value / 10, value % 10};
        for (size_t k = letter ? 0 : 1; k < 2; k++) {
            unsigned product = digits[k] * weights[place++];
            sum += product / 10 + product % 10;
        }
    }
    return sum % 10 == (unsigned)(code->text[11] - '0') ? code->ends[11] : 0;
}

/* Portugal's citizen's card, "00000000 0 ZZ4": letters count from 10 on. */
static size_t portuguese_end(struct str text, const struct code *code)
{
    unsigned sum = 0;
    if (!matches(code->text, code->size, "999999999XX9") || !ends_token(text, code->ends[11]))
        return 0;
    for (size_t i = 0; i < 12; i++) {
        char c = code->text[i];
        unsigned value = is_digit(c) ? (unsigned)(c - '0') : (unsigned)(c - 'A') + 10;
        if (i % 2 == 0) value = value > 4 ? 2 * value - 9 : 2 * value;
        sum += value;
    }
    return sum % 10 == 0 ? code->ends[11] : 0;
}

/* VAT numbers of Belgium (mod 97) and France (a key before the SIREN). */
static size_t vat_end(struct str text, const struct code *code)
{
    bool belgian = matches(code->text, code->size, "BE0999999999") ||
                   matches(code->text, code->size, "BE1999999999");
    if (belgian && ends_token(text, code->ends[11]))
        return 97 - number_of(code->text + 2, 8) % 97 == number_of(code->text + 10, 2)
                   ? code->ends[11]
                   : 0;
    if (!matches(code->text, code->size, "FR99999999999") || !ends_token(text, code->ends[12]))
        return 0;
    unsigned key = (12 + 3 * (number_of(code->text + 4, 9) % 97)) % 97;
    return key == number_of(code->text + 2, 2) ? code->ends[12] : 0;
}

/* Spain's CUPS, "ES0021000012345678AB": of a meter, and so of a household; its point of measure may
 * stand behind, "1F". */
static size_t cups_end(struct str text, const struct code *code)
{
    if (!matches(code->text, code->size, "ES9999999999999999AA")) return 0;
    if (ends_token(text, code->ends[19])) return code->ends[19];
    return code->size > 21 && ends_token(text, code->ends[21]) ? code->ends[21] : 0;
}

/* Those that look like a product's: their word must say so, too. */
static size_t cued_end(struct str text, const struct code *code)
{
    size_t end = irish_end(text, code);
    if (!end) end = german_end(text, code);
    return end ? end : portuguese_end(text, code);
}

/* Those that hardly anything else looks like: a birth date inside, or two letters behind, and the
 * check. */
static size_t unlikely_end(struct str text, const struct code *code)
{
    if (matches(code->text, code->size, "9999999AA") && code->ends[8] == code->ends[7] + 1 &&
        strchr("ABCDEFGHIW", code->text[8]))
        return irish_end(text, code);
    if (!matches(code->text, code->size, "99999999A999")) return 0;
    unsigned day = number_of(code->text + 2, 2), month = number_of(code->text + 4, 2);
    bool date = day >= 1 && day <= 31 && month >= 1 && month <= 12;
    return date ? german_end(text, code) : 0;
}

size_t redact_code_at(struct str text, size_t start, const struct redact_context *context,
                      enum redact_kind *ret_kind)
{
    struct code code;
    read_code(text, start, false, &code);
    *ret_kind = REDACT_IBAN;
    size_t end = cut_iban_end(text, start, &code, context);
    if (end) return end;
    if (code.size < 8) return 0;
    *ret_kind = REDACT_ACCOUNT;
    bool thing = context->all & (CUE(ORDER) | CUE(VERSION)), told = context->nearest & CUE(ID);
    if ((end = thing ? 0 : cups_end(text, &code)) != 0 ||
        (end = bare_account_end(text, &code)) != 0)
        return end;
    *ret_kind = REDACT_NATIONAL_ID;
    if (told && !thing && (end = cued_end(text, &code)) != 0) return end; /* begins as a DNI does */
    if (!thing && (end = unlikely_end(text, &code)) != 0) return end;
    if ((end = spanish_end(text, &code, context)) != 0 || (end = corsican_end(text, &code)) != 0 ||
        (end = nino_end(text, &code)) != 0 || (end = vat_end(text, &code)) != 0 ||
        (end = thing ? 0 : chilean_end(text, &code)) != 0 ||
        (end = thing ? 0 : finnish_end(text, &code)) != 0)
        return end;
    return (end = mexican_end(text, &code)) != 0 ? end : italian_end(text, &code);
}
