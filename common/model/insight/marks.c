/* What is told without words: rows of stars are a grade, and a face tells how it feels. */
#include "base/ascii.h"
#include "model/insight/internal.h"

enum { STARS_MOST = 5, STARS_LEAST = 2, LEAD_BYTE = 0x80 };
#define COUNT(list) (sizeof(list) / sizeof *(list))

static const char *const full_stars[] = {"★", "⭐", "🌟"}, *const empty_stars[] = {"☆", "✩"};
static const char *const variations[] = {"\xef\xb8\x8f"}; /* how a star is drawn */

/* Those that aren't eyes and a mouth of marks, in lower case: all that the text says. */
static const char *const glad_faces[] = {
    ":d", ":-d", "=d", "xd", ":p", ":-p", "<3", "<3 <3", "<3 <3 <3", "<3<3<3", "^^", "^_^", "^-^",
    "\\o/"};
static const char *const sad_faces[] = {
    "-_-", "-.-", ">_<", ">.<", "t_t", ";_;", ":c", ":-c", "d:", ":s", ":-s", "</3", "ಠ_ಠ",
    "(╯°□°)╯︵ ┻━┻", "(╯°□°）╯︵ ┻━┻"};

/* --- stars ----------------------------------------------------------------------------------- */

/* Takes one of the marks off the text's head or tail, if one stands there. */
static bool take_mark(struct str *text, bool tail, const char *const *marks, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct str mark = str_of(marks[i]);
        if (!(tail ? str_ends(*text, mark) : str_starts(*text, mark))) continue;
        *text = tail ? str_slice(*text, 0, text->size - mark.size)
                     : str_slice(*text, mark.size, text->size);
        return true;
    }
    return false;
}

/* The grade that the row of stars at the text's head or tail is, and the text without it; 0: it is
 * none. Five are a grade, and several of which the text is all; one alone is an ornament. */
static float take_row(struct str *text, bool tail)
{
    struct str left = *text;
    uint32_t full = 0, empty = 0;
    for (bool found = true; found;) {
        bool is_full = take_mark(&left, tail, full_stars, COUNT(full_stars)),
             is_empty = !is_full && take_mark(&left, tail, empty_stars, COUNT(empty_stars));
        full += is_full;
        empty += is_empty;
        found = is_full || is_empty || take_mark(&left, tail, variations, COUNT(variations));
    }
    uint32_t all = full + empty;
    if (!full || (all != STARS_MOST && (left.size || all < STARS_LEAST))) return 0;
    *text = left;
    return all > STARS_MOST ? larger(1, STARS_MOST * (float)full / (float)all) : (float)full;
}

void reading_note_stars(struct reading *reading)
{
    struct str text = reading->text;
    if (!text.size || (unsigned char)(text.data[0] | text.data[text.size - 1]) < LEAD_BYTE) return;
    text = str_trim(text);
    for (int tail = 0; tail < 2 && text.size; tail++) {
        if ((unsigned char)text.data[tail ? text.size - 1 : 0] < LEAD_BYTE) continue;
        float grade = take_row(&text, tail);
        reading->grades += grade;
        reading->grade_count += grade > 0;
    }
}

/* --- faces ----------------------------------------------------------------------------------- */

static bool is_face(struct str text, const char *const *faces, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (str_equal_ignoring_case(text, str_of(faces[i]))) return true;
    return false;
}

static bool is_one_of(char c, const char *characters)
{
    return c && strchr(characters, c);
}

/* Of the last eyes and mouth among marks, ":-)" or "(:". */
static int last_face(struct str marks)
{
    int face = 0;
    for (size_t i = 0; i + 1 < marks.size; i++) {
        const char *c = &marks.data[i];
        size_t left = marks.size - i, nose = 1; /* and a tear */
        while (nose < left && is_one_of(c[nose], "-'^~")) nose++;
        bool eyes = is_one_of(c[0], ":;="), turned = is_one_of(c[1], ":;=");
        if (eyes && left > nose) {
            if (is_one_of(c[nose], ")]}")) face = 1;
            if (is_one_of(c[nose], "([{/\\") && !str_starts(str_make(c, left), STR("://")))
                face = -1;
        } else if (turned && is_one_of(c[0], "()")) {
            face = c[0] == '(' ? 1 : -1;
        }
    }
    return face;
}

int reading_face(const struct reading *reading, bool words_tell)
{
    const struct tokens *tokens = reading->tokens;
    struct str text = str_trim(reading->text);
    if (is_face(text, glad_faces, COUNT(glad_faces))) return 1;
    if (is_face(text, sad_faces, COUNT(sad_faces))) return -1;
    if (words_tell) return 0;
    size_t behind = tokens->count ? tokens->items[tokens->count - 1].end : 0;
    return last_face(str_slice(reading->text, behind, reading->text.size));
}
