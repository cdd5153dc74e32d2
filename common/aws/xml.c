/* The pull scanner: one tag a call, text collected on the way. */
#include "aws/xml.h"

#include "base/ascii.h"

void xml_init(struct xml *xml, struct str document) { *xml = (struct xml){.rest = document}; }
void xml_deinit(struct xml *xml) { buffer_deinit(&xml->text); }

static int bad(struct err *err, const char *what)
{
    return err_set(err, E_UPSTREAM, "bad XML in a reply: %s", what);
}

static struct str take(struct xml *xml, size_t size)
{
    struct str head = str_slice(xml->rest, 0, size);
    xml->rest = str_slice(xml->rest, size, xml->rest.size);
    return head;
}

/* Skips past the next `end`; false if there is none. */
static bool skip_past(struct xml *xml, struct str end, struct str *ret_skipped)
{
    size_t at = str_find(xml->rest, end);
    if (at == xml->rest.size) return false;
    *ret_skipped = take(xml, at);
    take(xml, end.size);
    return true;
}

/* --- text ------------------------------------------------------------------------------------ */

static void add_code_point(struct buffer *out, uint32_t c)
{
    char bytes[4];
    size_t size = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    static const uint8_t lead[] = {0, 0x00, 0xC0, 0xE0, 0xF0};
    for (size_t i = size; i-- > 1; c >>= 6) bytes[i] = (char)(0x80 | (c & 0x3F));
    bytes[0] = (char)(lead[size] | c);
    buffer_append(out, bytes, size);
}

/* "#65", "#x41"; XML 1.0 section 2.2 says which characters exist. */
static bool add_character(struct buffer *out, struct str digits)
{
    uint32_t value = 0, base = 10;
    if (digits.size && digits.data[0] == 'x') base = 16, digits = str_slice(digits, 1, digits.size);
    if (digits.size == 0 || digits.size > 8) return false;
    for (size_t i = 0; i < digits.size; i++) {
        int digit = ascii_hex(digits.data[i]);
        if (digit < 0 || digit >= (int)base || value > 0x10FFFF) return false;
        value = value * base + (uint32_t)digit;
    }
    bool exists = value == '\t' || value == '\n' || value == '\r' ||
                  (value >= 0x20 && value < 0xD800) || (value >= 0xE000 && value <= 0x10FFFF);
    if (exists) add_code_point(out, value);
    return exists;
}

static bool add_reference(struct buffer *out, struct str name)
{
    static const struct {
        struct str name;
        char character;
    } known[] = {
        {{"lt", 2}, '<'},   {{"gt", 2}, '>'},    {{"amp", 3}, '&'},
        {{"quot", 4}, '"'}, {{"apos", 4}, '\''},
    };
    if (name.size && name.data[0] == '#') return add_character(out, str_slice(name, 1, name.size));
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (!str_equal(name, known[i].name)) continue;
        buffer_add_char(out, known[i].character);
        return true;
    }
    return false;
}

static int add_text(struct xml *xml, struct str raw, struct err *err)
{
    while (raw.size) {
        size_t plain = str_find(raw, STR("&"));
        buffer_add(&xml->text, str_slice(raw, 0, plain));
        raw = str_slice(raw, plain, raw.size);
        if (raw.size == 0) break;
        size_t end = str_find(str_slice(raw, 0, 12), STR(";")); /* the longest is &#1114111; */
        if (end >= 12 || end == raw.size) return bad(err, "a reference without end");
        if (!add_reference(&xml->text, str_slice(raw, 1, end)))
            return bad(err, "an unknown reference");
        raw = str_slice(raw, end + 1, raw.size);
    }
    if (xml->text.failed) return err_set(err, E_NO_MEMORY, "reading a reply");
    return xml->text.size > XML_TEXT_BYTES_MAX ? bad(err, "too much text in an element") : E_OK;
}

/* --- tags ------------------------------------------------------------------------------------ */

static bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

static struct str local_name(struct str name)
{
    size_t colon = str_find(name, STR(":"));
    return colon == name.size ? name : str_slice(name, colon + 1, name.size);
}

