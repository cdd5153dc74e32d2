/* Numbers, booleans, lists and objects of others, as one writes them. */
#include "schema/raw_text.h"

#include "schema/json.h"
#include "schema/msgpack.h"

/* A nested value stays readable as JSON text. BAD_MESSAGE: it nests too deeply. */
static int nested_text(struct str raw, struct arena *arena, struct str *ret_text)
{
    static const struct shape any = {.name = "any"};
    struct buffer json = {0};
    int rc = json_write_shape(&any, raw, &json, NULL);
    if (rc == E_OK) *ret_text = arena_copy(arena, buffer_str(&json));
    buffer_deinit(&json);
    return rc;
}

/* As few digits as give the same double again. */
static struct str shortest(double value, struct arena *arena)
{
    struct str text = {0};
    double again;
    for (int digits = 15; digits <= 17; digits++) {
        text = arena_printf(arena, "%.*g", digits, value);
        if (!text.data || (str_to_f64(text, &again) && !(again < value) && !(again > value))) break;
    }
    return text;
}

int raw_as_text(struct str raw, struct arena *arena, struct str *ret_text)
{
    struct msgpack_reader reader = msgpack_reader(raw);
    struct msgpack_item item;
    if (!msgpack_next(&reader, &item)) return E_BAD_MESSAGE;
    struct str text = STR("");
    int rc = E_OK;
    switch (item.kind) {
    case MSGPACK_STR: text = item.bytes; break;
    case MSGPACK_BOOL: text = item.flag ? STR("true") : STR("false"); break;
    case MSGPACK_UINT: text = arena_printf(arena, "%llu", (unsigned long long)item.uint); break;
    case MSGPACK_INT: text = arena_printf(arena, "%lld", (long long)item.sint); break;
    case MSGPACK_FLOAT: text = shortest(item.real, arena); break;
    case MSGPACK_ARRAY:
    case MSGPACK_MAP: rc = nested_text(raw, arena, &text); break;
    case MSGPACK_NIL:
    case MSGPACK_BIN:
    case MSGPACK_EXT: break;
    }
    if (rc == E_OK && !text.data) rc = E_NO_MEMORY;
    if (rc == E_OK) *ret_text = text;
    return rc;
}
