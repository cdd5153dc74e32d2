/* Names, and two codings of bytes as ASCII. */
#include "base/ascii.h"

bool ascii_consists_of(struct str s, const char *characters)
{
    size_t count = strlen(characters);
    for (size_t i = 0; i < s.size; i++)
        if (!memchr(characters, s.data[i], count)) return false;
    return true;
}

bool ascii_percent_decode(struct str in, bool plus_is_space, char *out, size_t room,
                          struct str *ret_text)
{
    size_t size = 0;
    for (size_t i = 0; i < in.size; i++) {
        char c = in.data[i];
        if (c == '%') {
            int high = i + 2 < in.size ? ascii_hex(in.data[i + 1]) : -1;
            int low = high >= 0 ? ascii_hex(in.data[i + 2]) : -1;
            if (low < 0) return false;
            c = (char)(high << 4 | low);
            i += 2;
        } else if (c == '+' && plus_is_space) {
            c = ' ';
        }
        if (size == room) return false;
        out[size++] = c;
    }
    *ret_text = str_make(out, size);
    return true;
}

bool ascii_read_hex(struct str text, uint8_t *out, size_t size)
{
    if (text.size != 2 * size) return false;
    for (size_t i = 0; i < size; i++) {
        int high = ascii_hex(text.data[2 * i]), low = ascii_hex(text.data[2 * i + 1]);
        if (high < 0 || low < 0) return false;
        out[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}
