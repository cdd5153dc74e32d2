/* Numbers: gathers the groups of digits at one place and asks what they are, surest form first.
 *
 * A card, an IBAN, a national id and an IPv4 address are known by their form and check digits;
 * a phone by its grouping; birth dates, accounts and postal codes only by the words before them. */
#include "text/redact/numbers.h"

enum { TOKEN_BACK = 40, CODE_BYTES = 40 };

/* A blank, also the narrow and the non-breaking one, is ' '. 0: no separator. */
static char separator_at(struct str text, size_t i, size_t *ret_size)
{
    char c = at(text, i);
    *ret_size = 1;
    if (c == ' ' || c == '-' || c == '.' || c == '/' || c == ')' || c == '(') return c;
    if (c == '\xC2' && at(text, i + 1) == '\xA0') return *ret_size = 2, ' ';
    if (c == '\xE2' && at(text, i + 1) == '\x80' &&
        (at(text, i + 2) == '\xAF' || at(text, i + 2) == '\x89'))
        return *ret_size = 3, ' ';
    if (c == '\xE2' && at(text, i + 1) == '\x80' && at(text, i + 2) >= '\x90' &&
        at(text, i + 2) <= '\x94')
        return *ret_size = 3, '-';
    return 0;
}

static bool belong_together(char first, char second)
{
    return (first == ' ' && strchr("(-/ ", second)) || (first == ')' && strchr(" -/", second)) ||
           (first == '-' && strchr(" (", second)) || (first == '/' && second == ' ');
}

/* Behind the separators between two groups: one of them, or some that belong together (")
 * ", " (", ") -", " - "). */
static size_t skip_separators(struct str text, size_t i, char *ret_separator)
{
    size_t size, start = i;
    char last = 0;
    *ret_separator = 0;
    for (int k = 0; k < 3; k++) {
        char c = separator_at(text, i, &size);
        if (!c || (last && !belong_together(last, c))) break;
        last = c;
        if (*ret_separator == 0 || *ret_separator == ' ') *ret_separator = c;
        i += size;
    }
    return is_digit(at(text, i)) ? i : start;
}

static void gather(struct str text, size_t start, struct redact_digits *digits)
{
    *digits = (struct redact_digits){.start = (uint32_t)start};
    size_t i = start;
    char separator = 0;
    while (digits->groups < NUMBER_GROUPS) {
        size_t group = i;
        while (is_digit(at(text, i)) && digits->count < NUMBER_DIGITS)
            digits->digits[digits->count++] = text.data[i++];
        if (is_digit(at(text, i)) || i == group) break;
        digits->sizes[digits->groups] = (uint8_t)(i - group);
        digits->separators[digits->groups] = separator;
        digits->ends[digits->groups++] = (uint32_t)i;
        size_t next = skip_separators(text, i, &separator);
        if (next == i) break;
        i = next;
    }
    digits->count = 0;
    for (int g = 0; g < digits->groups; g++)
        digits->count = (uint8_t)(digits->count + digits->sizes[g]);
    digits->end = digits->groups ? digits->ends[digits->groups - 1] : (uint32_t)start;
    if (before(text, digits->start) == '(') digits->start--;
    if (before(text, digits->start) == '+') digits->start--, digits->plus = true;
    if (digits->plus && before(text, digits->start) == '(') digits->start--;
}

/* A parenthesis opened right before the number belongs to it if it is closed inside. */
static size_t number_start(struct str text, const struct redact_digits *digits, size_t end)
{
    size_t start = digits->start;
    bool closed = memchr(text.data + start, ')', end - start) != NULL;
    return at(text, start) == '(' && !closed ? start + 1 : start;
}

/* --- known by the words before them ----------------------------------------------------------- */

static size_t take(struct redact_finder *finder, const struct redact_digits *digits, uint8_t groups,
                   enum redact_kind kind)
{
    size_t end = digits->ends[groups - 1];
    redact_add(finder, number_start(finder->text, digits, end), end, kind);
    return end;
}

