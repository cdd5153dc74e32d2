/* One option's text to its value, and into its struct. */
#ifndef VERBATIM_CONFIG_VALUE_H
#define VERBATIM_CONFIG_VALUE_H

#include "config/options.h"

union option_value {
    const char *text; /* STR, SECRET: the given text itself */
    bool flag;
    uint32_t number; /* U32, CHOICE */
    int64_t ms;
    uint64_t bytes;
    double real;
};

/* BAD_CONFIG names what is allowed. */
int option_parse(const struct option *option, const char *text, union option_value *ret_value,
                 struct err *err) CHECKED;
void option_store(const struct option *option, const union option_value *value, void *options);
/* "0 to 100", "true or false", "a, b or c": what a value may be, for messages and docs. */
void option_allowed(const struct option *option, char out[static 160]);

#endif
