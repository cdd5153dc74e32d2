/* Windows, and sums as text. */
#include "schema/ledger.h"

#include "base/ascii.h"
#include "base/clock.h"

int64_t ledger_window(int64_t timestamp_ms)
{
    timestamp_ms = time_bounded(timestamp_ms);
    return timestamp_ms - timestamp_ms % LEDGER_WINDOW_MS;
}

struct str ledger_ids_text(uint64_t ids, struct arena *arena)
{
    return arena_printf(arena, "%016llx", (unsigned long long)ids);
}

bool ledger_ids_read(struct str text, uint64_t *ret_ids)
{
    uint64_t ids = 0;
    if (text.size != LEDGER_IDS_BYTES - 1) return false;
    for (size_t i = 0; i < text.size; i++) {
        int digit = ascii_hex(text.data[i]);
        if (digit < 0 || ascii_is_upper(text.data[i])) return false;
        ids = ids << 4 | (uint64_t)digit;
    }
    *ret_ids = ids;
    return true;
}
