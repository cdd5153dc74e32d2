/* Writes model files: whole in memory, then to a temporary file, then into place by rename. */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "base/folder.h"
#include "base/hash.h"
#include "model/layout.h"

void model_writer_init(struct model_writer *writer, const char *kind, const char *name)
{
    *writer = (struct model_writer){0};
    model_writer_set(writer, "kind", "%s", kind);
    model_writer_set(writer, "name", "%s", name);
}

void model_writer_deinit(struct model_writer *writer)
{
    if (!writer) return;
    buffer_deinit(&writer->metadata);
    *writer = (struct model_writer){0};
}

void model_writer_set(struct model_writer *writer, const char *key, const char *format, ...)
{
    char value[4096];
    va_list arguments;
    va_start(arguments, format);
    int size = vsnprintf(value, sizeof value, format, arguments);
    va_end(arguments);
    bool fits = size >= 0 && (size_t)size < sizeof value && !strchr(value, '\n');
    if (!fits || !model_layout_name(str_of(key)) ||
        model_layout_get(buffer_str(&writer->metadata), str_of(key)).data) {
        writer->failed = true;
        return;
    }
    buffer_printf(&writer->metadata, "%s=%s\n", key, value);
}

void model_writer_add(struct model_writer *writer, const char *section, const void *data,
                      size_t size)
{
    if (writer->section_count == MODEL_SECTIONS_MAX || !model_layout_name(str_of(section))) {
        writer->failed = true;
        return;
    }
    writer->sections[writer->section_count++] = (struct model_section){str_of(section), data, size};
}

static void put_u32(uint8_t *at, uint32_t value)
{
    for (int i = 0; i < 4; i++) at[i] = (uint8_t)(value >> (8 * i));
}

static void put_u64(uint8_t *at, uint64_t value)
{
    put_u32(at, (uint32_t)value);
    put_u32(at + 4, (uint32_t)(value >> 32));
}

static uint64_t file_size(const struct model_writer *writer)
{
    uint64_t size = MODEL_HEADER_BYTES + (uint64_t)writer->section_count * MODEL_ENTRY_BYTES;
    size += writer->metadata.size;
    for (uint32_t i = 0; i < writer->section_count; i++)
        size = model_layout_align(size) + writer->sections[i].size;
    return size;
}

/* `bytes` has room for file_size() zeros. */
static void fill(const struct model_writer *writer, uint8_t *bytes, uint64_t size)
{
    uint64_t behind = MODEL_HEADER_BYTES + (uint64_t)writer->section_count * MODEL_ENTRY_BYTES;
    memcpy(bytes + behind, writer->metadata.data, writer->metadata.size);
    behind += writer->metadata.size;
    for (uint32_t i = 0; i < writer->section_count; i++) {
        const struct model_section *section = &writer->sections[i];
        uint8_t *entry = bytes + MODEL_HEADER_BYTES + (size_t)i * MODEL_ENTRY_BYTES;
        behind = model_layout_align(behind);
        memcpy(entry, section->name.data, section->name.size);
        put_u64(entry + MODEL_NAME_BYTES, behind);
        put_u64(entry + MODEL_NAME_BYTES + 8, section->size);
        if (section->size) memcpy(bytes + behind, section->data, section->size);
        behind += section->size;
    }
    memcpy(bytes, MODEL_MAGIC, 8);
    put_u32(bytes + 16, MODEL_FORMAT);
    put_u32(bytes + 20, (uint32_t)writer->metadata.size);
    put_u32(bytes + 24, writer->section_count);
    put_u64(bytes + 32, size);
    put_u64(bytes + 8, hash_fast(str_make(bytes + 16, (size_t)size - 16), 0));
}

int model_writer_bytes(const struct model_writer *writer, struct buffer *out, struct err *err)
{
    if (writer->metadata.failed) return err_set(err, E_NO_MEMORY, NULL);
    uint64_t size = file_size(writer);
    if (writer->failed || writer->metadata.size > MODEL_METADATA_BYTES_MAX ||
        size > MODEL_FILE_BYTES_MAX)
        return err_set(err, E_BAD_MODEL, "a name, value or size that a model file can't hold");
    char *room = buffer_reserve(out, (size_t)size);
    if (!room) return err_set(err, E_NO_MEMORY, NULL);
    memset(room, 0, (size_t)size);
    fill(writer, (uint8_t *)room, size);
    struct model_file check;
    /* e.g. a section named twice */
    int rc = model_file_parse(str_make(room, (size_t)size), &check, err);
    if (rc) return rc;
    out->size += (size_t)size;
    return E_OK;
}

static int write_all(int descriptor, struct str bytes, const char *path, struct err *err)
{
    while (bytes.size) {
        ssize_t written = write(descriptor, bytes.data, bytes.size);
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return err_system(err, E_NO_OUTPUT, "%s", path);
        bytes = str_slice(bytes, (size_t)written, bytes.size);
    }
    return fsync(descriptor) ? err_system(err, E_NO_OUTPUT, "%s", path) : E_OK;
}

static int save(struct str bytes, const char *path, struct err *err)
{
    char temporary[4096];
    int size = snprintf(temporary, sizeof temporary, "%s.%ld.tmp", path, (long)getpid());
    if (size < 0 || (size_t)size >= sizeof temporary)
        return err_set(err, E_NO_OUTPUT, "path too long");
    int descriptor = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (descriptor < 0) return err_system(err, E_NO_OUTPUT, "%s", temporary);
    int rc = write_all(descriptor, bytes, temporary, err);
    if (close(descriptor) && !rc) rc = err_system(err, E_NO_OUTPUT, "%s", temporary);
    if (!rc && rename(temporary, path)) rc = err_system(err, E_NO_OUTPUT, "%s", path);
    if (rc) {
        unlink(temporary);
        return rc;
    }
    return folder_sync_of(path, err);
}

int model_writer_save(const struct model_writer *writer, const char *path, struct err *err)
{
    struct buffer bytes = {0};
    int rc = model_writer_bytes(writer, &bytes, err);
    if (!rc) rc = save(buffer_str(&bytes), path, err);
    buffer_deinit(&bytes);
    return rc;
}