static bool is_date(const struct redact_digits *digits) { return redact_date_groups(digits) == 3; }

/* Groups that one number is likely to have: as long as the separators stay the same. */
static uint8_t same_separator_groups(const struct redact_digits *digits)
{
    uint8_t groups = 1;
    while (groups < digits->groups && digits->separators[groups] == digits->separators[1] &&
           !strchr("()", digits->separators[groups]))
        groups++;
    return groups;
}

static size_t sum_digits(const struct redact_digits *digits, uint8_t groups)
{
    size_t count = 0;
    for (int g = 0; g < groups; g++) count += digits->sizes[g];
    return count;
}

static size_t cued_number(struct redact_finder *finder, const struct redact_digits *digits,
                          const struct redact_context *context)
{
    uint8_t groups = same_separator_groups(digits);
    size_t count = sum_digits(digits, groups);
    enum redact_kind kind = REDACT_ACCOUNT;
    bool found = false;
    const uint32_t cues = CUE(ACCOUNT) | CUE(ID) | CUE(ZIP);
    if (!(context->nearest & cues) && digits->count < 5) return 0;
    if (redact_is_sort_code(finder->text, digits)) return take(finder, digits, 3, kind);
    if (is_date(digits) || is_letter(at(finder->text, digits->end))) return 0;
    bool goes_on = at(finder->text, digits->end) == '-' && /* "77182-B" is a code */
                   is_upper(at(finder->text, (size_t)digits->end + 1));
    bool labelled = context->distance == 0 && digits->start > 1 &&
                    memchr(finder->text.data + digits->start - 2, ':', 2);
    if (context->nearest & CUE(ORDER) && count >= 6)
        found = redact_is_own_case(finder->text, digits->start) ||
                redact_is_customers(finder->text, digits->start);
    else if (context->nearest & CUE(ACCOUNT) && !(context->nearest & CUE(ORDER)))
        found = context->distance <= 5 &&
                (count >= (labelled ? 4u : 6u) ||
                 (count == 5 && redact_is_customers(finder->text, digits->start)));
    else if (context->nearest & CUE(ID) && !(context->all & CUE(ORDER)))
        found = (count >= 5 && context->distance <= 4 &&
                 !redact_is_things_id(finder->text, digits->start)) ||
                (count == 4 && groups == 1 && redact_is_last_of_id(finder->text, digits->start)),
        kind = REDACT_NATIONAL_ID;
    else if (context->nearest & CUE(ZIP))
        found = count >= 3 && count <= 9 && context->distance <= 2, kind = REDACT_ADDRESS;
    else if (!(context->all & CUE(ORDER)) && count >= 5)
        found = redact_is_customers(finder->text, digits->start);
    if (!found && !goes_on && count >= 5 &&
        !redact_is_counted(finder->text, digits->start, digits->end))
        found = redact_is_own_number(finder->text, digits->start), kind = REDACT_ACCOUNT;
    if (!found) return 0;
    size_t end = take(finder, digits, groups, kind),
           letter = kind == REDACT_NATIONAL_ID ? redact_letter_end(finder->text, end) : end;
    if (letter > end) redact_add(finder, digits->start, letter, kind);
    return letter;
}

/* --- letters and digits ----------------------------------------------------------------------- */

static bool is_code(char c) { return is_ascii_alnum(c); }

/* "AB 12 34 56 C" and "X 1234567 L" start with letters that stand apart. */
static size_t code_start(struct str text, size_t start)
{
    size_t i = redact_italian_start(text, start);
    if (i < start) return i;
    for (size_t letters = 1; letters <= 2 && before(text, start) == ' '; letters++) {
        if (start < letters + 1 || !is_upper(text.data[start - 2]) ||
            !is_upper(text.data[start - letters - 1]))
            break;
        if (!is_word(before(text, start - letters - 1))) return start - letters - 1;
    }
    while (i > 0 && start - i < TOKEN_BACK &&
           (is_code(text.data[i - 1]) ||
            (text.data[i - 1] == '-' && i > 1 && is_code(text.data[i - 2]))))
        i--;
    return i;
}

