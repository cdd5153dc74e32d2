/* National identity numbers of digits alone, by their check digits; those that have none by form
 * and cue.
 *
 * Rules: France NIR (97 - n mod 97); US SSN (no 000, 666 or 9xx area); Canada SIN (Luhn); Belgium
 * national number (97 - n mod 97, with a 2 before it from 2000 on); Germany Steuer-ID (ISO 7064
 * mod 11,10); Austria Versicherungsnummer (weights 3 7 9 5 8 4 2 1 6, mod 11); Brazil CPF (two
 * mod 11 digits); Argentina CUIT, Chile RUT (mod 11); Uruguay cédula (mod 10); Switzerland AHV
 * (EAN-13); Britain NHS (mod 11); Sweden personnummer (Luhn). */
#include "text/redact/numbers.h"

static bool all_of(const char *digits, size_t count, char digit)
{
    for (size_t i = 0; i < count; i++)
        if (digits[i] != digit) return false;
    return true;
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

bool redact_is_nir(const char *d)
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

/* Uruguay's cédula: mod 10. */
static bool is_uruguayan(const char *d)
{
    static const uint8_t weights[] = {2, 9, 8, 7, 6, 3, 4};
    unsigned sum = 0;
    for (int i = 0; i < 7; i++) sum += (unsigned)(d[i] - '0') * weights[i];
    return (10 - sum % 10) % 10 == (unsigned)(d[7] - '0');
}

static bool is_rut_of_8(const char *d) { return is_rut(d, 8); }
static bool is_rut_of_9(const char *d) { return is_rut(d, 9); }

/* Britain's NHS number, "401 023 2137": mod 11. One that may be a North American phone is none. */
static bool is_nhs(const char *d)
{
    unsigned sum = 0;
    for (int i = 0; i < 9; i++) sum += (unsigned)(d[i] - '0') * (10 - (unsigned)i);
    bool phone = d[0] > '1' && d[3] > '1';
    return !phone && (11 - sum % 11) % 11 == (unsigned)(d[9] - '0') && !all_of(d, 10, d[0]);
}

/* Sweden's personnummer, "19900101-0017": a day of birth, and Luhn over it without its century. */
static bool is_swedish(const char *d)
{
    unsigned year = number_of(d, 4), month = number_of(d + 4, 2), day = number_of(d + 6, 2);
    return year >= 1900 && year < 2010 && month >= 1 && month <= 12 && day >= 1 && day <= 31 &&
           redact_luhn(d + 2, 10);
}

/* Switzerland's AHV number: its check is that of EAN-13. */
static bool is_ahv(const char *d)
{
    unsigned sum = 0;
    for (int i = 0; i < 13; i++) sum += (unsigned)(d[i] - '0') * (i % 2 ? 3 : 1);
    return memcmp(d, "756", 3) == 0 && sum % 10 == 0;
}

/* Austria's insurance number, "1237 010180": a birth date behind its check. */
static bool is_austrian(const char *d)
{
    static const uint8_t weights[] = {3, 7, 9, 0, 5, 8, 4, 2, 1, 6};
    unsigned sum = 0, day = number_of(d + 4, 2), month = number_of(d + 6, 2);
    for (int i = 0; i < 10; i++) sum += (unsigned)(d[i] - '0') * weights[i];
    return d[0] != '0' && day >= 1 && day <= 31 && month >= 1 && month <= 12 &&
           sum % 11 == (unsigned)(d[3] - '0');
}

/* sizes NULL: any grouping of so many digits. want: a word of identity, or a Spanish text. */
static const struct id_form {
    uint8_t count;
    const char *sizes, *separators;
    enum { ALONE, CUED, SPANISH } want;
    bool (*is_valid)(const char *digits);
} forms[] = {
    {9, "324", "- ", ALONE, is_ssn},      {15, NULL, NULL, ALONE, redact_is_nir},
    {11, "22232", ".-", ALONE, is_belgian},
    {11, "632", "-", ALONE, is_belgian},  {11, NULL, NULL, CUED, is_belgian},
    {11, NULL, NULL, CUED, is_steuer_id},
    {11, "2333", " ", ALONE, is_steuer_id}, {11, "3332", ".-", ALONE, is_cpf},
    {11, NULL, NULL, CUED, is_cpf},
    {11, "281", "-", ALONE, is_cuit},     {8, "1331", ".-", ALONE, is_rut_of_8},
    {8, "1331", ".-", ALONE, is_uruguayan},
    {9, "2331", ".-", ALONE, is_rut_of_9}, {13, "3442", ".", ALONE, is_ahv},
    {10, "46", " ", ALONE, is_austrian},  {10, NULL, NULL, CUED, is_austrian},
    {9, "81", "-", SPANISH, is_rut_of_9},
    {10, "334", " ", ALONE, is_nhs},      {12, "84", "-", ALONE, is_swedish},
};

static bool has_form(const struct redact_digits *digits, uint8_t groups, const struct id_form *form)
{
    if (!form->sizes) return true;
    if (strlen(form->sizes) != groups) return false;
    /* "011 15-4567-8901" */
    if (digits->groups > groups && digits->separators[groups] == '-' &&
        digits->separators[groups - 1] == '-')
        return false;
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

/* Venezuela's letter before "18.442.917", "V-" or "E-", in bytes; 0: it isn't one. */
size_t redact_id_letter(struct str text, const struct redact_digits *digits)
{
    size_t start = digits->start;
    bool is = digits->groups >= 3 && digits->sizes[0] <= 2 && digits->sizes[1] == 3 &&
              digits->sizes[2] == 3 && digits->separators[1] == '.' &&
              digits->separators[2] == '.' && start > 1 && text.data[start - 1] == '-' &&
              is_one_of(text.data[start - 2], "VE") && !is_word(before(text, start - 2));
    return is ? 2 : 0;
}

/* "C.C. 52.884.107", "CI 4.512.883-1", "NIT 900.555.019-2": Colombia's and Uruguay's, with the
 * check that may stand behind; how many groups, 0: it is none. */
static uint8_t groups_behind_cedula(struct str text, const struct redact_digits *digits)
{
    static const char *const cards[] = {"C.C. ", "C.C.", "CC ", "CC. ", "C.I. ", "C.I.",
                                        "CI ",   "NIT ", "NIT: "};
    struct str lead = str_slice(text, 0, digits->start);
    if (digits->groups < 3 || digits->sizes[0] > 3 || digits->sizes[1] != 3 ||
        digits->sizes[2] != 3 || digits->separators[1] != '.' || digits->separators[2] != '.')
        return 0;
    bool check = digits->groups > 3 && digits->separators[3] == '-' && digits->sizes[3] == 1;
    for (size_t i = 0; i < sizeof cards / sizeof *cards; i++) {
        size_t size = strlen(cards[i]);
        if (str_ends(lead, str_of(cards[i])) && !is_word(before(text, lead.size - size)))
            return check ? 4 : 3;
    }
    return 0;
}

uint8_t redact_id_groups(const struct redact_finder *finder, const struct redact_digits *digits,
                         const struct redact_context *context)
{
    bool cue = context->nearest & CUE(ID),
         other = context->nearest & (CUE(ORDER) | CUE(PHONE) | CUE(ACCOUNT));
    size_t count = 0;
    if (digits->plus) return 0;
    if (is_letter(at(finder->text, digits->start))) /* redact_id_letter() */
        return cue || !(other || finder->english) ? 3 : 0;
    uint8_t cedula = groups_behind_cedula(finder->text, digits);
    if (cedula) return cedula;
    for (uint8_t groups = 1; groups <= digits->groups; groups++) {
        count += digits->sizes[groups - 1];
        for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
            const struct id_form *form = &forms[i];
            bool told = cue || form->want == ALONE || (form->want == SPANISH && finder->spanish);
            if (form->count != count || !told || !has_form(digits, groups, form)) continue;
            if (form->is_valid(digits->digits) && (cue || !other || form->count == 15))
                return groups;
        }
        if (count == 9 && (cue || !other) && is_sin(finder, digits, groups, cue)) return groups;
    }
    return 0;
}
