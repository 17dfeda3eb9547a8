/* SPDX-License-Identifier: Apache-2.0 */
/* test_errors.c: every class of error, provoked for real: its status, the names in its message, and no values there. */
#include <pthread.h>
#include <time.h>
#include <unistd.h>

#include "tests/harness/wipe.h"

/* A value that tries to look like the end of a server's sentence. */
#define SECRET "S3CR3T' for key 'nothing' column 'none' at row 1 CONSTRAINT `no` FOREIGN KEY"

static bool sqlite, pgsql, mysql;

static void make_tables(void)
{
    sqlite = test_engine_is("sqlite");
    pgsql = test_engine_is("pgsql");
    mysql = test_engine_is("mysql");
    test_wipe();
    kfpb_conn *conn = test_open();
    test_exec(conn, "CREATE TABLE e_parent (id BIGINT NOT NULL PRIMARY KEY, code VARCHAR(120), n INTEGER,"
                    " CONSTRAINT uq_code UNIQUE (code))");
    test_exec(
        conn,
        "CREATE TABLE e_child (id BIGINT NOT NULL PRIMARY KEY, parent BIGINT NOT NULL, short VARCHAR(5), data JSON,"
        " small INTEGER, CONSTRAINT fk_parent FOREIGN KEY (parent) REFERENCES e_parent (id))");
    test_exec(conn, "INSERT INTO e_parent (id, code, n) VALUES (1, 'one', 0), (2, 'two', 0), (3, 'three', 0)");
    test_exec(conn, "INSERT INTO e_child (id, parent) VALUES (1, 1)");
    kfpb_close(&conn);
}

static int64_t number_of(kfpb_conn *conn, const char *sql)
{
    kfps_error error = {0};
    int64_t number = -1;
    ck_assert_msg(kfpb_query_int(conn, sql, NULL, 0, &number, NULL, &error) == KFPS_OK, "%s: %s", sql, error.message);
    return number;
}

static void begin(kfpb_conn *conn)
{
    kfps_error error = {0};
    ck_assert_msg(kfpb_begin(conn, KFPB_TX_WRITE, &error) == KFPS_OK, "%s", error.message);
}

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double) t.tv_sec + (double) t.tv_nsec / 1e9;
}

static void sleep_ms(long ms)
{
    nanosleep(&(struct timespec){.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000}, NULL);
}

/* Runs the statement, expects the status, a message with `name` (NULL: any) and without SECRET. */
static void fails(kfpb_conn *conn, kfps_status wanted, const char *name, const char *sql, const kfpb_value *values,
                  size_t count)
{
    kfps_error error = {0};
    int64_t affected = -1;
    const kfps_status status = kfpb_exec(conn, sql, values, count, &affected, &error);
    ck_assert_msg(status == wanted, "%s: %s instead of %s: %s", sql, kfps_status_name(status), kfps_status_name(wanted),
                  error.message);
    ck_assert_int_eq(error.code, wanted);
    ck_assert_msg(error.message[0] != '\0', "%s: no message", sql);
    ck_assert_msg(name == NULL || strstr(error.message, name) != NULL, "%s: no \"%s\" in: %s", sql, name,
                  error.message);
    ck_assert_msg(strstr(error.message, "S3CR3T") == NULL, "%s: the value is in: %s", sql, error.message);
    ck_assert_msg(sqlite || error.sqlstate[0] != '\0' || error.vendor_code != 0, "%s: no number: %s", sql,
                  error.message);
    ck_assert_msg(strchr(error.message, '\n') == NULL, "%s: more than one line: %s", sql, error.message);
}

/* ---- one statement -------------------------------------------------------------------------------------------------
 */

