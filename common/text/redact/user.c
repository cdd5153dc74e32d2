/* User names: "username mkowalczyk_88", "Usuario: amador_v", "mon pseudo est zaza_du_31". What no
 * word is written like, right behind its cue; behind a colon any word that isn't one of every
 * day. */
#include "text/redact/name.h"

enum { USER_LEAST = 4, USER_MOST = 40, LINKS_MOST = 3 };

/* What stands between the cue and the name: "user name is", "nom d'utilisateur : ". Behind it. */
static size_t skip_links(struct str text, size_t i, bool *ret_colon, bool *ret_link)
{
    static const char *const links[] = {"name", "id", "is", "was", "es", "era", "est", "account"};
    *ret_colon = *ret_link = false;
    for (int k = 0; k < LINKS_MOST; k++) {
        struct redact_word word;
        for (; i < text.size && strchr(" :=(\"'", text.data[i]); i++)
            *ret_colon |= text.data[i] == ':' || text.data[i] == '=';
        redact_word_at(text, i, &word);
        if (word.capital || !IS_ONE_OF(&word, links) || is_word(at(text, word.end))) break;
        *ret_link = true;
        i = word.end;
    }
    return i;
}

static bool is_user_byte(char c) { return is_ascii_alnum(c) || is_one_of(c, "._-"); }

/* Letters beside a digit or a joining mark: "gwhitlock77", "pilar.sanz_71". */
static bool is_made_up(struct str name)
{
    size_t letters = 0, others = 0;
    for (size_t i = 0; i < name.size; i++) {
        char c = name.data[i];
        letters += is_letter(c);
        if (c == '.' && i && name.data[i - 1] == '.') return false; /* "login anymore...my" */
        others += is_digit(c) || c == '_' || (c == '.' && i + 1 < name.size);
    }
    return letters >= 3 && others;
}

bool name_is_account(const struct redact_word *cue)
{
    return IS_ONE_OF(cue, ((const char *const[]){"account", "cuenta", "compte"}));
}

bool name_is_users(const struct redact_word *cue)
{
    static const char *const cues[] = {"user",        "username", "usuario",  "utilisateur",
                                       "identifiant", "pseudo",   "nickname", "userid", "login"};
    return IS_ONE_OF(cue, cues) || name_is_account(cue);
}

/* "compte renard.bleu", "account anna_ruiz": small letters, joined, and no place of the net's. */
static bool is_accounts_name(struct str text, size_t start, size_t end)
{
    static const char *const nets[] = {"com", "es", "fr", "net", "org", "io", "co", "uk", "php",
                                       "html", "app", "me", "eu", "pdf", "js"};
    struct redact_word first, last;
    size_t parts = 0;
    redact_word_at(text, start, &first); /* "account closed.then …" */
    const uint32_t names = CUE(GIVEN) | CUE(FAMILY) | CUE(ALSO);
    bool plain = redact_is_ordinary(&first) || first.cues & ~names;
    if (at(text, first.end) == '.' && plain && !(first.cues & names)) return false;
    for (size_t i = start; i < end; i++) {
        if (is_upper(text.data[i])) return false;
        bool joins = is_one_of(text.data[i], "._") && i > start + 1 && i + 1 < end;
        parts += joins && is_ascii_alnum(text.data[i - 1]) && is_ascii_alnum(text.data[i + 1]);
    }
    redact_word_before(text, end, &last);
    return parts == 1 && end - start >= 8 && !(last.end == end && IS_ONE_OF(&last, nets));
}

/* Nobody's own. */
static bool is_role(const struct redact_word *word)
{
    static const char *const roles[] = {"admin", "administrator", "root", "support", "soporte",
                                        "auth"};
    return IS_ONE_OF(word, roles);
}

