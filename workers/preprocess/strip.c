/* Takes personal data out of the fields around the text. */
#include "workers/preprocess/strip.h"

#include "workers/preprocess/strip_texts.h"

static int strip_attribute(struct str_pair *attribute, const struct pseudonym *pseudonym,
                           const char *language, struct arena *arena, struct err *err)
{
    int rc = strip_value(attribute->name, &attribute->value, pseudonym, language, arena, err);
    return rc ? rc : strip_surely(&attribute->name, language, arena, err);
}

/* A placeholder may be longer than what it stands for; the schema's bounds hold all the same. */
static struct str cut(struct str text, size_t most)
{
    if (text.size <= most) return text;
    text = str_slice(text, 0, most);
    return str_slice(text, 0, str_utf8_valid_prefix(text));
}

/* Two names that became "[EMAIL]" would be a map that nobody may read. */
static void drop_repeated_names(struct str_map *attributes)
{
    struct str_map kept = {.items = attributes->items};
    for (uint32_t i = 0; i < attributes->count; i++)
        if (!str_map_find(&kept, attributes->items[i].name))
            kept.items[kept.count++] = attributes->items[i];
    *attributes = kept;
}

/* What was received stays as it is: a record that is handed on in memory shares its lists. */
static int copy_attributes(struct str_map *attributes, struct arena *arena, struct err *err)
{
    struct str_pair *items = ARENA_ARRAY(arena, struct str_pair, attributes->count);
    if (!items) return err_set(err, E_NO_MEMORY, NULL);
    memcpy(items, attributes->items, attributes->count * sizeof *items);
    attributes->items = items;
    return E_OK;
}

int strip_feedback(struct feedback *feedback, const struct pseudonym *pseudonym,
                   const char *language, struct strip_known *known, struct arena *arena,
                   struct err *err)
{
    const struct {
        struct str *text;
        size_t most; /* as in schemas/feedback.def */
    } words[] = {{&feedback->product, 256},
                 {&feedback->channel, 64},
                 {&feedback->source, 256},
                 {&feedback->language, 35}};
    int rc = E_OK;
    shape_unset(feedback, feedback, text);
    if (shape_has(feedback, feedback, customer)) {
        feedback->customer = pseudonym_of(pseudonym, feedback->customer, arena);
        if (!feedback->customer.data) return err_set(err, E_NO_MEMORY, NULL);
    }
    for (size_t i = 0; i < sizeof words / sizeof *words && rc == E_OK; i++) {
        if (!words[i].text->size) continue;
        rc = strip_known(words[i].text, language, known, arena, err);
        *words[i].text = cut(*words[i].text, words[i].most);
    }
    if (rc == E_OK && feedback->attributes.count)
        rc = copy_attributes(&feedback->attributes, arena, err);
    for (uint32_t i = 0; i < feedback->attributes.count && rc == E_OK; i++)
        rc = strip_attribute(&feedback->attributes.items[i], pseudonym, language, arena, err);
    drop_repeated_names(&feedback->attributes);
    return rc ? rc : strip_unknown(&feedback->extra, pseudonym, language, arena, err);
}

int strip_sections(struct record *record, const struct pseudonym *pseudonym, const char *language,
                   struct arena *arena, struct err *err)
{
    for (int section = 0; section < SECTION_COUNT; section++)
        if (section != SECTION_FEEDBACK) record_drop(record, (enum section)section);
    return strip_unknown(&record->unknown, pseudonym, language, arena, err);
}
