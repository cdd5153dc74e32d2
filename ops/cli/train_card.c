/* What a trained model is and how good: its bytes, and a card beside them that says
 * where they come from. */
#include "ops/cli/train_card.h"

#include <stdio.h>

#include "base/hash.h"
#include "base/terminal.h"

static double share(uint64_t part, uint64_t of) { return of ? (double)part / (double)of : 0; }

static void write_classes(const struct train_card *card, struct buffer *out)
{
    double total = 0;
    uint32_t present = 0;
    buffer_printf(out,
                  "| class | rows | said | precision | recall | F1 |\n|---|---|---|---|---|---|\n");
    for (uint32_t c = 0; c < card->class_count; c++) {
        uint64_t right = card->report->counts[c].right, said = card->report->counts[c].said,
                 truth = card->report->counts[c].truth;
        double f1 = share(2 * right, said + truth);
        total += f1;
        present += truth > 0;
        buffer_printf(out, "| %s | %llu | %llu | %.3f | %.3f | %.3f |\n", card->classes[c],
                      (unsigned long long)truth, (unsigned long long)said, share(right, said),
                      share(right, truth), f1);
    }
    buffer_printf(out, "\nMacro-F1 %.3f\n", present ? total / present : 0);
    for (uint32_t c = 0; c < card->class_count; c++)
        if (!card->report->counts[c].truth)
            buffer_printf(out, "\nNo row is %s: the model hardly ever says it.\n",
                          card->classes[c]);
}

static void write_confusion(const struct train_card *card, struct buffer *out)
{
    uint32_t count = card->class_count;
    if (!card->one_class) return; /* a row may have several classes: the table above says all */
    buffer_printf(out, "\n## Confusion\nTruth in rows, what was said in columns.\n\n| |");
    for (uint32_t c = 0; c < count; c++) buffer_printf(out, " %s |", card->classes[c]);
    buffer_printf(out, "\n|---|");
    for (uint32_t c = 0; c < count; c++) buffer_printf(out, "---|");
    for (uint32_t truth = 0; truth < count; truth++) {
        buffer_printf(out, "\n| %s |", card->classes[truth]);
        for (uint32_t said = 0; said < count; said++)
            buffer_printf(out, " %llu |", (unsigned long long)card->report->confusion[truth][said]);
    }
    buffer_add_char(out, '\n');
}

/* Those that ship are off by less than 0.05. */
#define CALIBRATION_WORST 0.1

static void write_calibration(const struct train_card *card, struct buffer *out)
{
    buffer_printf(out,
                  "\n## Calibration\nExpected calibration error %.3f\n\n| probability stated | "
                  "rows | mean stated | right |\n|---|---|---|---|\n",
                  card->report->calibration_error);
    for (int bin = 0; bin < TRAIN_BINS; bin++) {
        uint64_t rows = card->report->bins[bin].rows;
        if (rows)
            buffer_printf(out, "| %.2f to %.2f | %llu | %.3f | %.3f |\n", bin / (double)TRAIN_BINS,
                          (bin + 1) / (double)TRAIN_BINS, (unsigned long long)rows,
                          card->report->bins[bin].sure / (double)rows,
                          share(card->report->bins[bin].right, rows));
    }
    if (card->report->calibration_error > CALIBRATION_WORST)
        buffer_printf(out, "\nIts probabilities are off by %.2f: scores say little, and what is "
                           "decided by them (unassessed, thresholds) less. Label more rows.\n",
                      card->report->calibration_error);
}

static void write_card(const struct train_card *card, struct buffer *out)
{
    const struct train_wish *wish = card->wish;
    uint8_t hash[SHA256_BYTES];
    char data[SHA256_TEXT_BYTES], bytes[SHA256_TEXT_BYTES];
    const char *slash = strrchr(wish->data.path, '/');
    hash_sha256(card->data, hash);
    hash_hex(hash, sizeof hash, data);
    hash_sha256(card->model, hash);
    hash_hex(hash, sizeof hash, bytes);
    buffer_printf(out, "# %s\n\n%s for %s, made by `verbatim train %s`.\n\n| | |\n|---|---|\n",
                  wish->name, card->kind, wish->task, wish->task);
    buffer_printf(out,
                  "| data | %s, %llu rows, SHA-256 %s |\n| licence of the data | %s |\n| seed | "
                  "%llu |\n| model | %zu bytes, SHA-256 %s |\n",
                  slash ? slash + 1 : wish->data.path, (unsigned long long)card->rows, data,
                  wish->licence, (unsigned long long)wish->seed, card->model.size, bytes);
    buffer_printf(out,
                  "\n## Cross-validation\n%llu rows in %llu folds by their text's hash; each "
                  "judged by a model that never saw it.\n",
                  (unsigned long long)card->report->held_out, (unsigned long long)wish->folds);
    if (card->one_class && card->rows > card->report->held_out)
        buffer_printf(out, "The other %llu teach nothing, as what is labelled mixed.\n",
                      (unsigned long long)(card->rows - card->report->held_out));
    buffer_add_char(out, '\n');
    write_classes(card, out);
    write_confusion(card, out);
    write_calibration(card, out);
    if (card->notes) buffer_printf(out, "\n%s\n", card->notes);
}

int train_card_write(const struct train_card *card, struct err *err)
{
    struct buffer text = {0};
    char path[4096];
    write_card(card, &text);
    snprintf(path, sizeof path, "%s.md", card->wish->out);
    int rc = text.failed ? err_set(err, E_NO_MEMORY, NULL)
                         : buffer_write_file(card->model, card->wish->out, err);
    if (!rc) rc = buffer_write_file(buffer_str(&text), path, err);
    buffer_printf(&text,
                  "\nwritten: %s, %s\n"
                  "next: what the model in force says of these rows: verbatim evaluate --task %s "
                  "--data %s\n",
                  card->wish->out, path, card->wish->task, card->wish->data.path);
    if (!rc) rc = terminal_print(&text, err);
    buffer_deinit(&text);
    return rc;
}