static size_t plate(struct redact_finder *finder, size_t start)
{
    size_t end = redact_plate_end(finder->text, start);
    if (end) redact_add(finder, start, end, REDACT_ACCOUNT);
    return end;
}

/* "passport XG9382049", "policy AB-12345": a mixed token right behind the cue. */
static size_t cued_code(struct redact_finder *finder, size_t start,
                        const struct redact_context *context)
{
    struct str text = finder->text;
    size_t end = start, digits = 0, letters = 0, small = 0;
    const uint32_t cues = CUE(ID) | CUE(ACCOUNT) | CUE(CARD);
    bool told = context->nearest & cues,
         own = context->nearest & CUE(ORDER) &&
               (redact_is_own_case(text, start) || redact_is_customers(text, start)),
         bare = !told && !own &&
                (is_digit(at(text, start)) || context->nearest || context->all & CUE(ORDER));
    for (; end < text.size && end - start < CODE_BYTES &&
           (is_code(text.data[end]) ||
            ((text.data[end] == '-' || text.data[end] == '_') && is_code(at(text, end + 1))));
         end++)
        digits += is_digit(text.data[end]), letters += is_upper(text.data[end]),
            small += is_lower(text.data[end]);
    if (is_word(at(text, end)) || digits < 2 || end - start < 5) return 0;
    bool customers = !told && !bare && digits >= 4 && (own || redact_is_customers(text, start));
    /* "PAN card number ABCPJ1234R" */
    bool id_card = context->nearest & CUE(CARD) && context->all & CUE(ID);
    bool id = context->nearest & CUE(ID) || (id_card && letters >= 2),
         account = context->nearest & CUE(ACCOUNT) || customers;
    /* "X4RTBPFW4", of a French identity card */
    size_t least = !id || end - start < 9 || letters < 4 ? 4 : letters + digits == 9 ? 2 : 3;
    bool found = (id || account) && digits >= least && end - start >= 6 &&
                 (customers || context->distance <= 3) &&
                 !(id && (context->all & CUE(ORDER) || redact_is_things_id(text, start)));
    if (!found && (letters + small == 0 || !redact_is_own_number(text, start))) return 0;
    redact_add(finder, start, end, found && id ? REDACT_NATIONAL_ID : REDACT_ACCOUNT);
    return end;
}

static size_t code_token(struct redact_finder *finder, size_t start)
{
    size_t behind = start;
    while (is_code(at(finder->text, behind))) behind++;
    struct redact_context context = redact_context_around(finder->text, start, behind);
    enum redact_kind kind;
    size_t end = redact_code_at(finder->text, start, &context, &kind);
    if (end) return redact_add(finder, start, end, kind), end;
    if ((end = plate(finder, start)) != 0) return end;
    bool apart = at(finder->text, start + 1) == ' ' || at(finder->text, start + 2) == ' ';
    if (!apart) end = cued_code(finder, start, &context);
    /* "SW1A 1AA" */
    return !end && (is_upper(at(finder->text, start)) || context.nearest & CUE(ZIP))
               ? redact_address_number(finder, start, &context)
               : end;
}

/* --- a digit ---------------------------------------------------------------------------------- */

static bool is_price(struct str text, const struct redact_digits *digits)
{
    static const struct {
        const char *sign;
        uint8_t size;
    } signs[] = {{"$", 1}, {"\xE2\x82\xAC", 3}, {"\xC2\xA3", 2}, {"\xC2\xA5", 2}};
    size_t start = digits->start;
    if (before(text, start) == ' ') start--;
    for (size_t i = 0; i < sizeof signs / sizeof *signs; i++) {
        struct str sign = str_make(signs[i].sign, signs[i].size);
        if (start >= sign.size && str_ends(str_slice(text, 0, start), sign)) return true;
    }
    return false;
}

/* "90%", "12mb", "10:30": what stands right behind tells. No ordinal: those start
 * dates ("born on the 12th of May"). */
