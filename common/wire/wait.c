/* When to come again, as a reply's head says it. */
#include "wire/wire.h"

enum { WAIT_MS_MAX = 24 * 60 * 60 * 1000 };

int64_t wire_bounded_ms(double ms)
{
    if (!(ms > 0)) return 0;
    return ms < WAIT_MS_MAX ? (int64_t)(ms + 0.5) : WAIT_MS_MAX;
}

int64_t wire_date_ms(struct str value)
{
    char text[64];
    if (value.size >= sizeof text) return 0;
    if (value.size) memcpy(text, value.data, value.size);
    text[value.size] = '\0';
    time_t seconds = curl_getdate(text, NULL);
    return seconds > 0 ? (int64_t)seconds * 1000 : 0;
}

int64_t wire_retry_after_ms(struct str value, int64_t now_ms)
{
    double seconds;
    if (str_to_f64(value, &seconds)) return seconds >= 0 ? wire_bounded_ms(seconds * 1000) : -1;
    int64_t date_ms = wire_date_ms(value);
    return date_ms ? wire_bounded_ms((double)(date_ms - now_ms)) : -1;
}
