/* One connection, one call at a time: read, wait, answer. */
#include "ops/benchmarks/genai_provider.h"

#include <arpa/inet.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <uv.h>

#include "base/buffer.h"

enum { READ_BYTES = 65536, QUOTE_BYTES = 40, BACKLOG = 1024 };

struct connection {
    uv_tcp_t tcp;
    uv_timer_t timer;
    uv_write_t write;
    struct buffer request, reply;
    int open_handles;
};

static unsigned latency;
static char read_room[READ_BYTES];

static void on_closed(uv_handle_t *handle)
{
    struct connection *connection = handle->data;
    if (--connection->open_handles) return;
    buffer_deinit(&connection->request);
    buffer_deinit(&connection->reply);
    free(connection);
}

static void hang_up(struct connection *connection)
{
    if (uv_is_closing((uv_handle_t *)&connection->tcp)) return;
    uv_close((uv_handle_t *)&connection->tcp, on_closed);
    uv_close((uv_handle_t *)&connection->timer, on_closed);
}

/* --- what it says ----------------------------------------------------------------------------- */

static struct str after(struct str text, struct str words)
{
    size_t at = str_find(text, words);
    return at < text.size ? str_slice(text, at + words.size, text.size) : (struct str){0};
}

/* The first letters of the text with this id: the prompt is JSON, so its lines end in
 * "\n" as two letters. */
static struct str quote_of(struct str body, struct str id)
{
    char opening[64];
    snprintf(opening, sizeof opening, "feedback id=%.*s ", STR_ARGS(id));
    struct str text = after(after(body, str_of(opening)), STR("\\n"));
    size_t size = 0;
    while (size < text.size && size < QUOTE_BYTES && text.data[size] != '\\' &&
           text.data[size] != '"')
        size++;
    while (size && text.data[size] != ' ') size--; /* whole words, else it would be no quote */
    return str_slice(text, 0, size);
}

static void add_answer(struct buffer *out, struct str body, struct str id)
{
    struct str quote = quote_of(body, id);
    buffer_printf(
        out,
        "{\\\"id\\\":\\\"%.*s\\\",\\\"sentiment\\\":{\\\"label\\\":\\\"negative\\\",\\\"score\\\":-"
        "0.5,"
        "\\\"evidence\\\":[\\\"%.*s\\\"]},\\\"needs\\\":[{\\\"quote\\\":\\\"%.*s\\\",\\\"kind\\\":"
        "\\\"problem_report\\\","
        "\\\"text\\\":\\\"Something went wrong with "
        "it\\\"}],\\\"mentions\\\":[{\\\"quote\\\":\\\"%.*s\\\","
        "\\\"topic\\\":\\\"quality\\\",\\\"sentiment\\\":\\\"negative\\\"}],"
        "\\\"recommendations\\\":[{\\\"quote\\\":\\\"%.*s\\\","
        "\\\"text\\\":\\\"See to it, and tell the "
        "customer\\\",\\\"team\\\":\\\"support\\\",\\\"priority\\\":3}],\\\"signals\\\":[]}",
        STR_ARGS(id), STR_ARGS(quote), STR_ARGS(quote), STR_ARGS(quote), STR_ARGS(quote));
}

static void write_reply(struct connection *connection, struct str body)
{
    struct buffer json = {0};
    struct str ids = after(body, STR("these ids: "));
    ids = str_slice(ids, 0, str_find(ids, STR("\\n")));
    buffer_add(&json, STR("{\"id\":\"call-1\",\"object\":\"chat.completion\",\"created\":"
                          "1767323045,\"model\":\"bench-1\",\"choices\":[{\"index\":0,"
                          "\"finish_reason\":\"stop\",\"message\":{\"role\":\"assistant\","
                          "\"content\":\"{\\\"answers\\\":["));
    for (bool first = true; ids.size; first = false) {
        if (!first) buffer_add_char(&json, ',');
        add_answer(&json, body, str_trim(str_cut(&ids, ',')));
    }
    buffer_add(&json, STR("]}\"}}],\"usage\":{\"prompt_tokens\":1900,\"completion_tokens\":160,"
                          "\"total_tokens\":2060}}"));
    buffer_clear(&connection->reply);
    buffer_printf(
        &connection->reply,
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n\r\n",
        json.size);
    buffer_add(&connection->reply, buffer_str(&json));
    buffer_deinit(&json);
}

