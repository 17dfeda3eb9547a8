/* SPDX-License-Identifier: Apache-2.0 */
/* propagation.h: what the tests of parents that end with their tasks share: a store whose clock stands, tasks that run,
 * their ends, and what stands on the parents then. */
#ifndef KFPT_PROPAGATION_H
#define KFPT_PROPAGATION_H

#include "tests/harness/kfp_rows.h"

static inline int32_t pr_clock(void *user, int64_t *seconds)
{
    *seconds = *(const int64_t *) user;
    return 0;
}

/* On empty tables with a run "run-1"; its time is *now. */
static inline kfps_store *pr_store(int64_t *now)
{
    kfps_store_options options;
    kfp_fresh();
    kfp_run("run-1", "ns", "RUNNING");
    kfps_store_options_init(&options);
    options.clock = pr_clock;
    options.clock_user = now;
    return kfp_store(&options);
}

/* The shape that tests/data/specs/SPEC_NAME.json has. */
static inline void pr_set_shape(kfps_session *session, const char *spec_name)
{
    kfps_error error;
    char path[128], *shape = NULL;
    snprintf(path, sizeof path, "specs/%s.json", spec_name);
    FILE *file = fopen(test_data(path), "r");
    char *spec = calloc(1, 1 << 16);
    ck_assert(file != NULL && spec != NULL);
    ck_assert_uint_gt(fread(spec, 1, (1 << 16) - 1, file), 0);
    fclose(file);
    kfp_ok(kfps_run_shape_from_spec(spec, &shape, &error), &error);
    kfp_ok(kfps_run_set_shape(session, "run-1", shape, &error), &error);
    kfps_free(shape);
    free(spec);
}

/* One that runs. */
static inline void pr_task(const char *uuid, const char *parent, const char *name, int32_t type, const char *attributes)
{
    kfp_task((kfps_task){.uuid = uuid,
                         .parent_uuid = parent,
                         .name = name,
                         .type = type,
                         .type_attributes_json = attributes,
                         .state = KFPS_TASK_RUNNING});
}

static inline void pr_end_with(kfps_session *session, kfps_task_change change)
{
    kfps_error error;
    kfp_ok(kfps_task_update(session, &change, 1, NULL, NULL, &error), &error);
}

static inline void pr_end(kfps_session *session, const char *uuid, int32_t state)
{
    pr_end_with(session, (kfps_task_change){.uuid = uuid, .state = state});
}

static inline void pr_state_is(const char *uuid, int32_t state)
{
    const int64_t found = kfp_task_int(uuid, "State");
    ck_assert_msg(found == state, "%s is in state %d, not %d", uuid, (int) found, state);
}

static inline int64_t pr_history_length(const char *uuid)
{
    char *text = kfp_task_text(uuid, "StateHistory");
    json_t *json = json_loads(text, JSON_DECODE_ANY, NULL);
    const int64_t length = (int64_t) json_array_size(json);
    json_decref(json);
    free(text);
    return length;
}

/* "TASK TYPE ITERATION KEY ARTIFACT PRODUCER-TASK PRODUCER-ITERATION" of every link of the task, sorted. */
static inline void pr_links_are(const char *task_uuid, const char *expected)
{
    kfps_error error = {0};
    kfpb_rows *rows = NULL;
    char all[4096] = "";
    kfpb_conn *conn = test_open();
    const kfpb_value value = kfpb_str(task_uuid);
    kfp_ok(
        kfpb_query(conn,
                   "SELECT \"Type\",\"Iteration\",\"ArtifactKey\",\"ArtifactID\",\"Producer\" FROM \"artifact_tasks\" "
                   "WHERE \"TaskID\"=? ORDER BY \"ArtifactKey\",\"Type\",\"Iteration\",\"ArtifactID\"",
                   &value, 1, &rows, &error),
        &error);
    while (kfpb_next(rows, &error) == 1) {
        const char *producer = kfpb_get_text(rows, 4, NULL);
        json_t *json = producer != NULL ? json_loads(producer, 0, NULL) : NULL;
        const char *task_name = json_string_value(json_object_get(json, "taskName"));
        const char *iteration = json_string_value(json_object_get(json, "iteration"));
        const size_t length = strlen(all);
        snprintf(all + length, sizeof all - length, "%d %d %s %s %s %s\n", (int) kfpb_get_int(rows, 0),
                 (int) kfpb_get_int(rows, 1), kfpb_get_text(rows, 2, NULL), kfpb_get_text(rows, 3, NULL),
                 task_name != NULL ? task_name : "-", iteration != NULL ? iteration : "-");
        json_decref(json);
    }
    kfpb_rows_free(&rows);
    kfpb_close(&conn);
    ck_assert_str_eq(all, expected);
}

#endif
