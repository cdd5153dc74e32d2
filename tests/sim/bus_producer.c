/* What the door sends: queued, sent, acknowledged, each a little later, or not at all. */
#include "tests/sim/bus.h"

enum { MESSAGE_TIMEOUT_S = 30 };

struct send {
    struct send *next;
    struct sim_producer *producer;
    const struct bus_output *outputs;
    size_t count;
    bus_on_done *on_done;
    void *user;
    int64_t give_up_ns;
    struct event *event;
    bool sent, answered;
    struct err err; /* of the answer */
};

struct sim_producer {
    struct bus_producer base;
    struct process *process;
    struct send *sends; /* not told yet */
    int fd;
};

static struct sim_producer *producer_of(struct bus_producer *base)
{
    return (struct sim_producer *)base;
}

int sim_producer_open(struct bus *bus, const char *member, struct bus_producer **ret_producer,
                      struct err *err)
{
    struct sim_producer *producer = calloc(1, sizeof *producer);
    (void)member, (void)err;
    if (!producer) abort();
    producer->base.backend = &sim_backend;
    producer->process = ((struct sim_bus *)bus)->process;
    producer->fd = fd_open();
    *ret_producer = &producer->base;
    return E_OK;
}

/* --- on the way ------------------------------------------------------------------------------ */

static void answer(void *user)
{
    struct send *send = user;
    send->event = NULL;
    send->answered = true;
    fd_raise(send->producer->fd);
}

static void append(struct send *send, size_t count)
{
    struct process *before = sim.current;
    process_enter(send->producer->process);
    for (size_t i = 0; i < count; i++) log_append(&send->outputs[i], NULL);
    send->sent = true;
    process_enter(before);
}

static void on_send(void *user)
{
    struct send *send = user;
    const struct process *process = send->producer->process;
    int64_t answer_ns = (int64_t)random_below(&sim.order, 20) * MS;
    send->event = NULL;
    if (process->life != LIFE_ALIVE || (!bus_reachable(process) && sim.now_ns < send->give_up_ns)) {
        send->event = sim_after(200 * MS, on_send, send);
        return;
    }
    if (!bus_reachable(process)) {
        err_set(&send->err, E_TIMEOUT, "not delivered");
    } else if (chance(FAULT_PRODUCE_LOST)) {
        append(send, chance_below(FAULT_PRODUCE_LOST, send->count));
        answer_ns = MESSAGE_TIMEOUT_S * SECONDS;
        err_set(&send->err, E_TIMEOUT, "not delivered");
    } else {
        append(send, send->count);
        if (chance(FAULT_ACK_LOST)) {
            answer_ns = MESSAGE_TIMEOUT_S * SECONDS;
            err_set(&send->err, E_TIMEOUT, "not acknowledged");
        }
    }
    send->event = sim_after(answer_ns, answer, send);
}

int sim_produce(struct bus_producer *base, const struct bus_output *outputs, size_t count,
                bus_on_done *on_done, void *user, struct err *err)
{
    struct sim_producer *producer = producer_of(base);
    if (!effect("produce")) return err_set(err, E_BUSY, "dead");
    if (chance(FAULT_PRODUCER_FULL)) return err_set(err, E_BUSY, "full");
    struct send *send = sim_alloc(sizeof *send), **link = &producer->sends;
    *send = (struct send){.producer = producer, .outputs = outputs, .count = count,
                          .on_done = on_done, .user = user,
                          .give_up_ns = sim.now_ns + MESSAGE_TIMEOUT_S * SECONDS};
    while (*link) link = &(*link)->next;
    *link = send;
    send->event = sim_after((int64_t)random_below(&sim.order, 20) * MS, on_send, send);
    return E_OK;
}

/* --- told ------------------------------------------------------------------------------------ */

int sim_producer_wake_fd(const struct bus_producer *base)
{
    return ((const struct sim_producer *)base)->fd;
}

void sim_producer_poll(struct bus_producer *base)
{
    struct sim_producer *producer = producer_of(base);
    fd_lower(producer->fd);
    for (struct send **link = &producer->sends; *link;) {
        struct send *send = *link;
        if (!send->answered) {
            link = &send->next;
            continue;
        }
        *link = send->next;
        send->on_done(send->user, send->err.code ? &send->err : NULL);
    }
}

int sim_producer_flush(struct bus_producer *base, int64_t timeout_ms, struct err *err)
{
    (void)timeout_ms;
    return producer_of(base)->sends ? err_set(err, E_TIMEOUT, "not flushed") : E_OK;
}

/* What is on its way then may arrive, or not; nobody is told more than that it isn't known. */
void sim_producer_close(struct bus_producer *base)
{
    struct sim_producer *producer = producer_of(base);
    while (producer->sends) {
        struct send *send = producer->sends;
        producer->sends = send->next;
        event_cancel(send->event);
        if (!send->sent && bus_reachable(producer->process) && random_below(&sim.order, 2))
            append(send, send->count);
        if (!send->answered) err_set(&send->err, E_UNAVAILABLE, "closed");
        send->on_done(send->user, send->err.code ? &send->err : NULL);
    }
    fd_close(producer->fd);
    free(producer);
}