START_TEST(keys)
{
    kfpb_conn *conn = test_open();
    const kfpb_value code = kfpb_str(SECRET), codes[] = {kfpb_str(SECRET), kfpb_str(SECRET)};
    ck_assert_int_eq(kfpb_exec(conn, "INSERT INTO e_parent (id, code) VALUES (4, ?)", &code, 1, NULL, NULL), KFPS_OK);
    fails(conn, KFPS_EXISTS, sqlite ? "e_parent.code" : "uq_code", "INSERT INTO e_parent (id, code) VALUES (5, ?)",
          &code, 1);
    fails(conn, KFPS_EXISTS, sqlite ? "e_parent.code" : "uq_code", "UPDATE e_parent SET code = ? WHERE id = 1", &code,
          1);
    fails(conn, KFPS_EXISTS,
          sqlite  ? "e_parent.id"
          : pgsql ? "e_parent_pkey"
                  : "PRIMARY",
          "INSERT INTO e_parent (id, code) VALUES (4, 'else')", NULL, 0);
    fails(conn, KFPS_EXISTS, NULL, "INSERT INTO e_parent (id, code) VALUES (6, ?), (7, ?)", codes, 2);
    ck_assert_int_eq(number_of(conn, "SELECT COUNT(*) FROM e_parent"), 4);
    kfpb_close(&conn);
}
END_TEST

START_TEST(foreign_keys)
{
    kfpb_conn *conn = test_open();
    const char *name = sqlite ? NULL : "fk_parent"; /* SQLite does not say which */
    const kfpb_value none = kfpb_int(987654321);
    fails(conn, KFPS_FOREIGN_KEY, name, "INSERT INTO e_child (id, parent) VALUES (2, ?)", &none, 1);
    fails(conn, KFPS_FOREIGN_KEY, name, "UPDATE e_child SET parent = ?", &none, 1);
    fails(conn, KFPS_FOREIGN_KEY, name, "DELETE FROM e_parent WHERE id = 1", NULL, 0);
    fails(conn, KFPS_FOREIGN_KEY, name, "UPDATE e_parent SET id = ? WHERE id = 1", &none, 1);
    kfpb_close(&conn);
}
END_TEST

START_TEST(values_that_do_not_fit)
{
    kfpb_conn *conn = test_open();
    const kfpb_value null = kfpb_null(), text = kfpb_str(SECRET), large = kfpb_int(4000000000);
    fails(conn, KFPS_INVALID, "parent", "INSERT INTO e_child (id, parent) VALUES (2, ?)", &null, 1);
    if (!sqlite) { /* which takes any value in any column */
        fails(conn, KFPS_TOO_LARGE, mysql ? "short" : NULL, "INSERT INTO e_child (id, parent, short) VALUES (2, 1, ?)",
              &text, 1);
        fails(conn, KFPS_TOO_LARGE, mysql ? "small" : NULL, "INSERT INTO e_child (id, parent, small) VALUES (2, 1, ?)",
              &large, 1);
        fails(conn, KFPS_INVALID, NULL, "INSERT INTO e_child (id, parent, data) VALUES (2, 1, ?)", &text, 1);
        fails(conn, KFPS_INVALID, NULL, "INSERT INTO e_child (id, parent, small) VALUES (2, 1, ?)", &text, 1);
        fails(conn, KFPS_INVALID, NULL, "UPDATE e_parent SET n = ?", &text, 1);
        /* five characters are five characters, whatever their bytes */
        const kfpb_value wide = kfpb_str(
            "\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80");
        ck_assert_int_eq(
            kfpb_exec(conn, "INSERT INTO e_child (id, parent, short) VALUES (3, 1, ?)", &wide, 1, NULL, NULL), KFPS_OK);
    }
    ck_assert_int_eq(number_of(conn, "SELECT COUNT(*) FROM e_child"), sqlite ? 1 : 2);
    kfpb_close(&conn);
}
END_TEST

START_TEST(wrong_statements)
{
    kfpb_conn *conn = test_open();
    const kfpb_value text = kfpb_str(SECRET);
    kfps_error error = {0};
    kfpb_rows *rows = NULL;
    fails(conn, KFPS_INTERNAL, "e_missing", "INSERT INTO e_missing (id) VALUES (?)", &text, 1);
    fails(conn, KFPS_INTERNAL, "nowhere", "UPDATE e_parent SET nowhere = ?", &text, 1);
    fails(conn, KFPS_INTERNAL, NULL, "INSRT INTO e_parent (code) VALUES (?)", &text, 1);
    fails(conn, KFPS_INTERNAL, NULL, "SELECT ((?)", &text, 1);
    fails(conn, KFPS_INTERNAL, "e_parent", "CREATE TABLE e_parent (id INTEGER)", NULL, 0);
    ck_assert_int_eq(kfpb_query(conn, "SELECT * FROM e_missing WHERE code = ?", &text, 1, &rows, &error),
                     KFPS_INTERNAL);
    ck_assert(rows == NULL && strstr(error.message, "S3CR3T") == NULL);
    /* two statements at once are one too many, and the second is not run */
    ck_assert_int_ne(kfpb_exec(conn, "DELETE FROM e_child WHERE id = ?; DELETE FROM e_child",
                               (const kfpb_value[]){kfpb_int(77)}, 1, NULL, &error),
                     KFPS_OK);
    ck_assert_int_eq(number_of(conn, "SELECT COUNT(*) FROM e_child"), 1);
    kfpb_close(&conn);
}
END_TEST

