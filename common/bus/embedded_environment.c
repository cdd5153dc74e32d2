/* One LMDB environment per folder and process, shared by every bus that is opened there.
 *
 * LMDB forbids opening a file twice in one process (closing one would drop the other's locks),
 * hence the registry. The map is as large as the limit from the start: address space costs
 * nothing, and growing it later would have to wait until no batch is held. Only a process that was
 * configured with a smaller limit than its neighbour may meet MDB_MAP_RESIZED. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/folder.h"
#include "base/mapped.h"
#include "bus/embedded.h"

enum {
    /* a consumer keeps one for each batch that it ever held at once, 32 in the runtime; the
     * pipeline and 64 webhooks are 70 of them */
    READERS_MAX = 4094, DATABASES_MAX = TOPIC_COUNT * EMBEDDED_PARTITIONS_MAX + 16,
    BYTE_ORDER_MARK = 0x01020304
};
static const uint64_t size_limit_default = (uint64_t)64 << 30;

/* The value of "format" in `meta`. */
struct format {
    uint32_t version, byte_order;
    uint64_t limit_bytes; /* largest that any process was configured with */
};

static struct environment *registry;
static pthread_mutex_t registry_mutex = PTHREAD_MUTEX_INITIALIZER;

int environment_error(int rc, const char *what, struct err *err)
{
    enum err_code code = E_IO;
    switch (rc) {
    case MDB_MAP_FULL:
        return err_set(err, E_DISK_FULL, "%s: the bus has reached bus.size_limit", what);
    case MDB_PANIC:
        return err_set(err, E_SYSTEM, "%s: an earlier write to the bus failed half-way; restart",
                       what);
    case EIO: /* LMDB's word for a write that was cut short, too */
        return err_set(err, E_IO,
                       "%s: the disk took no more, or only a part: it is full, or failing; make "
                       "room, and look at the system's log", what);
    case ENOSPC:
    case EDQUOT: code = E_DISK_FULL; break;
    case EACCES:
    case EPERM:
    case EROFS: code = E_DENIED; break;
    case ENOMEM: code = E_NO_MEMORY; break;
    case MDB_READERS_FULL: code = E_BUSY; break;
    case MDB_TXN_FULL: code = E_TOO_LARGE; break;
    case MDB_INVALID:
    case MDB_VERSION_MISMATCH: code = E_NO_INPUT; break;
    case MDB_DBS_FULL:
    case MDB_BAD_DBI:
    case MDB_BAD_TXN:
    case EINVAL: code = E_BUG; break;
    }
    return err_set(err, code, "%s: %s", what, mdb_strerror(rc));
}

/* --- transactions --------------------------------------------------------------------------- */

/* Another process with a larger limit wrote beyond our map. Remapping moves what
 * batches point to. */
static int adopt_larger_map(struct environment *environment, struct err *err)
{
    int rc = E_OK;
    pthread_rwlock_wrlock(&environment->gate);
    if (atomic_load(&environment->transactions) > 0)
        rc = err_set(err, E_BUSY,
                     "another process enlarged the bus; its map changes when batches are released");
    else if ((rc = mdb_env_set_mapsize(environment->mdb, 0)) != 0)
        rc = environment_error(rc, "map of the bus", err);
    else environment_find_map(environment);
    pthread_rwlock_unlock(&environment->gate);
    return rc;
}

static int begin(struct environment *environment, unsigned flags, MDB_txn **txn, struct err *err)
{
    for (int attempt = 0;; attempt++) {
        pthread_rwlock_rdlock(&environment->gate);
        int rc = *txn ? mdb_txn_renew(*txn) : mdb_txn_begin(environment->mdb, NULL, flags, txn);
        if (rc == 0) atomic_fetch_add(&environment->transactions, 1);
        pthread_rwlock_unlock(&environment->gate);
        if (rc == 0) return E_OK;
        if (rc != MDB_MAP_RESIZED || attempt == 3) return environment_error(rc, "bus", err);
        rc = adopt_larger_map(environment, err);
        if (rc) return rc;
    }
}

int environment_read(struct environment *environment, MDB_txn **txn, struct err *err)
{
    return begin(environment, MDB_RDONLY, txn, err);
}

/* What was deleted while we have it open takes all, and goes with the last process that has. */
static int check_kept(const struct environment *environment, struct err *err)
{
    mdb_filehandle_t fd;
    struct stat data;
    if (mdb_env_get_fd(environment->mdb, &fd) || fstat(fd, &data) || data.st_nlink) return E_OK;
    return err_set(err, E_NO_OUTPUT,
                   "the bus at %s was deleted: nothing is kept of what is written to it; stop all "
                   "that use it, and start them again",
                   environment->path);
}

