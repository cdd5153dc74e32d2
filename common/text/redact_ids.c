/* National identity numbers and IBAN by their check digits; those that have none by form and cue.
 *
 * Rules: ISO 13616 (IBAN, mod 97); Spain DNI and NIE (mod 23); France NIR (97 - n mod 97, Corsica
 * 2A/2B); US SSN (no 000, 666 or 9xx area); UK NINO (HMRC NIM39110); Canada SIN (Luhn); Belgium
 * national number (97 - n mod 97, with a 2 before it from 2000 on); Germany Steuer-ID (ISO 7064
 * mod 11,10) and Versicherungsnummer (weights 2 1 2 5 7 1 2 ..., mod 10); Italy codice fiscale
 * (control character); Mexico CURP and RFC (form and date); Brazil CPF (two mod 11 digits); Ireland
 * PPS (mod 23); Portugal citizen's card (Luhn over letters). */
#include "text/redact_find.h"

static bool all_of(const char *digits, size_t count, char digit)
{
    for (size_t i = 0; i < count; i++)
        if (digits[i] != digit) return false;
    return true;
}

static unsigned number_of(const char *digits, size_t count)
{
    unsigned value = 0;
    for (size_t i = 0; i < count; i++) value = value * 10 + (unsigned)(digits[i] - '0');
    return value;
}

static unsigned modulo(const char *digits, size_t count, unsigned divisor)
{
    unsigned rest = 0;
    for (size_t i = 0; i < count; i++) rest = (rest * 10 + (unsigned)(digits[i] - '0')) % divisor;
    return rest;
}

/* --- digits only ------------------------------------------------------------------------------ */

static bool is_ssn(const char *d)
{
    unsigned area = number_of(d, 3);
    return area != 0 && area != 666 && area < 900 && number_of(d + 3, 2) != 0 &&
           number_of(d + 5, 4) != 0;
}

static bool is_nir(const char *d)
{
    unsigned month = number_of(d + 3, 2);
    bool plausible = strchr("12378", d[0]) &&
                     ((month >= 1 && month <= 12) || (month >= 20 && month <= 42) || month >= 50);
    return plausible && number_of(d + 13, 2) == 97 - modulo(d, 13, 97);
}

static bool is_belgian(const char *d)
{
    char two[10] = "2";
    memcpy(two + 1, d, 9);
    unsigned check = number_of(d + 9, 2);
    bool date = number_of(d + 2, 2) % 20 <= 12 && number_of(d + 4, 2) <= 31;
    return date && (check == 97 - modulo(d, 9, 97) || check == 97 - modulo(two, 10, 97));
}

static bool is_steuer_id(const char *d)
{
    unsigned product = 10;
    for (int i = 0; i < 10; i++) {
        unsigned sum = ((unsigned)(d[i] - '0') + product) % 10;
        product = (sum ? sum : 10) * 2 % 11;
    }
    return d[0] != '0' && (11 - product) % 10 == (unsigned)(d[10] - '0');
}

static bool is_cpf(const char *d)
{
    for (unsigned n = 9; n <= 10; n++) {
        unsigned sum = 0;
        for (unsigned i = 0; i < n; i++) sum += (unsigned)(d[i] - '0') * (n + 1 - i);
        if (sum * 10 % 11 % 10 != (unsigned)(d[n] - '0')) return false;
    }
    return !all_of(d, 11, d[0]);
}

/* Argentina's CUIT and CUIL. */
static bool is_cuit(const char *d)
{
    static const uint8_t weights[] = {5, 4, 3, 2, 7, 6, 5, 4, 3, 2};
    unsigned sum = 0;
    for (int i = 0; i < 10; i++) sum += (unsigned)(d[i] - '0') * weights[i];
    return (11 - sum % 11) % 11 == (unsigned)(d[10] - '0');
}

