/* Names of products and drugs, from a list that operators edit, and where a text says them.
 *
 * Grammar (config/products.txt), UTF-8, at most 4 MiB: a line is one product, its spellings
 * parted by commas; the first is what it is called. '#' opens a comment. A spelling has one to
 * NAME_WORDS_MAX words and no fewer than three letters. Case and accents don't matter;
 * "l'ibuprofène" and "Nurofen's" are found too. */
#ifndef VERBATIM_TEXT_NAMES_H
#define VERBATIM_TEXT_NAMES_H

#include "text/tokens.h"

enum {
    NAME_WORDS_MAX = 5, NAMES_MAX = 100000, NAME_BYTES_MAX = 128, NAMES_FILE_BYTES_MAX = 4 << 20,
    NAMES_FOUND_MAX = 16
};

struct names; /* immutable once made: any thread */
struct name_found {
    struct str name;     /* lives as long as the names */
    uint32_t start, end; /* bytes of the text */
};

/* BAD_CONFIG names file and line. An empty list is fine. */
int names_parse(const char *path, struct str content, struct names **ret_names,
                struct err *err) CHECKED;
/* and NO_INPUT */
int names_open(const char *path, struct names **ret_names, struct err *err) CHECKED;
void names_close(struct names *names); /* NULL is fine */

/* The longest name at each place, each product once, in the text's order. Returns their number. */
uint32_t names_find(const struct names *names, const struct tokens *tokens,
                    struct name_found found[static NAMES_FOUND_MAX]);

#endif
