/* SPDX-License-Identifier: Apache-2.0 */
/* DSNs: every form, what is refused, and that no message repeats a secret. */
#include "tests/harness/suite.h"

#include "backends/dsn.h"

#define SECRET "s3cr3t-PassW0rd"

typedef struct good_dsn {
    const char *text;
    const char *scheme, *user, *host;
    int port;
    const char *database, *socket;
    const char *option, *value; /* one option that must be there */
    const char *described;
} good_dsn;

static const good_dsn good[] = {
    {"sqlite:///var/lib/x.db", "sqlite", NULL, NULL, 0, "/var/lib/x.db", NULL, NULL, NULL, "sqlite:///var/lib/x.db"},
    {"sqlite:/var/lib/x.db", "sqlite", NULL, NULL, 0, "/var/lib/x.db", NULL, NULL, NULL, "sqlite:///var/lib/x.db"},
    {"sqlite:x.db", "sqlite", NULL, NULL, 0, "x.db", NULL, NULL, NULL, "sqlite:x.db"},
    {"sqlite:../a/x.db", "sqlite", NULL, NULL, 0, "../a/x.db", NULL, NULL, NULL, "sqlite:../a/x.db"},
    {"sqlite:///a%20b/%25%3F%23.db?mode=ro", "sqlite", NULL, NULL, 0, "/a b/%?#.db", NULL, "mode", "ro",
     "sqlite:///a b/%?#.db"},
    {"sqlite:a b/\xc3\xbc.db", "sqlite", NULL, NULL, 0, "a b/\xc3\xbc.db", NULL, NULL, NULL, "sqlite:a b/\xc3\xbc.db"},
    {"sqlite:a%2Fb+c.db", "sqlite", NULL, NULL, 0, "a/b+c.db", NULL, NULL, NULL, "sqlite:a/b+c.db"},
    {"postgresql://ann@db.example:5433/kfp?sslmode=verify-full", "postgresql", "ann", "db.example", 5433, "kfp", NULL,
     "sslmode", "verify-full", "postgresql://ann@db.example:5433/kfp"},
    {"postgres://h/kfp", "postgresql", NULL, "h", 0, "kfp", NULL, NULL, NULL, "postgresql://h/kfp"},
    {"POSTGRES://h/kfp", "postgresql", NULL, "h", 0, "kfp", NULL, NULL, NULL, "postgresql://h/kfp"},
    {"postgresql://ann@%2Frun%2Fpg/kfp", "postgresql", "ann", "/run/pg", 0, "kfp", NULL, NULL, NULL,
     "postgresql://ann@/run/pg/kfp"},
    {"postgresql://ann@/kfp?host=/run/pg&application_name=a+b%26c", "postgresql", "ann", "/run/pg", 0, "kfp", NULL,
     "application_name", "a+b&c", "postgresql://ann@/run/pg/kfp"},
    {"postgresql:///kfp", "postgresql", NULL, NULL, 0, "kfp", NULL, NULL, NULL, "postgresql:///kfp"},
    {"postgresql://a%40b%3Ac@[::1]:5432/k%2Ff", "postgresql", "a@b:c", "::1", 5432, "k/f", NULL, NULL, NULL,
     "postgresql://a@b:c@[::1]:5432/k/f"},
    {"mysql://root@127.0.0.1:3306/mlpipeline?ssl-ca=%2Fca.pem&ssl-mode=verify-full", "mysql", "root", "127.0.0.1", 3306,
     "mlpipeline", NULL, "ssl-ca", "/ca.pem", "mysql://root@127.0.0.1:3306/mlpipeline"},
    {"mariadb://root@localhost/m?socket=/run/my.sock", "mysql", "root", "localhost", 0, "m", "/run/my.sock", NULL, NULL,
     "mysql://root@localhost/m"},
    {"mysql://h:/m", "mysql", NULL, "h", 0, "m", NULL, NULL, NULL, "mysql://h/m"},
};

static void same(const char *got, const char *wanted)
{
    ck_assert_pstr_eq(got, wanted);
}

START_TEST(every_form_is_understood)
{
    const good_dsn *wanted = &good[_i];
    kfps_error error = {0};
    kfpb_dsn dsn;
    char text[200];
    const kfps_status status = kfpb_dsn_parse(wanted->text, &dsn, &error);
    ck_assert_msg(status == KFPS_OK, "%s: %s", wanted->text, error.message);
    same(dsn.scheme, wanted->scheme);
    same(dsn.user, wanted->user);
    same(dsn.host, wanted->host);
    ck_assert_int_eq(dsn.port, wanted->port);
    same(dsn.database, wanted->database);
    same(dsn.socket, wanted->socket);
    if (wanted->option != NULL)
        same(kfpb_dsn_option_get(&dsn, wanted->option), wanted->value);
    same(kfpb_dsn_describe(&dsn, text, sizeof text), wanted->described);
    kfpb_dsn_free(&dsn);
    ck_assert_ptr_null(dsn.scheme);
}
END_TEST

