/* Looks in the few places where the files can be. */
#include "config/shipped.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void program_folder(char out[static SHIPPED_PATH_BYTES])
{
    ssize_t size = readlink("/proc/self/exe", out, SHIPPED_PATH_BYTES - 1);
    out[size > 0 ? size : 0] = '\0';
    char *slash = strrchr(out, '/');
    if (slash) *slash = '\0';
}

int shipped_path(const char *chosen, const char *name, char out[static SHIPPED_PATH_BYTES],
                 struct err *err)
{
    static const char *const beside_program[] = {
        "../share/verbatim/config", "../../../config", "../../config"};
    char folder[SHIPPED_PATH_BYTES], tried[SHIPPED_PATH_BYTES];
    const char *home = getenv("VERBATIM_HOME");
    if (chosen && chosen[0]) {
        int size = snprintf(out, SHIPPED_PATH_BYTES, "%s", chosen);
        return size < SHIPPED_PATH_BYTES ? E_OK : err_set(err, E_BAD_CONFIG, "path is too long");
    }
    program_folder(folder);
    for (int i = -1; i < 4; i++) {
        int size = i < 0 ? snprintf(tried, sizeof tried, "%s/config/%s", home ? home : "", name)
                   : i == 3
                       ? snprintf(tried, sizeof tried, "config/%s", name)
                       : snprintf(tried, sizeof tried, "%s/%s/%s", folder, beside_program[i], name);
        if (size >= SHIPPED_PATH_BYTES || (i < 0 && !home) || access(tried, R_OK)) continue;
        memcpy(out, tried, sizeof tried);
        return E_OK;
    }
    return err_set(err, E_NO_INPUT,
                   "config/%s was not found beside %s, nor here; set VERBATIM_HOME", name, folder);
}

int shipped_named(const char *option, int rc, struct err *err)
{
    if (rc == E_OK) return E_OK;
    rc = err_wrap(err, "%s", option);
    return rc == E_NO_INPUT ? (int)(err->code = E_BAD_CONFIG) : rc;
}
