/* Reads the files once; fills their braces again and again. */
#include "workers/genai/prompt.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/hash.h"

enum { FILE_BYTES_MAX = 256 * 1024, PATH_BYTES = 4096, HASH_SHOWN_BYTES = 4 };

struct filling {
    const char *name;
    struct str value;
};

/* --- braces ----------------------------------------------------------------------------------- */

static const struct filling *filling_of(const struct filling *fillings, size_t count,
                                        struct str name)
{
    for (size_t i = 0; i < count; i++)
        if (str_equal(str_of(fillings[i].name), name)) return &fillings[i];
    return NULL;
}

/* A brace that opens no known name stays as it is: prompts show JSON. */
static void fill(struct str form, const struct filling *fillings, size_t count, struct buffer *out)
{
    while (form.size) {
        size_t open = str_find(form, STR("{"));
        buffer_add(out, str_slice(form, 0, open));
        form = str_slice(form, open, form.size);
        if (!form.size) return;
        size_t close = str_find(form, STR("}"));
        const struct filling *filling = close < form.size
                                            ? filling_of(fillings, count, str_slice(form, 1, close))
                                            : NULL;
        buffer_add(out, filling ? filling->value : str_slice(form, 0, 1));
        form = str_slice(form, filling ? close + 1 : 1, form.size);
    }
}

/* --- files ------------------------------------------------------------------------------------ */

struct files {
    struct buffer system, request, repair, suspicious, examples;
    struct buffer all; /* what the version's hash is of */
};

static int read_into(const char *folder, const char *version, const char *name, struct buffer *out,
                     struct buffer *all, struct err *err)
{
    char path[PATH_BYTES];
    struct buffer content = {0};
    snprintf(path, sizeof path, "%s/prompts/%s%s%s", folder, version, *version ? "/" : "", name);
    int rc = buffer_read_file(&content, path, FILE_BYTES_MAX, err);
    if (rc == E_OK && !str_is_utf8(buffer_str(&content)))
        rc = err_set(err, E_BAD_CONFIG, "%s isn't UTF-8", path);
    if (rc == E_OK) {
        buffer_add(out, buffer_str(&content));
        if (all)
            buffer_printf(all, "%s %zu\n", name, content.size),
                buffer_add(all, buffer_str(&content));
        if (out->failed || (all && all->failed)) rc = err_set(err, E_NO_MEMORY, NULL);
    }
    buffer_deinit(&content);
    return rc;
}

static int read_files(const char *folder, const char *version, struct files *files, struct err *err)
{
    int rc = read_into(folder, version, "system.txt", &files->system, &files->all, err);
    if (!rc) rc = read_into(folder, version, "request.txt", &files->request, &files->all, err);
    if (!rc) rc = read_into(folder, version, "repair.txt", &files->repair, &files->all, err);
    if (!rc) rc = read_into(folder, version, "example-en.txt", &files->examples, &files->all, err);
    if (!rc) rc = read_into(folder, version, "example-es.txt", &files->examples, &files->all, err);
    if (!rc) rc = read_into(folder, version, "example-fr.txt", &files->examples, &files->all, err);
    if (!rc) rc = read_into(folder, "", "suspicious.txt", &files->suspicious, NULL, err);
    return rc;
}

static void free_files(struct files *files)
{
    buffer_deinit(&files->system);
    buffer_deinit(&files->request);
    buffer_deinit(&files->repair);
    buffer_deinit(&files->suspicious);
    buffer_deinit(&files->examples);
    buffer_deinit(&files->all);
}

/* --- opening ---------------------------------------------------------------------------------- */

static void name_version(struct prompt *prompt, const char *version, struct str all)
{
    uint8_t hash[SHA256_BYTES];
    char shown[2 * HASH_SHOWN_BYTES + 1];
    hash_sha256(all, hash);
    hash_hex(hash, HASH_SHOWN_BYTES, shown);
    snprintf(prompt->version, sizeof prompt->version, "%.50s.%s", version, shown);
}

static int make_system(struct prompt *prompt, const struct files *files, struct err *err)
{
    struct buffer topics = {0};
    for (uint32_t i = 0; i < prompt->topics.count; i++)
        buffer_printf(&topics, "%s%.*s", i ? ", " : "", STR_ARGS(prompt->topics.names[i]));
    const struct filling fillings[] = {
        {"topics", buffer_str(&topics)}, {"examples", buffer_str(&files->examples)},
        {"canary", str_of(prompt->canary)}};
    fill(buffer_str(&files->system), fillings, sizeof fillings / sizeof *fillings, &prompt->system);
    bool failed = topics.failed || prompt->system.failed;
    buffer_deinit(&topics);
    return failed ? err_set(err, E_NO_MEMORY, NULL) : E_OK;
}

