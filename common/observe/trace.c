/* Parsing and continuing a traceparent. */
#include "observe/trace.h"

#include <endian.h>

#include "base/ascii.h"

static bool is_hex(struct str text) { return ascii_consists_of(text, ASCII_DIGITS "abcdef"); }

/* For ids, of which none may be all zero. */
static bool all_zero(struct str text) { return ascii_consists_of(text, "0"); }

/* Versions above 00 may have more behind their flags, after a dash; ff is never one. */
bool trace_is_valid(struct str traceparent)
{
    enum { SIZE = TRACE_TEXT_BYTES - 1 };
    if (traceparent.size < SIZE || traceparent.data[2] != '-' || traceparent.data[35] != '-' ||
        traceparent.data[52] != '-')
        return false;
    struct str version = str_slice(traceparent, 0, 2), trace = str_slice(traceparent, 3, 35),
               span = str_slice(traceparent, 36, 52), flags = str_slice(traceparent, 53, SIZE);
    if (!is_hex(version) || str_equal(version, STR("ff"))) return false;
    if (traceparent.size > SIZE && (str_equal(version, STR("00")) || traceparent.data[SIZE] != '-'))
        return false;
    return is_hex(trace) && is_hex(span) && is_hex(flags) && !all_zero(trace) && !all_zero(span);
}

bool trace_is_sampled(struct str traceparent)
{
    return strchr("13579bdf", traceparent.data[54]) != NULL;
}

/* Each digit gets a byte; from 10 on adding 6 carries, which makes it a letter. */
static void put_eight(char *out, uint32_t value)
{
    const uint64_t ones = 0x0101010101010101;
    uint64_t digits = value;
    digits = (digits | digits << 16) & 0x0000ffff0000ffff;
    digits = (digits | digits << 8) & 0x00ff00ff00ff00ff;
    digits = (digits | digits << 4) & 0x0f0f0f0f0f0f0f0f;
    uint64_t letters = (digits + 6 * ones) >> 4 & ones;
    digits = htobe64(digits + '0' * ones + ('a' - '0' - 10) * letters);
    memcpy(out, &digits, sizeof digits);
}

static void put_hex(char *out, uint64_t value)
{
    put_eight(out, (uint32_t)(value >> 32));
    put_eight(out + 8, (uint32_t)value);
}

void trace_child(struct str parent, struct random *random, char out[static TRACE_TEXT_BYTES])
{
    if (trace_is_valid(parent)) {
        bool sampled = trace_is_sampled(parent);
        /* we write the version that we know, and of the flags only that one */
        memcpy(out, "00", 2);
        memcpy(out + 2, parent.data + 2, TRACE_TEXT_BYTES - 5);
        memcpy(out + 53, sampled ? "01" : "00", 2);
    } else {
        memcpy(out, "00-", 3);
        put_hex(out + 3, random_u64(random) | 1);
        put_hex(out + 19, random_u64(random));
        memcpy(out + 35, "-                -01", 20);
    }
    put_hex(out + 36, random_u64(random) | 1);
    out[TRACE_TEXT_BYTES - 1] = '\0';
}

void trace_alone(struct random *random, char out[static TRACE_TEXT_BYTES])
{
    trace_child((struct str){0}, random, out);
    out[TRACE_TEXT_BYTES - 2] = '0';
}
