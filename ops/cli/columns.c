/* Which column of a CSV is which field. */
#include "ops/cli/columns.h"

#include <string.h>

#include "base/nearest.h"
#include "schema/intake.h"

static bool is_field(struct str name)
{
    return str_equal(name, STR("id")) || shape_field(&feedback_shape, name);
}

static int unknown_field(struct str field, struct err *err)
{
    struct nearest nearest = nearest_to(field);
    for (uint32_t i = 0; i < feedback_shape.count; i++)
        nearest_offer(&nearest, str_of(feedback_shape.fields[i].name));
    field = str_slice(field, 0, 40);
    if (!nearest.found.data)
        return err_set(err, E_USAGE, "--column: there is no field \"%.*s\"", STR_ARGS(field));
    return err_set(err, E_USAGE, "--column: there is no field \"%.*s\"; did you mean \"%.*s\"?",
                   STR_ARGS(field), STR_ARGS(nearest.found));
}

int columns_check(const struct flag_list *columns, struct err *err)
{
    for (size_t i = 0; i < columns->count; i++) {
        struct str name = str_of(columns->items[i]), field = str_cut(&name, '=');
        if (!name.size)
            return err_set(err, E_USAGE, "--column %s: expected FIELD=NAME, as rating=Stars",
                           columns->items[i]);
        bool attribute = str_starts(field, STR("attributes.")) && field.size > 11;
        if (!attribute && !is_field(field)) return unknown_field(field, err);
    }
    return E_OK;
}

/* What is called as the field is, but isn't meant: kept, under the name that it came with. */
static struct str as_attribute(struct str field, struct arena *arena)
{
    return arena_printf(arena, "attributes.%.*s", STR_ARGS(field));
}

static int name_column(struct csv_row *header, struct str field, struct str wanted,
                       struct arena *arena, struct err *err)
{
    for (uint32_t i = 0; i < header->count; i++) {
        if (!str_equal_ignoring_case(header->cells[i], wanted)) continue;
        for (uint32_t j = 0; j < header->count; j++) {
            if (j == i || !str_equal(header->cells[j], field)) continue;
            header->cells[j] = as_attribute(field, arena);
            if (!header->cells[j].data) return err_set(err, E_NO_MEMORY, NULL);
        }
        header->cells[i] = field;
        return E_OK;
    }
    return intake_check_header(header, wanted, err);
}

int columns_name(struct csv_row *header, const char *text_column, const struct flag_list *columns,
                 struct arena *arena, struct err *err)
{
    int rc = text_column ? name_column(header, STR("text"), str_of(text_column), arena, err) : E_OK;
    for (size_t i = 0; columns && i < columns->count && rc == E_OK; i++) {
        struct str name = str_of(columns->items[i]), field = str_cut(&name, '=');
        rc = name_column(header, field, name, arena, err);
    }
    return rc;
}

static bool show_kind(const struct csv_row *header, bool fields, const char *before, FILE *out)
{
    enum { SHOWN = 12, NAME_SHOWN = 40 };
    uint32_t shown = 0;
    for (uint32_t i = 0; i < header->count; i++) {
        struct str name = header->cells[i];
        if (is_field(name) != fields) continue;
        if (str_starts(name, STR("attributes."))) name = str_slice(name, 11, name.size);
        name = str_slice(name, 0, NAME_SHOWN);
        name.size = str_utf8_valid_prefix(name);
        if (shown++ < SHOWN) fprintf(out, "%s%.*s", shown > 1 ? ", " : before, STR_ARGS(name));
    }
    if (shown > SHOWN) fprintf(out, ", and %u more", shown - SHOWN);
    return shown > 0;
}

void columns_show(const struct csv_row *header, FILE *out)
{
    fprintf(out, "  %-11s", "columns");
    bool fields = show_kind(header, true, " ", out);
    show_kind(header, false, fields ? "; as attributes: " : " as attributes: ", out);
    fputc('\n', out);
}
