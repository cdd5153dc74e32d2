/* Reads and checks model files: bounds first, checksum second, structure third. */
#include "model/model_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/ascii.h"
#include "base/hash.h"
#include "model/layout.h"

static uint32_t read_u32(const uint8_t *at)
{
    return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

static uint64_t read_u64(const uint8_t *at)
{
    return (uint64_t)read_u32(at) | (uint64_t)read_u32(at + 4) << 32;
}

static int bad(struct err *err, const char *what)
{
    return err_set(err, E_BAD_MODEL, "damaged model file: %s", what);
}

bool model_layout_name(struct str name)
{
    return name.size > 0 && name.size < MODEL_NAME_BYTES &&
           ascii_consists_of(name, ASCII_LOWERS ASCII_DIGITS "-_.");
}

struct str model_layout_get(struct str metadata, struct str key)
{
    while (metadata.size) {
        struct str line = str_cut(&metadata, '\n');
        struct str name = str_cut(&line, '=');
        if (str_equal(name, key)) return str_make(line.data ? line.data : "", line.size);
    }
    return (struct str){0};
}

static int check_metadata(struct model_file *file, struct err *err)
{
    struct str rest = file->metadata;
    if (!str_is_utf8(rest)) return bad(err, "metadata isn't UTF-8");
    if (rest.size == 0 || rest.data[rest.size - 1] != '\n')
        return bad(err, "metadata doesn't end a line");
    while (rest.size) {
        struct str line = str_cut(&rest, '\n');
        size_t equals = str_find(line, STR("="));
        struct str key = str_slice(line, 0, equals);
        if (equals == line.size || !model_layout_name(key))
            return bad(err, "a line of metadata has no key");
        if (model_layout_get(rest, key).data) return bad(err, "a key of the metadata comes twice");
    }
    file->kind = model_layout_get(file->metadata, STR("kind"));
    file->name = model_layout_get(file->metadata, STR("name"));
    if (!model_layout_name(file->kind)) return bad(err, "no kind");
    if (file->name.size == 0 || file->name.size > 63)
        return bad(err, "no name, or one beyond 63 bytes");
    return E_OK;
}

/* `behind` is where the section before ended; moved on. */
static int check_section(struct model_file *file, const uint8_t *entry, uint64_t *behind,
                         struct err *err)
{
    const char *name = (const char *)entry;
    size_t name_size = strnlen(name, MODEL_NAME_BYTES);
    uint64_t offset = read_u64(entry + MODEL_NAME_BYTES),
             size = read_u64(entry + MODEL_NAME_BYTES + 8);
    if (!model_layout_name(str_make(name, name_size))) return bad(err, "a section's name");
    for (size_t i = name_size; i < MODEL_NAME_BYTES; i++)
        if (name[i]) return bad(err, "a section's name");
    if (offset != model_layout_align(*behind)) return bad(err, "a section's place");
    if (offset > file->bytes.size || size > file->bytes.size - offset)
        return bad(err, "a section's size");
    for (uint64_t at = *behind; at < offset; at++)
        if (file->bytes.data[at]) return bad(err, "bytes between sections");
    for (uint32_t i = 0; i < file->section_count; i++)
        if (str_equal(file->sections[i].name, str_make(name, name_size)))
            return bad(err, "a section's name comes twice");
    file->sections[file->section_count++] = (struct model_section){
        str_make(name, name_size), file->bytes.data + offset, (size_t)size};
    *behind = offset + size;
    return E_OK;
}

static int check_header(struct str bytes, struct err *err)
{
    const uint8_t *head = (const uint8_t *)bytes.data;
    if (bytes.size < MODEL_HEADER_BYTES) return bad(err, "shorter than its header");
    if (memcmp(head, MODEL_MAGIC, 8) != 0) return err_set(err, E_BAD_MODEL, "not a model file");
    if (bytes.size > MODEL_FILE_BYTES_MAX) return bad(err, "too large");
    if (read_u64(head + 8) != hash_fast(str_slice(bytes, 16, bytes.size), 0))
        return bad(err, "checksum");
    if (read_u32(head + 16) != MODEL_FORMAT)
        return err_set(err, E_BAD_MODEL, "model file of format %u; this program reads %d",
                       read_u32(head + 16), MODEL_FORMAT);
    if (read_u64(head + 32) != bytes.size) return bad(err, "size");
    for (size_t i = 40; i < MODEL_HEADER_BYTES; i++)
        if (head[i]) return bad(err, "header");
    return read_u32(head + 28) ? bad(err, "header") : E_OK;
}

int model_file_parse(struct str bytes, struct model_file *ret_file, struct err *err)
{
    int rc = check_header(bytes, err);
    if (rc) return rc;
    const uint8_t *head = (const uint8_t *)bytes.data;
    uint32_t metadata_size = read_u32(head + 20), count = read_u32(head + 24);
    if (metadata_size > MODEL_METADATA_BYTES_MAX) return bad(err, "metadata's size");
    if (count > MODEL_SECTIONS_MAX) return bad(err, "number of sections");
    uint64_t table_end = MODEL_HEADER_BYTES + (uint64_t)count * MODEL_ENTRY_BYTES;
    uint64_t behind = table_end + metadata_size;
    if (behind > bytes.size) return bad(err, "shorter than its metadata");
    struct model_file file = {.bytes = bytes};
    file.metadata = str_slice(bytes, (size_t)table_end, (size_t)behind);
    rc = check_metadata(&file, err);
    for (uint32_t i = 0; i < count && !rc; i++)
        rc = check_section(&file, head + MODEL_HEADER_BYTES + (size_t)i * MODEL_ENTRY_BYTES,
                           &behind, err);
    if (!rc && behind != bytes.size) rc = bad(err, "bytes behind the last section");
    if (rc) return rc;
    *ret_file = file;
    return E_OK;
}

static int map_file(const char *path, struct str *ret_bytes, struct err *err)
{
    struct stat status;
    int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* not for a pipe's writer */
    if (descriptor < 0) return err_system(err, E_NO_INPUT, "%s", path);
    int rc = E_OK;
    void *data = NULL;
    if (fstat(descriptor, &status)) rc = err_system(err, E_NO_INPUT, "%s", path);
    else if (!S_ISREG(status.st_mode)) rc = err_set(err, E_BAD_MODEL, "%s: not a file", path);
    else if (status.st_size < MODEL_HEADER_BYTES || (size_t)status.st_size > MODEL_FILE_BYTES_MAX)
        rc = err_set(err, E_BAD_MODEL, "%s: not a model file by its size", path);
    else if ((data = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, descriptor, 0)) ==
             MAP_FAILED)
        rc = err_system(err, E_NO_INPUT, "%s", path);
    close(descriptor);
    if (!rc) *ret_bytes = str_make(data, (size_t)status.st_size);
    return rc;
}

