/* Secrets: keys whose first letters give them away (sk-…, AKIA…, ghp_…, a JWT), and what stands
 * behind "password:", "mi contraseña es", "Bearer" and their like. */
#include "text/redact/find.h"

enum { KEY_BYTES_MIN = 13, TOKEN_BYTES = 2048, VALUE_BYTES = 128, LOOK_BYTES = 48 };

#include "text/redact/keys.inc"

static bool is_token(char c)
{
    return is_ascii_alnum(c) || c == '_' || c == '-' || c == '.' || c == '+' || c == '/' ||
           c == '=';
}

static size_t token_end(struct str text, size_t start)
{
    size_t end = start;
    while (end < text.size && end - start < TOKEN_BYTES && is_token(text.data[end])) end++;
    while (end > start && (text.data[end - 1] == '.' || text.data[end - 1] == '-')) end--;
    return end;
}

static bool has_digit_and_letter(struct str token)
{
    bool digit = false, letter = false;
    for (size_t i = 0; i < token.size; i++)
        digit |= is_digit(token.data[i]),
            letter |= !is_digit(token.data[i]) && is_letter(token.data[i]);
    return digit && letter;
}

static bool has_both_cases(struct str token)
{
    bool big = false, small = false;
    for (size_t i = 4; i < token.size; i++) /* behind most starts */
        big |= is_upper(token.data[i]), small |= is_lower(token.data[i]);
    return big && small;
}

size_t redact_secret_token(struct redact_finder *finder, size_t start)
{
    for (size_t i = 0; i < KEY_BYTES_MIN; i++) /* nearly always a word that ends before */
        if (!is_token(at(finder->text, start + i))) return 0;
    struct str rest = str_slice(finder->text, start, start + 16);
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        /* nearly always: no more work */
        if (rest.size == 0 || forms[i].start[0] != rest.data[0]) continue;
        struct str prefix = str_of(forms[i].start);
        if (!str_starts(rest, prefix)) continue;
        size_t end = token_end(finder->text, start);
        struct str token = str_slice(finder->text, start, end);
        if (token.size < prefix.size + forms[i].least || !has_digit_and_letter(token)) continue;
        for (size_t k = prefix.size; forms[i].letters == CAPITALS && k < token.size; k++)
            if (!is_digit(token.data[k]) && !is_upper(token.data[k])) return 0;
        if (forms[i].letters == BOTH && !has_both_cases(token)) continue;
        redact_add(finder, start, end, REDACT_SECRET);
        return end;
    }
    return 0;
}

/* --- without any cue -------------------------------------------------------------------------- */

enum { RANDOM_MIN = 24, RANDOM_BACK = 64 };

static bool is_random(char c)
{
    return is_ascii_alnum(c) || c == '_' || c == '-' || c == '+' || c == '/';
}

/* Capitals, small letters and digits change places as they do in no word, name or model: at nearly
 * every second letter. (In letters and digits drawn by lot it is at three of five.) */
static bool is_drawn_by_lot(struct str token)
{
    enum { SMALL, BIG, NUMBER, WORD_LETTERS = 6 };
    size_t counts[3] = {0}, changes = 0, all = 0, run = 0, longest = 0;
    int last = NUMBER;
    for (size_t i = 0; i < token.size; i++) {
        char c = token.data[i];
        if (!is_ascii_alnum(c)) continue;
        int class = is_digit(c) ? NUMBER : is_lower(c) ? SMALL : BIG;
        counts[class]++;
        changes += class != last;
        run = class == SMALL ? run + 1 : 0;
        longest = run > longest ? run : longest;
        last = class;
        all++;
    }
    bool often = longest < WORD_LETTERS ? changes * 20 >= all * 9 : changes * 20 >= all * 11;
    return token.size >= RANDOM_MIN && counts[SMALL] > 2 && counts[BIG] > 2 && counts[NUMBER] > 1 &&
           (token.size - all) * 6 < token.size && often;
}

