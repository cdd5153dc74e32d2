/* What a worker tells of itself on the bus. */
#ifndef VERBATIM_TESTS_TOLD_H
#define VERBATIM_TESTS_TOLD_H

#include "must.h"

#include "bus/bus.h"
#include "schema/record.h"

/* The record, and one of its sections. */
static inline struct record told_in(const struct bus_message *message, enum section section,
                                    void *ret_section, struct arena *arena)
{
    struct record record;
    struct err err;
    must(record_scan(message->value, arena, &record, &err), &err);
    must(record_decode(&record, section, ret_section, arena, &err), &err);
    return record;
}

#endif
