/* verbatim access: who needs which rights on Kafka, and no more; from the workers'
 * own declarations. */
#include <stdio.h>

#include "ops/cli/cli.h"

/* People and programs that read what is finished. Their groups begin with their name. */
static const struct {
    const char *name;
    uint32_t reads;
} readers[] = {
    {"analyst", TOPICS(INSIGHTS)},
    {"safety", TOPICS(INSIGHTS) | TOPICS(SAFETY)},
};

/* Whoever operates it: redrive, replay, estimate, diff and tail. It reads no feedback, but dead
 * letters may hold some. */
static const uint32_t operator_reads = TOPICS(DEAD_LETTERS) | TOPICS(AUDIT) | TOPICS(INSIGHTS) |
                                       TOPICS(ANSWERS);
static const char *const operator_commands[] = {"redrive", "replay"};

struct table {
    /* bus.topic_prefix; runtime.group, "" where it is the worker's name */
    const char *prefix, *group;
    bool json, webhooks;
    size_t rows;
};

struct rule {
    const char *resource, *pattern, *operation;
};
static const struct rule topic_describe = {"topic", "literal", "Describe"},
                         group_describe = {"group", "literal", "Describe"};
static const struct rule topic_read = {"topic", "literal", "Read"},
                         topic_write = {"topic", "literal", "Write"},
                         group_read = {"group", "literal", "Read"},
                         groups_read = {"group", "prefixed", "Read"},
                         readers_describe = {"group", "prefixed", "Describe"},
                         transactions_write = {"transactional-id", "prefixed", "Write"},
                         transaction_write = {"transactional-id", "literal", "Write"},
                         topic_create = {"topic", "literal", "Create"};

static void print_rule(struct table *table, const char *who, const struct rule *rule,
                       const char *name, const char *suffix)
{
    if (table->json) {
        printf("%s{\"who\":\"%s\",\"resource\":\"%s\",\"pattern\":\"%s\",\"name\":\"%s%s%s\","
               "\"operation\":\"%s\"}",
               table->rows ? ",\n " : "[", who, rule->resource, rule->pattern, table->prefix, name,
               suffix, rule->operation);
    } else {
        if (!table->rows)
            printf("%-11s %-17s %-9s %-9s %s\n", "who", "resource", "pattern", "operation", "name");
        printf("%-11s %-17s %-9s %-9s %s%s%s\n", who, rule->resource, rule->pattern,
               rule->operation, table->prefix, name, suffix);
    }
    table->rows++;
}

static void print_topics(struct table *table, const char *who, const struct rule *rule,
                         uint32_t topics)
{
    for (int i = 0; i < TOPIC_COUNT; i++)
        if (topics >> i & 1) print_rule(table, who, rule, topic_info((enum topic)i)->name, "");
}

/* Read and Write imply Describe, and Write of a topic lets an idempotent producer begin. */
static void print_worker(struct table *table, const struct worker *worker)
{
    print_topics(table, worker->name, &topic_read, worker_reads(worker));
    print_topics(table, worker->name, &topic_write, worker_writes(worker));
    if (worker->reads) print_rule(table, worker->name, &readers_describe, "reader.", "");
    if (!worker->consumes) return;
    print_rule(table, worker->name, &group_read, table->group[0] ? table->group : worker->name, "");
    if (worker->joins) print_rule(table, worker->name, &group_read, worker->joins, "");
    /* WORKER-REPLICA.GROUP */
    print_rule(table, worker->name, &transactions_write, worker->name, "-");
}

/* The door asks how far each stage is behind: ingest.stages, "GROUP:TOPIC ...". */
static void print_stages(struct table *table, struct str stages)
{
    for (int part = 0; part < 2; part++) { /* topics first: rows of a kind stay together */
        for (struct str list = stages; list.size;) {
            char name[256];
            struct str topic = str_trim(str_cut(&list, ' ')), group = str_cut(&topic, ':');
            snprintf(name, sizeof name, "%.*s", STR_ARGS(part ? group : topic));
            if (name[0])
                print_rule(table, "ingest", part ? &group_describe : &topic_describe, name, "");
        }
    }
}