/* Keys and hashes of 128 bits or more, in hex. */
static bool is_hex_key(struct str token)
{
    size_t letters = 0, digits = 0, capitals = 0;
    for (size_t i = 0; i < token.size; i++) {
        char c = token.data[i], low = (char)(c | 0x20);
        if (!is_digit(c) && (low < 'a' || low > 'f')) return false;
        letters += !is_digit(c), digits += is_digit(c), capitals += is_upper(c);
    }
    return token.size >= 32 && token.size % 8 == 0 && letters >= 6 && digits >= 6 &&
           (capitals == 0 || capitals == letters);
}

/* "commit 9f3c…", "sha1: …": of a file or a change, and no secret. */
static bool is_hash(struct str text, size_t start)
{
    enum { WORDS_MOST = 4 };
    static const char *const hashes[] = {"commit", "sha", "md", "hash", "checksum", "digest",
                                         "revision", "rev", "git", "changeset", "merge", "build",
                                         "fingerprint", "etag", "uuid", "image", "blob", "since"};
    struct redact_word word;
    for (int k = 0; k < WORDS_MOST; k++, start = word.start) {
        redact_word_before(text, start, &word);
        if (!word.size) return false;
        if (IS_ONE_OF(&word, hashes)) return true;
    }
    return false;
}

size_t redact_secret_random(struct redact_finder *finder, size_t digit)
{
    struct str text = finder->text;
    size_t start = digit, end = digit;
    if (digit < finder->plain_until) return 0; /* of the run that another digit asked for */
    while (start > 0 && digit - start < RANDOM_BACK && is_random(text.data[start - 1])) start--;
    while (end < text.size && end - start < TOKEN_BYTES && is_random(text.data[end])) end++;
    struct str token = str_slice(text, start, end);
    if (!is_drawn_by_lot(token) && !(is_hex_key(token) && !is_hash(text, start))) {
        finder->plain_until = end;
        return 0;
    }
    while (at(text, end) == '=') end++;
    /* "110201543:AAH…", "hvs.CAE…": what leads it belongs to it */
    char mark = before(text, start);
    size_t lead = start - (start > 0);
    while ((mark == ':' || mark == '.') && lead > 0 && start - lead < 16 &&
           is_ascii_alnum(text.data[lead - 1]))
        lead--;
    if (lead + 2 < start) start = lead;
    redact_add(finder, start, end, REDACT_SECRET);
    return end;
}

/* "-----BEGIN RSA PRIVATE KEY-----" at its word KEY: all up to the dashes behind END. */
static size_t key_block(struct redact_finder *finder, const struct redact_word *key)
{
    enum { BLOCK_BYTES = 16384, HEAD_BYTES = 64 };
    struct str text = finder->text, dashes = STR("-----"), begin = STR("-----BEGIN "),
               last = STR("-----END ");
    size_t start = key->start, least = start > HEAD_BYTES ? start - HEAD_BYTES : 0, i;
    if (!key->upper || !word_is(key, "key")) return 0;
    while (start > least && !str_starts(str_slice(text, start, key->start), begin)) start--;
    if (!str_starts(str_slice(text, start, key->start), begin)) return 0;
    size_t most = key->end + BLOCK_BYTES < text.size ? key->end + BLOCK_BYTES : text.size;
    for (i = key->end; i < most; i++) {
        if (text.data[i] != '-' || !str_starts(str_slice(text, i, text.size), last)) continue;
        for (i += last.size; i < most && !str_starts(str_slice(text, i, text.size), dashes);) i++;
        i = i + dashes.size < text.size ? i + dashes.size : text.size;
        break;
    }
    redact_add(finder, start, i, REDACT_SECRET);
    return i;
}

/* --- behind a cue ----------------------------------------------------------------------------- */

