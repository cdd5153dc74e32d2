/* Texts as customers and their programs send them, and what must be left of them. */
#include "test.h"

#include <stdlib.h>

#include "text/clean.h"

/* clean NULL: the text comes back as it is, as a view. */
static const struct {
    const char *why, *text, *clean;
} cases[] = {
    /* nothing to do */
    {"plain text is a view", "Nice phone, bad battery.", NULL},
    {"accents in composed form are a view", "Très déçu – l’écran s’est cassé… 5 €", NULL},
    {"newlines and a tab stay", "one\ntwo\n\nthree\tfour", NULL},
    {"emoji are a view", "Great 👍 thanks 🙏", NULL},
    {"other scripts are a view", "Доставка опоздала. 配達が遅れました。배송이 늦었어요", NULL},
    {"an empty text", "", NULL},
    /* blanks */
    {"runs of blanks become one", "too   many    blanks", "too many blanks"},
    {"trimmed", "  \n hello \t\n", "hello"},
    {"only blanks", " \t \n \r\n ", ""},
    {"CRLF becomes LF", "one\r\ntwo\r\nthree", "one\ntwo\nthree"},
    {"CR alone becomes LF", "one\rtwo", "one\ntwo"},
    {"at most one empty line", "one\n\n\n\n\ntwo", "one\n\ntwo"},
    {"blanks around a newline go", "one  \n  two", "one\ntwo"},
    {"a no-break space is a blank", "10\u00A0€\u202Fand\u3000more", "10 € and more"},
    {"line and paragraph separators, next line",
     "one\u2028two\u2029three\xC2\x85"
     "four",
     "one\ntwo\nthree\nfour"},
    {"form feed and vertical tab are blanks", "one\ftwo\vthree", "one two three"},
    /* characters that nobody sees */
    {"controls go",
     "a\x01"
     "b\x1B[0m\x7F"
     "c",
     "ab[0mc"},
    {"C1 controls go",
     "a\xC2\x81"
     "b\xC2\x9F"
     "c",
     "abc"},
    {"zero widths go", "fi\u200Bre \u2060\uFEFFnow\u200C", "fire now"},
    {"a soft hyphen goes", "hospi\u00ADtalised", "hospitalised"},
    {"bidi overrides go", "safe \u202Eelbissop\u202C \u2066x\u2069\u200F", "safe elbissop x"},
    {"private use goes", "a\uE000b\U000F0001c\U00100000d", "abcd"},
    {"noncharacters go", "a\uFFFEb\uFDD0c\U0001FFFFd", "abcd"},
    {"fillers that show nothing go", "a\u3164b\u115Fc\u2800d\u034Fe", "abcde"},
    {"tag characters hide text", "hi\U000E0068\U000E0065\U000E006C\U000E0070", "hi"},
    {"variation selectors behind letters hide text", "hi\U000E0100\uFE00\uFE0F", "hi"},
    {"the replacement character is somebody's loss, and stays", "caf\uFFFD", NULL},
    /* emoji */
    {"a family keeps its joiners", "our 👨‍👩‍👧 here", "our 👨‍👩‍👧 here"},
    {"a red heart keeps its selector", "I ❤️ it", "I ❤️ it"},
    {"a keycap", "1️⃣ star", "1️⃣ star"},
    {"skin tone and profession", "👩🏽‍🔬", "👩🏽‍🔬"},
    {"the rainbow flag", "🏳️‍🌈", "🏳️‍🌈"},
    {"the flag of Scotland", "🏴󠁧󠁢󠁳󠁣󠁴󠁿 rain",
     "🏴󠁧󠁢󠁳󠁣󠁴󠁿 rain"},
    {"a joiner between letters goes", "a\u200Db", "ab"},
    {"a joiner at the end goes", "👍\u200D", "👍"},
    /* one form */
    {"e and an acute are one", "de\u0301c\u0327u", "déçu"},
    {"Vietnamese marks in any order", "o\u0323\u0302", "\u1ED9"},
    {"Korean letters become syllables", "\u1112\u1161\u11AB", "한"},
    {"the Kelvin sign is a K", "300 \u212A", "300 K"},
    {"a zero width between letter and mark", "e\u200B\u0301", "é"},
    {"compatibility forms are not folded", "ﬁne ①", "ﬁne ①"},
    /* entities */
    {"the named ones", "caf&eacute; &amp; th&eacute; &lt;3 &quot;x&quot; &euro;5 &hellip;",
     "café & thé <3 \"x\" €5 …"},
    {"numbers", "caf&#233; caf&#xE9; caf&#XE9;", "café café café"},
    {"windows-1252 numbers", "it&#146;s &#128;5", "it’s €5"},
    {"encoded twice", "caf&amp;eacute; &amp;amp; th&amp;#233;", "café & thé"},
    {"a no-break space", "a&nbsp;&nbsp;b", "a b"},
    {"hidden characters as entities", "a&#8203;b&zwj;c&#0;d&#x202E;e&shy;f", "abcdef"},
    {"an emoji as a number", "&#128077; &#x1F44D;", "👍 👍"},
    {"an emoji as a UTF-16 pair", "&#55357;&#56397; ok", "👍 ok"},
    {"half a pair stands for nothing", "a&#55357;b", "ab"},
    {"beyond Unicode stands for nothing", "a&#1114112;b", "ab"},
    {"an entity that composes", "e&#769;t&#233;", "été"},
    {"unknown ones stay", "&foo; &eacut; &toolongtobeaname;", "&foo; &eacut; &toolongtobeaname;"},
    {"ampersands stay", "AT&T, R&D; black & white &", "AT&T, R&D; black & white &"},
    {"not a number", "&#; &#x; &#12a; &#123456789;", "&#; &#x; &#12a; &#123456789;"},
    /* markup */
    {"inline tags leave nothing", "so <b>good</b>, <i class=\"x\">really</i>", "so good, really"},
    {"a break is a newline", "one<br>two<br/>three<BR />four", "one\ntwo\nthree\nfour"},
    {"paragraphs", "<p>one</p><p>two</p>", "one\n\ntwo"},
    {"a list", "<ul><li>one</li><li>two</li></ul>", "one\n\ntwo"},
    {"cells are parted", "<td>one</td><td>two</td>", "one two"},
    {"comments", "a <!-- hidden <b> --> b", "a b"},
    {"scripts and styles with what they hold",
     "a<script type=\"x\">if (1<2) {}</script>b<STYLE>p {}</STYLE >c", "a b c"},
    {"a quoted >", "see <a href=\"x>y\" title='a>b'>this</a> now", "see this now"},
    {"a whole page", "<!DOCTYPE html><html><head><title>T</title></head><body>hi</body></html>",
     "T\n\nhi"},
    {"CDATA is text", "<![CDATA[good & <b>cheap</b>]]>", "good & cheap"},
    {"Word's paragraphs", "text<o:p></o:p>", "text"},
    {"encoded tags go too", "one&lt;br&gt;two", "one\ntwo"},
    /* no markup */
    {"a heart", "I <3 it", NULL},
    {"a heart at the start", "<3", NULL},
    {"comparisons", "5 < 6 and 7 > 2", NULL},
    {"comparisons with letters", "if a <b and c> d", NULL},
    {"an address in angle brackets", "write to John <john@x.com>", NULL},
    {"one that begins like a tag", "write to <a@x.com>, <b>", "write to <a@x.com>,"},
    {"a link in angle brackets", "<https://example.com/x>", NULL},
    {"no element of HTML", "<insert name here> <foo> </bar>", NULL},
    {"a tag that doesn't end is text", "broken <a href=\"x", NULL},
    {"a comment that doesn't end is text", "x <!-- it burned me", NULL},
    {"a script that doesn't end keeps its text", "x <script> it burned me", "x it burned me"},
    {"arrows", "a -> b <- c <-- d --> e", NULL},
    {"faces", ">.< :< >:( <:)", NULL},
    /* the wrong encoding */
    {"an accent", "cafÃ© trÃ¨s Ã\u00A0 cÃ´tÃ©", "café très à côté"},
    {"typographic marks", "itâ€™s â€œfineâ€\xC2\x9D â‚¬5", "it’s “fine” €5"},
    {"a no-break space and a degree", "20Â°C, 5Â\u00A0kg", "20°C, 5 kg"},
    {"an emoji", "great ðŸ‘\xC2\x8D", "great 👍"},
    {"twice in the wrong encoding", "cafÃƒÂ©", "café"},
    {"as entities", "caf&Atilde;&copy;", "café"},
    {"one right accent: nobody's mistake", "café ou cafÃ©", NULL},
    {"Portuguese capitals", "A IRMû DA MAÇÔ", NULL},
    {"French capitals in quotation marks", "«CAFÉ», CAFÉ™", NULL},
    {"Romanian", "Â «x»", "Â «x»"},
    /* what one step sets free */
    {"a zero width in a wrong encoding", "cafÃ\u200B©", "café"},
    {"a tag in a tag", "<<b>b>bold", "bold"},
    {"a tag in an entity", "&am<i></i>p;", "&"},
    {"a zero width in a tag", "<s\u200Bcript>x</script>y", "y"},
    {"a Greek question mark ends an entity", "caf&eacute\u037E", "café"},
    {"nested without end", "<<<<<<<<b>b>b>b>b>b>b>b>x", "b>b>b>b>x"},
};

