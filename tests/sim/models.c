/* Models and cue lists are opened once for all schedules, and the system's clock is the current
 * process's: these calls are wrapped by the linker. */
#include "model/insight.h"
#include "model/segments.h"
#include "tests/sim/sim.h"
#include "text/screen.h"

int __real_screen_open(const char *folder, struct screen **ret_screen, struct err *err);
int __wrap_screen_open(const char *folder, struct screen **ret_screen, struct err *err);
int __wrap_screen_open(const char *folder, struct screen **ret_screen, struct err *err)
{
    static struct screen *screen;
    int rc = screen ? E_OK : __real_screen_open(folder, &screen, err);
    *ret_screen = screen;
    return rc;
}

void __wrap_screen_close(struct screen *screen);
void __wrap_screen_close(struct screen *screen) { (void)screen; }

int __real_insight_engine_create(const char *folder, struct insight_engine **ret_engine,
                                 struct err *err);
int __wrap_insight_engine_create(const char *folder, struct insight_engine **ret_engine,
                                 struct err *err);
int __wrap_insight_engine_create(const char *folder, struct insight_engine **ret_engine,
                                 struct err *err)
{
    static struct insight_engine *engine;
    int rc = engine ? E_OK : __real_insight_engine_create(folder, &engine, err);
    *ret_engine = engine;
    return rc;
}

void __wrap_insight_engine_destroy(struct insight_engine *engine);
void __wrap_insight_engine_destroy(struct insight_engine *engine) { (void)engine; }

int __real_segment_model_open(const char *path, const char *extractor, struct segment_model *model,
                              struct err *err);
int __wrap_segment_model_open(const char *path, const char *extractor, struct segment_model *model,
                              struct err *err);
int __wrap_segment_model_open(const char *path, const char *extractor, struct segment_model *model,
                              struct err *err)
{
    static struct segment_model once;
    static bool opened;
    int rc = opened ? E_OK : __real_segment_model_open(path, extractor, &once, err);
    opened = rc == E_OK;
    *model = once;
    return rc;
}

void __wrap_segment_model_close(struct segment_model *model);
void __wrap_segment_model_close(struct segment_model *model) { (void)model; }

/* As a remote provider may fail. */
int __real_insight_analyze(const struct insight_engine *engine, struct str text,
                           const struct tokens *tokens, const char *language, bool has_rating,
                           float rating, const struct insight_harm *harm, struct arena *arena,
                           struct insight_result *ret_result, struct err *err);
int __wrap_insight_analyze(const struct insight_engine *engine, struct str text,
                           const struct tokens *tokens, const char *language, bool has_rating,
                           float rating, const struct insight_harm *harm, struct arena *arena,
                           struct insight_result *ret_result, struct err *err);
int __wrap_insight_analyze(const struct insight_engine *engine, struct str text,
                           const struct tokens *tokens, const char *language, bool has_rating,
                           float rating, const struct insight_harm *harm, struct arena *arena,
                           struct insight_result *ret_result, struct err *err)
{
    if (chance(FAULT_WORK_FAILS)) return err_set(err, E_UNAVAILABLE, "asked for");
    return __real_insight_analyze(engine, text, tokens, language, has_rating, rating,
                                  harm, arena, ret_result, err);
}

/* --- clock --------------------------------------------------------------------------- */

const struct clock *__wrap_clock_system(void);
const struct clock *__wrap_clock_system(void)
{
    return sim.current ? &sim.current->clock : sim_clock_of_nobody();
}
