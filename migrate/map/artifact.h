/* SPDX-License-Identifier: Apache-2.0 */
/* artifact.h: rows of `artifacts`. */
#ifndef KFPM_MAP_ARTIFACT_H
#define KFPM_MAP_ARTIFACT_H

#include "migrate/map/event.h"

/* Sets rows, metrics and row_count. A Metrics artifact has a row for each numeric property, in byte order; any other,
 * and one without a number, a single row. */
void map_artifact_rows(map_context *context, map_artifact *artifact);

#endif
