/* SPDX-License-Identifier: Apache-2.0 */
#include "migrate/import/order.h"

#include <stdlib.h>
#include <string.h>

#include "backends/record.h"
#include "libkfpstore/tables.h"

static int compare_texts(const void *a, const void *b)
{
    return strcmp(*(const char *const *) a, *(const char *const *) b);
}

static int compare_artifacts(const void *a, const void *b)
{
    return strcmp((*(const kfps_artifact *const *) a)->uuid, (*(const kfps_artifact *const *) b)->uuid);
}

static bool same_value(const kfpb_value *a, const kfpb_value *b)
{
    if (a->kind != b->kind)
        return false;
    switch (a->kind) {
    case KFPB_NULL:
        return true;
    case KFPB_INT:
        return a->integer == b->integer;
    case KFPB_DOUBLE:
        return memcmp(&a->real, &b->real, sizeof a->real) == 0;
    case KFPB_TEXT:
        return a->length == b->length && memcmp(a->text, b->text, a->length) == 0;
    }
    return false;
}

static bool same_row(const kfps_artifact *a, const kfps_artifact *b)
{
    for (size_t c = 0; c < kfpsi_artifacts.column_count; c++) {
        const kfpb_value x = kfpb_record_value(&kfpsi_artifacts.columns[c], a);
        const kfpb_value y = kfpb_record_value(&kfpsi_artifacts.columns[c], b);
        if (!same_value(&x, &y))
            return false;
    }
    return true;
}

/* Most rows of an artifact are equal to the one before: one of them says it all. */
static size_t drop_equal(const kfps_artifact **artifacts, size_t count)
{
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        if (kept == 0 || strcmp(artifacts[kept - 1]->uuid, artifacts[i]->uuid) != 0 ||
            !same_row(artifacts[kept - 1], artifacts[i]))
            artifacts[kept++] = artifacts[i];
    }
    return kept;
}

bool order_keys_make(order_keys *keys, group *g)
{
    size_t total = 0;
    *keys = (order_keys){0};
    for (size_t i = 0; i < g->count; i++)
        total += g->runs[i].rows.artifact_count;
    keys->runs = kfpb_arena_array(&g->arena, g->count, sizeof *keys->runs);
    keys->artifacts = kfpb_arena_array(&g->arena, total, sizeof *keys->artifacts);
    if (keys->runs == NULL || keys->artifacts == NULL)
        return false;
    for (size_t i = 0; i < g->count; i++) {
        const group_run *run = &g->runs[i];
        if (run->outcome != RUN_IMPORTED)
            continue;
        keys->runs[keys->run_count++] = run->row.uuid;
        keys->makes_rows |= run->create_row;
        keys->replaces |= run->replace;
        for (size_t j = 0; j < run->rows.artifact_count; j++)
            keys->artifacts[keys->artifact_count++] = &run->rows.artifacts[j];
    }
    if (keys->run_count > 1)
        qsort(keys->runs, keys->run_count, sizeof *keys->runs, compare_texts);
    if (keys->artifact_count > 1)
        qsort(keys->artifacts, keys->artifact_count, sizeof *keys->artifacts, compare_artifacts);
    keys->artifact_count = drop_equal(keys->artifacts, keys->artifact_count);
    return true;
}

static bool share_a_run(const order_keys *x, const order_keys *y)
{
    for (size_t i = 0, j = 0; i < x->run_count && j < y->run_count;) {
        const int order = strcmp(x->runs[i], y->runs[j]);
        if (order == 0)
            return true;
        *(order < 0 ? &i : &j) += 1;
    }
    return false;
}

static size_t end_of(const order_keys *keys, size_t first)
{
    size_t end = first + 1;
    while (end < keys->artifact_count && strcmp(keys->artifacts[end]->uuid, keys->artifacts[first]->uuid) == 0)
        end++;
    return end;
}

static bool differ_on_an_artifact(const order_keys *x, const order_keys *y)
{
    for (size_t i = 0, j = 0; i < x->artifact_count && j < y->artifact_count;) {
        const int order = strcmp(x->artifacts[i]->uuid, y->artifacts[j]->uuid);
        if (order != 0) {
            *(order < 0 ? &i : &j) += 1;
            continue;
        }
        const size_t i_end = end_of(x, i), j_end = end_of(y, j);
        for (size_t k = i; k < i_end; k++) {
            for (size_t l = j; l < j_end; l++) {
                if (!same_row(x->artifacts[k], y->artifacts[l]))
                    return true;
            }
        }
        i = i_end;
        j = j_end;
    }
    return false;
}

bool order_must_wait(const order_keys *later, const order_keys *earlier, bool experiment_made)
{
    return later->replaces || earlier->replaces || (later->makes_rows && earlier->makes_rows && !experiment_made) ||
           share_a_run(later, earlier) || differ_on_an_artifact(later, earlier);
}