static struct str clean_or_fail(struct str text, struct arena *arena)
{
    struct str clean;
    struct err err = {0};
    assert_int_equal(text_clean(text, arena, &clean, &err), E_OK);
    return clean;
}

static void cleans_the_cases(void **state)
{
    (void)state;
    struct arena arena = {0};
    int wrong = 0;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct str text = str_of(cases[i].text),
                   want = cases[i].clean ? str_of(cases[i].clean) : text;
        struct str clean = clean_or_fail(text, &arena);
        struct str again = clean_or_fail(clean, &arena);
        bool right = str_equal(clean, want) && str_equal(again, clean);
        if (!cases[i].clean && !strpbrk(cases[i].text, "<&")) right &= clean.data == text.data;
        if (right) continue;
        wrong++;
        print_message("  - %s: \"%.*s\"\n", cases[i].why, STR_ARGS(clean));
    }
    assert_int_equal(wrong, 0);
    arena_deinit(&arena);
}

static void refuses_what_is_not_utf8(void **state)
{
    (void)state;
    static const struct {
        const char *why, *text;
    } bad[] = {
        {"Latin-1", "caf\xE9"},
        {"a lone continuation", "a\x80"},
        {"overlong", "\xC0\xAF"},
        {"a surrogate", "\xED\xA0\x80"},
        {"beyond Unicode", "\xF4\x90\x80\x80"},
        {"cut", "caf\xC3"},
    };
    struct arena arena = {0};
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        struct str clean = STR("untouched");
        struct err err = {0};
        CASE(bad[i].why);
        assert_int_equal(text_clean(str_of(bad[i].text), &arena, &clean, &err), E_BAD_TEXT);
        assert_string_equal(clean.data, "untouched");
    }
    arena_deinit(&arena);
}

