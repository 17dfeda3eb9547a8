/* SPDX-License-Identifier: Apache-2.0 */
/* test_schema_promised.c: every step's SQL can be read as a promise, on every engine, and what it says of the three
 * tables is what the list that upstream's own tables are held against says. */
#include "schema/deferred.h"
#include "schema/inspect.h"
#include "schema/steps.h"
#include "tests/harness/suite.h"

static void hear(void *context, const char *line)
{
    (void) context;
    printf("%s\n", line);
}

static schema_picture read_steps(const kfpb_driver *driver, int only)
{
    schema_picture out;
    kfps_error error = {0};
    size_t count = 0, kept = 0;
    const schema_step *steps = schema_steps(driver, &count);
    const schema_step *list[64];
    ck_assert_uint_le(count, 64);
    for (size_t i = 0; i < count; i++) {
        if (only == 0 || steps[i].number == only)
            list[kept++] = &steps[i];
    }
    ck_assert_msg(schema_promised(driver, list, kept, &out, &error) == KFPS_OK, "%s: %s", driver->name, error.message);
    return out;
}

START_TEST(every_step_can_be_read)
{
    for (const kfpb_driver *const *d = kfpb_drivers(); *d != NULL; d++) {
        schema_picture all = read_steps(*d, 0);
        ck_assert_uint_ge(all.count, 10);
        for (size_t i = 0; i < all.count; i++) {
            ck_assert_uint_gt(all.tables[i].column_count, 1);
            ck_assert_ptr_nonnull(schema_find_index(&all.tables[i], "PRIMARY"));
        }
        /* golden values of kfpstore-schema(5) */
        const schema_table *ledger = schema_find_table(&all, "kfpstore_migration_run");
        ck_assert_ptr_nonnull(ledger);
        ck_assert_str_eq(schema_find_index(ledger, "PRIMARY")->columns, "Source,ContextID");
        ck_assert_str_eq(schema_find_column(ledger, "RunUUID")->type, "varchar(191)");
        ck_assert(schema_find_column(ledger, "RunUUID")->nullable);
        ck_assert_str_eq(schema_find_column(ledger, "Tasks")->initial, "0");
        ck_assert(!schema_find_column(ledger, "Tasks")->nullable);
        const schema_table *mine = schema_find_table(&all, "kfpstore_migrated_artifact");
        ck_assert_str_eq(schema_find_foreign_key(mine, "fk_kfpstore_migrated_artifact")->table, "artifacts");
        ck_assert_str_eq(schema_find_foreign_key(mine, "fk_kfpstore_migrated_artifact")->on_delete, "cascade");
        const schema_table *tasks = schema_find_table(&all, "tasks");
        ck_assert_str_eq(schema_find_index(tasks, "kfpstore_tasks_cache")->columns,
                         "Fingerprint,State,CreatedAtInSec,UUID");
        schema_picture_free(&all);
    }
}
END_TEST

START_TEST(the_baseline_is_the_known_one)
{
    for (const kfpb_driver *const *d = kfpb_drivers(); *d != NULL; d++) {
        schema_picture known;
        kfps_error error = {0};
        ck_assert_int_eq(schema_promise(*d, &known, &error), KFPS_OK);
        schema_picture read = read_steps(*d, SCHEMA_STEP_BASELINE);
        ck_assert_uint_eq(schema_compare(&known, &read, hear, NULL), 0);
        ck_assert_uint_eq(schema_compare(&read, &known, hear, NULL), 0);
        schema_picture_free(&known);
        schema_picture_free(&read);
    }
}
END_TEST

START_TEST(what_cannot_be_read_is_an_error)
{
    static const char *const statements[] = {
        "ALTER TABLE t ADD COLUMN c int;\n",
        "CREATE TABLE t (a int, CHECK (a > 1));\n",
        "CREATE TABLE t (a int GENERATED ALWAYS);\n",
        "CREATE INDEX i ON nowhere (a);\n",
        "CREATE TABLE t (a int;\n",
        "CREATE TABLE t (a int) WITHOUT ROWID;\n",
        "CREATE TABLE t (a int);\nCREATE INDEX i ON t (a) WHERE a > 1;\n",
    };
    for (size_t i = 0; i < sizeof statements / sizeof *statements; i++) {
        const schema_step step = {.number = 77, .name = "odd", .sql = statements[i]};
        const schema_step *list[] = {&step};
        schema_picture out;
        kfps_error error = {0};
        ck_assert_int_eq(schema_promised(kfpb_drivers()[0], list, 1, &out, &error), KFPS_INTERNAL);
        ck_assert_msg(strstr(error.message, "step 77 (odd)") != NULL, "%s", error.message);
    }
}
END_TEST

/* What stays is what the engine needs for its keys, and what imports look up rows by. */
START_TEST(plain_indexes_may_be_deferred)
{
    static const char *const kept[][9] = {
        {"artifacts", "PRIMARY", "idx_artifact_identity"},
        {"tasks", "PRIMARY", "idx_tasks_uuid_run", "idx_tasks_logical_key", "idx_parent_run", "idx_parent_task_uuid"},
        {"artifact_tasks", "PRIMARY", "UniqueLink", "idx_link_task_run", "idx_link_run_id"},
    };
    for (const kfpb_driver *const *d = kfpb_drivers(); *d != NULL; d++) {
        schema_picture promised = read_steps(*d, 0), empty = read_steps(*d, 0), all = read_steps(*d, 0);
        for (size_t t = 0; t < empty.count; t++)
            empty.tables[t].index_count = 0;
        ck_assert_uint_eq(schema_leave_out_deferred(&promised, &all), 0);
        const size_t deferred = schema_leave_out_deferred(&promised, &empty);
        ck_assert_uint_ge(deferred, 26);
        size_t gone = 0;
        for (size_t t = 0; t < promised.count; t++)
            gone += all.tables[t].index_count - promised.tables[t].index_count;
        ck_assert_uint_eq(gone, deferred);
        for (size_t t = 0; t < sizeof kept / sizeof *kept; t++) {
            const schema_table *table = schema_find_table(&promised, kept[t][0]);
            size_t n = 0;
            while (n + 1 < 9 && kept[t][n + 1] != NULL)
                ck_assert_ptr_nonnull(schema_find_index(table, kept[t][++n]));
            ck_assert_uint_eq(table->index_count, n);
        }
        schema_picture_free(&promised);
        schema_picture_free(&empty);
        schema_picture_free(&all);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("schema_promised");
    TCase *cases = tcase_create("promised");
    tcase_add_test(cases, every_step_can_be_read);
    tcase_add_test(cases, the_baseline_is_the_known_one);
    tcase_add_test(cases, what_cannot_be_read_is_an_error);
    tcase_add_test(cases, plain_indexes_may_be_deferred);
    suite_add_tcase(suite, cases);
    return suite_main(suite);
}
