/* verbatim keys create: a new API key; only its hash is kept. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/ascii.h"
#include "base/hash.h"
#include "ops/cli/cli.h"

enum { SECRET_BYTES = 32, SECRET_TEXT_BYTES = 2 * SECRET_BYTES + 1, LINE_BYTES = 512 };

static bool is_name(struct str text, size_t most)
{
    return text.size <= most && ascii_consists_of(text, ASCII_LETTERS ASCII_DIGITS "_-");
}

static bool are_scopes(struct str scopes)
{
    if (scopes.size == 0) return false;
    while (scopes.size) {
        struct str scope = str_cut(&scopes, ',');
        if (!str_equal(scope, STR("write")) && !str_equal(scope, STR("read"))) return false;
    }
    return true;
}

/* From the system alone: a generator of ours is begun with 64 bits, and a key shall have more. */
static int make_secret(char out[static SECRET_TEXT_BYTES], struct err *err)
{
    uint8_t bytes[SECRET_BYTES];
    if (getrandom(bytes, sizeof bytes, 0) != sizeof bytes)
        return err_system(err, E_SYSTEM, "no random numbers");
    hash_hex(bytes, sizeof bytes, out);
    return E_OK;
}

/* Does the file end where a line may begin? By hand it may have been left without its last LF. */
static bool is_at_line(int fd)
{
    char last = '\n';
    off_t end = lseek(fd, 0, SEEK_END);
    return end <= 0 || pread(fd, &last, 1, end - 1) != 1 || last == '\n';
}

/* `line` begins with an LF, for a file that needs it. */
static int append_line(const char *path, const char *line, struct err *err)
{
    int fd = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (fd < 0) return err_system(err, E_NO_OUTPUT, "%s", path);
    if (is_at_line(fd)) line++;
    size_t size = strlen(line);
    int rc = write(fd, line, size) == (ssize_t)size && fsync(fd) == 0
                 ? E_OK
                 : err_system(err, E_NO_OUTPUT, "%s", path);
    close(fd);
    return rc;
}

static int create(const char *name, const char *tenant, const char *scopes, const char *file,
                  struct err *err)
{
    char secret[SECRET_TEXT_BYTES], hex[SHA256_TEXT_BYTES], line[LINE_BYTES];
    uint8_t hash[SHA256_BYTES];
    if (!name[0] || !is_name(str_of(name), 64))
        return err_set(err, E_USAGE, "a key's name is 1 to 64 letters, digits, _ or -");
    if (!is_name(str_of(tenant), 64))
        return err_set(err, E_USAGE, "a tenant is up to 64 letters, digits, _ or -");
    if (!are_scopes(str_of(scopes)))
        return err_set(err, E_USAGE, "scopes are write, read, or both with a comma");
    int rc = make_secret(secret, err);
    if (rc) return rc;
    hash_sha256(str_of(secret), hash);
    hash_hex(hash, SHA256_BYTES, hex);
    snprintf(line, sizeof line, "\n%s:%s:%s:%s\n", name, hex, tenant, scopes);
    rc = file ? append_line(file, line, err) : E_OK;
    if (rc) return rc;
    printf("%s.%s\n", name, secret);
    if (!file) printf("%s", line + 1);
    if (!terminal_is(STDERR_FILENO)) return E_OK;
    fprintf(stderr,
            file ? "\nThe key is shown this once. SIGHUP makes a running ingest read %s again.\n"
                 : "\nThe first line is the key, shown this once; the second belongs into the file "
                   "of ingest.keys.\n",
            file);
    return E_OK;
}

static int keys_run(const struct command *command, int argc, char **argv, struct err *err)
{
    struct arguments arguments;
    const char *tenant = "", *scopes = "write,read", *file = NULL;
    const struct flag flags[] = {
        {"tenant", FLAG_TEXT, &tenant, "NAME  whose data it writes and reads; none: everybody's"},
        {"scopes", FLAG_TEXT, &scopes, "LIST  write, read, or both (write,read)"},
        {"file", FLAG_TEXT, &file, "FILE  append the hashed line there, and print the key only"},
    };
    int rc = cli_parse(command, flags, sizeof flags / sizeof flags[0], argc, argv, &arguments, err);
    if (rc || arguments.help) return rc;
    if (arguments.positional_count != 2 || strcmp(arguments.positionals[0], "create") != 0)
        return err_set(err, E_USAGE, "say: verbatim keys create NAME");
    return create(arguments.positionals[1], tenant, scopes, file, err);
}

const struct command keys_command = {
    .name = "keys",
    .summary = "make an API key for the HTTP door",
    .usage = "create NAME [--tenant NAME] [--scopes write,read] [--file FILE]",
    .details =
        "Prints the key, NAME.SECRET, and the line for the file of ingest.keys, which holds its "
        "SHA-256 only.\n\n"
        "Example: verbatim keys create webshop --tenant acme --scopes write --file keys.txt\n",
    .run = keys_run,
};