/* Every place of a long text is looked at: one odd byte anywhere is found, whatever its neighbours.
 */
static void finds_one_odd_byte_anywhere(void **state)
{
    (void)state;
    struct arena arena = {0};
    char text[100];
    for (size_t at = 0; at < sizeof text; at++) {
        arena_reset(&arena);
        memset(text, 'x', sizeof text);
        text[at] = 0x07;
        assert_int_equal(clean_or_fail(str_make(text, sizeof text), &arena).size, sizeof text - 1);
        if (at == 0 || at + 2 >= sizeof text) continue;
        text[at] = text[at + 1] = ' ';
        assert_int_equal(clean_or_fail(str_make(text, sizeof text), &arena).size, sizeof text - 1);
        text[at] = '\n';
        assert_int_equal(clean_or_fail(str_make(text, sizeof text), &arena).size, sizeof text - 1);
    }
    arena_deinit(&arena);
}

/* Each of these takes minutes when something is quadratic; ctest's time limit is the judge. */
static void hostile_texts_take_linear_time(void **state)
{
    (void)state;
    static const struct {
        const char *why, *unit;
    } hostile[] = {
        {"tags that never end", "<a "},
        {"quotes that never end", "<a x=\""},
        {"two quotes in turn", "<a x=\"'<a x='\""},
        {"comments that never end", "<!--"},
        {"scripts that never end", "<script>"},
        {"end tags that never end", "<script></script"},
        {"CDATA that never ends", "<![CDATA["},
        {"declarations", "<!DOCTYPE "},
        {"entities", "&amp;"},
        {"nested entities", "&amp;amp;amp;amp;amp;amp;lt;"},
        {"nested tags", "<<b>b>"},
        {"marks in the wrong order", "\u0301\u0323"},
        {"joiners", "👨\u200D"},
        {"ampersands", "&"},
        {"openers", "<"},
    };
    enum { SIZE = 1 << 20 };
    struct arena arena = {0};
    char *text = malloc(SIZE);
    for (size_t i = 0; i < COUNT_OF(hostile); i++) {
        size_t size = 0, unit = strlen(hostile[i].unit);
        CASE(hostile[i].why);
        while (size + unit <= SIZE) memcpy(text + size, hostile[i].unit, unit), size += unit;
        struct str clean = clean_or_fail(str_make(text, size), &arena);
        assert_true(str_equal(clean_or_fail(clean, &arena), clean));
        arena_reset(&arena);
    }
    free(text);
    arena_deinit(&arena);
}

static void marks_are_bounded(void **state)
{
    (void)state;
    struct arena arena = {0};
    char text[400] = "e";
    for (int i = 0; i < 100; i++) strcat(text, i % 2 ? "\u0301" : "\u0323");
    struct str clean = clean_or_fail(str_of(text), &arena);
    assert_int_equal(clean.size, 3 + 29 * 2); /* ẹ and 29 more */
    arena_deinit(&arena);
}

static void fails_without_memory(void **state)
{
    (void)state;
    struct arena arena;
    struct err err = {0};
    struct str clean;
    size_t limit = 0;
    int rc;
    arena_init(&arena, 1);
    do { /* fails at the first allocation, then at the next, until none fails */
        arena_deinit(&arena);
        arena_init(&arena, ++limit);
        rc = text_clean(STR("de\u0301ja\u0300 <b>vu</b> &amp;amp;"), &arena, &clean, &err);
        assert_true(rc == E_OK || rc == E_NO_MEMORY);
    } while (rc);
    assert_true(limit > 1);
    assert_true(str_equal(clean, STR("déjà vu &")));
    arena_deinit(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cleans_the_cases),
        cmocka_unit_test(refuses_what_is_not_utf8),
        cmocka_unit_test(finds_one_odd_byte_anywhere),
        cmocka_unit_test(hostile_texts_take_linear_time),
        cmocka_unit_test(marks_are_bounded),
        cmocka_unit_test(fails_without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