/* ---- transactions --------------------------------------------------------------------------------------------------
 */

START_TEST(failed_transaction_is_not_committed)
{
    kfpb_conn *conn = test_open();
    kfps_error error = {0};
    begin(conn);
    test_exec(conn, "INSERT INTO e_parent (id, code) VALUES (10, 'ten')");
    fails(conn, KFPS_EXISTS, NULL, "INSERT INTO e_parent (id, code) VALUES (1, 'again')", NULL, 0);
    /* on every engine nothing more is taken in it */
    ck_assert_int_eq(kfpb_exec(conn, "INSERT INTO e_parent (id) VALUES (11)", NULL, 0, NULL, &error), KFPS_INVALID);
    ck_assert_int_eq(kfpb_begin(conn, KFPB_TX_WRITE, &error), KFPS_INVALID);
    ck_assert_int_eq(kfpb_commit(conn, &error), KFPS_INTERNAL);
    ck_assert(!conn->in_transaction && !conn->broken);
    ck_assert_int_eq(kfpb_commit(conn, &error), KFPS_INVALID);
    ck_assert_int_eq(number_of(conn, "SELECT COUNT(*) FROM e_parent"), 3);

    begin(conn);
    ck_assert_int_eq(kfpb_begin(conn, KFPB_TX_WRITE, &error), KFPS_INVALID);
    test_exec(conn, "INSERT INTO e_parent (id, code) VALUES (10, 'ten')");
    ck_assert_int_eq(kfpb_commit(conn, &error), KFPS_OK);
    begin(conn);
    test_exec(conn, "DELETE FROM e_parent WHERE id = 10");
    kfpb_rollback(conn);
    kfpb_rollback(conn);
    begin(conn);
    test_exec(conn, "DELETE FROM e_parent WHERE id = 10");
    kfpb_close(&conn); /* also a rollback */
    conn = test_open();
    ck_assert_int_eq(number_of(conn, "SELECT COUNT(*) FROM e_parent"), 4);
    kfpb_close(&conn);
}
END_TEST

/* A constraint that is looked at when the transaction ends. */
START_TEST(commit_is_refused)
{
    if (mysql) /* has no such constraints */
        return;
    kfpb_conn *conn = test_open();
    kfps_error error = {0};
    test_exec(
        conn,
        "CREATE TABLE e_late (id BIGINT NOT NULL PRIMARY KEY, parent BIGINT, CONSTRAINT fk_late FOREIGN KEY (parent)"
        " REFERENCES e_parent (id) DEFERRABLE INITIALLY DEFERRED)");
    begin(conn);
    test_exec(conn, "INSERT INTO e_late (id, parent) VALUES (1, 12345)");
    ck_assert_int_eq(kfpb_commit(conn, &error), KFPS_FOREIGN_KEY);
    ck_assert_msg(sqlite || strstr(error.message, "fk_late") != NULL, "%s", error.message);
    ck_assert(!conn->in_transaction && !conn->broken);
    ck_assert_int_eq(number_of(conn, "SELECT COUNT(*) FROM e_late"), 0);
    begin(conn);
    test_exec(conn, "INSERT INTO e_late (id, parent) VALUES (1, 1)");
    ck_assert_int_eq(kfpb_commit(conn, &error), KFPS_OK);
    kfpb_close(&conn);
}
END_TEST

