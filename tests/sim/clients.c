/* Posts, tried again with the same idempotency key until there is a receipt; then the next. */
#include "tests/sim/clients.h"

#include "base/buffer.h"
#include "tests/sim/door.h"

struct client sim_clients[CLIENTS_MAX];
uint32_t sim_client_count;

static const char *const phrases[] = {
    "The delivery was late again and nobody answered my call, please fix this",
    "I love the new tablets, they helped me sleep within two days of taking them",
    "Después de tomar el jarabe me salió una erupción en la piel y fui al médico",
    "Le service client est très bien, merci beaucoup pour votre aide rapide",
    "good",
    "My son was taken to hospital after the heater caught fire in his room",
};

static void post(void *user);

/* --- what is said ---------------------------------------------------------------------------- */

static void write_record(const struct client *client, const struct said *said, struct buffer *out)
{
    const char *phrase = phrases[(client->number * 7 + said->number) % 6];
    buffer_printf(out, "{\"text\":\"%s (c%u s%u)", phrase, client->number, said->number);
    for (uint32_t i = 0; said->lengthy && i < 100; i++) buffer_printf(out, " %s.", phrases[i % 4]);
    buffer_add_char(out, '"');
    if (client->customer[0]) buffer_printf(out, ",\"customer\":\"%s\"", client->customer);
    buffer_add(out, STR(",\"channel\":\"review\",\"product\":\"tablets\"}"));
}

static void compose(struct client *client)
{
    struct buffer out = {0};
    struct said *first = &client->said[client->next];
    uint32_t left = client->said_count - client->next;
    client->bulk = !first->again && random_below(&sim.plan, 3) == 0;
    client->wait = !client->bulk && random_below(&sim.plan, 5) == 0;
    client->posting = client->bulk ? 1 + (uint32_t)random_below(&sim.plan, left < 4 ? left : 4) : 1;
    for (uint32_t i = 1; i < client->posting; i++)
        if (client->said[client->next + i].again) client->posting = i;
    if (!first->again)
        snprintf(client->idempotency, sizeof client->idempotency, "%llu-c%u-s%u",
                 (unsigned long long)sim.seed, client->number, first->number);
    for (uint32_t i = 0; i < client->posting; i++) {
        write_record(client, &client->said[client->next + i], &out);
        if (client->bulk) buffer_add_char(&out, '\n');
    }
    client->body = sim_copy(buffer_str(&out));
    buffer_deinit(&out);
}

const struct said *said_find(struct str text)
{
    size_t at = str_find(text, STR("(c"));
    struct str rest = str_slice(text, at + 2, text.size), client = str_cut(&rest, ' ');
    uint64_t which, number;
    rest = str_slice(rest, 1, rest.size);
    if (at == text.size || !str_to_u64(client, &which) || which >= sim_client_count) return NULL;
    if (!str_to_u64(str_cut(&rest, ')'), &number) || number >= sim_clients[which].said_count)
        return NULL;
    return &sim_clients[which].said[number];
}

/* --- posting --------------------------------------------------------------------------------- */

static void try_again(struct client *client)
{
    if (client->request) door_hang_up(client->request);
    client->request = NULL;
    event_cancel(client->timeout);
    client->timeout = sim_after((200 + (int64_t)random_below(&sim.order, 1500)) * MS, post, client);
}

static void on_timeout(void *user)
{
    struct client *client = user;
    client->timeout = NULL;
    trace("client %u has waited for long enough", client->number);
    try_again(client);
}

static void next(struct client *client)
{
    client->next += client->posting;
    client->posting = 0;
    event_cancel(client->timeout);
    client->timeout = NULL;
    client->request = NULL;
    if (client->next == client->said_count) return;
    compose(client);
    client->timeout = sim_after((int64_t)random_below(&sim.order, 1500) * MS, post, client);
}

/* "id":"…", the n-th of the body. */
static struct str id_in(struct str body, uint32_t n)
{
    for (;; n--) {
        size_t at = str_find(body, STR("\"id\":\""));
        if (at == body.size) return (struct str){0};
        body = str_slice(body, at + 6, body.size);
        if (n == 0) return str_cut(&body, '"');
    }
}

static void take_receipts(struct client *client, struct str body)
{
    for (uint32_t i = 0; i < client->posting; i++) {
        struct said *said = &client->said[client->next + i];
        struct str id = id_in(body, i);
        if (!id.size) {
            broken("client %u: no receipt in %.*s", client->number, STR_ARGS(body));
            return;
        }
        said->receipt = true;
        snprintf(said->id, sizeof said->id, "%.*s", STR_ARGS(id));
        trace("client %u has a receipt for s%u: %s", client->number, said->number, said->id);
    }
}

static void on_answer(void *user, int status, struct str body)
{
    struct client *client = user;
    if (status == 202 || status == 200) {
        take_receipts(client, body);
        next(client);
    } else if (status == 429 || status == 503) {
        client->request = NULL;
        try_again(client);
    } else {
        broken("client %u hears %d: %.*s", client->number, status, STR_ARGS(body));
    }
}

static void post(void *user)
{
    struct client *client = user;
    const struct post_text text = {
        .type = client->bulk ? STR("application/x-ndjson") : STR("application/json"),
        .idempotency = str_of(client->idempotency),
        .query = client->wait ? STR("wait=2s") : STR(""), .body = client->body};
    client->timeout = NULL;
    client->request = door_call(&text, on_answer, client);
    int64_t patience_ms = 5000 + (int64_t)random_below(&sim.order, 40000);
    if (!client->request) patience_ms = 500; /* nobody listens */
    if (chance(FAULT_CLIENT_GONE)) patience_ms = (int64_t)chance_below(FAULT_CLIENT_GONE, 50);
    client->timeout = sim_after(patience_ms * MS, on_timeout, client);
}

/* --- all of them ----------------------------------------------------------------------------- */

void clients_start(void)
{
    sim_client_count = 1 + (uint32_t)random_below(&sim.plan, CLIENTS_MAX);
    for (uint32_t i = 0; i < sim_client_count; i++) {
        struct client *client = &sim_clients[i];
        *client = (struct client){.number = i};
        if (i < 3) snprintf(client->customer, sizeof client->customer, "customer-%u", i);
        client->said_count = 1 + (uint32_t)random_below(&sim.plan, CLIENT_RECORDS_MAX);
        for (uint32_t j = 0; j < client->said_count; j++)
            client->said[j] = (struct said){
                .client = i, .number = j,
                .lengthy = random_below(&sim.plan, 50) == 0,
                .again = j > 0 && !client->said[j - 1].again && random_below(&sim.plan, 25) == 0};
        compose(client);
        client->timeout = sim_after((int64_t)random_below(&sim.plan, 3000) * MS, post, client);
    }
}

bool clients_done(void)
{
    for (uint32_t i = 0; i < sim_client_count; i++)
        if (sim_clients[i].next < sim_clients[i].said_count) return false;
    return true;
}

void clients_finish(void)
{
    for (uint32_t i = 0; i < sim_client_count; i++) {
        if (sim_clients[i].request) door_hang_up(sim_clients[i].request);
        sim_clients[i].request = NULL;
        event_cancel(sim_clients[i].timeout);
        sim_clients[i].timeout = NULL;
    }
}
