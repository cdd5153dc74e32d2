/* A language model from a file, checked before anything is added up:
 * a weight too large would overflow. */
#include <math.h>
#include <stdlib.h>

#include "base/ascii.h"
#include "base/buffer.h"
#include "base/hash.h"
#include "text/language.h"
#include "text/language/model.h"

enum { WEIGHTS = LANGUAGE_ROWS * LANGUAGE_LANES, FILE_BYTES_MAX = 64 << 20 };

struct language_table {
    struct buffer bytes;
};

const char *language_table_bytes(const struct language_table *table) { return table->bytes.data; }

/* Two or three small letters. */
static bool is_code(const char code[4])
{
    for (int i = 0; i < 2; i++)
        if (!ascii_is_lower(code[i])) return false;
    return code[3] == '\0' && (code[2] == '\0' || ascii_is_lower(code[2]));
}

static const char *fault_of(struct str file)
{
    struct language_header header;
    if (file.size != sizeof header + WEIGHTS) return "its size is not a language model's";
    memcpy(&header, file.data, sizeof header);
    if (memcmp(header.magic, LANGUAGE_MAGIC, sizeof header.magic) != 0)
        return "not a language model";
    if (header.checksum !=
        hash_fast(str_slice(file, sizeof header.magic + sizeof header.checksum, file.size), 0))
        return "its checksum is wrong";
    if (header.rows != LANGUAGE_ROWS || header.lanes != LANGUAGE_LANES)
        return "made for another version";
    bool sound = isfinite(header.scale) && header.scale > 0 && isfinite(header.sharpness) &&
                 isfinite(header.slope);
    for (int c = 0; c < LANGUAGE_LANES; c++) sound &= is_code(header.codes[c]);
    for (size_t i = 0; i < WEIGHTS && sound; i++)
        sound = abs((int8_t)file.data[sizeof header + i]) <= LANGUAGE_WEIGHT_MAX;
    return sound ? NULL : "a value is out of range";
}

int language_open(const char *path, struct language_table **ret_table, struct err *err)
{
    struct language_table *table = calloc(1, sizeof *table);
    if (!table) return err_set(err, E_NO_MEMORY, NULL);
    int rc = buffer_read_file(&table->bytes, path, FILE_BYTES_MAX, err);
    const char *fault = rc ? NULL : fault_of(buffer_str(&table->bytes));
    if (fault) rc = err_set(err, E_BAD_MODEL, "%s: %s", path, fault);
    if (rc) language_close(table);
    else *ret_table = table;
    return rc;
}

void language_close(struct language_table *table)
{
    if (!table) return;
    buffer_deinit(&table->bytes);
    free(table);
}
