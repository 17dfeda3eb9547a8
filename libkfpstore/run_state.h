/* SPDX-License-Identifier: Apache-2.0 */
/* run_state.h: the words of run_details.State and Conditions. */
#ifndef KFPSI_RUN_STATE_H
#define KFPSI_RUN_STATE_H

#include <stdbool.h>

typedef enum kfpsi_run_state {
    KFPSI_RUN_ACTIVE, /* and whatever is not known */
    KFPSI_RUN_SUCCEEDED,
    KFPSI_RUN_FAILED,
    KFPSI_RUN_SKIPPED,
    KFPSI_RUN_CANCELED
} kfpsi_run_state;

/* By State, or by Conditions where the state says nothing; names of older versions count as what upstream's ToV2 makes
 * of them. NULL is allowed. */
kfpsi_run_state kfpsi_run_state_of(const char *state, const char *conditions);

#endif
