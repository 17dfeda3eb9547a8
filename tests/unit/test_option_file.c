/* SPDX-License-Identifier: Apache-2.0 */
/* The password in a MySQL option file. */
#include "config.h"

#include <sys/stat.h>
#include <unistd.h>

#include "backends/mysql/option_file.h"
#include "tests/harness/suite.h"

#ifdef KFPB_WITH_MYSQL

/* The password of a file with that content and mode; NULL as it comes. */
static char *password_of(const char *content, mode_t mode)
{
    char path[] = "/tmp/kfpstore-option-XXXXXX";
    const int fd = mkstemp(path);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, content, strlen(content)), (ssize_t) strlen(content));
    ck_assert_int_eq(fchmod(fd, mode), 0);
    close(fd);
    char *password = kfpb_mysql_option_password(path);
    unlink(path);
    return password;
}

static void expect(const char *content, const char *password)
{
    char *got = password_of(content, 0600);
    if (password == NULL)
        ck_assert_ptr_null(got);
    else
        ck_assert_str_eq(got, password);
    free(got);
}

START_TEST(finds_the_password)
{
    expect("[client]\npassword=secret\n", "secret");
    expect("# a comment\n[mysqld]\npassword=server\n\n[client]\nuser = me\n password = \"with # and = \" \n",
           "with # and = ");
    expect("[client-mariadb]\npassword='it''s'", "it''s");
    expect("[client]\npassword=first\n[mysql]\npassword=other\n[client-server]\npassword=last\n", "last");
    expect("[client]\npassword=a\\sb\\\\c\\t\\q\n", "a b\\c\t\\q");
    expect("[client]\npassword=\n", "");
}
END_TEST

START_TEST(has_none)
{
    expect("", NULL);
    expect("password=outside\n", NULL);
    expect("[mysqld]\npassword=server\n", NULL);
    expect("[client]\n#password=commented\n;password=too\npasswords=no\npassword\n", NULL);
    ck_assert_ptr_null(kfpb_mysql_option_password("/nonexistent/my.cnf"));
    ck_assert_ptr_null(kfpb_mysql_option_password("/tmp"));
}
END_TEST

START_TEST(a_file_that_anybody_may_write_is_ignored)
{
    ck_assert_ptr_null(password_of("[client]\npassword=secret\n", 0606));
}
END_TEST

#endif

int main(void)
{
#ifndef KFPB_WITH_MYSQL
    return 77; /* skipped: this build has no MySQL backend */
#else
    Suite *suite = suite_create("option file");
    TCase *tcase = tcase_create("option file");
    tcase_add_test(tcase, finds_the_password);
    tcase_add_test(tcase, has_none);
    tcase_add_test(tcase, a_file_that_anybody_may_write_is_ignored);
    suite_add_tcase(suite, tcase);
    return suite_main(suite);
#endif
}
