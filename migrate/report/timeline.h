/* SPDX-License-Identifier: Apache-2.0 */
/* timeline.h: when runs began, in so few equal parts of time that they make a chart. */
#ifndef KFPM_REPORT_TIMELINE_H
#define KFPM_REPORT_TIMELINE_H

#include "migrate/report/facts.h"

typedef enum timeline_kind { TIMELINE_SUCCEEDED, TIMELINE_FAILED, TIMELINE_OTHER, TIMELINE_KINDS } timeline_kind;

/* Initialised with {0}. An hour without runs takes no room. */
typedef struct timeline {
    struct timeline_hour *hours; /* a table by the hour */
} timeline;

/* False without memory. A time that cannot be one is left out. */
bool timeline_add(timeline *t, int64_t seconds, timeline_kind kind);
/* {"unit":"week","seconds":604800,"bins":[{"start":…,"succeeded":…,"failed":…,"other":…},…]}, at most FACTS_BINS bins,
 * without a gap; without runs no bins. */
json_t *timeline_facts(const timeline *t);
void timeline_free(timeline *t);

#endif