/* Size of the tag up to its '>', which may also stand in a quoted attribute; rest.size if there is
 * none. */
static size_t tag_size(struct str rest)
{
    char quote = 0;
    for (size_t i = 0; i < rest.size; i++) {
        char c = rest.data[i];
        if (quote)
            quote = c == quote ? 0 : quote;
        else if (c == '"' || c == '\'')
            quote = c;
        else if (c == '>')
            return i;
        else if (c == '<')
            break;
    }
    return rest.size;
}

static int close_element(struct xml *xml, struct str name, enum xml_event *ret_event,
                         struct err *err)
{
    if (xml->depth == 0 || !str_equal(name, xml->open[xml->depth - 1]))
        return bad(err, "tags don't match");
    xml->depth--;
    xml->name = local_name(name);
    *ret_event = XML_CLOSE;
    return E_OK;
}

static int open_element(struct xml *xml, struct str tag, enum xml_event *ret_event, struct err *err)
{
    xml->self_closed = tag.data[tag.size - 1] == '/';
    if (xml->self_closed) tag.size--;
    size_t size = 0;
    while (size < tag.size && !is_space(tag.data[size])) size++;
    struct str name = str_slice(tag, 0, size);
    if (size == 0 || size > XML_NAME_BYTES_MAX) return bad(err, "a name of no or too great length");
    if (xml->depth == XML_DEPTH_MAX) return bad(err, "nested too deeply");
    if (xml->depth == 0 && xml->had_root) return bad(err, "more than one root");
    xml->open[xml->depth++] = name;
    xml->had_root = true;
    xml->name = local_name(name);
    buffer_clear(&xml->text);
    *ret_event = XML_OPEN;
    return E_OK;
}

/* At '<': comments, prolog and CDATA are gone through without an event (*ret_tag false). */
static int read_markup(struct xml *xml, bool *ret_tag, enum xml_event *ret_event, struct err *err)
{
    struct str skipped;
    *ret_tag = false;
    if (str_starts(xml->rest, STR("<!--"))) {
        take(xml, 4);
        return skip_past(xml, STR("-->"), &skipped) ? E_OK : bad(err, "a comment without end");
    }
    if (str_starts(xml->rest, STR("<?")))
        return skip_past(xml, STR("?>"), &skipped) ? E_OK : bad(err, "a prolog without end");
    if (str_starts(xml->rest, STR("<![CDATA["))) {
        take(xml, 9);
        if (xml->depth == 0 || !skip_past(xml, STR("]]>"), &skipped))
            return bad(err, "CDATA without end or place");
        buffer_add(&xml->text, skipped);
        return add_text(xml, STR(""), err);
    }
    if (str_starts(xml->rest, STR("<!"))) return bad(err, "a declaration");
    take(xml, 1);
    size_t size = tag_size(xml->rest);
    if (size == xml->rest.size || size == 0) return bad(err, "a tag without end or name");
    struct str tag = take(xml, size);
    take(xml, 1);
    *ret_tag = true;
    if (tag.data[0] == '/')
        return close_element(xml, str_trim(str_slice(tag, 1, tag.size)), ret_event, err);
    return open_element(xml, tag, ret_event, err);
}

int xml_next(struct xml *xml, enum xml_event *ret_event, struct err *err)
{
    if (xml->self_closed) {
        xml->self_closed = false;
        return close_element(xml, xml->open[xml->depth - 1], ret_event, err);
    }
    buffer_clear(&xml->text);
    while (xml->rest.size) {
        struct str raw = take(xml, str_find(xml->rest, STR("<")));
        int rc = E_OK;
        bool tag = false;
        if (xml->depth)
            rc = add_text(xml, raw, err);
        else if (str_trim(raw).size && !str_equal(raw, STR("\xEF\xBB\xBF")))
            rc = bad(err, "text outside of the root");
        if (rc == E_OK && xml->rest.size) rc = read_markup(xml, &tag, ret_event, err);
        if (rc != E_OK || tag) return rc;
    }
    if (xml->depth || !xml->had_root) return bad(err, "it ends too early");
    xml->name = STR("");
    *ret_event = XML_END;
    return E_OK;
}