/* The door posts insights to others, where it is told to: webhooks.endpoints. */
static void print_webhooks(struct table *table)
{
    if (!table->webhooks) return;
    print_topics(table, "ingest", &topic_write, TOPICS(DEAD_LETTERS) | TOPICS(AUDIT));
    print_rule(table, "ingest", &groups_read, "webhook-", "");
}

static void print_readers(struct table *table)
{
    for (size_t i = 0; i < sizeof readers / sizeof readers[0]; i++) {
        print_topics(table, readers[i].name, &topic_read, readers[i].reads);
        print_rule(table, readers[i].name, &groups_read, readers[i].name, "");
    }
}

/* What stages read, it may write: that is where records are sent again. Under a shadow's prefix
 * it makes the topics. */
static void print_operator(struct table *table)
{
    uint32_t all = (1u << TOPIC_COUNT) - 1, targets = 0;
    /* the last, logsink, reads nearly everything */
    for (int i = 0; i < CLI_WORKERS - 1; i++) targets |= cli_workers[i]->consumes;
    print_topics(table, "operator", &topic_describe, all);
    print_topics(table, "operator", &topic_create, all);
    if (table->webhooks) targets |= TOPICS(INSIGHTS);
    print_topics(table, "operator", &topic_read, operator_reads);
    print_topics(table, "operator", &topic_write, targets | TOPICS(AUDIT));
    print_rule(table, "operator", &readers_describe, "reader.", "");
    for (size_t i = 0; i < sizeof operator_commands / sizeof operator_commands[0]; i++)
        print_rule(table, "operator", &group_read, operator_commands[i], "");
    for (size_t i = 0; i < sizeof operator_commands / sizeof operator_commands[0]; i++) {
        char id[64]; /* MEMBER.GROUP */
        snprintf(id, sizeof id, "%s.%s", operator_commands[i], operator_commands[i]);
        print_rule(table, "operator", &transaction_write, id, "");
    }
}

static int access_run(const struct command *command, int argc, char **argv, struct err *err)
{
    struct table table = {0};
    const struct flag flags[] = {{"json", FLAG_BOOL, &table.json, "as JSON, for programs"}};
    struct arguments arguments;
    struct cli_config config;
    int rc = cli_parse(command, flags, 1, argc, argv, &arguments, err);
    if (rc || arguments.help) return rc;
    if (arguments.positional_count)
        return err_set(err, E_USAGE, "\"%s\"? verbatim access takes no arguments",
                       arguments.positionals[0]);
    rc = cli_config(&arguments, &config, err);
    if (rc) return rc;
    table.prefix = config_value(config.config, "bus", "topic_prefix", NULL);
    table.group = config_value(config.config, "runtime", "group", NULL);
    print_stages(&table, str_of(config_value(config.config, "ingest", "stages", NULL)));
    table.webhooks = config_value(config.config, "webhooks", "endpoints", NULL)[0] != '\0';
    print_webhooks(&table);
    for (int i = 0; i < CLI_WORKERS; i++) print_worker(&table, cli_workers[i]);
    print_readers(&table);
    print_operator(&table);
    if (table.json) printf("]\n");
    cli_config_free(&config);
    return E_OK;
}

const struct command access_command = {
    .name = "access",
    .summary = "the rights that each worker needs on Kafka, and no more",
    .usage = "[--json]",
    .details = "A dry run: nothing is changed. ops/kafka/acls makes kafka-acls.sh commands of it. "
               "Besides the workers it has two readers,\n"
               "analyst (insights) and safety (insights, safety), and operator: redrive, replay, "
               "diff and tail of what it may read.\n"
               "bus.topic_prefix and runtime.group are heeded; for a shadow's topics ask with the "
               "shadow's prefix.\n\n"
               "Example: verbatim access --bus.topic_prefix=verbatim.\n",
    .run = access_run,
};