START_TEST(snapshot_stands_still_and_cannot_write)
{
    kfpb_conn *conn = test_open(), *other = test_open();
    kfps_error error = {0};
    ck_assert_msg(kfpb_begin(conn, KFPB_TX_SNAPSHOT, &error) == KFPS_OK, "%s", error.message);
    test_exec(other, "INSERT INTO e_parent (id, code) VALUES (20, 'later')");
    ck_assert_int_eq(number_of(conn, "SELECT COUNT(*) FROM e_parent"), 3);
    test_exec(other, "INSERT INTO e_child (id, parent) VALUES (20, 20)");
    ck_assert_int_eq(number_of(conn, "SELECT COUNT(*) FROM e_child"), 1);
    fails(conn, KFPS_PERMISSION, NULL, "INSERT INTO e_parent (id, code) VALUES (21, 'mine')", NULL, 0);
    kfpb_rollback(conn);
    ck_assert_int_eq(number_of(conn, "SELECT COUNT(*) FROM e_parent"), 4);
    test_exec(conn, "INSERT INTO e_parent (id, code) VALUES (21, 'mine')");
    ck_assert_int_eq(kfpb_begin(conn, KFPB_TX_SNAPSHOT, &error), KFPS_OK);
    ck_assert_int_eq(number_of(conn, "SELECT COUNT(*) FROM e_parent"), 5);
    ck_assert_int_eq(kfpb_commit(conn, &error), KFPS_OK);
    begin(conn);
    test_exec(conn, "INSERT INTO e_parent (id, code) VALUES (22, 'mine too')");
    ck_assert_int_eq(kfpb_commit(conn, &error), KFPS_OK);
    kfpb_close(&other);
    kfpb_close(&conn);
}
END_TEST

/* As a target that is only looked at, and as a source. */
START_TEST(read_only_connection)
{
    kfpb_conn *conn = test_open_with(test_dsn(), &(kfpb_open_options){.read_only = true, .source = _i == 1});
    kfps_error error = {0};
    ck_assert_int_eq(number_of(conn, "SELECT COUNT(*) FROM e_parent"), 3);
    fails(conn, KFPS_PERMISSION, NULL, "INSERT INTO e_parent (id, code) VALUES (30, 'no')", NULL, 0);
    fails(conn, KFPS_PERMISSION, NULL, "CREATE TABLE e_new (id INTEGER)", NULL, 0);
    fails(conn, KFPS_PERMISSION, NULL, "DROP TABLE e_child", NULL, 0);
    if (kfpb_begin(conn, KFPB_TX_WRITE, &error) == KFPS_OK) {
        fails(conn, KFPS_PERMISSION, NULL, "DELETE FROM e_child", NULL, 0);
        kfpb_rollback(conn);
    } else {
        ck_assert_int_eq(error.code, KFPS_PERMISSION);
    }
    ck_assert_int_eq(kfpb_begin(conn, KFPB_TX_SNAPSHOT, &error), KFPS_OK);
    ck_assert_int_eq(number_of(conn, "SELECT COUNT(*) FROM e_child"), 1);
    fails(conn, KFPS_PERMISSION, NULL, "DELETE FROM e_child", NULL, 0);
    kfpb_rollback(conn);
    ck_assert_int_eq(number_of(conn, "SELECT COUNT(*) FROM e_child"), 1);
    kfpb_close(&conn);
}
END_TEST

/* ---- waiting -------------------------------------------------------------------------------------------------------
 */

START_TEST(lock_timeout)
{
    const kfpb_open_options brief = {.lock_timeout_ms = 1000};
    kfpb_conn *holder = test_open(), *waiter = test_open_with(test_dsn(), &brief);
    begin(holder);
    test_exec(holder, "UPDATE e_parent SET n = n + 1 WHERE id = 1");
    const double start = now();
    fails(waiter, KFPS_BUSY, NULL, "UPDATE e_parent SET n = n + 1 WHERE id = 1", NULL, 0);
    const double waited = now() - start;
    ck_assert_msg(waited > 0.8 && waited < 4, "waited %.3f s", waited);
    kfpb_rollback(holder);
    test_exec(waiter, "UPDATE e_parent SET n = n + 1 WHERE id = 1");
    kfpb_close(&waiter);
    kfpb_close(&holder);
}
END_TEST

typedef struct rival {
    kfpb_conn *conn;
    pthread_barrier_t *both;
    int64_t first, second;
    kfps_status status;
} rival;