/* Chile's RUT, where the check is no K. */
static bool is_rut(const char *d, size_t count)
{
    unsigned sum = 0;
    for (size_t i = 0; i + 1 < count; i++)
        sum += (unsigned)(d[count - 2 - i] - '0') * (2 + (unsigned)i % 6);
    return (11 - sum % 11) % 11 == (unsigned)(d[count - 1] - '0');
}

static bool is_rut_of_8(const char *d) { return is_rut(d, 8); }
static bool is_rut_of_9(const char *d) { return is_rut(d, 9); }

/* Switzerland's AHV number: its check is that of EAN-13. */
static bool is_ahv(const char *d)
{
    unsigned sum = 0;
    for (int i = 0; i < 13; i++) sum += (unsigned)(d[i] - '0') * (i % 2 ? 3 : 1);
    return memcmp(d, "756", 3) == 0 && sum % 10 == 0;
}

/* sizes NULL: any grouping of so many digits. cued: only behind a word of identity. */
static const struct id_form {
    uint8_t count;
    const char *sizes, *separators;
    bool cued;
    bool (*is_valid)(const char *digits);
} forms[] = {
    {9, "324", "- ", false, is_ssn},      {15, NULL, NULL, false, is_nir},
    {11, "22232", ".-", false, is_belgian},
    {11, "632", "-", false, is_belgian},  {11, NULL, NULL, true, is_belgian},
    {11, NULL, NULL, true, is_steuer_id},
    {11, "2333", " ", false, is_steuer_id}, {11, "3332", ".-", false, is_cpf},
    {11, NULL, NULL, true, is_cpf},
    {11, "281", "-", false, is_cuit},     {8, "1331", ".-", false, is_rut_of_8},
    {9, "2331", ".-", false, is_rut_of_9}, {13, "3442", ".", false, is_ahv},
};

static bool has_form(const struct redact_digits *digits, uint8_t groups, const struct id_form *form)
{
    if (!form->sizes) return true;
    if (strlen(form->sizes) != groups) return false;
    for (int g = 0; g < groups; g++) {
        if (digits->sizes[g] != form->sizes[g] - '0') return false;
        if (g && !strchr(form->separators, digits->separators[g])) return false;
    }
    return true;
}

static bool is_sin(const struct redact_finder *finder, const struct redact_digits *digits,
                   uint8_t groups, bool cue)
{
    bool grouped = groups == 3 && digits->sizes[0] == 3 && digits->sizes[1] == 3 &&
                   digits->separators[1] == digits->separators[2];
    bool phone = finder->spanish && strchr("6789", digits->digits[0]);
    return (cue || (grouped && !phone && digits->separators[1] != '.' &&
                    !strchr("08", digits->digits[0]))) &&
           redact_luhn(digits->digits, 9);
}

uint8_t redact_id_groups(const struct redact_finder *finder, const struct redact_digits *digits,
                         const struct redact_context *context)
{
    bool cue = context->nearest & CUE(ID),
         other = context->nearest & (CUE(ORDER) | CUE(PHONE) | CUE(ACCOUNT));
    size_t count = 0;
    if (digits->plus) return 0;
    for (uint8_t groups = 1; groups <= digits->groups; groups++) {
        count += digits->sizes[groups - 1];
        for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
            const struct id_form *form = &forms[i];
            if (form->count != count || (form->cued && !cue) || !has_form(digits, groups, form))
                continue;
            if (form->is_valid(digits->digits) && (cue || !other || form->count == 15))
                return groups;
        }
        if (count == 9 && (cue || !other) && is_sin(finder, digits, groups, cue)) return groups;
    }
    return 0;
}

/* --- letters and digits ----------------------------------------------------------------------- */

enum { CODE_MOST = 34 };

struct code {
    char text[CODE_MOST + 1]; /* upper case, without blanks and dashes */
    size_t ends[CODE_MOST + 1]; /* byte behind character i of it */
    size_t size;
};

