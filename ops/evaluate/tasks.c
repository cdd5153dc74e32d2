/* The list of tasks, and what they share: labels and figures. */
#include "ops/evaluate/evaluate.h"

#include <stdio.h>

#include "base/nearest.h"

const struct evaluation_task *const evaluation_tasks[] = {
    &evaluate_sentiment, &evaluate_needs, &evaluate_topics, &evaluate_aspects, &evaluate_safety,
    &evaluate_language, &evaluate_redact, NULL,
};

const struct evaluation_task *evaluation_task_find(struct str name)
{
    for (int i = 0; evaluation_tasks[i]; i++)
        if (str_equal(name, str_of(evaluation_tasks[i]->name))) return evaluation_tasks[i];
    return NULL;
}

static int unknown_label(const struct label *labels, struct str label, struct err *err)
{
    char known[300] = "";
    size_t size = 0;
    for (; labels->spelling; labels++) {
        if (!labels->spelling[0]) continue;
        int more = snprintf(known + size, sizeof known - size, "%s%s", size ? ", " : "",
                            labels->spelling);
        if (more < 0 || size + (size_t)more >= sizeof known) break;
        size += (size_t)more;
    }
    return err_set(err, E_BAD_MESSAGE, "label \"%.*s\" isn't known here; known are %s",
                   STR_ARGS(str_slice(label, 0, 60)), known);
}

int label_find(const struct label *labels, struct str label, uint32_t *ret_value, struct err *err)
{
    label = str_trim(label);
    struct nearest nearest = nearest_to(label);
    for (const struct label *known = labels; known->spelling; known++) {
        if (str_equal_ignoring_case(label, str_of(known->spelling)))
            return *ret_value = known->value, E_OK;
        nearest_offer(&nearest, str_of(known->spelling));
    }
    if (!label.size) return err_set(err, E_BAD_MESSAGE, "the label is empty");
    if (!nearest.found.data) return unknown_label(labels, label, err);
    return err_set(err, E_BAD_MESSAGE, "label \"%.*s\" isn't known here; did you mean \"%.*s\"?",
                   STR_ARGS(str_slice(label, 0, 60)), STR_ARGS(nearest.found));
}

int label_find_all(const struct label *labels, struct str label, uint32_t *ret_values,
                   struct err *err)
{
    uint32_t values = 0, value = 0;
    int rc = E_OK;
    do {
        rc = label_find(labels, str_cut(&label, '+'), &value, err);
        values |= value;
    } while (!rc && label.size);
    if (!rc) *ret_values = values;
    return rc;
}

void labels_join(const char *const *names, uint32_t count, uint32_t bits, const char *none,
                 struct buffer *out)
{
    bool first = true;
    for (uint32_t i = 0; i < count; i++) {
        if (!(bits >> i & 1)) continue;
        if (!first) buffer_add_char(out, '+');
        buffer_add(out, str_of(names[i]));
        first = false;
    }
    if (first) buffer_add(out, str_of(none));
}

static void add(struct figures *figures, struct figure figure)
{
    if (figures->count < EVALUATION_FIGURES_MAX) figures->items[figures->count++] = figure;
}

void figures_add(struct figures *figures, const char *group, const char *name, double value)
{
    add(figures, (struct figure){group, name, value, false});
}

void figures_macro_f1(struct figures *figures, const char *name, const struct scores *scores)
{
    if (scores_hold(scores)) figures_add(figures, NULL, name, scores_macro_f1(scores));
}

void figures_count(struct figures *figures, const char *group, const char *name, uint64_t value)
{
    add(figures, (struct figure){group, name, (double)value, true});
}

void figures_share(struct figures *figures, const char *group, const char *name, uint64_t value,
                   uint64_t of, double scale)
{
    if (of) figures_add(figures, group, name, scale * (double)value / (double)of);
}
