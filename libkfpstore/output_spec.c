/* SPDX-License-Identifier: Apache-2.0 */
#include "libkfpstore/output_spec.h"

json_t *kfpsi_member(const json_t *object, const char *snake, const char *camel)
{
    json_t *value = json_object_get(object, snake);

    return value != NULL ? value : json_object_get(object, camel);
}

static bool read_selector(kfpb_arena *arena, const json_t *json, const char *snake, const char *camel,
                          kfpsi_selector *out)
{
    const char *task = json_string_value(kfpsi_member(json, "producer_subtask", "producerSubtask"));
    const char *key = json_string_value(kfpsi_member(json, snake, camel));

    if (task == NULL || key == NULL)
        return false;
    *out = (kfpsi_selector){kfpb_arena_text(arena, task), kfpb_arena_text(arena, key)};
    return out->task != NULL && out->key != NULL;
}

static bool read_selectors(kfpb_arena *arena, const json_t *list, const char *snake, const char *camel,
                           kfpsi_output_spec *out)
{
    const size_t count = json_array_size(list);
    kfpsi_selector *selectors = kfpb_arena_array(arena, count, sizeof *selectors);

    if (!json_is_array(list) || selectors == NULL)
        return false;
    for (size_t i = 0; i < count; i++) {
        if (!read_selector(arena, json_array_get(list, i), snake, camel, &selectors[i]))
            return false;
    }
    out->selectors = selectors;
    out->count = count;
    return true;
}

bool kfpsi_output_spec_artifact(kfpb_arena *arena, const json_t *spec, kfpsi_output_spec *out)
{
    *out = (kfpsi_output_spec){0};
    if (!read_selectors(arena, kfpsi_member(spec, "artifact_selectors", "artifactSelectors"), "output_artifact_key",
                        "outputArtifactKey", out))
        return false;
    out->one_of = out->count > 1;
    return true;
}

bool kfpsi_output_spec_parameter(kfpb_arena *arena, const json_t *spec, kfpsi_output_spec *out)
{
    const json_t *single = kfpsi_member(spec, "value_from_parameter", "valueFromParameter");
    const json_t *several = kfpsi_member(spec, "value_from_oneof", "valueFromOneof");

    *out = (kfpsi_output_spec){0};
    if (single != NULL) {
        kfpsi_selector *selector = kfpb_arena_alloc(arena, sizeof *selector);
        out->selectors = selector;
        out->count = 1;
        return selector != NULL && read_selector(arena, single, "output_parameter_key", "outputParameterKey", selector);
    }
    out->one_of = true;
    return several != NULL && read_selectors(arena, kfpsi_member(several, "parameter_selectors", "parameterSelectors"),
                                             "output_parameter_key", "outputParameterKey", out);
}
