/* SPDX-License-Identifier: Apache-2.0 */
/*
 * model.h: MLMD's rows in memory, one run at a time, as the mapper sees them. Plain data: no database, no SQL.
 *
 * Everything lives in the arena of the group it was read for. Text is valid UTF-8 without NUL: the reader repairs what
 * is not and leaves a note. Ids are MLMD's. Times are milliseconds since 1970.
 */
#ifndef MLMD_MODEL_H
#define MLMD_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "migrate/notes.h"

/* Execution.last_known_state; anything else counts as unknown. */
enum mlmd_state {
    MLMD_STATE_UNKNOWN = 0, /* also NULL, and schema 4, which has no such column */
    MLMD_STATE_NEW = 1,
    MLMD_STATE_RUNNING = 2,
    MLMD_STATE_COMPLETE = 3,
    MLMD_STATE_FAILED = 4,
    MLMD_STATE_CACHED = 5,
    MLMD_STATE_CANCELED = 6
};

enum mlmd_event_type {
    MLMD_EVENT_UNKNOWN = 0,
    MLMD_EVENT_DECLARED_OUTPUT = 1,
    MLMD_EVENT_DECLARED_INPUT = 2,
    MLMD_EVENT_INPUT = 3,
    MLMD_EVENT_OUTPUT = 4,
    MLMD_EVENT_INTERNAL_INPUT = 5,
    MLMD_EVENT_INTERNAL_OUTPUT = 6,
    MLMD_EVENT_PENDING_OUTPUT = 7
};

/* Which of a property's value columns holds the value: the first that is not NULL, in this order. */
typedef enum mlmd_value_kind {
    MLMD_VALUE_NULL, /* all columns NULL, or the text __MLMD_NULL__ */
    MLMD_VALUE_INT,
    MLMD_VALUE_DOUBLE,
    MLMD_VALUE_STRING, /* also "mlmd-struct::<base64 of a serialised google.protobuf.Struct>" */
    MLMD_VALUE_PROTO,  /* text: base64 of a serialised Any */
    MLMD_VALUE_BOOL    /* in integer */
} mlmd_value_kind;

typedef struct mlmd_property {
    const char *name;
    bool custom; /* is_custom_property */
    mlmd_value_kind kind;
    int64_t integer;
    double real;
    const char *text; /* STRING and PROTO */
} mlmd_property;

typedef struct mlmd_properties {
    const mlmd_property *items; /* sorted by name (bytes), custom before typed */
    size_t count;
} mlmd_properties;

typedef struct mlmd_execution {
    int64_t id;
    const char *type;  /* the Type row's name; "" if that row is missing */
    const char *name;  /* nullable */
    int state;         /* mlmd_state, or a number that is none */
    bool state_known;  /* false: NULL, or no such column */
    int64_t create_ms; /* 0 if the schema has none */
    int64_t update_ms;
    mlmd_properties properties;
    bool foreign; /* belongs to another run: loaded only as a possible producer, or as such a one's ancestor */
} mlmd_execution;

typedef struct mlmd_artifact {
    int64_t id;
    const char *type;
    const char *name; /* nullable */
    const char *uri;  /* nullable */
    int state;        /* Artifact.state: 2 is LIVE; 0 if NULL or absent */
    int64_t create_ms;
    int64_t update_ms;
    mlmd_properties properties;
    /* M1a: the namespace whose rows have the plain ids `artifact:<id>`; filled by the importer, NULL: the linking run's
     * own */
    const char *owner_namespace;
} mlmd_artifact;

typedef struct mlmd_event {
    int64_t id;
    int64_t artifact_id;
    int64_t execution_id;
    int type;   /* mlmd_event_type */
    int64_t ms; /* 0 if NULL */
    const char
        *key; /* the last step_key of its path; the index as text if the path has only an index; "" without a path */
    const mlmd_execution *execution; /* NULL: no such row (dangling) */
    const mlmd_artifact *artifact;   /* NULL: no such row (dangling) */
} mlmd_event;

/* One run context with everything that hangs on it. */
typedef struct mlmd_run {
    int64_t context_id;
    const char *context_type;
    const char
        *name; /* the context's name: the run's UUID for system.PipelineRun; "" if its row has gone since the census */
    int64_t create_ms;
    int64_t update_ms;
    mlmd_properties properties;
    const mlmd_execution *executions; /* by id */
    size_t execution_count;
    const mlmd_event *events; /* of those executions (and of associated ids whose row is missing), by id */
    size_t event_count;
    mlmd_artifact *artifacts; /* those that an event of this run refers to, by id */
    size_t artifact_count;
    /* M21: output events (types 1, 4, 6) of those artifacts by executions outside this run (also of other runs loaded
     * with it), by id: of each artifact and each type and state of the executions the earliest one (by ms, then id), so
     * that "the earliest COMPLETE one" is among them, and a thousandth cached run changes nothing here. Executions
     * without a row are left out. `execution` is one of foreign[], `artifact` one of artifacts[]. */
    const mlmd_event *foreign_events;
    size_t foreign_event_count;
    /* Their executions and these ones' parents up to the root, by id, with the properties task_name, display_name,
     * parent_dag_id, iteration_index and iteration_count only. An ancestor that is in this run is in executions[]
     * alone. */
    const mlmd_execution *foreign;
    size_t foreign_count;
    /* What the reader met in this run's rows: TEXT_REPAIRED, INVALID_UTF8, NUL_DROPPED, NULL_PROPERTY, SEVERAL_VALUES,
     * DANGLING_ROW, DUPLICATE_EVENT. Dangling events, missing types and unknown states are the mapper's to note. */
    note_list notes;
} mlmd_run;

#endif
