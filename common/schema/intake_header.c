/* The header of a CSV: what parts its cells, which column is which field, and whether it is a
 * header at all and not the start of something else. */
#include <stdio.h>

#include "schema/intake.h"

const char *intake_packed_as(struct str bytes, const char **ret_unpack)
{
    static const struct {
        const char *start, *what, *unpack;
    } forms[] = {
        {"\x1f\x8b", "gzip", "zcat"},
        {"\x28\xb5\x2f\xfd", "zstd", "zstdcat"},
        {"\xfd" "7zXZ", "xz", "xzcat"},
        {"PK\x03\x04", "a ZIP archive or a spreadsheet", NULL},
        {"\xff\xfe", "UTF-16", "iconv -f utf-16 -t utf-8"},
        {"\xfe\xff", "UTF-16", "iconv -f utf-16 -t utf-8"},
    };
    *ret_unpack = NULL;
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        if (!str_starts(bytes, str_of(forms[i].start))) continue;
        *ret_unpack = forms[i].unpack;
        return forms[i].what;
    }
    if (bytes.size < 4 || !bytes.data[0] == !bytes.data[1] || !bytes.data[0] != !bytes.data[2] ||
        !bytes.data[1] != !bytes.data[3])
        return NULL;
    *ret_unpack = bytes.data[0] ? "iconv -f utf-16le -t utf-8" : "iconv -f utf-16be -t utf-8";
    return "UTF-16 without its mark"; /* every second byte is a zero */
}

struct str intake_column(struct str name)
{
    if (str_equal_ignoring_case(name, STR("id"))) return STR("id");
    for (uint32_t i = 0; i < feedback_shape.count; i++) {
        struct str field = str_of(feedback_shape.fields[i].name);
        if (str_equal_ignoring_case(name, field)) return field;
    }
    return name;
}

static int check_name(struct str name, uint64_t line, struct err *err)
{
    if (name.size && memchr(name.data, '\0', name.size))
        return err_set(err, E_BAD_MESSAGE,
                       "line %llu: the header holds NUL bytes; is this text, and in UTF-8?",
                       (unsigned long long)line);
    if (!str_is_utf8(name))
        return err_set(err, E_BAD_MESSAGE, "line %llu: the header is not UTF-8",
                       (unsigned long long)line);
    size_t at = str_find(name, STR("\r")); /* with its LF it is a line break in quotes */
    if (at < name.size && (at + 1 == name.size || name.data[at + 1] != '\n'))
        return err_set(err, E_BAD_MESSAGE, "line %llu: lines end in CR alone, not in LF or CRLF",
                       (unsigned long long)line);
    return E_OK;
}

/* Of two columns of one field nobody knows which is meant; said once, and not of each row. */
static int check_fields(const struct csv_row *header, struct err *err)
{
    uint64_t seen = 0; /* bit count: the id */
    for (uint32_t i = 0; i < header->count; i++) {
        struct str name = header->cells[i];
        const struct field *field = shape_field(&feedback_shape, name);
        if (!field && !str_equal(name, STR("id"))) continue;
        uint64_t bit = 1ull << (field ? (size_t)(field - feedback_shape.fields)
                                      : (size_t)feedback_shape.count);
        if (seen & bit)
            return err_set(err, E_BAD_MESSAGE, "line %llu: the header names \"%.*s\" twice",
                           (unsigned long long)header->line, STR_ARGS(name));
        seen |= bit;
    }
    return E_OK;
}

int intake_read_header(struct csv_reader *reader, struct arena *arena, struct csv_row *ret_header,
                       struct err *err)
{
    struct csv_row header;
    csv_find_delimiter(reader);
    int rc = csv_next(reader, arena, &header, err);
    if (rc) return rc;
    for (uint32_t i = 0; i < header.count; i++) {
        struct str name = arena_copy(arena, str_trim(header.cells[i])); /* the text goes */
        if (!name.data) return err_set(err, E_NO_MEMORY, NULL);
        rc = check_name(name, header.line, err);
        if (rc) return rc;
        header.cells[i] = intake_column(name);
    }
    *ret_header = header;
    return check_fields(&header, err);
}

int intake_check_header(const struct csv_row *header, struct str wanted, struct err *err)
{
    enum { SHOWN = 120, NAME_SHOWN = 40 };
    char shown[SHOWN + NAME_SHOWN + 3];
    size_t size = 0;
    for (uint32_t i = 0; i < header->count; i++) {
        struct str name = str_slice(header->cells[i], 0, NAME_SHOWN);
        if (str_equal_ignoring_case(header->cells[i], wanted)) return E_OK;
        name.size = str_utf8_valid_prefix(name);
        if (size < SHOWN)
            size += (size_t)snprintf(shown + size, sizeof shown - size, "%s%.*s", i ? ", " : "",
                                     STR_ARGS(name));
    }
    struct str names = str_slice(str_make(shown, size), 0, SHOWN);
    names.size = str_utf8_valid_prefix(names);
    return err_set(err, E_BAD_MESSAGE, "the header names no column \"%.*s\"; it names: %.*s",
                   STR_ARGS(str_slice(wanted, 0, NAME_SHOWN)), STR_ARGS(names));
}
