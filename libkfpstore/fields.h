/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fields.h: the fields by which lists are filtered and sorted, one table for each resource. Filter, sort and page token
 * know nothing but this; kfpstore(7) has the same table, and a test compares.
 */
#ifndef KFPSI_FIELDS_H
#define KFPSI_FIELDS_H

#include "backends/backend.h"
#include "kfpstore/list.h"
#include "kfpstore/store.h"

typedef enum kfpsi_kind {
    KFPSI_KIND_TEXT,
    KFPSI_KIND_ENUM,   /* int32, with names */
    KFPSI_KIND_TIME,   /* int64, seconds */
    KFPSI_KIND_NUMBER, /* double */
    KFPSI_KIND_JSON    /* known, and refused: each engine has its own text of it, or none */
} kfpsi_kind;

typedef struct kfpsi_field {
    const char *key;                       /* the API's name */
    uint8_t column;                        /* of the table */
    uint8_t kind;                          /* kfpsi_kind */
    bool nullable;                         /* in upstream's DDL, whatever the record says */
    int32_t (*value_of)(const char *name); /* of an enumeration: -1 where it has no such name */
} kfpsi_field;

/* The index that serves one order of the rows, for rows that have the same value in `scope` and in `also`. */
typedef struct kfpsi_path {
    int scope;    /* a column of the table, -1: none */
    int also;     /* likewise */
    uint8_t sort; /* a column */
    const char *index;
} kfpsi_path;

typedef struct kfpsi_fields {
    kfps_resource resource;
    const char *name; /* of the resource, in messages */
    const kfpb_table *table;
    const kfpsi_field *items;
    size_t count;
    uint8_t default_sort; /* a field */
    const kfpsi_path *paths;
    size_t path_count;
} kfpsi_fields;

extern const kfpsi_fields kfpsi_fields_artifact;
extern const kfpsi_fields kfpsi_fields_task;
extern const kfpsi_fields kfpsi_fields_artifact_task;

/* By the API's name; NULL if there is none. */
const kfpsi_field *kfpsi_field_find(const kfpsi_fields *fields, const char *key, size_t length);
/* Fields of one column are one: the first of them. */
uint8_t kfpsi_field_index(const kfpsi_fields *fields, const kfpsi_field *field);
/* "id, artifact_id, …", those that can be used; into `out`. */
void kfpsi_field_list(const kfpsi_fields *fields, char *out, size_t size);
/* With `also` if there is such an index, else without; NULL where no index has this order. */
const kfpsi_path *kfpsi_path_find(const kfpsi_fields *fields, int scope, int also, uint8_t sort);

/* Columns of the tables, as they stand in tables.c. */
enum {
    KFPSI_ARTIFACT_UUID = 0,
    KFPSI_ARTIFACT_NAMESPACE = 1,
    KFPSI_ARTIFACT_TYPE = 2,
    KFPSI_TASK_UUID = 0,
    KFPSI_TASK_NAMESPACE = 1,
    KFPSI_TASK_RUN = 2,
    KFPSI_TASK_CREATED = 4,
    KFPSI_TASK_FINGERPRINT = 7,
    KFPSI_TASK_NAME = 8,
    KFPSI_TASK_PARENT = 10,
    KFPSI_TASK_STATE = 11,
    KFPSI_LINK_UUID = 0,
    KFPSI_LINK_ARTIFACT = 1,
    KFPSI_LINK_TASK = 2,
    KFPSI_LINK_TYPE = 3,
    KFPSI_LINK_RUN = 5
};

#endif