int model_file_open(const char *path, const char *kind, struct model_file *ret_file,
                    struct err *err)
{
    struct str bytes;
    struct model_file file = {0};
    int rc = map_file(path, &bytes, err);
    if (rc) return rc;
    rc = model_file_parse(bytes, &file, err);
    if (rc) err_wrap(err, "%s", path);
    else if (kind && !str_equal(file.kind, str_of(kind)))
        rc = err_set(err, E_BAD_MODEL, "%s: a model of kind %.*s; %s was expected", path,
                     STR_ARGS(file.kind), kind);
    if (rc) {
        munmap((void *)(uintptr_t)bytes.data, bytes.size);
        return rc;
    }
    file.mapping = (void *)(uintptr_t)bytes.data;
    *ret_file = file;
    return E_OK;
}

void model_file_rest(const struct model_file *file)
{
    /* of a file, read-only: nothing is lost */
    if (file->mapping) (void)madvise(file->mapping, file->bytes.size, MADV_DONTNEED);
}

void model_file_close(struct model_file *file)
{
    if (!file) return;
    if (file->mapping) munmap(file->mapping, file->bytes.size);
    *file = (struct model_file){0};
}

struct str model_file_get(const struct model_file *file, const char *key)
{
    return model_layout_get(file->metadata, str_of(key));
}

int model_file_get_u64(const struct model_file *file, const char *key, uint64_t min, uint64_t max,
                       uint64_t *ret_value, struct err *err)
{
    uint64_t value;
    struct str text = model_file_get(file, key);
    if (!text.data || !str_to_u64(text, &value) || value < min || value > max)
        return err_set(err, E_BAD_MODEL, "model %.*s: %s is missing or out of range",
                       STR_ARGS(file->name), key);
    *ret_value = value;
    return E_OK;
}

static const struct model_section *find_section(const struct model_file *file, const char *name)
{
    for (uint32_t i = 0; i < file->section_count; i++)
        if (str_equal(file->sections[i].name, str_of(name))) return &file->sections[i];
    return NULL;
}

bool model_file_has(const struct model_file *file, const char *section)
{
    return find_section(file, section) != NULL;
}

int model_file_section(const struct model_file *file, const char *name, size_t item_bytes,
                       size_t count, const void **ret_data, struct err *err)
{
    const struct model_section *section = find_section(file, name);
    if (!section || section->size % item_bytes || section->size / item_bytes != count)
        return err_set(err, E_BAD_MODEL, "model %.*s: section %s is missing or of the wrong size",
                       STR_ARGS(file->name), name);
    *ret_data = section->data;
    return E_OK;
}