/* Like nothing that one says: a digit beside a letter, a mark inside, or capitals in the middle. */
static bool looks_made_up(struct str value)
{
    bool digit = false, letter = false, mark = false, capital = false;
    for (size_t i = 0; i < value.size; i++) {
        char c = value.data[i];
        digit |= is_digit(c);
        letter |= !is_digit(c) && is_letter(c);
        mark |= strchr("!@#$%^&*_+=~?", c) != NULL && i + 1 < value.size;
        capital |= i > 0 && is_upper(c) && is_lower(value.data[i - 1]);
    }
    return (digit && letter) || (mark && (letter || digit)) || capital;
}

static bool all_digits(struct str value)
{
    for (size_t i = 0; i < value.size; i++)
        if (!is_digit(value.data[i])) return false;
    return value.size > 0;
}

static bool is_link_word(const struct redact_word *word)
{
    static const char *const links[] = {
        "is", "was", "es", "era", "est", "etait", "ist", "e", "as", "to", "number", "code", "a",
        "for", "key", "changed", "set", "reset", "new", "nueva", "now", "api", "wifi", "secrete",
        "secreta", "privee", "privada", "acces", "acceso"};
    return IS_ONE_OF(word, links);
}

static size_t value_end(struct str text, size_t start)
{
    size_t end = start;
    while (end < text.size && end - start < VALUE_BYTES && !is_blank(text.data[end]) &&
           text.data[end] != '"' && text.data[end] != '<')
        end++;
    while (end > start && strchr(".,;:)]}'", text.data[end - 1])) end--;
    if (end > start && (text.data[end - 1] == '!' || text.data[end - 1] == '?') &&
        !looks_made_up(str_slice(text, start, end - 1)))
        end--;
    return end;
}

static size_t quote_end(struct str text, size_t start, char quote)
{
    size_t end = start;
    while (end < text.size && end - start < VALUE_BYTES && text.data[end] != quote &&
           text.data[end] != '\n')
        end++;
    return at(text, end) == quote && end > start ? end : 0;
}

/* "… for the gate is 4417", "… du wifi est Ch4t": behind the verb, or `i`. */
static size_t behind_verb(struct str text, size_t i)
{
    enum { WORDS_MOST = 5 };
    static const char *const leads[] = {"for", "of", "to", "de", "del", "du", "da", "pour", "para",
                                        "on", "the", "my", "our", "a"};
    static const char *const verbs[] = {"is", "was", "es", "era", "est", "etait"};
    size_t next = i;
    for (int k = 0; k < WORDS_MOST; k++) {
        struct redact_word word;
        redact_word_at(text, next, &word);
        if (!word.size || at(text, word.end) != ' ' || (!k && !IS_ONE_OF(&word, leads))) return i;
        next = word.end + 1;
        if (k && IS_ONE_OF(&word, verbs)) return next;
    }
    return i;
}

/* Between the cue and its value: ": ", " = ", " is ", " es: ". far: more words lie there. */
static size_t value_start(struct str text, size_t i, bool *ret_assigned, bool *ret_far)
{
    *ret_assigned = *ret_far = false;
    for (size_t limit = i + LOOK_BYTES; i < text.size && i < limit;) {
        char c = text.data[i];
        if (c == ':' || c == '=') *ret_assigned = true, i++;
        else if (c == ' ' || (c == '\n' && *ret_assigned)) i++;
        else {
            struct redact_word word;
            redact_word_at(text, i, &word);
            if (*ret_assigned || !word.size || is_word(at(text, word.end))) return i;
            if (!is_link_word(&word)) {
                size_t value = behind_verb(text, i);
                *ret_far = value > i;
                return value;
            }
            i = word.end;
        }
    }
    return i;
}

/* A plain word counts behind ':' only, where nothing but it stands: "password: hunter". */
static bool stands_alone(struct str text, size_t end)
{
    return end >= text.size || text.data[end] == '\n' || strchr(".,;)", text.data[end]) != NULL;
}

