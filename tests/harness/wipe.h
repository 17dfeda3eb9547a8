/* SPDX-License-Identifier: Apache-2.0 */
/* wipe.h: makes the test's database empty again, for programs whose cases each need a fresh one. */
#ifndef KFPT_WIPE_H
#define KFPT_WIPE_H

#include "tests/harness/suite.h"

static const struct {
    const char *engine;
    const char *before, *list, *drop, *after;
} test_wipes[] = {
    {"sqlite", "PRAGMA foreign_keys = OFF",
     "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'", "DROP TABLE \"%s\"",
     "PRAGMA foreign_keys = ON"},
    {"pgsql", NULL, "SELECT tablename::text FROM pg_tables WHERE schemaname = current_schema()",
     "DROP TABLE \"%s\" CASCADE", NULL},
    {"mysql", "SET foreign_key_checks = 0",
     "SELECT CAST(TABLE_NAME AS CHAR) FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE()",
     "DROP TABLE \"%s\"", "SET foreign_key_checks = 1"},
};

static inline void test_wipe(void)
{
    enum { MOST = 64 };
    static char names[MOST][128];
    kfpb_conn *conn = test_open();
    kfps_error error = {0};
    for (size_t e = 0; e < sizeof test_wipes / sizeof test_wipes[0]; e++) {
        if (strcmp(test_wipes[e].engine, conn->driver->name) != 0)
            continue;
        kfpb_rows *rows = NULL;
        size_t count = 0;
        ck_assert_msg(kfpb_query(conn, test_wipes[e].list, NULL, 0, &rows, &error) == KFPS_OK, "%s", error.message);
        while (kfpb_next(rows, &error) == 1 && count < MOST)
            snprintf(names[count++], sizeof names[0], "%s", kfpb_get_text(rows, 0, NULL));
        kfpb_rows_free(&rows);
        if (test_wipes[e].before != NULL)
            test_exec(conn, test_wipes[e].before);
        for (size_t i = 0; i < count; i++) {
            char sql[256];
            snprintf(sql, sizeof sql, test_wipes[e].drop, names[i]);
            test_exec(conn, sql);
        }
        if (test_wipes[e].after != NULL)
            test_exec(conn, test_wipes[e].after);
    }
    kfpb_close(&conn);
}

#endif