static const struct {
    const char *text;
    const char *says; /* must be in the message */
} bad[] = {
    {"", "empty"},
    {"/var/lib/x.db", "scheme"},
    {"oracle://h/d", "scheme"},
    {"root:" SECRET "@tcp(127.0.0.1:3306)/mlpipeline", "scheme"},
    {"mysql://root:" SECRET "@h/d", "KFPSTORE_TARGET_PASSWORD"},
    {"mysql://root:" SECRET "@h/d", "KFPSTORE_SOURCE_PASSWORD_FILE"},
    {"postgresql://:" SECRET "@h/d", "password"},
    {"postgresql://ann:@h/d", "password"},
    {"mysql://root:" SECRET "@x@h/d", "URL"},
    {"mysql://root:" SECRET "%zz@h/d", "URL"},
    {"postgresql://h/d?password=" SECRET, "KFPSTORE_SOURCE_PASSWORD"},
    {"postgresql://h/d?PassWord=" SECRET, "KFPSTORE_SOURCE_PASSWORD"},
    {"mysql://h/d?passwd=" SECRET, "KFPSTORE_SOURCE_PASSWORD"},
    {"postgresql://h/d?sslpassword=" SECRET, "KFPSTORE_SOURCE_PASSWORD"},
    {"postgresql://h/d?" SECRET "%3Ax", "malformed"},
    {"postgresql://h/d?sslmode=" SECRET, "sslmode"},
    {"postgresql://h/d?sslmod=require", "\"sslmod\""},
    {"postgresql://h/d?ssl-mode=required", "\"ssl-mode\""},
    {"postgresql://h/d?options=-csearch_path%3Dx", "\"options\""},
    {"postgresql://h/d?sslmode=require&sslmode=disable", "twice"},
    {"postgresql://h/d?host=h2", "twice"},
    {"postgresql://h/d?sslmode", "no value"},
    {"postgresql://h/d?connect_timeout=-1", "number"},
    {"postgresql://h/d?connect_timeout=1s", "number"},
    {"postgresql://h/d?connect_timeout=99999999999", "number"},
    {"postgresql://h", "no database"},
    {"postgresql://h/", "no database"},
    {"postgresql://h/a/b", "%2F"},
    {"postgresql://h/d#x", "%23"},
    {"postgresql://h:0/d", "65535"},
    {"postgresql://h:65536/d", "65535"},
    {"postgresql://h:99999999999999999999/d", "65535"},
    {"postgresql://h:12x/d", "URL"},
    {"postgresql://h/d?host=%0A", "control"},
    {"mysql://h%3Bssl-verify-server-cert=0/d", "host"},
    {"mysql://h/d?ssl-ca=/a%3Bssl-verify-server-cert=0", "semicolon"},
    {"mysql://h/d?mode=ro", "\"mode\""},
    {"sqlite://x.db", "three slashes"},
    {"sqlite://ann@/x.db", "three slashes"},
    {"sqlite:", "no file"},
    {"sqlite:///", "no file"},
    {"sqlite:///a/", "no file"},
    {"sqlite::memory:", "memory"},
    {"sqlite:x.db?cache=shared", "\"cache\""},
    {"sqlite:a%00b", "control"},
    {"sqlite:a\nb", "control"},
    {"sqlite:a\xff", "UTF-8"},
    {"sqlite:a%ff", "UTF-8"},
};

START_TEST(what_is_refused)
{
    kfps_error error = {0};
    kfpb_dsn dsn;
    ck_assert_int_eq(kfpb_dsn_parse(bad[_i].text, &dsn, &error), KFPS_INVALID);
    ck_assert_int_eq(error.code, KFPS_INVALID);
    ck_assert_msg(strstr(error.message, bad[_i].says) != NULL, "%s: %s", bad[_i].text, error.message);
    ck_assert_msg(strstr(error.message, SECRET) == NULL, "%s", error.message);
    ck_assert_ptr_null(dsn.scheme);
    kfpb_dsn_free(&dsn);
    ck_assert_int_eq(kfpb_dsn_parse(bad[_i].text, &dsn, NULL), KFPS_INVALID);
}
END_TEST

START_TEST(a_short_buffer_is_cut_at_a_character)
{
    kfpb_dsn dsn;
    char text[12];
    ck_assert_int_eq(kfpb_dsn_parse("sqlite:abc\xc3\xbc.db", &dsn, NULL), KFPS_OK);
    ck_assert_str_eq(kfpb_dsn_describe(&dsn, text, sizeof text), "sqlite:abc");
    ck_assert_str_eq(kfpb_dsn_describe(&dsn, text, 1), "");
    kfpb_dsn_free(&dsn);
    ck_assert_int_eq(kfpb_dsn_parse(NULL, &dsn, NULL), KFPS_INVALID);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("dsn");
    TCase *all = tcase_create("dsn");
    tcase_add_loop_test(all, every_form_is_understood, 0, (int) (sizeof good / sizeof good[0]));
    tcase_add_loop_test(all, what_is_refused, 0, (int) (sizeof bad / sizeof bad[0]));
    tcase_add_test(all, a_short_buffer_is_cut_at_a_character);
    suite_add_tcase(suite, all);
    return suite_main(suite);
}