static void on_written(uv_write_t *write, int status)
{
    if (status < 0) hang_up(write->data);
}

static void on_time(uv_timer_t *timer)
{
    struct connection *connection = timer->data;
    uv_buf_t bytes = uv_buf_init(connection->reply.data, (unsigned)connection->reply.size);
    connection->write.data = connection;
    uv_write(&connection->write, (uv_stream_t *)&connection->tcp, &bytes, 1, on_written);
}

/* --- what it reads ---------------------------------------------------------------------------- */

static void look(struct connection *connection)
{
    struct str request = buffer_str(&connection->request);
    size_t head = str_find(request, STR("\r\n\r\n")) + 4;
    uint64_t length = 0;
    if (head > request.size) return;
    struct str value = after(str_slice(request, 0, head), STR("Content-Length: "));
    if (!str_to_u64(str_slice(value, 0, str_find(value, STR("\r\n"))), &length) ||
        request.size < head + length)
        return;
    write_reply(connection, str_slice(request, head, head + (size_t)length));
    buffer_consume(&connection->request, head + (size_t)length);
    uv_timer_start(&connection->timer, on_time, latency, 0);
}

static void on_room(uv_handle_t *handle, size_t wish, uv_buf_t *ret_room)
{
    (void)handle, (void)wish;
    *ret_room = uv_buf_init(read_room, sizeof read_room);
}

static void on_read(uv_stream_t *stream, ssize_t count, const uv_buf_t *bytes)
{
    struct connection *connection = stream->data;
    if (count < 0) {
        hang_up(connection);
        return;
    }
    buffer_append(&connection->request, bytes->base, (size_t)count);
    look(connection);
}

static void on_connection(uv_stream_t *server, int status)
{
    struct connection *connection = status < 0 ? NULL : calloc(1, sizeof *connection);
    if (!connection) return;
    connection->open_handles = 2;
    uv_tcp_init(server->loop, &connection->tcp);
    uv_timer_init(server->loop, &connection->timer);
    connection->tcp.data = connection->timer.data = connection;
    if (uv_accept(server, (uv_stream_t *)&connection->tcp) == 0)
        uv_read_start((uv_stream_t *)&connection->tcp, on_room, on_read);
    else hang_up(connection);
}

static void serve(int listener)
{
    uv_loop_t loop;
    uv_tcp_t server;
    prctl(PR_SET_PDEATHSIG, SIGKILL); /* nobody left behind */
    if (uv_loop_init(&loop) || uv_tcp_init(&loop, &server) || uv_tcp_open(&server, listener) ||
        uv_listen((uv_stream_t *)&server, BACKLOG, on_connection))
        _exit(1);
    uv_run(&loop, UV_RUN_DEFAULT);
    _exit(0);
}

int genai_provider_start(unsigned latency_ms, pid_t *ret_pid, unsigned *ret_port, struct err *err)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (listener < 0 || bind(listener, (struct sockaddr *)&address, sizeof address) ||
        listen(listener, BACKLOG) || getsockname(listener, (struct sockaddr *)&address, &size))
        return err_system(err, E_SYSTEM, "a provider on loopback");
    latency = latency_ms;
    pid_t pid = fork();
    if (pid < 0) return err_system(err, E_SYSTEM, "a provider's process");
    if (pid == 0) serve(listener);
    close(listener);
    *ret_pid = pid;
    *ret_port = ntohs(address.sin_port);
    return E_OK;
}

void genai_provider_stop(pid_t pid)
{
    kill(pid, SIGTERM);
    waitpid(pid, NULL, 0);
}