static int make(struct prompt *prompt, const char *folder, const char *version, struct files *files,
                struct err *err)
{
    char path[PATH_BYTES];
    int rc = read_files(folder, version, files, err);
    if (rc) return rc;
    snprintf(path, sizeof path, "%s/prompts/suspicious.txt", folder);
    rc = suspects_read(&prompt->suspects, path, buffer_str(&files->suspicious), err);
    if (!rc) rc = topics_open(&prompt->topics, folder, "topics", err);
    if (!rc) rc = make_system(prompt, files, err);
    if (rc) return rc;
    buffer_add(&prompt->request, buffer_str(&files->request));
    buffer_add(&prompt->repair, buffer_str(&files->repair));
    answer_note_prompt(buffer_str(&prompt->system), prompt->grams);
    prompt->rules = (struct answer_rules){
        .shape = prompt->rules.shape, .topics = prompt->topics.names,
        .topic_count = prompt->topics.count, .prompt = buffer_str(&prompt->system),
        .prompt_grams = prompt->grams, .canary = str_of(prompt->canary)};
    answer_write_schema(&prompt->rules, &prompt->schema);
    /* another taxonomy or schema is another question */
    buffer_add(&files->all, buffer_str(&prompt->schema));
    bool failed = prompt->request.failed || prompt->repair.failed || prompt->schema.failed ||
                  files->all.failed;
    name_version(prompt, version, buffer_str(&files->all));
    return failed ? err_set(err, E_NO_MEMORY, NULL) : E_OK;
}

static int open_prompt(const struct prompt *kind, const char *folder, const char *version,
                       struct random *random, struct prompt **ret_prompt, struct err *err)
{
    struct prompt *prompt = calloc(1, sizeof *prompt);
    struct files files = {0};
    if (!prompt) return err_set(err, E_NO_MEMORY, NULL);
    *prompt = *kind;
    topics_init(&prompt->topics);
    prompt_make_mark(random, prompt->canary);
    int rc = make(prompt, folder, version, &files, err);
    free_files(&files);
    if (rc) prompt_close(prompt);
    else *ret_prompt = prompt;
    return rc;
}

int prompt_open(const char *folder, const char *version, struct random *random,
                struct prompt **ret_prompt, struct err *err)
{
    const struct prompt kind = {.piece = "feedback", .rules.shape = &insight_shape};
    return open_prompt(&kind, folder, version, random, ret_prompt, err);
}

int prompt_open_digest(const char *folder, const char *version, struct random *random,
                       struct prompt **ret_prompt, struct err *err)
{
    const struct prompt kind = {.piece = "counts", .rules.shape = &digest_story_shape};
    return open_prompt(&kind, folder, version, random, ret_prompt, err);
}

void prompt_close(struct prompt *prompt)
{
    if (!prompt) return;
    buffer_deinit(&prompt->system);
    buffer_deinit(&prompt->request);
    buffer_deinit(&prompt->repair);
    buffer_deinit(&prompt->schema);
    topics_deinit(&prompt->topics);
    suspects_deinit(&prompt->suspects);
    free(prompt);
}

/* --- requests --------------------------------------------------------------------------------- */

void prompt_make_mark(struct random *random, char out[static PROMPT_MARK_BYTES])
{
    snprintf(out, PROMPT_MARK_BYTES, "%016llx", (unsigned long long)random_u64(random));
}

void prompt_make_id(struct random *random, char out[static ANSWER_ID_BYTES])
{
    static const char letters[] = "abcdefghijkmnpqrstuvwxyz23456789"; /* none that look alike */
    uint64_t bits = random_u64(random);
    for (int i = 0; i < ANSWER_ID_BYTES - 2; i++, bits >>= 5) out[i] = letters[bits & 31];
    out[ANSWER_ID_BYTES - 2] = '\0';
}

static void add_stripped(struct buffer *out, struct str text, struct str mark)
{
    while (text.size) {
        size_t at = str_find(text, mark);
        buffer_add(out, str_slice(text, 0, at));
        text = str_slice(text, at + mark.size, text.size);
    }
}

static void add_item(struct buffer *out, const struct prompt_item *item, const char *piece,
                     struct str mark)
{
    buffer_add(out, mark);
    buffer_add_char(out, ' ');
    buffer_add(out, str_of(piece));
    buffer_add(out, STR(" id="));
    buffer_add(out, item->id);
    buffer_add(out, STR(" language="));
    buffer_add(out, item->language);
    if (item->has_rating) buffer_printf(out, " rating=%g", (double)item->rating);
    buffer_add(out, STR(" answer-in="));
    buffer_add(out, item->answer_in);
    buffer_add_char(out, '\n');
    add_stripped(out, item->text, mark);
    buffer_add_char(out, '\n');
    buffer_add(out, mark);
    buffer_add(out, STR(" end id="));
    buffer_add(out, item->id);
    buffer_add_char(out, '\n');
}

void prompt_write(const struct prompt *prompt, const struct prompt_item *items, uint32_t count,
                  struct str mark, struct str reason, struct buffer *out)
{
    struct buffer ids = {0}, feedback = {0};
    char number[16];
    snprintf(number, sizeof number, "%u", count);
    for (uint32_t i = 0; i < count; i++) {
        buffer_add(&ids, i ? STR(", ") : STR(""));
        buffer_add(&ids, items[i].id);
        add_item(&feedback, &items[i], prompt->piece, mark);
    }
    const struct filling fillings[] = {{"mark", mark},
                                       {"count", str_of(number)},
                                       {"ids", buffer_str(&ids)},
                                       {"feedback", buffer_str(&feedback)},
                                       {"reason", reason}};
    if (reason.size)
        fill(buffer_str(&prompt->repair), fillings, sizeof fillings / sizeof *fillings, out);
    fill(buffer_str(&prompt->request), fillings, sizeof fillings / sizeof *fillings, out);
    out->failed |= ids.failed || feedback.failed;
    buffer_deinit(&ids);
    buffer_deinit(&feedback);
}
