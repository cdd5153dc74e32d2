/* The XML scanner: what it reads, as a trace of events, and what it refuses. */
#include "aws/xml.h"
#include "must.h"

/* "+name" opens, "-name(text)" closes. */
static const struct { const char *why, *document, *trace; } good[] = {
    {"an element", "<a/>", "+a-a()"},
    {"text", "<a>x y</a>", "+a-a(x y)"},
    {"nesting; text is what stands before the closing tag", "<a>1<b>2</b>3</a>", "+a+b-b(2)-a(3)"},
    {"prolog, BOM, comments and white space",
     "\xEF\xBB\xBF<?xml version=\"1.0\"?>\n<!-- <b> --><a>1<!--2-->3</a>\n<!-- -->\n", "+a-a(13)"},
    {"attributes are skipped, even with '>' in them", "<a x=\"1>2\" y='/'><b z=\"\"/></a>",
     "+a+b-b()-a()"},
    {"namespace prefixes are dropped", "<s:a xmlns:s=\"u\"><s:b>t</s:b></s:a>", "+a+b-b(t)-a()"},
    {"the five entities", "<a>&lt;&gt;&amp;&quot;&apos;</a>", "+a-a(<>&\"')"},
    {"character references", "<a>&#65;&#x42;&#xfc;&#x20AC;&#x1F600;</a>",
     "+a-a(AB\xC3\xBC\xE2\x82\xAC\xF0\x9F\x98\x80)"},
    {"CDATA is taken as it is", "<a>x<![CDATA[<&amp;]]]]>y</a>", "+a-a(x<&amp;]]y)"},
    {"white space in a closing tag", "<a></a >", "+a-a()"},
};

static const struct { const char *why, *document; } bad[] = {
    {"nothing", ""},
    {"no element", "<?xml version=\"1.0\"?>"},
    {"not XML", "hello"},
    {"text behind the root", "<a/>x"},
    {"two roots", "<a/><b/>"},
    {"tags that cross", "<a><b></a></b>"},
    {"a closing tag too many", "<a/></a>"},
    {"it ends in the root", "<a><b/>"},
    {"it ends in a tag", "<a><b"},
    {"it ends in an attribute", "<a b=\"></a>"},
    {"it ends in a comment", "<a><!-- </a>"},
    {"it ends in CDATA", "<a><![CDATA[</a>"},
    {"CDATA outside of the root", "<![CDATA[x]]><a/>"},
    {"a tag without name", "<></>"},
    {"a tag that is a slash", "</>"},
    {"a '<' in a tag", "<a <b></a>"},
    {"a DOCTYPE, so no entity bombs", "<!DOCTYPE a [<!ENTITY b \"c\">]><a>&b;</a>"},
    {"an unknown entity", "<a>&nbsp;</a>"},
    {"a reference without end", "<a>&amp</a>"},
    {"a character that XML doesn't have", "<a>&#0;</a>"},
    {"a surrogate", "<a>&#xD800;</a>"},
    {"a number beyond Unicode", "<a>&#x110000;</a>"},
    {"a number that overflows", "<a>&#4294967361;</a>"},
    {"no number", "<a>&#x;</a>"},
    {"17 levels",
     "<a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a></a></a></a></a></a></a></a></a></a></a></a></a></a></a></a></a></a>"},
};

static int trace(struct str document, struct buffer *out, struct err *err)
{
    struct xml xml;
    enum xml_event event = XML_OPEN;
    int rc;
    xml_init(&xml, document);
    while ((rc = xml_next(&xml, &event, err)) == E_OK && event != XML_END) {
        if (event == XML_OPEN) buffer_printf(out, "+%.*s", STR_ARGS(xml.name));
        else buffer_printf(out, "-%.*s(%.*s)", STR_ARGS(xml.name), STR_ARGS(buffer_str(&xml.text)));
    }
    xml_deinit(&xml);
    return rc;
}

static void reads(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(good); i++) {
        CASE(good[i].why);
        struct buffer out = {0};
        struct err err = {0};
        must(trace(str_of(good[i].document), &out, &err), &err);
        assert_string_equal(buffer_cstr(&out), good[i].trace);
        buffer_deinit(&out);
    }
}

static void refuses(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        CASE(bad[i].why);
        struct buffer out = {0};
        struct err err = {0};
        assert_int_equal(trace(str_of(bad[i].document), &out, &err), E_UPSTREAM);
        assert_string_not_equal(err.text, "");
        buffer_deinit(&out);
    }
}

static void bounds_text(void **state)
{
    (void)state;
    for (size_t extra = 0; extra < 2; extra++) {
        struct buffer document = {0}, out = {0};
        struct err err = {0};
        buffer_add(&document, STR("<a>"));
        for (size_t i = 0; i < XML_TEXT_BYTES_MAX + extra; i++) buffer_add_char(&document, 'x');
        buffer_add(&document, STR("</a>"));
        assert_int_equal(trace(buffer_str(&document), &out, &err), extra ? E_UPSTREAM : E_OK);
        buffer_deinit(&document);
        buffer_deinit(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads), cmocka_unit_test(refuses), cmocka_unit_test(bounds_text)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
