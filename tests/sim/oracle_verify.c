/* `verbatim verify` on what the schedule archived: it must find nothing, or either it or
 * the archive is wrong. Not where somebody wrote poison: no ledger tells of that,
 * and verify says so. */
#include "archive/verify.h"
#include "tests/sim/oracle.h"
#include "tests/sim/store.h"

void oracle_verify(void)
{
    const struct verify_options options = {.folder = "/tmp"};
    struct verify_report report = {0};
    struct err err = {0};
    struct store *store = sim_store_open();
    if (verify_archive(store, &options, &report, &err))
        broken("verify can't read the archive: %s", err.text);
    else if (report.findings.count)
        broken("verify: %llu findings: %s: %.*s", (unsigned long long)report.findings.count,
               finding_name(report.findings.kept[0].kind),
               STR_ARGS(report.findings.kept[0].text));
    else if (report.entries == 0)
        broken("verify has seen no ledger");
    else if (sim.faults == 0 && (report.source_count == 0 || report.sources[0].receipts == 0))
        broken("verify has seen no receipts");
    verify_report_deinit(&report);
    store_close(store);
}