size_t redact_user_name(struct redact_finder *finder, const struct redact_word *cue)
{
    struct str text = finder->text;
    bool colon, link;
    size_t start = skip_links(text, cue->end, &colon, &link), end = start;
    if (start == cue->end || !is_ascii_alnum(at(text, start))) return 0;
    while (end < text.size && end - start < USER_MOST && is_user_byte(text.data[end])) end++;
    while (end > start && is_one_of(text.data[end - 1], ".-")) end--;
    if (is_word(at(text, end)) || at(text, end) == '@' || end - start < USER_LEAST) return 0;
    if (name_is_account(cue) && !is_accounts_name(text, start, end)) return 0;
    struct redact_word word;
    redact_word_at(text, start, &word);
    bool whole = end == text.size || is_one_of(text.data[end], "\n,;.\"')");
    bool alone = colon && whole && word.end == end && !word.cues && !redact_is_ordinary(&word);
    /* "as a user Windows10 …" */
    bool joined = memchr(text.data + start, '_', end - start) ||
                  memchr(text.data + start, '.', end - start);
    bool told = colon || link || !word.capital || joined;
    /* "a user since2019" */
    bool plain = word.cues & CUE(COMMON) || redact_is_ordinary(&word);
    if (!joined && plain) return 0;
    /* "login page.html", "login user_not_found", "login Instagram.com": done more than told */
    bool numbered = false;
    for (size_t i = start; i < end; i++) numbered |= is_digit(text.data[i]);
    /* "Login hexham_rover, …" */
    numbered |= whole && memchr(text.data + start, '_', end - start);
    plain |= (word.cues & ~(CUE(GIVEN) | CUE(FAMILY) | CUE(ALSO))) || is_role(&word);
    if (word_is(cue, "login") && (plain || !(numbered || colon || link))) return 0;
    if (!alone && !(told && is_made_up(str_slice(text, start, end)))) return 0;
    redact_add(finder, start, end, REDACT_ACCOUNT);
    return end;
}

/* "insta @noor.bakes", "telegram: @pavel_krt", but not "on twitter @amazon_help": written as
 * people's are, and no firm's that one writes to. */
static bool is_somebodys(struct str name, const struct redact_word *lead)
{
    static const char *const tos[] = {"on", "en", "sur", "at", "via", "your", "their", "tu", "su",
                                      "votre", "leur", "follow", "follows", "siganos", "sigue"};
    static const char *const firms[] = {"help", "support", "care", "official", "oficial", "team",
                                        "app", "news", "hq", "service", "soporte", "ayuda",
                                        "store"};
    bool mark = false;
    struct redact_word first; /* "@nike_running" */
    redact_word_at(name, 0, &first);
    if (first.cues & (CUE(BRAND) | CUE(PUBLIC))) return false;
    if (lead->size && IS_ONE_OF(lead, tos)) return false;
    for (size_t i = 0; i < name.size; i++) {
        mark |= is_one_of(name.data[i], "._") || is_digit(name.data[i]);
        for (size_t k = 0; k < sizeof firms / sizeof *firms; k++) {
            struct str firm = str_of(firms[k]);
            if (str_equal_ignoring_case(str_slice(name, i, i + firm.size), firm)) return false;
        }
    }
    return mark;
}

/* "my insta is @noor.bakes", at the '@': his own, told as such. Its end, or 0. */
size_t redact_user_handle(struct redact_finder *finder, size_t sign)
{
    static const char *const places[] = {"insta",    "instagram", "ig",       "twitter", "tiktok",
                                         "facebook", "snapchat",  "snap",     "telegram", "handle",
                                         "user",     "usuario",   "username", "pseudo",  "twitch"};
    static const char *const links[] = {"is", "es", "est", "s", "handle"};
    struct str text = finder->text;
    struct redact_word place, owner;
    size_t start = sign + 1, end = start, from = sign;
    while (from && sign - from < 3 && is_one_of(text.data[from - 1], " :(")) from--;
    if (from < 5 || from == sign || is_digit(text.data[from - 1])) return 0;
    redact_word_before(text, from, &place);
    if (IS_ONE_OF(&place, links)) redact_word_before(text, place.start, &place);
    if (!place.size || sign - place.end > 12 || !IS_ONE_OF(&place, places)) return 0;
    if (before(text, place.start) == '@') return 0; /* "cc @user @climate_talks" */
    redact_word_before(text, place.start, &owner);
    for (size_t size; end < text.size; end += size) { /* whole: "@maría_lopez" */
        size = is_user_byte(text.data[end]) ? 1 : redact_wide_letter_size(text, end);
        if (!size) break;
    }
    while (end > start && is_one_of(text.data[end - 1], ".-")) end--;
    struct redact_word name;
    redact_word_at(text, start, &name);
    static const char *const owners[] = {"my", "our", "mi", "mon", "nuestro", "notre"};
    bool own = IS_ONE_OF(&owner, owners);
    if (!own && !is_somebodys(str_slice(text, start, end), &owner)) return 0;
    if (end - start < 3 || (name.end == end && is_role(&name))) return 0;
    redact_add(finder, sign, end, REDACT_ACCOUNT);
    return end;
}
