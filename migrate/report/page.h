/* SPDX-License-Identifier: Apache-2.0 */
/* page.h: the facts as one HTML page that needs nothing else. */
#ifndef KFPM_REPORT_PAGE_H
#define KFPM_REPORT_PAGE_H

#include "migrate/report/html.h"

void report_page(kfpb_text *out, const json_t *facts);

#endif