static bool is_measure(struct str text, const struct redact_digits *digits)
{
    char c = at(text, digits->end), next = at(text, (size_t)digits->end + 1);
    if (digits->groups > 1 || digits->count > 2 || digits->plus) return false;
    return c == '%' || c == '\'' || c == '"' || (c == ':' && is_digit(next)) ||
           (is_lower(c) && is_lower(next) && !is_one_of(c, "snrteb"));
}

/* "55 fennel close", at the end of "fennel": an English street written small is the next word or
 * the one behind it. Told by their letters, nearly always. */
static bool may_be_small_street(struct str text, size_t end)
{
    for (int k = 0; k < 2 && at(text, end) == ' '; k++) {
        size_t next = end + 1;
        end = redact_run_end(text, next, RUN_LOWER);
        if (end < next + 2 || end > next + 9) return false;
        char first = text.data[next], last = text.data[end - 1];
        if (!is_one_of(last, "tdesy") || !is_one_of(first, "sralctgmbdw")) continue;
        struct redact_word word;
        redact_word_at(text, next, &word);
        if (word.cues & CUE(STREET)) return true;
    }
    return false;
}

/* "5 stars", "2.", "100 units": nothing but a date, a house or a cued number is that short, and
 * those show in the words beside it. For most numbers this first look is the last. */
static bool is_small(struct str text, const struct redact_digits *digits)
{
    static const uint32_t before_cues = CUE(MONTH) | CUE(BIRTH) | CUE(ZIP) | CUE(ACCOUNT) |
                                        CUE(ID) | CUE(PHONE) | CUE(COMPANY);
    struct redact_word last, next;
    size_t end = digits->end;
    char c = at(text, end);
    if (digits->groups > 1 || digits->count > 4 || digits->plus ||
        (c != ' ' && c != '.' && c != ',' && c != '\0' && c != '!'))
        return false;
    size_t behind = end + 1;
    while (at(text, behind) == ' ') behind++;
    if (c == ' ' || c == ',') {
        /* "12 High Street" */
        if (!is_lower(at(text, behind)) && is_letter(at(text, behind))) return false;
        if (at(text, behind) == '#') return false; /* "15 # 39-60" */
        redact_word_at(text, behind, &next);
        if (next.cues & (CUE(MONTH) | CUE(PARTICLE) | CUE(STREET_FIRST) | CUE(STREET)) ||
            (next.size == 3 && is_one_of(next.folded[0], "bt")))
            return false;
        if (c == ' ' && next.size > 2 && may_be_small_street(text, next.end)) return false;
    }
    redact_word_before(text, digits->start, &last);
    /* "Hauptstr. 12, 10115 Berlin" */
    if (last.capital && c != ' ' && is_digit(at(text, behind))) return false;
    /* "I live at Danapad 5", "Petőfi utca 63" */
    if ((last.capital && !last.upper && last.size >= 4 && !redact_is_ordinary(&last)) ||
        last.cues & CUE(STREET) || (last.capital && before(text, last.start) == '-'))
        return false;
    if (last.cues & before_cues || at(text, last.end) == ':' ||
        IS_ONE_OF(&last, ((const char *const[]){"box", "correos", "apdo"})))
        return false;
    return digits->count < 4 || !(redact_context_before(text, digits->start).all &
                                  (CUE(BIRTH) | CUE(ZIP) | CUE(ADDRESS) | CUE(ID)));
}

/* "[ADDRESS]\nKjøbenhavn 1386": the postal code at the end of a line, a town behind
 * an address at most. */
