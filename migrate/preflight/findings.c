/* SPDX-License-Identifier: Apache-2.0 */
#include "migrate/preflight/findings.h"

static const finding_info infos[FINDING_COUNT] = {
#define X(id, text, severity, exit_code, remedy) [FIND_##id] = {text, FINDING_##severity, exit_code, remedy},
    FINDINGS(X)
#undef X
};

const finding_info *finding_about(finding_id id)
{
    return &infos[id];
}

const char *finding_severity_name(finding_severity severity)
{
    static const char *const names[] = {
        [FINDING_INFO] = "info", [FINDING_WARNING] = "warning", [FINDING_BLOCKER] = "blocker"};
    return names[severity];
}