/* One token, or several of up to five characters parted by single blanks or dashes. */
static void read_code(struct str text, size_t start, struct code *code)
{
    size_t i = start;
    *code = (struct code){.size = 0};
    while (i < text.size && code->size < CODE_MOST) {
        char c = text.data[i];
        if (is_ascii_alnum(c)) {
            code->text[code->size] = is_lower(c) ? (char)(c - 32) : c;
            code->ends[code->size++] = ++i;
        } else if ((c == ' ' || c == '-' || c == '.') && is_ascii_alnum(at(text, i + 1))) {
            i++;
        } else {
            break;
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

/* Mistyped ones count behind the word IBAN or account, if they have the length. */
static size_t iban_end(struct str text, const struct code *code,
                       const struct redact_context *context)
{
    if (!matches(code->text, code->size, "AA99XXXXXXXXXXX")) return 0;
    size_t size = iban_size(code->text);
    if (size == 0 || size > code->size || !ends_token(text, code->ends[size - 1])) return 0;
    bool cue = context->nearest & CUE(ACCOUNT);
    size_t digits = 0;
    for (size_t i = 4; i < size; i++) digits += is_digit(code->text[i]);
    return is_iban(code->text, size) || (cue && digits >= 6) ? code->ends[size - 1] : 0;
}

/* 12345678Z and X1234567L: mod 23 tells the letter. A wrong letter counts behind a cue. */
static size_t spanish_end(struct str text, const struct code *code,
                          const struct redact_context *context)
{
    char digits[8];
    if (code->size < 9 ||
        (code->ends[8] > code->ends[7] + 1 && is_lower(text.data[code->ends[8] - 1])))
        return 0; /* "12345678 y" */
    bool dni = matches(code->text, code->size, "99999999A"),
         nie = matches(code->text, code->size, "A9999999A") && strchr("XYZ", code->text[0]);
    if ((!dni && !nie) || !ends_token(text, code->ends[8])) return 0;
    memcpy(digits, code->text, 8);
    if (nie) digits[0] = (char)('0' + (code->text[0] - 'X'));
    bool valid = "TRWAGMYFPDXBNJZSQVHLCKE"[number_of(digits, 8) % 23] == code->text[8];
    return valid || context->nearest & CUE(ID) ? code->ends[8] : 0;
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
    return is_nir(digits) && ends_token(text, code->ends[14]) ? code->ends[14] : 0;
}

static size_t nino_end(struct str text, const struct code *code)
{
    static const char *const never[] = {"BG", "GB", "NK", "KN", "TN", "NT", "ZZ"};
    if (!matches(code->text, code->size, "AA999999A") || !ends_token(text, code->ends[8])) return 0;
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

/* Ireland's PPS number: seven digits, a letter that tells their sum, from 2013 on a second one. */
static size_t irish_end(struct str text, const struct code *code)
{
    static const char letters[] = "WABCDEFGHIJKLMNOPQRSTUV";
    bool second = matches(code->text, code->size, "9999999AA");
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

/* Those that look like a product's: their word must say so, too. */
static size_t cued_end(struct str text, const struct code *code)
{
    size_t end = irish_end(text, code);
    if (!end) end = german_end(text, code);
    return end ? end : portuguese_end(text, code);
}

size_t redact_code_at(struct str text, size_t start, const struct redact_context *context,
                      enum redact_kind *ret_kind)
{
    struct code code;
    read_code(text, start, &code);
    if (code.size < 8) return 0;
    *ret_kind = REDACT_IBAN;
    size_t end = iban_end(text, &code, context);
    if (end) return end;
    *ret_kind = REDACT_NATIONAL_ID;
    bool told = context->nearest & CUE(ID) && !(context->all & CUE(ORDER));
    if (told && (end = cued_end(text, &code)) != 0) return end; /* begins as a DNI does */
    if ((end = spanish_end(text, &code, context)) != 0 || (end = corsican_end(text, &code)) != 0 ||
        (end = nino_end(text, &code)) != 0)
        return end;
    return (end = mexican_end(text, &code)) != 0 ? end : italian_end(text, &code);
}
