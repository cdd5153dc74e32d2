/* verbatim: the operator's program. */
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "base/nearest.h"
#include "ops/cli/cli.h"

static const struct command *const commands[] = {
    &run_command, &analyze_command, &evaluate_command, &estimate_command, &send_command,
    &tail_command, &topics_command, &buckets_command, &access_command, &redrive_command,
    &replay_command, &diff_command, &verify_command, &train_command, &models_command,
    &schema_command, &config_command, &keys_command, &version_command,
};
enum { COMMANDS = sizeof commands / sizeof commands[0] };

static void print_help(FILE *out)
{
    int fd = fileno(out);
    fprintf(out,
            "%sverbatim%s %s: customer feedback into insight while it streams.\n\nUsage: verbatim "
            "COMMAND [OPTION ...]\n\n",
            terminal_colour(fd, COLOUR_BOLD), terminal_reset(fd), VERBATIM_VERSION);
    for (int i = 0; i < COMMANDS; i++)
        fprintf(out, "  %s%-9s%s %s\n", terminal_colour(fd, COLOUR_GREEN), commands[i]->name,
                terminal_reset(fd), commands[i]->summary);
    fputs("\nverbatim COMMAND --help tells more, with an example.\n\n"
          "Example: echo '{\"text\": \"Great taste, but I got a rash.\"}' | verbatim analyze\n",
          out);
}

static const struct command *find_command(struct str name, struct err *err)
{
    struct nearest nearest = nearest_to(name);
    for (int i = 0; i < COMMANDS; i++) {
        if (str_equal(name, str_of(commands[i]->name))) return commands[i];
        nearest_offer(&nearest, str_of(commands[i]->name));
    }
    nearest_offer(&nearest, STR("help"));
    nearest_offer(&nearest, STR("--version"));
    name = str_slice(name, 0, 60);
    if (nearest.found.data)
        err_set(err, E_USAGE,
                "unknown command \"%.*s\"; did you mean \"%.*s\"? verbatim --help lists them",
                STR_ARGS(name), STR_ARGS(nearest.found));
    else
        err_set(err, E_USAGE, "unknown command \"%.*s\"; verbatim --help lists them",
                STR_ARGS(name));
    return NULL;
}

static int run_command_of(int argc, char **argv, struct str name, struct err *err)
{
    static char help[] = "--help";
    char *helped[] = {argv[1], help, NULL};
    bool asks = str_equal(name, STR("help"));
    if (str_equal(name, STR("--help")) || str_equal(name, STR("-h")) || (asks && argc == 2)) {
        print_help(stdout);
        return E_OK;
    }
    if (asks) name = str_of(helped[0] = argv[2]); /* verbatim help run */
    if (str_equal(name, STR("--version"))) name = STR("version");
    const struct command *command = find_command(name, err);
    if (!command) return E_USAGE;
    return asks ? command->run(command, 2, helped, err)
                : command->run(command, argc - 1, argv + 1, err);
}

int main(int argc, char **argv)
{
    struct err err = {0};
    signal(SIGPIPE, SIG_IGN);
    terminal_hold_streams();
    struct str name = argc > 1 ? str_of(argv[1]) : STR("");
    if (name.size == 0) {
        print_help(stderr);
        return err_exit_status(E_USAGE);
    }
    int rc = terminal_printed(run_command_of(argc, argv, name, &err), &err);
    const struct command *command = find_command(name, NULL);
    if (rc)
        fprintf(stderr, "%sverbatim%s%s%s: %s\n", terminal_colour(STDERR_FILENO, COLOUR_RED),
                command ? " " : "", command ? command->name : "", terminal_reset(STDERR_FILENO),
                err.text);
    return err_exit_status((enum err_code)rc);
}
