/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kfpstore/merge.h: the rules of an update as pure functions: no database, no state, any thread. Texts that they give
 * are freed with kfps_free.
 *
 * Source: TaskStore.UpdateTask and its helpers in backend/src/apiserver/storage, kubeflow/pipelines, branch
 * mlmd-removal; where upstream's order is random (parameters), the input's order is kept.
 */
#ifndef KFPSTORE_MERGE_H
#define KFPSTORE_MERGE_H

#include "kfpstore/artifact_task.h"
#include "kfpstore/error.h"
#include "kfpstore/task.h"
#include "kfpstore/types.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Frees a text of this library. NULL is allowed. */
void kfps_free(void *text);

/**
 * Merges two arrays of parameters: of those with the same key the later wins, in the place of the earlier; new ones are
 * appended. The key is the tuple (type, parameterKey, producer.taskName, producer.iteration), and also the value for
 * COLLECTED_INPUTS, ITERATOR_INPUT, ITERATOR_INPUT_RAW, and ITERATOR_OUTPUT without producer.iteration.
 * @param stored_json  JSON array; NULL, "" and "null" are empty
 * @param given_json   likewise
 * @param out          JSON in the form of Go's json.Marshal, as upstream stores it: keys sorted, no white space
 * @return KFPS_OK, KFPS_INVALID (not an array of objects), KFPS_NO_MEMORY
 */
kfps_status kfps_parameters_merge(const char *stored_json, const char *given_json, char **out, kfps_error *error);

/**
 * Appends {"state":…,"updateTime":…} unless the last entry has this state already.
 * @param history_json  JSON array; NULL, "" and "null" are empty; one that cannot be read is replaced
 * @param state         kfps_task_state; 0 gives the history as it is
 * @param seconds       since 1970-01-01 UTC; of the years 1 to 9999
 * @return KFPS_OK, KFPS_INVALID (the time), KFPS_NO_MEMORY
 */
kfps_status kfps_state_history_append(const char *history_json, int32_t state, int64_t seconds, char **out,
                                      kfps_error *error);

/** "SUCCEEDED" and so on: the names of JSON columns; NULL for a number that is none. Static storage. */
const char *kfps_task_state_name(int32_t state);
const char *kfps_task_type_name(int32_t type);
const char *kfps_io_type_name(int32_t type);
const char *kfps_artifact_type_name(int32_t type);

/**
 * Puts links and their artifacts into tasks: what kfps_task_get does in its full view, for rows that the caller has
 * already. links[i] belongs to artifacts[i] and to the task whose uuid is links[i].task_uuid; others are left out. The
 * order of the tasks is kept; a task that is given twice is filled twice.
 * @return KFPS_OK, KFPS_INVALID (a link of no known type; error->element), KFPS_NO_MEMORY
 */
kfps_status kfps_hydrate(const kfps_task *tasks, size_t task_count, const kfps_artifact_task *links,
                         const kfps_artifact *artifacts, size_t link_count, kfps_task_list **out, kfps_error *error);

#ifdef __cplusplus
}
#endif
#endif
