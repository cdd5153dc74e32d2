/* What was answered about one record: it is read against the text that was sent, journaled, and
 * only then is its task ended. An answer of no use is asked for again. */
#include "workers/genai/asker.h"

struct str asker_text(const struct asker *asker, const struct task *task)
{
    struct str text = task->asked.text;
    size_t most = asker->options.text_bytes;
    return text.size <= most ? text : str_trim(str_utf8_cut(text, most));
}

/* *ret_answer is of the shape that the task's prompt asks for. */
static int read_answer(struct asker *asker, struct task *task, struct str raw, const char *mark,
                     void **ret_answer, struct answer_notes *notes, struct err *err)
{
    struct answer_rules rules = asker_prompt(asker, task)->rules;
    rules.mark = str_of(mark);
    struct str kept = arena_copy(task->arena, raw); /* what is read are views of it */
    void *answer = arena_zalloc(task->arena, rules.shape->struct_bytes);
    if (!kept.data || !answer) return err_set(err, E_NO_MEMORY, NULL);
    int rc = task->subject ? answer_read_as(&rules, rules.shape, kept, asker_text(asker, task),
                                            task->arena, answer, notes, err)
                           : answer_read(&rules, kept, asker_text(asker, task), task->arena, answer,
                                         notes, err);
    if (rc) return rc;
    asker->counts.leaked += notes->leaked;
    asker->counts.plain += notes->plain;
    *ret_answer = answer;
    return E_OK;
}

/* An answer that is on its way to the journal: only then may its record be finished. */
struct kept {
    struct asker *asker;
    struct task *task;
    void *answer;
    struct asker_source source;
};

static void on_kept(void *user)
{
    struct kept *kept = user;
    struct asker *asker = kept->asker; /* kept goes with its task */
    asker_end(asker, kept->task, kept->answer, &kept->source);
    asker->on_due(asker->on_due_user);
}

static void keep(struct asker *asker, struct task *task, struct str raw,
                 const struct llm_result *result, void *answer, const struct asker_source *source)
{
    struct kept *kept = ARENA_NEW(task->arena, struct kept);
    if (!kept) {
        asker_end(asker, task, NULL, NULL);
        return;
    }
    *kept = (struct kept){asker, task, answer, *source};
    kept->source.model = arena_copy(task->arena, source->model);
    if (!asker->account ||
        !account_keep(asker->account, &task->key, raw, result, source->cost_usd, on_kept, kept))
        asker_end(asker, task, answer, &kept->source);
}

void asker_take(struct asker *asker, struct task *task, struct str raw,
                const struct llm_result *result, struct asker_source source)
{
    void *answer = NULL;
    struct answer_notes notes;
    struct err err = {0};
    if (!raw.data) {
        asker->counts.missing++;
        asker_repair(asker, task, "its id was missing, or there twice");
        return;
    }
    if (read_answer(asker, task, raw, task->mark, &answer, &notes, &err)) {
        asker->counts.unusable++;
        asker_repair(asker, task, err.text);
        return;
    }
    source.dropped = notes.dropped;
    asker->stages[task->stage].records++;
    keep(asker, task, raw, result, answer, &source);
}

bool asker_take_known(struct asker *asker, struct task *task, struct str raw)
{
    void *answer = NULL;
    struct answer_notes notes;
    struct err err;
    const struct stage *stage = &asker->stages[task->stage];
    if (raw.size == 0) { /* it was too large to be kept: the local models answer */
        asker->counts.cached += !task->subject;
        asker_end(asker, task, NULL, NULL);
        return true;
    }
    if (read_answer(asker, task, raw, "", &answer, &notes, &err)) return false;
    struct asker_source source = {
        .provider = stage->name, .prompt = task->prompt, .cached = true, .cost_usd = -1,
        .model = str_of(task->key.model), .degraded = task->stage > 0, .dropped = notes.dropped};
    asker->counts.cached += !task->subject;
    asker_end(asker, task, answer, &source);
    return true;
}
