/* SPDX-License-Identifier: Apache-2.0 */
#include "libkfpstore/run_state.h"

#include <stddef.h>
#include <strings.h>

static const struct {
    const char *word;
    kfpsi_run_state state;
} words[] = {
    {"SUCCEEDED", KFPSI_RUN_SUCCEEDED}, {"FAILED", KFPSI_RUN_FAILED},     {"SKIPPED", KFPSI_RUN_SKIPPED},
    {"CANCELED", KFPSI_RUN_CANCELED},   {"PENDING", KFPSI_RUN_ACTIVE},    {"RUNNING", KFPSI_RUN_ACTIVE},
    {"CANCELING", KFPSI_RUN_ACTIVE},    {"PAUSED", KFPSI_RUN_ACTIVE},     {"Done", KFPSI_RUN_SUCCEEDED},
    {"Error", KFPSI_RUN_FAILED},        {"Enabled", KFPSI_RUN_ACTIVE},    {"Ready", KFPSI_RUN_ACTIVE},
    {"Terminating", KFPSI_RUN_ACTIVE},  {"Disabled", KFPSI_RUN_CANCELED},
};

static bool find(const char *word, kfpsi_run_state *state)
{
    for (size_t i = 0; word != NULL && i < sizeof words / sizeof words[0]; i++) {
        if (strcasecmp(word, words[i].word) == 0) {
            *state = words[i].state;
            return true;
        }
    }
    return false;
}

kfpsi_run_state kfpsi_run_state_of(const char *state, const char *conditions)
{
    kfpsi_run_state found = KFPSI_RUN_ACTIVE;
    if (!find(state, &found))
        find(conditions, &found);
    return found;
}
