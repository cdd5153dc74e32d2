/* What verify found, on standard output or as JSON. */
#ifndef VERBATIM_OPS_CLI_VERIFY_SHOW_H
#define VERBATIM_OPS_CLI_VERIFY_SHOW_H

#include "archive/verify.h"
#include "base/buffer.h"
#include "base/terminal.h"

void verify_print(const struct verify_report *report);
void verify_write_json(const struct verify_report *report, struct buffer *out);

#endif
