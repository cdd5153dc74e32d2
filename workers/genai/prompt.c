/* Reads the files once; fills their braces again and again. */
#include "workers/genai/prompt.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/hash.h"
#include "config/shipped.h"
#include "llm/llm.h"

enum { FILE_BYTES_MAX = 256 * 1024, PATH_BYTES = 4096, HASH_SHOWN_BYTES = 4 };

/* The words in braces of a request, by number. */
enum { MARK, COUNT, IDS, FEEDBACK, REASON, REQUEST_WORDS };
static const char *const request_words[REQUEST_WORDS] = {"mark", "count", "ids", "feedback",
                                                         "reason"};
enum { TOPICS_WORD, EXAMPLES, CANARY, SYSTEM_WORDS };
static const char *const system_words[SYSTEM_WORDS] = {"topics", "examples", "canary"};

/* --- braces ----------------------------------------------------------------------------------- */

static int number_of(const char *const *words, int count, struct str name)
{
    for (int i = 0; i < count; i++)
        if (str_equal(str_of(words[i]), name)) return i;
    return -1;
}

/* A brace that opens no known word stays as it is: prompts show JSON. */
static int cut_up(struct str text, const char *const *words, int count, struct arena *arena,
                  struct prompt_form *ret_form, struct err *err)
{
    size_t braces = 0, done = 0;
    for (size_t i = 0; i < text.size; i++) braces += text.data[i] == '{';
    struct prompt_form form = {.parts = ARENA_ARRAY(arena, struct prompt_part, 2 * braces + 1)};
    if (!form.parts) return err_set(err, E_NO_MEMORY, NULL);
    for (size_t open = 0; open < text.size; open++) {
        size_t close = open + str_find(str_slice(text, open, text.size), STR("}"));
        if (text.data[open] != '{' || close == text.size) continue;
        int word = number_of(words, count, str_slice(text, open + 1, close));
        if (word < 0) continue;
        form.parts[form.count++] = (struct prompt_part){-1, str_slice(text, done, open)};
        form.parts[form.count++] = (struct prompt_part){.word = word};
        done = close + 1;
    }
    form.parts[form.count++] = (struct prompt_part){-1, str_slice(text, done, text.size)};
    *ret_form = form;
    return E_OK;
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
    int rc = buffer_read_text(&content, path, FILE_BYTES_MAX, err);
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
    struct prompt_form form = {0};
    int rc = cut_up(buffer_str(&files->system), system_words, SYSTEM_WORDS, &prompt->arena, &form,
                    err);
    const struct str values[SYSTEM_WORDS] = {
        buffer_str(&topics), buffer_str(&files->examples), str_of(prompt->canary)};
    for (uint32_t i = 0; i < form.count; i++)
        buffer_add(&prompt->system,
                   form.parts[i].word < 0 ? form.parts[i].text : values[form.parts[i].word]);
    bool failed = topics.failed || prompt->system.failed;
    buffer_deinit(&topics);
    return rc ? rc : failed ? err_set(err, E_NO_MEMORY, NULL) : E_OK;
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
    rc = cut_up(buffer_str(&prompt->request), request_words, REQUEST_WORDS, &prompt->arena,
                &prompt->request_form, err);
    if (!rc)
        rc = cut_up(buffer_str(&prompt->repair), request_words, REQUEST_WORDS, &prompt->arena,
                    &prompt->repair_form, err);
    if (rc) return rc;
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
    prompt->form = llm_new_form();
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
    return shipped_named("genai.prompt",
                         open_prompt(&kind, folder, version, random, ret_prompt, err), err);
}

int prompt_open_digest(const char *folder, const char *version, struct random *random,
                       struct prompt **ret_prompt, struct err *err)
{
    const struct prompt kind = {.piece = "counts", .rules.shape = &digest_story_shape};
    return shipped_named("genai.digest_prompt",
                         open_prompt(&kind, folder, version, random, ret_prompt, err), err);
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
    arena_deinit(&prompt->arena);
    free(prompt);
}

/* --- requests --------------------------------------------------------------------------------- */

void prompt_make_mark(struct random *random, char out[static PROMPT_MARK_BYTES])
{
    const uint64_t bits = random_u64(random);
    hash_hex((const uint8_t *)&bits, sizeof bits, out);
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

static void add_rating(struct buffer *out, float rating)
{
    bool stars = rating > 0 && rating < 10 && rating == (float)(int)rating;
    buffer_add(out, STR(" rating="));
    if (stars) buffer_add_char(out, (char)('0' + (int)rating)); /* printf is slow */
    else buffer_printf(out, "%g", (double)rating);
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
    if (item->has_rating) add_rating(out, item->rating);
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

static void add_word(struct buffer *out, int word, const struct prompt *prompt,
                     const struct prompt_item *items, uint32_t count, struct str mark,
                     struct str reason)
{
    switch (word) {
    case MARK: buffer_add(out, mark); return;
    case COUNT: buffer_printf(out, "%u", count); return;
    case REASON: buffer_add(out, reason); return;
    case IDS:
        for (uint32_t i = 0; i < count; i++) {
            buffer_add(out, i ? STR(", ") : STR(""));
            buffer_add(out, items[i].id);
        }
        return;
    default:
        for (uint32_t i = 0; i < count; i++) add_item(out, &items[i], prompt->piece, mark);
        return;
    }
}

void prompt_write(const struct prompt *prompt, const struct prompt_item *items, uint32_t count,
                  struct str mark, struct str reason, struct buffer *out)
{
    const struct prompt_form *forms[] = {&prompt->repair_form, &prompt->request_form};
    for (int i = reason.size ? 0 : 1; i < 2; i++)
        for (uint32_t part = 0; part < forms[i]->count; part++) {
            const struct prompt_part *at = &forms[i]->parts[part];
            if (at->word < 0) buffer_add(out, at->text);
            else add_word(out, at->word, prompt, items, count, mark, reason);
        }
}
