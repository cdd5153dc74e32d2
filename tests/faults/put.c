/* Puts files, as they are, onto a topic: one message each, with its number as the key, in order.
 *
 *     faults_put TOPIC [--OPTION=VALUE...] FILE...      on the bus that the options name
 *
 * Prints how many. What no producer of ours would write comes onto the bus this way. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bus/bus.h"

enum { FILE_BYTES_MAX = 8 << 20, FLUSH_MS = 60000 };

static void give_up(const char *what, const struct err *err)
{
    fprintf(stderr, "faults_put: %s: %s\n", what, err ? err->text : "can't be read");
    exit(1);
}

static void on_done(void *user, const struct err *err)
{
    if (err) give_up("not written", err);
    ++*(unsigned *)user;
}

static struct str read_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    char *data = malloc(FILE_BYTES_MAX);
    if (!file || !data) give_up(path, NULL);
    size_t size = fread(data, 1, FILE_BYTES_MAX, file);
    fclose(file);
    return str_make(data, size);
}

static void put(struct bus_producer *producer, enum topic topic, unsigned number, const char *path,
                unsigned *done)
{
    char key[16];
    struct err err;
    struct str value = read_file(path);
    snprintf(key, sizeof key, "%u", number);
    const struct bus_output output = {.topic = topic, .timestamp_ms = clock_wall_ms(clock_system()),
                                      .key = str_of(key), .value = value};
    if (bus_produce(producer, &output, 1, on_done, done, &err)) give_up(path, &err);
    if (bus_producer_flush(producer, FLUSH_MS, &err)) give_up(path, &err);
    free((void *)value.data);
}

int main(int argc, char **argv)
{
    const struct option_table *tables[] = {&bus_option_table, &kafka_option_table, NULL};
    enum topic topic = argc > 1 ? topic_by_name(str_of(argv[1])) : TOPIC_NONE;
    struct config *config;
    struct bus *bus;
    struct bus_producer *producer;
    struct err err;
    unsigned done = 0, sent = 0;
    int at = 2;
    if (topic == TOPIC_NONE) give_up("usage", NULL);
    if (config_create(tables, &config, &err)) give_up("config", &err);
    for (; at < argc && strncmp(argv[at], "--", 2) == 0; at++)
        if (config_set(config, str_of(argv[at] + 2), "argument", &err)) give_up(argv[at], &err);
    if (bus_open(config, clock_system(), &bus, &err)) give_up("bus", &err);
    if (bus_producer_open(bus, "faults-put", &producer, &err)) give_up("producer", &err);
    for (; at < argc; at++) put(producer, topic, sent++, argv[at], &done);
    bus_producer_close(producer);
    bus_close(bus);
    config_destroy(config);
    printf("%u\n", done);
    return done == sent ? 0 : 1;
}