/* These are also said of other things: what follows must look made up. */
static bool is_weak(const struct redact_word *cue)
{
    static const char *const weak[] = {
        "token", "secret", "login", "credentials", "clave", "pin", "bearer", "otp", "passe",
        "key", "cle", "pass", "jeton"};
    return IS_ONE_OF(cue, weak);
}

/* "api key: 9f8e7d6c5b4a", "wifi key is blue2024", "pass: hunter22"; but "key A2 sticks",
 * "boarding pass B1234". */
static bool is_too_plain(struct str text, const struct redact_word *cue, struct str value,
                         bool assigned)
{
    static const char *const whose[] = {"wifi", "fi", "api", "network", "router", "access"};
    struct redact_word lead;
    if (word_is(cue, "pass")) return !assigned;
    if (!word_is(cue, "key") && !word_is(cue, "cle")) return false;
    redact_word_before(text, cue->start, &lead);
    bool sure = lead.size && lead.end + 1 == cue->start && IS_ONE_OF(&lead, whose);
    return sure ? value.size < 8 : !assigned || value.size < 12;
}

static bool is_short_code(const struct redact_word *cue, struct str value)
{
    static const char *const codes[] = {"pin", "otp", "passcode"};
    return IS_ONE_OF(cue, codes) && value.size <= 8;
}

/* "Login: [EMAIL] / Tr0ub4dor": what stands behind the address, once that gave way. */
static size_t behind_account(struct redact_finder *finder, size_t i)
{
    struct str text = finder->text, email = STR("[EMAIL]");
    size_t least = i + LOOK_BYTES;
    while (i < text.size && i < least && text.data[i] != '[' && text.data[i] != '\n') i++;
    if (!str_starts(str_slice(text, i, text.size), email)) return 0;
    size_t start = i + email.size;
    bool mark = false;
    for (; start < text.size && strchr(" /:|", text.data[start]); start++)
        mark |= text.data[start] != ' ';
    size_t end = value_end(text, start);
    if (!mark || end < start + 4 || !looks_made_up(str_slice(text, start, end))) return 0;
    redact_add(finder, start, end, REDACT_SECRET);
    return end;
}

/* "pin" and one-time codes are digits; a password that is only digits is behind ':' or "is". */
static size_t behind_word(struct redact_finder *finder, const struct redact_word *cue)
{
    struct str text = finder->text;
    bool assigned, far;
    size_t block = key_block(finder, cue);
    if (block) return block;
    size_t start = value_start(text, cue->end, &assigned, &far);
    if (start == cue->end || start >= text.size) return 0;
    static const char *const logins[] = {"login", "credentials"};
    size_t behind = IS_ONE_OF(cue, logins) ? behind_account(finder, cue->end) : 0;
    if (behind) return behind;
    char quote = text.data[start];
    bool quoted = quote == '"' || quote == '\'' || quote == '`';
    size_t end = quoted ? quote_end(text, ++start, quote) : value_end(text, start);
    if (end < start + 4 || text.data[start] == '[') return 0;
    struct str value = str_slice(text, start, end);
    bool linked = start > cue->end + 1; /* something stands between, if only "is" */
    bool made_up = is_weak(cue) ? has_digit_and_letter(value) && looks_made_up(value)
                                : looks_made_up(value);
    bool secret = made_up ||
                  (all_digits(value) && value.size <= 12 &&
                   ((linked && !(far && is_weak(cue))) || is_short_code(cue, value))) ||
                  (assigned && !is_weak(cue) && (quoted || stands_alone(text, end)));
    if (!secret || is_too_plain(text, cue, value, assigned)) return 0;
    redact_add(finder, start, end, REDACT_SECRET);
    return end;
}

size_t redact_secret_word(struct redact_finder *finder, const struct redact_word *cue)
{
    size_t end = redact_secret_only_told(cue) ? 0 : behind_word(finder, cue);
    return end ? end : redact_secret_told(finder, cue);
}
