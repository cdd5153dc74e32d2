/* A row of labelled data becomes the JSON of a feedback. */
#include "ops/cli/labelled.h"

/* As in schemas/feedback.def: labelled data has products that are whole sentences. */
enum { PRODUCT_BYTES_MAX = 256 };

void labelled_init(struct labelled *labelled)
{
    *labelled = (struct labelled){0};
    cli_ids_init(&labelled->ids);
}

void labelled_deinit(struct labelled *labelled) { buffer_deinit(&labelled->json); }

static void add_member(struct buffer *json, const char *name, struct str value, bool number)
{
    if (value.size == 0) return;
    buffer_printf(json, ",\"%s\":", name);
    if (number)
        buffer_add(json, value);
    else
        json_write_string(json, value);
}

int labelled_intake(const struct example *example, bool hides_language, struct labelled *labelled,
                    struct arena *arena, struct intake *ret_intake, struct err *err)
{
    struct buffer *json = &labelled->json;
    struct json_problems problems = {0};
    struct intake_rules rules = {.ids = &labelled->ids.generator,
                                 .received_ms = clock_wall_ms(clock_system()),
                                 .handed_on = true};
    double rating;
    buffer_clear(json);
    buffer_add(json, STR("{\"text\":"));
    json_write_string(json, example->text);
    add_member(json, "language", hides_language ? (struct str){0} : example->language, false);
    add_member(json, "product", str_utf8_cut(example->product, PRODUCT_BYTES_MAX), false);
    add_member(json, "channel", example->channel, false);
    add_member(json, "rating",
               str_to_f64(example->rating, &rating) ? example->rating : (struct str){0}, true);
    buffer_add_char(json, '}');
    if (json->failed) return err_set(err, E_NO_MEMORY, NULL);
    return intake_json(buffer_str(json), &rules, example->line, arena, ret_intake, &problems, err);
}
