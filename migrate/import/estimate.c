/* SPDX-License-Identifier: Apache-2.0 */
/*
 * estimate.c: how long the import will take and how large the target will grow, from what a dry run has measured.
 * Writing cannot be measured without writing: how it compares to reading and mapping, which go on beside it, is taken
 * from this project's benchmark. The ratio of time grows with the target, whose indexes outgrow memory: these are
 * the geometric means of those at 10,000 and at 100,000 executions (3.0 and 6.9, 4.6 and 5.3, 3.5 and 9.2).
 */
#include <string.h>

#include "migrate/import/report.h"

static const struct {
    const char *driver;
    double size; /* bytes of tables and indexes for each byte of values */
    double time; /* an import's time for a second of a dry run's */
} ratios[] = {
    {"sqlite", 2.7, 4.5},
    {"pgsql", 2.9, 5.0},
    {"mysql", 5.0, 5.7}, /* keys come in no order, so that pages are split and stay half full */
};

void estimate_make(import_report *report, const kfpb_driver *target)
{
    import_estimate *e = &report->estimate;
    for (size_t i = 0; i < sizeof ratios / sizeof *ratios; i++) {
        if (target != NULL && strcmp(ratios[i].driver, target->name) == 0) {
            e->seconds = report->seconds * ratios[i].time;
            e->target_bytes = (uint64_t) ((double) e->value_bytes * ratios[i].size);
        }
    }
}
