/* Findings, kept and counted. */
#include "archive/findings.h"

#include <stdarg.h>
#include <stdio.h>

void findings_deinit(struct findings *findings) { arena_deinit(&findings->arena); }

void findings_add(struct findings *findings, struct finding where, const char *format, ...)
{
    char text[512];
    va_list args;
    findings->of_kind[where.kind]++;
    if (findings->count++ >= FINDINGS_KEPT) return;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    where.id = arena_copy(&findings->arena, where.id);
    where.text = arena_copy(&findings->arena, str_of(text));
    findings->kept[findings->count - 1] = where;
}

const char *finding_name(enum finding_kind kind)
{
    static const char *const names[] = {
#define FINDING(kind, name, text) [FINDING_##kind] = name,
        FINDING_TABLE(FINDING)
#undef FINDING
    };
    return names[kind];
}
