/* SPDX-License-Identifier: Apache-2.0 */
#include "libkfpstore/names.h"

#include <stddef.h>
#include <string.h>

#include "kfpstore/merge.h"

/* As the API's protobuf has them, which is what JSON columns hold. */

static const char *const states[] = {
    [KFPS_TASK_STATE_UNSPECIFIED] = "RUNTIME_STATE_UNSPECIFIED",
    [KFPS_TASK_RUNNING] = "RUNNING",
    [KFPS_TASK_SUCCEEDED] = "SUCCEEDED",
    [KFPS_TASK_SKIPPED] = "SKIPPED",
    [KFPS_TASK_FAILED] = "FAILED",
    [KFPS_TASK_CACHED] = "CACHED",
};

static const char *const task_types[] = {
    [KFPS_TASK_TYPE_UNSPECIFIED] = "TASK_TYPE_UNSPECIFIED",
    [KFPS_TASK_ROOT] = "ROOT",
    [KFPS_TASK_RUNTIME] = "RUNTIME",
    [KFPS_TASK_CONDITION_BRANCH] = "CONDITION_BRANCH",
    [KFPS_TASK_CONDITION] = "CONDITION",
    [KFPS_TASK_LOOP] = "LOOP",
    [KFPS_TASK_EXIT_HANDLER] = "EXIT_HANDLER",
    [KFPS_TASK_IMPORTER] = "IMPORTER",
    [KFPS_TASK_DAG] = "DAG",
};

static const char *const io_types[] = {
    [KFPS_IO_UNSPECIFIED] = "UNSPECIFIED",
    [KFPS_IO_COMPONENT_DEFAULT_INPUT] = "COMPONENT_DEFAULT_INPUT",
    [KFPS_IO_TASK_OUTPUT_INPUT] = "TASK_OUTPUT_INPUT",
    [KFPS_IO_COMPONENT_INPUT] = "COMPONENT_INPUT",
    [KFPS_IO_RUNTIME_VALUE_INPUT] = "RUNTIME_VALUE_INPUT",
    [KFPS_IO_COLLECTED_INPUTS] = "COLLECTED_INPUTS",
    [KFPS_IO_ITERATOR_INPUT] = "ITERATOR_INPUT",
    [KFPS_IO_ITERATOR_INPUT_RAW] = "ITERATOR_INPUT_RAW",
    [KFPS_IO_ITERATOR_OUTPUT] = "ITERATOR_OUTPUT",
    [KFPS_IO_OUTPUT] = "OUTPUT",
    [KFPS_IO_ONE_OF_OUTPUT] = "ONE_OF_OUTPUT",
    [KFPS_IO_TASK_FINAL_STATUS_OUTPUT] = "TASK_FINAL_STATUS_OUTPUT",
};

static const char *const artifact_types[] = {
    [KFPS_ARTIFACT_UNSPECIFIED] = "TYPE_UNSPECIFIED",
    [KFPS_ARTIFACT_ARTIFACT] = "Artifact",
    [KFPS_ARTIFACT_MODEL] = "Model",
    [KFPS_ARTIFACT_DATASET] = "Dataset",
    [KFPS_ARTIFACT_HTML] = "HTML",
    [KFPS_ARTIFACT_MARKDOWN] = "Markdown",
    [KFPS_ARTIFACT_METRIC] = "Metric",
    [KFPS_ARTIFACT_CLASSIFICATION_METRIC] = "ClassificationMetric",
    [KFPS_ARTIFACT_SLICED_CLASSIFICATION_METRIC] = "SlicedClassificationMetric",
};

typedef struct list {
    const char *const *names;
    int32_t count;
} list;

#define LIST(names) ((list){(names), (int32_t) (sizeof(names) / sizeof *(names))})

static const char *name_in(list of, int32_t value)
{
    return value >= 0 && value < of.count ? of.names[value] : NULL;
}

static int32_t value_in(list of, const char *name)
{
    for (int32_t i = 0; name != NULL && i < of.count; i++) {
        if (strcmp(of.names[i], name) == 0)
            return i;
    }
    return -1;
}

const char *kfps_task_state_name(int32_t state)
{
    return name_in(LIST(states), state);
}

const char *kfps_task_type_name(int32_t type)
{
    return name_in(LIST(task_types), type);
}

const char *kfps_io_type_name(int32_t type)
{
    return name_in(LIST(io_types), type);
}

const char *kfps_artifact_type_name(int32_t type)
{
    return name_in(LIST(artifact_types), type);
}

int32_t kfpsi_task_state_of(const char *name)
{
    return value_in(LIST(states), name);
}

int32_t kfpsi_task_type_of(const char *name)
{
    return value_in(LIST(task_types), name);
}

int32_t kfpsi_io_type_of(const char *name)
{
    return value_in(LIST(io_types), name);
}

int32_t kfpsi_artifact_type_of(const char *name)
{
    return value_in(LIST(artifact_types), name);
}
