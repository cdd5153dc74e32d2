/* Opens all lists, or none. */
#include "workers/preprocess/lists.h"

#include <stdlib.h>
#include <string.h>

#include "config/shipped.h"

static int open_screen(const char *chosen, struct lists *lists, struct err *err)
{
    char path[SHIPPED_PATH_BYTES];
    int rc = shipped_path(chosen, "cues", path, err);
    if (rc == E_OK) rc = screen_open(path, &lists->screen, err);
    return shipped_named("preprocess.cues", rc, err);
}

static int open_model(const char *chosen, struct lists *lists, struct err *err)
{
    char path[SHIPPED_PATH_BYTES];
    if (strcmp(chosen, "none") == 0) return E_OK;
    int rc = shipped_path(chosen, "models/safety.model", path, err);
    if (rc == E_OK) rc = safety_model_open(path, &lists->model, err);
    return shipped_named("preprocess.safety_model", rc, err);
}

static int open_products(const char *chosen, struct lists *lists, struct err *err)
{
    char path[SHIPPED_PATH_BYTES];
    if (strcmp(chosen, "none") == 0) return E_OK;
    int rc = shipped_path(chosen, "products.txt", path, err);
    if (rc == E_OK) rc = names_open(path, &lists->products, err);
    return shipped_named("preprocess.products", rc, err);
}

static int open_clocks(const struct lists_choice *choice, struct lists *lists, struct err *err)
{
    char path[SHIPPED_PATH_BYTES];
    int rc = shipped_path(choice->clocks, "clocks.txt", path, err);
    if (rc == E_OK) rc = clocks_open(path, &lists->clocks, err);
    rc = shipped_named("preprocess.due_clocks", rc, err);
    return rc ? rc : clocks_check_regions(&lists->clocks, str_of(choice->regions), err);
}

int lists_open(const struct lists_choice *choice, struct lists **ret_lists, struct err *err)
{
    struct lists *lists = calloc(1, sizeof *lists);
    if (!lists) return err_set(err, E_NO_MEMORY, NULL);
    int rc = open_screen(choice->cues, lists, err);
    if (rc == E_OK) rc = open_model(choice->model, lists, err);
    if (rc == E_OK) rc = open_products(choice->products, lists, err);
    if (rc == E_OK) rc = open_clocks(choice, lists, err);
    if (rc == E_OK && choice->language[0])
        rc = shipped_named("preprocess.language_model",
                           language_open(choice->language, &lists->language, err), err);
    if (rc) lists_close(lists);
    else *ret_lists = lists;
    return rc;
}

void lists_close(struct lists *lists)
{
    if (!lists) return;
    screen_close(lists->screen);
    safety_model_close(&lists->model);
    names_close(lists->products);
    language_close(lists->language);
    free(lists);
}