static void *collide(void *context)
{
    rival *self = context;
    kfpb_value id = kfpb_int(self->first);
    static const char sql[] = "UPDATE e_parent SET n = n + 1 WHERE id = ?";
    self->status = kfpb_begin(self->conn, KFPB_TX_WRITE, NULL);
    if (self->status == KFPS_OK)
        self->status = kfpb_exec(self->conn, sql, &id, 1, NULL, NULL);
    pthread_barrier_wait(self->both);
    id = kfpb_int(self->second);
    if (self->status == KFPS_OK)
        self->status = kfpb_exec(self->conn, sql, &id, 1, NULL, NULL);
    if (self->status == KFPS_OK)
        self->status = kfpb_commit(self->conn, NULL);
    else
        kfpb_rollback(self->conn);
    return NULL;
}

START_TEST(deadlock)
{
    /* PostgreSQL looks for deadlocks after a second: until then the wait for the lock must not end */
    const kfpb_open_options brief = {.lock_timeout_ms = pgsql ? 15000 : 1000};
    pthread_barrier_t both;
    pthread_t threads[2];
    pthread_barrier_init(&both, NULL, 2);
    rival rivals[] = {{test_open_with(test_dsn(), &brief), &both, 1, 2, KFPS_OK},
                      {test_open_with(test_dsn(), &brief), &both, 2, 1, KFPS_OK}};
    const double start = now();
    for (int i = 0; i < 2; i++)
        pthread_create(&threads[i], NULL, collide, &rivals[i]);
    for (int i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    ck_assert_msg(now() - start < 30, "%.1f s", now() - start);
    const bool a = rivals[0].status == KFPS_OK, b = rivals[1].status == KFPS_OK;
    ck_assert_msg(a != b, "%s and %s", kfps_status_name(rivals[0].status), kfps_status_name(rivals[1].status));
    ck_assert_int_eq(rivals[a ? 1 : 0].status, KFPS_BUSY);
    ck_assert_int_eq(number_of(rivals[0].conn, "SELECT SUM(n) FROM e_parent"), 2);
    for (int i = 0; i < 2; i++) {
        ck_assert(!rivals[i].conn->broken);
        kfpb_close(&rivals[i].conn);
    }
    pthread_barrier_destroy(&both);
}
END_TEST

/* What was read has been changed by another before it is written. */
START_TEST(serialisation)
{
    kfpb_conn *conn = test_open(), *other = test_open();
    if (pgsql) {
        begin(conn);
        test_exec(conn, "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ");
    } else if (sqlite) {
        test_exec(conn, "BEGIN");
    } else {
        /* only MariaDB has it, and only if asked */
        if (strcmp(test_flavour(), "mariadb") != 0 ||
            kfpb_exec(conn, "SET SESSION innodb_snapshot_isolation = ON", NULL, 0, NULL, NULL) != KFPS_OK) {
            printf("skip: serialisation failures: this server has none\n");
            fflush(stdout);
            goto out;
        }
        test_exec(conn, "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ");
        begin(conn);
    }
    ck_assert_int_eq(number_of(conn, "SELECT n FROM e_parent WHERE id = 1"), 0);
    test_exec(other, "UPDATE e_parent SET n = 5 WHERE id = 1");
    fails(conn, KFPS_BUSY, NULL, "UPDATE e_parent SET n = n + 1 WHERE id = 1", NULL, 0);
    if (sqlite)
        test_exec(conn, "ROLLBACK");
    kfpb_rollback(conn);
    test_exec(conn, "UPDATE e_parent SET n = n + 1 WHERE id = 1");
    ck_assert_int_eq(number_of(conn, "SELECT n FROM e_parent WHERE id = 1"), 6);
out:
    kfpb_close(&other);
    kfpb_close(&conn);
}
END_TEST

/* A query without an end that matters here: 2,000 × 2,000 × 2,000 rows. */
static const char endless[] = "SELECT COUNT(*) FROM e_many a, e_many b, e_many c WHERE a.i * b.i + c.i = -7";

static void fill_many(kfpb_conn *conn)
{
    test_exec(conn, "CREATE TABLE e_many (i INTEGER NOT NULL)");
    test_exec(conn, "INSERT INTO e_many (i) VALUES (1),(2),(3),(4),(5),(6),(7),(8)");
    for (int i = 0; i < 8; i++)
        test_exec(conn, "INSERT INTO e_many (i) SELECT i FROM e_many");
}

static void is_interrupted(kfpb_conn *conn, double least)
{
    kfps_error error = {0};
    int64_t number = 0;
    const double start = now();
    const kfps_status status = kfpb_query_int(conn, endless, NULL, 0, &number, NULL, &error);
    const double took = now() - start;
    ck_assert_msg(status == KFPS_INTERRUPTED, "%s after %.2f s: %s", kfps_status_name(status), took, error.message);
    ck_assert_msg(took > least && took < 15, "%.2f s", took);
    ck_assert(!conn->broken);
    kfpb_rollback(conn);
    ck_assert_int_eq(number_of(conn, "SELECT COUNT(*) FROM e_parent"), 3);
}

START_TEST(statement_timeout)
{
    kfpb_conn *conn = test_open();
    fill_many(conn);
    kfpb_close(&conn);
    conn = test_open_with(test_dsn(), &(kfpb_open_options){.statement_timeout_ms = 400});
    is_interrupted(conn, 0.3);
    begin(conn);
    is_interrupted(conn, 0.3);
    kfpb_close(&conn);
}
END_TEST

static void *interrupt_soon(void *context)
{
    kfpb_conn *conn = context;
    sleep_ms(400);
    conn->ops->interrupt(conn);
    return NULL;
}

START_TEST(interrupt)
{
    pthread_t thread;
    kfpb_conn *conn = test_open();
    fill_many(conn);
    for (int round = 0; round < 2; round++) {
        if (round == 1)
            begin(conn);
        pthread_create(&thread, NULL, interrupt_soon, conn);
        is_interrupted(conn, 0.2);
        pthread_join(thread, NULL);
    }
    /* one that comes while nothing runs hits nothing */
    conn->ops->interrupt(conn);
    sleep_ms(100);
    ck_assert_int_eq(number_of(conn, "SELECT COUNT(*) FROM e_parent"), 3);
    kfpb_close(&conn);
}
END_TEST

/* ---- opening -------------------------------------------------------------------------------------------------------
 */

static void cannot_open(const char *text, const char *password, kfps_status wanted, const char *part)
{
    kfps_error error = {0};
    kfpb_dsn dsn = {0};
    kfpb_conn *conn = NULL;
    const kfpb_open_options options = {.password = password};
    ck_assert_msg(kfpb_dsn_parse(text, &dsn, &error) == KFPS_OK, "%s: %s", text, error.message);
    const double start = now();
    const kfps_status status = kfpb_open(&dsn, &options, &conn, &error);
    ck_assert_msg(status == wanted && error.code == (int32_t) wanted, "%s: %s: %s", text, kfps_status_name(status),
                  error.message);
    ck_assert_ptr_null(conn);
    ck_assert_msg(part == NULL || strstr(error.message, part) != NULL, "%s: %s", text, error.message);
    ck_assert_msg(strstr(error.message, "S3CR3T") == NULL, "%s", error.message);
    ck_assert_msg(now() - start < 5, "%s: %.1f s", text, now() - start);
    kfpb_dsn_free(&dsn);
}

/* The test's DSN with another user, another database, or both. */
static const char *dsn_with(const char *user, const char *database)
{
    static char buffer[4096];
    const char *dsn = test_dsn(), *name = test_env("KFPSTORE_TEST_DATABASE");
    const char *scheme_end = strstr(dsn, "://") + 3, *at = strchr(scheme_end, '@');
    const char *behind = strstr(at, name);
    snprintf(buffer, sizeof buffer, "%.*s%.*s%.*s%s%s", (int) (scheme_end - dsn), dsn,
             user != NULL ? (int) strlen(user) : (int) (at - scheme_end), user != NULL ? user : scheme_end,
             (int) (behind - at), at, database != NULL ? database : name, behind + strlen(name));
    return buffer;
}

START_TEST(files_that_do_not_open)
{
    char dsn[4200], path[4096];
    const char *folder = test_env("KFPSTORE_TEST_TMP");
    snprintf(dsn, sizeof dsn, "sqlite://%s/none.db", folder);
    cannot_open(dsn, NULL, KFPS_UNAVAILABLE, "none.db");
    snprintf(dsn, sizeof dsn, "sqlite://%s/none/none.db", folder);
    cannot_open(dsn, NULL, KFPS_UNAVAILABLE, "none.db");
    snprintf(dsn, sizeof dsn, "sqlite://%s", folder);
    cannot_open(dsn, NULL, KFPS_INVALID, folder);
    snprintf(path, sizeof path, "%s/text.db", folder);
    FILE *file = fopen(path, "w");
    for (int i = 0; i < 500; i++)
        fprintf(file, "This is no database.\n");
    fclose(file);
    snprintf(dsn, sizeof dsn, "sqlite://%s", path);
    cannot_open(dsn, NULL, KFPS_INVALID, "text.db");
    /* and with the right rights one is made */
    snprintf(dsn, sizeof dsn, "sqlite://%s/made %%25 %%3F.db", folder);
    for (char *p; (p = strchr(dsn, ' ')) != NULL;)
        *p = '+';
    kfpb_conn *conn = test_open_with(dsn, &(kfpb_open_options){.create = true});
    test_exec(conn, "CREATE TABLE t (i INTEGER)");
    kfpb_close(&conn);
    snprintf(path, sizeof path, "%s/made+%%+?.db", folder);
    ck_assert_int_eq(access(path, F_OK), 0);
}
END_TEST

START_TEST(servers_that_do_not_open)
{
    if (pgsql) {
        cannot_open("postgresql://kfp@127.0.0.1:1/db", "S3CR3T", KFPS_UNAVAILABLE, NULL);
        cannot_open("postgresql://kfp@%2Fnone/db", "S3CR3T", KFPS_UNAVAILABLE, NULL);
        cannot_open(dsn_with(NULL, "e_no_such_database"), "S3CR3T", KFPS_UNAVAILABLE, "e_no_such_database");
        cannot_open(dsn_with("e_nobody", NULL), "S3CR3T", KFPS_PERMISSION, "e_nobody");
        return;
    }
    cannot_open("mysql://root@127.0.0.1:1/db", "S3CR3T", KFPS_UNAVAILABLE, NULL);
    cannot_open("mysql://root@localhost/db?socket=/none", "S3CR3T", KFPS_UNAVAILABLE, NULL);
    cannot_open(dsn_with(NULL, "e_no_such_database"), NULL, KFPS_UNAVAILABLE, "e_no_such_database");
    cannot_open(dsn_with("e_nobody", NULL), "S3CR3T", KFPS_PERMISSION, "e_nobody");
    kfpb_conn *admin = test_open();
    test_exec(admin, "DROP USER IF EXISTS e_reader@localhost");
    test_exec(admin, "CREATE USER e_reader@localhost IDENTIFIED BY 'pass''word'");
    cannot_open(dsn_with("e_reader", NULL), "S3CR3T", KFPS_PERMISSION, "e_reader");
    cannot_open(dsn_with("e_reader", NULL), NULL, KFPS_PERMISSION, "e_reader");
    cannot_open(dsn_with("e_reader", NULL), "pass'word", KFPS_PERMISSION, "e_reader"); /* no rights on this database */
    char sql[256];
    snprintf(sql, sizeof sql, "GRANT SELECT ON `%s`.* TO e_reader@localhost", test_env("KFPSTORE_TEST_DATABASE"));
    test_exec(admin, sql);
    kfpb_conn *reader = test_open_with(dsn_with("e_reader", NULL), &(kfpb_open_options){.password = "pass'word"});
    ck_assert_int_eq(number_of(reader, "SELECT COUNT(*) FROM e_parent"), 3);
    fails(reader, KFPS_PERMISSION, NULL, "DELETE FROM e_child", NULL, 0);
    kfpb_close(&reader);
    test_exec(admin, "DROP USER e_reader@localhost");
    kfpb_close(&admin);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        keys,
        foreign_keys,
        values_that_do_not_fit,
        wrong_statements,
        failed_transaction_is_not_committed,
        commit_is_refused,
        snapshot_stands_still_and_cannot_write,
        read_only_connection,
        lock_timeout,
        deadlock,
        serialisation,
        statement_timeout,
        interrupt,
        test_engine_is("sqlite") ? files_that_do_not_open : servers_that_do_not_open,
    };
    Suite *suite = suite_create("errors");
    TCase *all = tcase_create("all");
    tcase_add_checked_fixture(all, make_tables, NULL);
    for (size_t i = 0; i < sizeof tests / sizeof tests[0]; i++)
        tcase_add_loop_test(all, tests[i], 0, tests[i] == read_only_connection ? 2 : 1);
    suite_add_tcase(suite, all);
    return suite_main(suite);
}