int environment_write(struct environment *environment, MDB_txn **ret_txn, struct err *err)
{
    MDB_txn *txn = NULL;
    int rc = check_kept(environment, err);
    if (rc == E_OK) rc = begin(environment, 0, &txn, err);
    if (rc == E_BUSY) /* batches are held until this very commit: only a restart gets out of it */
        return err_set(err, E_BAD_CONFIG,
                       "bus.size_limit is smaller here than in another process that "
                       "enlarged the bus at %s; restart",
                       environment->path);
    if (rc == E_OK) *ret_txn = txn;
    return rc;
}

void environment_rest(struct environment *environment, MDB_txn *reader)
{
    mdb_txn_reset(reader);
    atomic_fetch_sub(&environment->transactions, 1);
}

void environment_abort(struct environment *environment, MDB_txn *txn)
{
    mdb_txn_abort(txn);
    atomic_fetch_sub(&environment->transactions, 1);
}

int environment_commit(struct environment *environment, MDB_txn *txn, const char *what,
                       struct err *err)
{
    environment_grow(environment);
    int rc = mdb_txn_commit(txn);
    environment_forget(environment, EMBEDDED_COMMIT_BYTES);
    atomic_fetch_sub(&environment->transactions, 1);
    return rc ? environment_error(rc, what, err) : E_OK;
}

uint64_t environment_last_commit(struct environment *environment)
{
    MDB_envinfo info;
    return mdb_env_info(environment->mdb, &info) == 0 ? info.me_last_txnid : 0;
}

/* --- fixed-size values ------------------------------------------------------------------------ */

int environment_get(MDB_txn *txn, MDB_dbi dbi, const void *key, size_t key_size, void *out,
                    size_t size, bool *ret_found, struct err *err)
{
    MDB_val name = mdb_value(key, key_size), value;
    int rc = mdb_get(txn, dbi, &name, &value);
    *ret_found = rc == 0;
    if (rc == MDB_NOTFOUND) return E_OK;
    if (rc) return environment_error(rc, "bus", err);
    if (value.mv_size != size)
        return err_set(err, E_IO, "the bus is damaged: a record has a wrong size");
    memcpy(out, value.mv_data, size);
    return E_OK;
}

int environment_put(MDB_txn *txn, MDB_dbi dbi, const void *key, size_t key_size, const void *value,
                    size_t size, struct err *err)
{
    MDB_val name = mdb_value(key, key_size), data = mdb_value(value, size);
    int rc = mdb_put(txn, dbi, &name, &data, 0);
    return rc ? environment_error(rc, "bus", err) : E_OK;
}

/* --- opening ---------------------------------------------------------------------------------- */

static int open_databases(struct environment *environment, MDB_txn *txn, struct err *err)
{
    const struct { const char *name; MDB_dbi *dbi; } databases[] = {
        {"meta", &environment->meta},     {"topics", &environment->topics},
        {"states", &environment->states}, {"groups", &environment->groups},
        {"members", &environment->members}, {"positions", &environment->positions},
    };
    for (size_t i = 0; i < sizeof databases / sizeof databases[0]; i++) {
        int rc = mdb_dbi_open(txn, databases[i].name, MDB_CREATE, databases[i].dbi);
        if (rc) return environment_error(rc, "bus", err);
    }
    return E_OK;
}

static int check_format(struct environment *environment, MDB_txn *txn, struct format *format,
                        struct err *err)
{
    bool found;
    MDB_stat stat;
    int rc = environment_get(txn, environment->meta, "format", 6, format, sizeof *format, &found,
                             err);
    if (rc) return rc;
    if (found && format->byte_order != BYTE_ORDER_MARK)
        return err_set(err, E_NO_INPUT, "%s was written on a machine of another kind",
                       environment->path);
    if (found && format->version != EMBEDDED_FORMAT)
        return err_set(err, E_NO_INPUT,
                       "%s has format %u of the embedded bus; this program knows %d",
                       environment->path, format->version, EMBEDDED_FORMAT);
    if (!found && mdb_stat(txn, environment->topics, &stat) == 0 && stat.ms_entries)
        return err_set(err, E_NO_INPUT, "%s is damaged: its format is not recorded",
                       environment->path);
    if (found && format->limit_bytes >= environment->limit_bytes) return E_OK;
    *format = (struct format){EMBEDDED_FORMAT, BYTE_ORDER_MARK, environment->limit_bytes};
    return environment_put(txn, environment->meta, "format", 6, format, sizeof *format, err);
}

static int set_up(struct environment *environment, struct err *err)
{
    MDB_txn *txn = NULL;
    MDB_stat stat;
    struct format format = {0};
    int rc = environment_write(environment, &txn, err);
    if (rc) return rc;
    rc = open_databases(environment, txn, err);
    if (rc == E_OK) rc = check_format(environment, txn, &format, err);
    if (rc) {
        environment_abort(environment, txn);
        return rc;
    }
    mdb_stat(txn, environment->meta, &stat);
    environment->page_bytes = stat.ms_psize;
    rc = environment_commit(environment, txn, environment->path, err);
    if (rc == E_OK && format.limit_bytes > environment->limit_bytes) {
        rc = mdb_env_set_mapsize(environment->mdb, format.limit_bytes);
        if (rc) rc = environment_error(rc, "map of the bus", err);
    }
    environment_find_map(environment);
    return rc;
}

