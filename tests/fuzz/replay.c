/* Runs a fuzz target without a fuzzer: each corpus file once, then mutations of it that are the
 * same in every run. So the corpus is a regression test in every build, and under every sanitizer.
 *
 *   fuzz_NAME CORPUS-FOLDER      the files of the folder, and MUTATIONS inputs made from them
 *   fuzz_NAME FILE...            only these files, e.g. a reproducer
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/buffer.h"
#include "base/random.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { FILES_MAX = 4096, MUTATIONS = 4000, INPUT_MAX_BYTES = 1 << 20, STEPS_MAX = 4 };

static struct buffer files[FILES_MAX];
static size_t file_count;

/* From a block of exactly its size, so that the sanitizer sees the first byte read too far. */
static void run_once(const char *data, size_t size)
{
    uint8_t *exact = malloc(size ? size : 1);
    if (!exact) abort();
    if (size) memcpy(exact, data, size);
    LLVMFuzzerTestOneInput(exact, size);
    free(exact);
}

static bool add_file(const char *path)
{
    struct err err;
    if (file_count == FILES_MAX) return true;
    if (buffer_read_file(&files[file_count], path, INPUT_MAX_BYTES, &err)) {
        fprintf(stderr, "%s\n", err.text);
        return false;
    }
    file_count++;
    return true;
}

/* In the order of their names: a folder's own order differs between machines. */
static bool add_folder(const char *folder)
{
    struct dirent **entries;
    bool good = true;
    int count = scandir(folder, &entries, NULL, alphasort);
    if (count < 0) perror(folder);
    for (int i = 0; i < count; i++) {
        char path[4096];
        int size = snprintf(path, sizeof path, "%s/%s", folder, entries[i]->d_name);
        if (entries[i]->d_name[0] != '.' && size > 0 && (size_t)size < sizeof path)
            good = add_file(path) && good;
        free(entries[i]);
    }
    if (count >= 0) free(entries);
    return good && count >= 0;
}

/* A range that lies within size bytes, up to 64 long, often empty when there is nothing. */
static void pick_range(struct random *random, size_t size, size_t *start, size_t *length)
{
    *start = size ? (size_t)random_below(random, size) : 0;
    size_t most = size - *start < 64 ? size - *start : 64;
    *length = most ? (size_t)random_below(random, most) + 1 : 0;
}

static void replace(struct buffer *input, size_t start, size_t length, struct str with)
{
    struct buffer made = {0};
    buffer_append(&made, input->data, start);
    buffer_add(&made, with);
    buffer_append(&made, input->data + start + length, input->size - start - length);
    buffer_deinit(input);
    *input = made;
}

static void mutate(struct buffer *input, struct random *random)
{
    static const unsigned char edges[] = {0x00, 0x01, 0x7F, 0x80, 0xC0, 0xC1,
                                          0xDC, 0xDD, 0xDF, 0xFF, '"', '\n'};
    size_t start, length, from, taken;
    const struct buffer *other = &files[random_below(random, file_count)];
    pick_range(random, input->size, &start, &length);
    pick_range(random, other->size, &from, &taken);
    struct str part = str_slice(buffer_str(other), from, from + taken);
    switch (input->size ? random_below(random, 6) : 5) {
    case 0: input->data[start] = (char)(input->data[start] ^ (1 << random_below(random, 8))); break;
    case 1: input->data[start] = (char)edges[random_below(random, sizeof edges)]; break;
    case 2: input->size = start; break;
    case 3: replace(input, start, length, (struct str){0}); break;
    case 4: replace(input, start, length, part); break;
    default: replace(input, start, 0, part); break;
    }
}

static void run_mutations(void)
{
    struct random random;
    random_seed(&random, 1);
    for (size_t i = 0; i < MUTATIONS; i++) {
        struct buffer input = {0};
        buffer_add(&input, buffer_str(&files[i % file_count]));
        buffer_reserve(&input, 1);
        for (uint64_t step = random_below(&random, STEPS_MAX) + 1; step > 0; step--)
            mutate(&input, &random);
        run_once(input.data, input.size);
        buffer_deinit(&input);
    }
}

int main(int argc, char **argv)
{
    bool mutations = false, good = argc > 1;
    struct stat status;
    for (int i = 1; i < argc; i++) {
        bool folder = stat(argv[i], &status) == 0 && S_ISDIR(status.st_mode);
        good = (folder ? add_folder(argv[i]) : add_file(argv[i])) && good;
        mutations = mutations || folder;
    }
    if (!good || file_count == 0) {
        fprintf(stderr, "usage: %s CORPUS-FOLDER | FILE...   (a folder must hold a file)\n",
                argv[0]);
        return 64;
    }
    run_once("", 0);
    for (size_t i = 0; i < file_count; i++) run_once(files[i].data, files[i].size);
    if (mutations) run_mutations();
    printf("%zu files, %d mutations\n", file_count, mutations ? MUTATIONS : 0);
    for (size_t i = 0; i < file_count; i++) buffer_deinit(&files[i]);
    return 0;
}
