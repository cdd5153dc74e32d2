/* verbatim-redact-candidates: what redact_weigh() asks of each name, for ops/models/redact/weigh.
 * On stdin lines "LANGUAGE<TAB>TEXT", in which "\n" is a line break. On stdout, parted by tabs and
 * starting with the text's number: "=" and the text as it is in this pass, if it has names; for a
 * name "L", "R" or "T" (left, refused, taken by the rules), start and end in bytes, and its
 * features' places. */
#include <stdio.h>

#include "text/clean.h"
#include "text/redact/weigh.h"

struct told {
    unsigned long row;
    bool text; /* was told, as it is in this pass: */
    const char *text_is;
};

static void on_candidate(void *context, struct str text, const struct redact_weighing *weighing,
                         enum redact_fate fate)
{
    struct told *told = context;
    if (!told->text || told->text_is != text.data) {
        printf("%lu\t=\t", told->row);
        for (size_t i = 0; i < text.size; i++)
            if (text.data[i] == '\n') printf("\\n");
            else putchar(text.data[i]);
        putchar('\n');
        told->text = true, told->text_is = text.data;
    }
    printf("%lu\t%c\t%u\t%u\t", told->row, "LRT"[fate], weighing->start, weighing->end);
    for (uint32_t i = 0; i < weighing->count; i++)
        printf("%s%u", i ? " " : "", weighing->places[i]);
    putchar('\n');
}

static int tell(char *line, size_t size, struct told *told, struct arena *arena, struct err *err)
{
    const struct redact_watcher watcher = {.on_candidate = on_candidate, .context = told};
    struct redacted redacted;
    char *text = memchr(line, '\t', size), *end = line + size, *to;
    if (!text) return err_set(err, E_USAGE, "row %lu has no tab", told->row);
    *text++ = '\0', to = text;
    for (char *from = text; from < end; from++) {
        bool line_break = from[0] == '\\' && from + 1 < end && from[1] == 'n';
        *to++ = line_break ? '\n' : from[0];
        from += line_break;
    }
    struct str clean;
    int rc = text_clean(str_make(text, (size_t)(to - text)), arena, &clean, err);
    return rc ? rc : redact_watched(clean, line, &watcher, arena, &redacted, err);
}

int main(void)
{
    struct err err;
    struct arena arena;
    struct told told = {.row = 0};
    char *line = NULL;
    size_t room = 0;
    ssize_t size;
    int rc = 0;
    arena_init(&arena, 0);
    for (; !rc && (size = getline(&line, &room, stdin)) > 0; told.row++, told.text = false) {
        if (line[size - 1] == '\n') size--;
        arena_reset(&arena);
        rc = tell(line, (size_t)size, &told, &arena, &err);
    }
    free(line);
    arena_deinit(&arena);
    if (rc) fprintf(stderr, "verbatim-redact-candidates: %s\n", err.text);
    return rc ? err_exit_status(err.code) : 0;
}
