/* See streams.h. */
#include "ops/benchmarks/streams.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

static void become_java(const int orders[2], const int answers[2], const char *folder,
                        const char *source, const char *bootstrap, uint64_t records)
{
    char jars[512], log[512], count[32];
    snprintf(jars, sizeof jars, "%s/jars/*", folder);
    snprintf(log, sizeof log, "-Dlog4j2.configurationFile=%s/log4j2.xml", folder);
    snprintf(count, sizeof count, "%llu", (unsigned long long)records);
    if (dup2(orders[0], STDIN_FILENO) < 0 || dup2(answers[1], STDOUT_FILENO) < 0) _exit(1);
    close(orders[1]);
    close(answers[0]);
    execlp("java", "java", "-Xms512m", "-Xmx512m", log, "-Dkafka.log.level=ERROR", "-cp", jars,
           source, bootstrap, count, (char *)NULL);
    perror("java");
    _exit(127);
}

int streams_open(struct streams *streams, const char *folder, const char *source,
                 const char *bootstrap, uint64_t records, struct err *err)
{
    int orders[2], answers[2];
    if (pipe(orders) || pipe(answers)) return err_set(err, E_SYSTEM, "no pipe");
    signal(SIGPIPE, SIG_IGN); /* a child that ended is told by its answer that doesn't come */
    fflush(NULL);
    streams->child = fork();
    if (streams->child == 0) become_java(orders, answers, folder, source, bootstrap, records);
    close(orders[0]);
    close(answers[1]);
    streams->orders = fdopen(orders[1], "w");
    streams->answers = fdopen(answers[0], "r");
    if (streams->child > 0 && streams->orders && streams->answers) return E_OK;
    return err_set(err, E_SYSTEM, "java can't be started");
}

double streams_round(struct streams *streams, const char *guarantee, const char *application)
{
    double seconds = -1;
    fprintf(streams->orders, "%s %s\n", guarantee, application);
    if (fflush(streams->orders) || fscanf(streams->answers, "%lf", &seconds) != 1) return -1;
    return seconds;
}

void streams_close(struct streams *streams)
{
    if (streams->orders) fclose(streams->orders); /* it ends where its input does */
    if (streams->child > 0) waitpid(streams->child, NULL, 0);
    if (streams->answers) fclose(streams->answers);
    *streams = (struct streams){0};
}
