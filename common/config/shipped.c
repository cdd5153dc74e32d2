/* Looks in the few places where the files can be. */
#include "config/shipped.h"

#include <stdbool.h>
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

/* How long the path is of the folder so many levels above. */
static size_t above(const char *folder, int levels)
{
    size_t size = strlen(folder);
    for (; levels > 0 && size; levels--)
        while (size && folder[--size] != '/') continue;
    return size;
}

static bool is_there(const char *base, size_t base_bytes, const char *config, const char *name,
                     char out[static SHIPPED_PATH_BYTES])
{
    char tried[SHIPPED_PATH_BYTES];
    int size = snprintf(tried, sizeof tried, "%.*s%s%s%s", (int)base_bytes, base, config,
                        name[0] ? "/" : "", name);
    if (size >= SHIPPED_PATH_BYTES || access(tried, R_OK)) return false;
    memcpy(out, tried, (size_t)size + 1);
    return true;
}

int shipped_path(const char *chosen, const char *name, char out[static SHIPPED_PATH_BYTES],
                 struct err *err)
{
    static const struct {
        int levels;
        const char *config;
    } above_program[] = {{1, "/share/verbatim/config"}, {3, "/config"}, {2, "/config"}};
    char folder[SHIPPED_PATH_BYTES];
    const char *home = getenv("VERBATIM_HOME");
    if (chosen && chosen[0]) {
        int size = snprintf(out, SHIPPED_PATH_BYTES, "%s", chosen);
        return size < SHIPPED_PATH_BYTES ? E_OK : err_set(err, E_BAD_CONFIG, "path is too long");
    }
    if (home && is_there(home, strlen(home), "/config", name, out)) return E_OK;
    program_folder(folder);
    for (size_t i = 0; i < sizeof above_program / sizeof above_program[0]; i++)
        if (is_there(folder, above(folder, above_program[i].levels), above_program[i].config, name,
                     out))
            return E_OK;
    if (is_there("", 0, "config", name, out)) return E_OK;
    return err_set(err, E_NO_INPUT,
                   "config/%s was not found beside %s, nor here; set VERBATIM_HOME", name, folder);
}

int shipped_named(const char *option, int rc, struct err *err)
{
    if (rc == E_OK) return E_OK;
    rc = err_wrap(err, "%s", option);
    return rc == E_NO_INPUT ? (int)(err->code = E_BAD_CONFIG) : rc;
}
