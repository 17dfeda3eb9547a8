/* SPDX-License-Identifier: Apache-2.0 */
/*
 * notes.h: everything that an import leaves out, alters or decides is said as a note: a reason from one fixed list, the
 * MLMD row it is about, a detail. The report counts them by reason, the reject file lists them.
 */
#ifndef KFPM_NOTES_H
#define KFPM_NOTES_H

#include <stddef.h>
#include <stdint.h>

#include "backends/base/arena.h"

typedef enum note_class {
    NOTE_INFO,  /* handled as documented; nothing is lost */
    NOTE_SKIP,  /* out of scope: not imported; no reject */
    NOTE_REJECT /* in scope, and lost or altered: exit code 5 */
} note_class;

/* X(id, text in reports and files, class, what it means) */
#define NOTE_REASONS(X)                                                                                                \
    /* runs */                                                                                                         \
    X(NO_RUN_ROW, "no-run-row", SKIP, "the run is not in run_details (deleted, or never there)")                       \
    X(NATIVE_TASKS, "native-tasks", SKIP, "the run already has tasks of a native server")                              \
    X(CHANGED_NATIVE, "changed-native", SKIP, "changed since its import, but a server wrote to it too: left as it is") \
    X(EMPTY_CONTEXT, "empty-context", SKIP, "a run context without executions of its own")                             \
    X(NAMESPACE_CONFLICT, "namespace-conflict", REJECT, "MLMD and run_details name different namespaces")              \
    X(KEY_COLLISION, "key-collision", REJECT, "two keys are one to the target's collation; the run is not imported")   \
    X(TARGET_REFUSED, "target-refused", REJECT, "the target refused the run's rows; the run is not imported")          \
    /* executions */                                                                                                   \
    X(FOREIGN_EXECUTION, "foreign-execution", SKIP, "an execution in no run context")                                  \
    X(UNKNOWN_EXECUTION_TYPE, "unknown-execution-type", SKIP, "an execution type that KFP v2 does not write")          \
    X(SEVERAL_RUNS, "several-runs", SKIP,                                                                              \
      "an execution of several runs, and not exactly one of them is in run_details")                                   \
    X(SHARED_EXECUTION, "shared-execution", INFO, "an execution of several run contexts, imported with one of them")   \
    X(ITERATION_FLATTENED, "iteration-flattened", INFO, "an iteration DAG: its children hang under the LOOP")          \
    X(PARENT_MISSING, "parent-missing", REJECT, "the parent is missing or in another run; the ROOT took its place")    \
    X(PARENT_CYCLE, "parent-cycle", REJECT, "a cycle or a chain of over 128 parents, cut")                             \
    X(STATE_DERIVED, "state-derived", INFO, "no final state in MLMD although the run is over: derived")                \
    X(STATE_UNKNOWN, "state-unknown", INFO, "a state that MLMD does not define: treated as unknown")                   \
    X(EQUAL_LOGICAL_KEY, "equal-logical-key", INFO, "retries of one task: only the newest has a logical key")          \
    X(TIME_CLAMPED, "time-clamped", REJECT, "a time that cannot be one, replaced")                                     \
    X(NAME_CUT, "name-cut", REJECT, "a name of over 128 characters, cut, with a digest behind it")                     \
    X(FINGERPRINT_TOO_LONG, "fingerprint-too-long", REJECT, "a fingerprint of over 255 characters, left out")          \
    X(FINGERPRINT_LEGACY, "fingerprint-legacy", INFO, "the fingerprint came from the legacy tasks table")              \
    X(BAD_PRODUCER_SPEC, "bad-producer-spec", REJECT, "a producer specification that is not what KFP writes, ignored") \
    /* artifacts */                                                                                                    \
    X(ARTIFACT_WITHOUT_EVENT, "artifact-without-event", SKIP, "an artifact that no execution reads or writes")         \
    X(UNKNOWN_ARTIFACT_TYPE, "unknown-artifact-type", INFO,                                                            \
      "no KFP artifact type: Artifact, with its title in Metadata")                                                    \
    X(MISSING_TYPE, "missing-type", REJECT, "the row of the type is missing")                                          \
    X(URI_TOO_LONG, "uri-too-long", INFO, "a URI of over 2,048 characters, kept in Metadata")                          \
    X(NOT_A_NUMBER, "not-a-number", REJECT, "NaN or an infinity, kept as text")                                        \
    X(BIG_INTEGER, "big-integer", INFO, "an integer above 2^53, kept as decimal text")                                 \
    X(ARTIFACT_STATE, "artifact-state", INFO, "an artifact that is not LIVE: its state is kept in Metadata")           \
    X(ARTIFACT_SPLIT, "artifact-split", INFO, "an artifact of several namespaces: one row in each")                    \
    /* events */                                                                                                       \
    X(DANGLING_EVENT, "dangling-event", REJECT, "an event whose artifact or execution row is missing")                 \
    X(EVENT_WITHOUT_EXECUTION, "event-without-execution", SKIP, "an event whose execution is missing and in no run")   \
    X(EVENT_TYPE, "event-type", SKIP, "an event of a type that says neither input nor output")                         \
    X(DUPLICATE_EVENT, "duplicate-event", INFO,                                                                        \
      "the same artifact, execution, type and key again: the newest is kept")                                          \
    X(KEY_CUT, "key-cut", REJECT, "an artifact key of over 191 characters, cut, with a digest behind it")              \
    X(ITERATION_INPUT, "iteration-input", INFO, "an input of an iteration DAG, linked to the LOOP")                    \
    /* values */                                                                                                       \
    X(DANGLING_ROW, "dangling-row", INFO, "an association, attribution or property of a missing row")                  \
    X(NULL_PROPERTY, "null-property", INFO, "a property without a value, or __MLMD_NULL__: null")                      \
    X(SEVERAL_VALUES, "several-values", INFO, "a property with several values: the first by MLMD's precedence")        \
    X(BAD_STRUCT, "bad-struct", REJECT, "a struct value that cannot be decoded, kept as text")                         \
    X(JSON_DEPTH, "json-depth", REJECT, "JSON nested deeper than the target takes, kept as text")                      \
    X(TEXT_REPAIRED, "text-repaired", INFO, "text that MLMD's MySQL connector had encoded twice, or latin1")           \
    X(INVALID_UTF8, "invalid-utf8", REJECT, "bytes that are no text, replaced by U+FFFD")                              \
    X(NUL_DROPPED, "nul-dropped", REJECT, "a NUL character, dropped")

typedef enum note_reason {
#define X(id, text, class, meaning) NOTE_##id,
    NOTE_REASONS(X)
#undef X
        NOTE_REASON_COUNT
} note_reason;

typedef struct note_reason_info {
    const char *text;
    note_class class;
    const char *meaning;
} note_reason_info;

const note_reason_info *note_info(note_reason reason);
/* The reason of a text such as "dangling-event"; NOTE_REASON_COUNT if it is none. */
note_reason note_reason_find(const char *text);

typedef struct note {
    note_reason reason;
    const char *kind;   /* "execution", "artifact", "event", "context", "property", "" — static */
    int64_t id;         /* MLMD's id; 0 if there is none */
    const char *detail; /* may be NULL; never a URI with its query string, never a value that could be secret */
} note;

typedef struct note_list {
    note *items;
    size_t count;
    size_t capacity;
} note_list;

/* Appends; the list and a copy of `detail`, without what may be secret in URIs, live in the arena. Out of memory shows
 * in the arena's flag. */
void note_add(note_list *list, kfpb_arena *arena, note_reason reason, const char *kind, int64_t id, const char *detail);

#endif
