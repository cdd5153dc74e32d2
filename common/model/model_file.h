/* The container of every model: text metadata and named sections, checksummed, made for mmap.
 *
 * Little-endian. All of it is untrusted until model_file_parse() has passed.
 *   0   8  "VBMODEL\n"
 *   8   8  XXH3-64 of the bytes from 16 to the end
 *  16   4  format version, 1
 *  20   4  bytes of metadata
 *  24   4  number of sections
 *  28   4  0
 *  32   8  size of the file
 *  40  24  0
 *  64      sections x {name 32 bytes, NUL-padded; offset 8; size 8}
 *          metadata: lines "key=value", UTF-8, keys unique, the first ones kind= and name=
 *          sections at multiples of 64, in order, without overlap, zeros between
 */
#ifndef VERBATIM_MODEL_FILE_H
#define VERBATIM_MODEL_FILE_H

#include "base/buffer.h"

enum {
    MODEL_SECTIONS_MAX = 16,
    MODEL_NAME_BYTES = 32,
    MODEL_ALIGNMENT = 64,
    MODEL_METADATA_BYTES_MAX = 1 << 16,
};
#define MODEL_FILE_BYTES_MAX ((size_t)1 << 30)

struct model_section {
    struct str name;
    const void *data; /* MODEL_ALIGNMENT-aligned if the file was opened, else as the bytes were */
    size_t size;
};

struct model_file {
    struct str bytes;
    void *mapping;       /* NULL when it was parsed from the caller's memory */
    struct str kind;     /* "segments", "linear" */
    struct str name;     /* the version that records carry, e.g. "segments-000001" */
    struct str metadata; /* all lines */
    struct model_section sections[MODEL_SECTIONS_MAX];
    uint32_t section_count;
};

/* Maps and checks a file. `kind` NULL: any. NO_INPUT: not there. BAD_MODEL:
 * anything wrong with it. */
int model_file_open(const char *path, const char *kind, struct model_file *ret_file,
                    struct err *err) CHECKED;
/* The same for bytes in memory, which stay the caller's. */
int model_file_parse(struct str bytes, struct model_file *ret_file, struct err *err) CHECKED;
void model_file_close(struct model_file *file); /* NULL and zeroed are fine */
/* Its pages may leave memory until somebody reads them again: for what has been copied. */
void model_file_rest(const struct model_file *file);

/* The value of a key, or data == NULL. */
struct str model_file_get(const struct model_file *file, const char *key);
/* BAD_MODEL when the key is missing or no whole number within [min, max]. */
int model_file_get_u64(const struct model_file *file, const char *key, uint64_t min, uint64_t max,
                       uint64_t *ret_value, struct err *err) CHECKED;
/* Whether there is such a section. */
bool model_file_has(const struct model_file *file, const char *section);
/* BAD_MODEL when the section is missing or not exactly item_bytes x count long. */
int model_file_section(const struct model_file *file, const char *name, size_t item_bytes,
                       size_t count, const void **ret_data, struct err *err) CHECKED;

/* Collects a model, then writes it. Data is copied by none of these: keep it until the write. */
struct model_writer {
    struct buffer metadata;
    struct model_section sections[MODEL_SECTIONS_MAX];
    uint32_t section_count;
    bool failed;
};
void model_writer_init(struct model_writer *writer, const char *kind, const char *name);
void model_writer_deinit(struct model_writer *writer);
void model_writer_set(struct model_writer *writer, const char *key, const char *format, ...)
    PRINTF_LIKE(3, 4);
void model_writer_add(struct model_writer *writer, const char *section, const void *data,
                      size_t size);
/* The file's bytes; BAD_MODEL when a name or value doesn't fit the format. */
int model_writer_bytes(const struct model_writer *writer, struct buffer *out,
                       struct err *err) CHECKED;
/* Atomic: a temporary file beside it, fsync, rename, fsync of the folder. */
int model_writer_save(const struct model_writer *writer, const char *path, struct err *err) CHECKED;

#endif
