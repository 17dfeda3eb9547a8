/* SPDX-License-Identifier: Apache-2.0 */
/*
 * output_spec.h: what a DAG declares as one of its outputs: which task below gives it, under which key. The same form
 * stands in a pipeline spec (dag.outputs) and in what KFP wrote into MLMD.
 */
#ifndef KFPSI_OUTPUT_SPEC_H
#define KFPSI_OUTPUT_SPEC_H

#include <jansson.h>
#include <stdbool.h>

#include "backends/base/arena.h"

typedef struct kfpsi_selector {
    const char *task;
    const char *key;
} kfpsi_selector;

typedef struct kfpsi_output_spec {
    const kfpsi_selector *selectors;
    size_t count;
    bool one_of; /* one of several branches gives it */
} kfpsi_output_spec;

/* The member under either spelling: encoding/json writes snake_case, protojson lowerCamelCase. */
json_t *kfpsi_member(const json_t *object, const char *snake, const char *camel);

/* {"artifactSelectors": [{"producerSubtask": …, "outputArtifactKey": …}…]}. False: not of that form, or the arena has
 * no memory. */
bool kfpsi_output_spec_artifact(kfpb_arena *arena, const json_t *spec, kfpsi_output_spec *out);
/* {"valueFromParameter": {"producerSubtask": …, "outputParameterKey": …}}, or
 * {"valueFromOneof": {"parameterSelectors": [the same…]}}. */
bool kfpsi_output_spec_parameter(kfpb_arena *arena, const json_t *spec, kfpsi_output_spec *out);

#endif
