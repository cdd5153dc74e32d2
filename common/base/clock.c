/* Clocks, and times as RFC 3339 text. Civil-date arithmetic after H. Hinnant, "chrono-compatible
 * low-level date algorithms" (days_from_civil, civil_from_days). */
#include "base/clock.h"

#include <time.h>

#include "base/ascii.h"

static int64_t system_wall_ms(void *self)
{
    (void)self;
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int64_t system_mono_ns(void *self)
{
    (void)self;
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

const struct clock *clock_system(void)
{
    static const struct clock clock = {.wall_ms = system_wall_ms, .mono_ns = system_mono_ns};
    return &clock;
}

double clock_cpu_seconds(void)
{
    struct timespec used;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    return (double)used.tv_sec + (double)used.tv_nsec * 1e-9;
}

static int64_t manual_wall_ms(void *self) { return ((struct clock_manual *)self)->wall_ms; }
static int64_t manual_mono_ns(void *self) { return ((struct clock_manual *)self)->mono_ns; }

void clock_manual_init(struct clock_manual *manual, int64_t wall_ms)
{
    *manual = (struct clock_manual){
        .clock = {.wall_ms = manual_wall_ms, .mono_ns = manual_mono_ns, .self = manual},
        .wall_ms = wall_ms,
    };
}

void clock_manual_advance(struct clock_manual *manual, int64_t ms)
{
    manual->wall_ms += ms;
    manual->mono_ns += ms * 1000000;
}

static int64_t days_from_civil(int64_t year, int64_t month, int64_t day)
{
    year -= month <= 2;
    int64_t era = (year >= 0 ? year : year - 399) / 400;
    int64_t year_of_era = year - era * 400;
    int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * 146097 + day_of_era - 719468;
}

/* 0001-01-01T00:00:00.000Z and 9999-12-31T23:59:59.999Z. */
#define EARLIEST_MS INT64_C(-62135596800000)
#define LATEST_MS INT64_C(253402300799999)

bool time_is_writable(int64_t wall_ms) { return wall_ms >= EARLIEST_MS && wall_ms <= LATEST_MS; }

int64_t time_bounded(int64_t wall_ms)
{
    return wall_ms < 0 ? 0 : wall_ms > LATEST_MS ? LATEST_MS : wall_ms;
}

/* Two digits, and what stands behind them. */
static inline char *put_pair(char *out, uint32_t value, char behind)
{
    uint32_t tens = value * 103 >> 10; /* below 100 */
    out[0] = (char)('0' + tens);
    out[1] = (char)('0' + value - tens * 10);
    out[2] = behind;
    return out + 3;
}

/* `days` since 1970, of the years that are writable. Neri and Schneider, "Euclidean affine
 * functions and their application to calendar algorithms" (2022): no branch, no long division. */
static inline char *put_date(char *out, int32_t days)
{
    uint32_t quarters = 4 * (uint32_t)(days + 719468) + 3, /* days since March 1st of the year 0 */
             century = quarters / 146097, of_century = quarters % 146097 | 3;
    uint64_t years = UINT64_C(2939745) * of_century;
    uint32_t year = (uint32_t)(years >> 32), day_of_year = (uint32_t)years / 2939745 / 4,
             months = 2141 * day_of_year + 197913, next = day_of_year >= 306; /* from January on */
    (void)put_pair(out, century + (year + next) / 100, '-'); /* the mark is written over */
    out = put_pair(out + 2, (year + next) % 100, '-');
    out = put_pair(out, (months >> 16) - 12 * next, '-');
    return put_pair(out, (months & 0xFFFF) / 2141 + 1, 'T');
}

/* Up to the mark before the fraction. */
enum { SECOND_BYTES = sizeof "2026-01-02T03:04:05." - 1 };
static void put_second(char *out, uint64_t seconds_of_all)
{
    uint32_t days = (uint32_t)(seconds_of_all / 86400),
             seconds = (uint32_t)(seconds_of_all % 86400), minutes = seconds / 60;
    out = put_date(out, (int32_t)days + (int32_t)(EARLIEST_MS / 86400000));
    out = put_pair(out, minutes / 60, ':');
    out = put_pair(out, minutes % 60, ':');
    (void)put_pair(out, seconds % 60, '.');
}

/* Times that are written behind one another are mostly of one second: the last one's is kept. */
size_t time_format(int64_t wall_ms, char out[static TIME_TEXT_BYTES])
{
    static _Thread_local struct {
        uint64_t second; /* and 1; 0: none yet */
        char text[SECOND_BYTES];
    } last;
    if (wall_ms < EARLIEST_MS) wall_ms = EARLIEST_MS;
    if (wall_ms > LATEST_MS) wall_ms = LATEST_MS;
    uint64_t ms_of_all = (uint64_t)(wall_ms - EARLIEST_MS), second = ms_of_all / 1000;
    uint32_t fraction = (uint32_t)(ms_of_all % 1000), tens = fraction / 10;
    if (last.second != second + 1) {
        put_second(last.text, second);
        last.second = second + 1;
    }
    memcpy(out, last.text, SECOND_BYTES);
    char *at = put_pair(out + SECOND_BYTES, tens, (char)('0' + fraction - tens * 10));
    *at++ = 'Z';
    *at = '\0';
    return (size_t)(at - out);
}

static bool digits(struct str *rest, size_t count, int *ret_value)
{
    if (rest->size < count) return false;
    int value = 0;
    for (size_t i = 0; i < count; i++) {
        if (!ascii_is_digit(rest->data[i])) return false;
        value = value * 10 + (rest->data[i] - '0');
    }
    *rest = str_slice(*rest, count, rest->size);
    *ret_value = value;
    return true;
}

static bool literal(struct str *rest, const char *any_of)
{
    if (rest->size == 0 || !strchr(any_of, rest->data[0]) || rest->data[0] == '\0') return false;
    *rest = str_slice(*rest, 1, rest->size);
    return true;
}

static bool parse_date(struct str *rest, int64_t *ret_days)
{
    static const int month_days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int year, month, day;
    if (!digits(rest, 4, &year) || !literal(rest, "-") || !digits(rest, 2, &month) ||
        !literal(rest, "-") || !digits(rest, 2, &day))
        return false;
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    if (year < 1 || month < 1 || month > 12 || day < 1) return false;
    if (day > month_days[month - 1] + (leap && month == 2)) return false;
    *ret_days = days_from_civil(year, month, day);
    return true;
}

/* Up to milliseconds; further digits are dropped. At least one digit. */
static bool parse_fraction(struct str *rest, int64_t *ms)
{
    int64_t scale = 100;
    size_t before = rest->size;
    while (rest->size && ascii_is_digit(rest->data[0])) {
        *ms += (rest->data[0] - '0') * scale;
        scale /= 10;
        *rest = str_slice(*rest, 1, rest->size);
    }
    return rest->size < before;
}

static bool parse_offset(struct str *rest, int64_t *ret_ms)
{
    int hours, minutes;
    *ret_ms = 0;
    if (literal(rest, "Zz")) return true;
    bool west = rest->size && rest->data[0] == '-';
    if (!literal(rest, "+-") || !digits(rest, 2, &hours) || !literal(rest, ":") ||
        !digits(rest, 2, &minutes) || hours > 23 || minutes > 59)
        return false;
    *ret_ms = (hours * 60 + minutes) * (west ? -60000 : 60000);
    return true;
}

bool time_parse(struct str text, int64_t *ret_wall_ms)
{
    int hour, minute, second;
    int64_t days, ms, offset_ms;
    if (!parse_date(&text, &days)) return false;
    ms = days * 86400000;
    if (text.size == 0) return *ret_wall_ms = ms, true;
    if (!literal(&text, "Tt ") || !digits(&text, 2, &hour) || !literal(&text, ":") ||
        !digits(&text, 2, &minute) || !literal(&text, ":") || !digits(&text, 2, &second))
        return false;
    if (hour > 23 || minute > 59 || second > 60) return false;
    ms += ((int64_t)hour * 60 + minute) * 60000 + (int64_t)second * 1000;
    if (literal(&text, ".") && !parse_fraction(&text, &ms)) return false;
    if (!parse_offset(&text, &offset_ms) || text.size) return false;
    ms -= offset_ms;
    /* An offset may lead out of the years that time_format() can write. */
    if (!time_is_writable(ms)) return false;
    *ret_wall_ms = ms;
    return true;
}
