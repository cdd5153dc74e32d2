/* What is wrong with an archive: how much of each kind, and the first ones in words. */
#ifndef VERBATIM_ARCHIVE_FINDINGS_H
#define VERBATIM_ARCHIVE_FINDINGS_H

#include "base/arena.h"
#include "base/err.h"
#include "schema/topic.h"

/*   kind, name, what it means */
#define FINDING_TABLE(F)                                                                           \
    F(OBJECT,   "object",   "an object isn't what its manifest says, or isn't there")              \
    F(MANIFEST, "manifest", "a manifest can't be read")                                            \
    F(OVERLAP,  "overlap",  "the same offsets are in two objects")                                 \
    F(LEDGER,   "ledger",   "the ledger contradicts itself or can't be read")                      \
    F(SKIPPED,  "skipped",  "no worker's ledger tells of a record, though it tells of later ones") \
    F(READ,     "read",     "a worker read other records than the archive holds")                  \
    F(WRITTEN,  "written",  "a worker wrote other records than the archive holds")                 \
    F(LOST,     "lost",     "a record was read, and nothing came of it")                           \
    F(DOUBLED,  "doubled",  "more came of a record than it accounts for")                          \
    F(BALANCE,  "balance",  "received isn't insights + duplicates + dead letters + in flight")     \
    F(RECEIPTS, "receipts", "the door gave receipts for records that the archive doesn't hold")

enum finding_kind {
#define FINDING(kind, name, text) FINDING_##kind,
    FINDING_TABLE(FINDING)
#undef FINDING
    FINDING_KINDS
};

enum { FINDINGS_KEPT = 32 };

struct finding {
    enum finding_kind kind;
    enum topic topic; /* TOPIC_NONE: of none */
    uint32_t partition;
    int64_t offset; /* -1: of none */
    struct str id;  /* empty: of none */
    struct str text;
};

/* A zeroed one is valid. */
struct findings {
    struct arena arena;
    struct finding kept[FINDINGS_KEPT];
    uint64_t count, of_kind[FINDING_KINDS];
};

void findings_deinit(struct findings *findings);
/* `where` gives all but the text; what it points to is copied. */
void findings_add(struct findings *findings, struct finding where, const char *format, ...)
    PRINTF_LIKE(3, 4);
const char *finding_name(enum finding_kind kind);

#endif