static bool ends_address(struct str text, const struct redact_digits *digits)
{
    enum { TOWN_BYTES = 32 };
    struct str address = STR("[ADDRESS]");
    if (digits->groups != 1 || digits->count < 3 || digits->count > 6 ||
        (digits->end < text.size && text.data[digits->end] != '\n'))
        return false;
    const uint32_t others = CUE(ORDER) | CUE(VERSION) | CUE(ACCOUNT) | CUE(CARD) | CUE(ID) |
                            CUE(PHONE) | CUE(BIRTH);
    struct redact_word town;
    redact_word_before(text, digits->start, &town);
    if (town.cues & others || (town.size && !town.capital && redact_is_ordinary(&town)))
        return false;
    size_t i = digits->start;
    while (i && digits->start - i < TOWN_BYTES &&
           (is_letter(text.data[i - 1]) || is_blank(text.data[i - 1]) || text.data[i - 1] == ','))
        i--;
    return i && text.data[i - 1] == ']' && str_ends(str_slice(text, 0, i), address);
}

/* "2015-2020" */
static bool are_years(const struct redact_digits *digits)
{
    return digits->groups == 2 && digits->sizes[0] == 4 && digits->sizes[1] == 4 &&
           digits->separators[1] == '-' && memcmp(digits->digits, "20", 2) == 0 &&
           memcmp(digits->digits + 4, "20", 2) == 0;
}

size_t redact_number(struct redact_finder *finder, size_t start)
{
    struct str text = finder->text;
    struct redact_digits digits;
    size_t token = code_start(text, start), mac = redact_mac_end(text, token);
    if (mac) return redact_add(finder, token, mac, REDACT_IP), mac;
    if (token < start) {
        if (before(text, token) == '\\') return 0; /* "\u2019" */
        size_t secret = redact_secret_random(finder, start);
        if (secret) return secret;
        size_t end = code_token(finder, token);
        if (end || is_code(before(text, start)) || is_letter(before(text, start))) return end;
    }
    gather(text, start, &digits);
    if (digits.groups == 0) return 0;
    digits.start -= (uint32_t)redact_id_letter(text, &digits);
    if (finder->again && ends_address(text, &digits))
        return take(finder, &digits, 1, REDACT_ADDRESS);
    if (is_measure(text, &digits)) return 0;
    size_t calle = finder->spanish && digits.groups == 1 ? redact_address_calle(finder, start) : 0;
    if (calle) return calle;
    if (is_small(text, &digits)) return 0;
    if (are_years(&digits)) return digits.end;
    size_t end = digits.end;
    while (is_code(at(text, end))) end++; /* "6433435F" */
    struct redact_context context = redact_context_around(text, digits.start, end);
    bool few = digits.count < 6; /* for a card, an id, a phone, or a code that starts with digits */
    uint8_t groups = few ? 0 : redact_card_groups(&digits, &context);
    if (groups) return take(finder, &digits, groups, REDACT_CARD);
    if (redact_is_imei(text, digits.start, digits.count))
        return take(finder, &digits, digits.groups, REDACT_ACCOUNT);
    end = redact_birth_date(finder, &digits, &context);
    if (end) return end;
    enum redact_kind kind;
    end = few ? 0 : redact_code_at(text, start, &context, &kind);
    if (end) return redact_add(finder, start, end, kind), end;
    if ((groups = redact_ipv4_groups(&digits, &context)) != 0)
        return take(finder, &digits, groups, REDACT_IP);
    if (!few && (groups = redact_id_groups(finder, &digits, &context)) != 0)
        return take(finder, &digits, groups, REDACT_NATIONAL_ID);
    if ((end = plate(finder, start)) != 0) return end;
    if (is_price(text, &digits)) return 0;
    if (!few && (groups = redact_phone_groups(finder, &digits, &context)) != 0) {
        size_t bare = digits.ends[groups - 1];
        if (redact_counts_things(text, bare)) return bare;
        end = redact_extension_end(text, bare);
        if (end == bare && is_letter(at(text, bare))) return 0; /* "5551234567mAh" */
        redact_add(finder, number_start(text, &digits, end), end, REDACT_PHONE);
        return end;
    }
    end = cued_number(finder, &digits, &context);
    if (!end) end = cued_code(finder, start, &context);
    if (!end && at(text, digits.ends[0]) == ',')
        end = redact_address_unit(finder, start, digits.ends[0]);
    return end ? end : redact_address_number(finder, start, &context);
}
