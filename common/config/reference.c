/* The reference page of every option, printed from the tables. */
#include <stdio.h>

#include "base/ascii.h"
#include "config/config.h"
#include "config/value.h"

static void print_row(const struct option_table *table, const struct option *row,
                      struct buffer *out)
{
    char allowed[160], variable[160];
    size_t size = (size_t)snprintf(variable, sizeof variable, "VERBATIM_%s_%s", table->module,
                                   row->name);
    for (size_t i = 0; i < size; i++) variable[i] = ascii_upper(variable[i]);
    option_allowed(row, allowed);
    buffer_printf(out, "| `%s` | `%s` | ", row->name, row->fallback[0] ? row->fallback : "\"\"");
    for (const char *c = allowed; *c; c++) buffer_add(out, *c == '|' ? STR("\\|") : str_make(c, 1));
    buffer_printf(out, " | %s | `%s` |\n", row->help, variable);
}

void config_print_reference(const struct option_table *const *tables, struct buffer *out)
{
    buffer_add(out,
               STR("# Configuration\n\nPrinted by `verbatim config --reference`; don't edit.\n\n"
                   "Defaults < file (`--config FILE`) < environment < flags "
                   "(`--section.name=value`).\n"));
    for (; *tables; tables++) {
        buffer_printf(out, "\n## [%s]\n\n%s\n\n", (*tables)->module, (*tables)->summary);
        if ((*tables)->count == 0) continue;
        buffer_add(
            out, STR("| name | default | allowed | what | environment |\n|---|---|---|---|---|\n"));
        for (size_t i = 0; i < (*tables)->count; i++)
            print_row(*tables, &(*tables)->options[i], out);
    }
}