static int open_mdb(struct environment *environment, struct err *err)
{
    int dead;
    unsigned flags = MDB_NOTLS | MDB_NORDAHEAD |
                     (atomic_load(&environment->durable) ? 0 : MDB_NOSYNC);
    int rc = mdb_env_create(&environment->mdb);
    if (rc == 0) rc = mdb_env_set_mapsize(environment->mdb, environment->limit_bytes);
    if (rc == 0) rc = mdb_env_set_maxreaders(environment->mdb, READERS_MAX);
    if (rc == 0) rc = mdb_env_set_maxdbs(environment->mdb, DATABASES_MAX);
    if (rc == 0) rc = mdb_env_open(environment->mdb, environment->path, flags, 0600);
    if (rc == ENOMEM)
        return err_set(err, E_NO_MEMORY,
                       "no address space for bus.size_limit (%llu bytes) of %s; lower it",
                       (unsigned long long)environment->limit_bytes, environment->path);
    if (rc == 0) rc = mdb_reader_check(environment->mdb, &dead); /* of processes that were killed */
    return rc ? environment_error(rc, environment->path, err) : E_OK;
}

static void destroy(struct environment *environment)
{
    live_close(environment); /* first: the watcher's chores read everything below */
    for (int i = 0; i < TOPIC_COUNT; i++) free(environment->topic[i].partitions);
    if (environment->mdb) {
        if (!atomic_load(&environment->durable)) mdb_env_sync(environment->mdb, 1);
        mdb_env_close(environment->mdb);
    }
    pthread_rwlock_destroy(&environment->gate);
    pthread_mutex_destroy(&environment->mutex);
    free(environment->path);
    free(environment);
}

/* Why who only wants to read must be able to write. */
static int tell_denied(int rc, struct err *err)
{
    return rc == E_DENIED ? err_wrap(err, "also who only reads the bus marks in its files where "
                                     "he reads; run this as their owner")
                          : rc;
}

static int create(const struct bus_options *options, const struct stat *folder,
                  struct environment **ret_environment, struct err *err)
{
    struct environment *environment = calloc(1, sizeof *environment);
    if (!environment) return err_set(err, E_NO_MEMORY, NULL);
    environment->device = folder->st_dev;
    environment->inode = folder->st_ino;
    environment->references = 1;
    environment->live_fd = -1;
    environment->limit_bytes = options->size_limit ? options->size_limit : size_limit_default;
    atomic_store(&environment->durable, options->durable);
    pthread_rwlock_init(&environment->gate, NULL);
    pthread_mutex_init(&environment->mutex, NULL);
    mapped_explain();
    environment->path = strdup(options->path);
    int rc = environment->path ? live_open(environment, err) : err_set(err, E_NO_MEMORY, NULL);
    if (rc == E_OK) rc = open_mdb(environment, err);
    if (rc == E_OK) rc = set_up(environment, err);
    if (rc == E_OK) rc = environment_load_topics(environment, err);
    if (rc) {
        destroy(environment);
        return tell_denied(rc, err);
    }
    *ret_environment = environment;
    return E_OK;
}

static struct environment *find(const struct stat *folder)
{
    for (struct environment *at = registry; at; at = at->next)
        if (at->device == folder->st_dev && at->inode == folder->st_ino) return at;
    return NULL;
}

/* Who asks for durability gets it, whatever its neighbours in this process asked for. */
static void join_existing(struct environment *environment, const struct bus_options *options)
{
    environment->references++;
    if (options->durable && !atomic_exchange(&environment->durable, true))
        mdb_env_set_flags(environment->mdb, MDB_NOSYNC, 0);
}

int environment_open(const struct bus_options *options, struct environment **ret_environment,
                     struct err *err)
{
    struct stat folder;
    int rc = folder_create(options->path, err);
    if (rc) return rc;
    pthread_mutex_lock(&registry_mutex);
    struct environment *environment = NULL;
    if (stat(options->path, &folder)) rc = err_system(err, E_SYSTEM, "folder %s", options->path);
    else if ((environment = find(&folder))) join_existing(environment, options);
    else if ((rc = create(options, &folder, &environment, err)) == E_OK) {
        environment->next = registry;
        registry = environment;
    }
    pthread_mutex_unlock(&registry_mutex);
    if (rc == E_OK) *ret_environment = environment;
    return rc;
}

void environment_close(struct environment *environment)
{
    if (!environment) return;
    pthread_mutex_lock(&registry_mutex);
    if (--environment->references == 0) {
        struct environment **link = &registry;
        while (*link != environment) link = &(*link)->next;
        *link = environment->next;
        destroy(environment);
    }
    pthread_mutex_unlock(&registry_mutex);
}
