/* Six workers in one process, each on a thread with a loop of its own, as it would
 * have a process. */
#include "ops/cli/members.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "runtime/runtime.h"

enum { READY_MS = 20000 };

struct member {
    const struct worker *worker;
    struct cli_config config; /* its own: each has another admin port */
    struct runtime *runtime;
    pthread_t thread;
    struct err err;
    int rc;
    bool started;
    atomic_bool ended;
};

struct members {
    struct member all[CLI_WORKERS];
};

static void *member_main(void *argument)
{
    struct member *member = argument;
    member->rc = runtime_run(member->runtime, &member->err);
    atomic_store(&member->ended, true);
    return NULL;
}

/* Six workers in one process can't share one admin port: they take it and the five behind it, or,
 * of port 0, any, as each one's ready line says. */
static int configure(const struct arguments *arguments, int number, struct cli_config *config,
                     struct err *err)
{
    int rc = cli_config(arguments, config, err);
    const char *admin = rc ? "" : config_value(config->config, "runtime", "admin", NULL),
               *colon = strrchr(admin, ':');
    uint64_t port;
    char assignment[192];
    /* what is no address, the worker will refuse */
    if (rc || !colon || !str_to_u64(str_of(colon + 1), &port) || port == 0) return rc;
    snprintf(assignment, sizeof assignment, "runtime.admin=%.*s:%llu", (int)(colon - admin), admin,
             (unsigned long long)port + (unsigned)number);
    return config_set(config->config, str_of(assignment), "run", err);
}

static int start(struct member *member, const struct arguments *arguments, int number,
                 struct err *err)
{
    int rc = configure(arguments, number, &member->config, err);
    if (rc == E_OK)
        rc = runtime_create(member->worker, member->config.config, &member->runtime, err);
    if (rc) return rc;
    if (pthread_create(&member->thread, NULL, member_main, member))
        return err_set(err, E_SYSTEM, "a thread can't be started");
    member->started = true;
    return E_OK;
}

int members_start(const struct arguments *arguments, struct members **ret_members, struct err *err)
{
    struct members *members = calloc(1, sizeof *members);
    int rc = members ? E_OK : err_set(err, E_NO_MEMORY, NULL);
    for (int i = 0; i < CLI_WORKERS && rc == E_OK; i++) {
        members->all[i].worker = cli_workers[i];
        rc = start(&members->all[i], arguments, i, err);
    }
    if (rc) (void)!members_stop(members, false, NULL);
    else *ret_members = members;
    return rc;
}

int members_failed(const struct members *members, struct err *err)
{
    for (int i = 0; i < CLI_WORKERS; i++) {
        const struct member *member = &members->all[i];
        if (!atomic_load(&member->ended)) continue;
        *err = member->err;
        if (!member->rc) return err_set(err, E_BUG, "%s stopped by itself", member->worker->name);
        config_locate(member->config.config, err);
        return err_wrap(err, "%s", member->worker->name);
    }
    return E_OK;
}

static void pause_ms(int ms) { usleep((useconds_t)ms * 1000); }

int members_await_ready(const struct members *members, struct err *err)
{
    int64_t until = clock_mono_ms(clock_system()) + READY_MS;
    for (int i = 0; i < CLI_WORKERS;) {
        struct runtime_progress progress;
        int rc = members_failed(members, err);
        if (rc) return rc;
        runtime_progress(members->all[i].runtime, &progress);
        if (progress.ready) i++;
        else if (clock_mono_ms(clock_system()) > until)
            return err_set(err, E_TIMEOUT, "%s did not get ready", cli_workers[i]->name);
        else pause_ms(2);
    }
    return E_OK;
}

const char *members_door(const struct members *members)
{
    return runtime_listens(members->all[0].runtime);
}

bool members_idle(const struct members *members)
{
    for (int i = 1; i < CLI_WORKERS; i++) {
        struct runtime_progress progress;
        runtime_progress(members->all[i].runtime, &progress);
        /* it keeps what is in its open objects, which is counted as in flight by nobody */
        bool logsink = i == CLI_WORKERS - 1;
        if (!progress.idle || (progress.backlog_records && !logsink)) return false;
    }
    return true;
}

void members_reload(struct members *members)
{
    for (int i = 0; i < CLI_WORKERS; i++) runtime_reload(members->all[i].runtime);
}

void members_finish(struct members *members, int64_t within_ms,
                    const volatile sig_atomic_t *stop_asked)
{
    int64_t until = clock_mono_ms(clock_system()) + within_ms;
    for (int i = 0; i < CLI_WORKERS; i++) {
        struct member *member = &members->all[i];
        runtime_finish(member->runtime);
        while (!atomic_load(&member->ended)) {
            if (*stop_asked || clock_mono_ms(clock_system()) > until) return;
            pause_ms(2);
        }
    }
}

static int stop(struct member *member, bool all_done, struct err *err)
{
    struct runtime_progress progress;
    runtime_stop(member->runtime);
    pthread_join(member->thread, NULL);
    if (member->rc && err) *err = member->err;
    if (member->rc) return member->rc;
    runtime_progress(member->runtime, &progress);
    if (!all_done || !progress.unfinished) return E_OK;
    return err_set(
        err, E_TIMEOUT,
        "%s had to stop before all was done; verbatim run --once --no-sample does the rest",
        member->worker->name);
}

int members_stop(struct members *members, bool all_done, struct err *err)
{
    int rc = E_OK;
    for (int i = 0; members && i < CLI_WORKERS; i++) {
        struct member *member = &members->all[i];
        int stop_rc = member->started ? stop(member, all_done, rc ? NULL : err) : E_OK;
        if (rc == E_OK) rc = stop_rc;
        runtime_destroy(member->runtime);
        cli_config_free(&member->config);
    }
    free(members);
    return rc;
}
