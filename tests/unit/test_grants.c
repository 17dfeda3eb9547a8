/* SPDX-License-Identifier: Apache-2.0 */
/* Lines of SHOW GRANTS as MySQL and MariaDB write them. */
#include "migrate/preflight/rights.h"
#include "tests/harness/suite.h"

enum { DML = RIGHT_SELECT | RIGHT_INSERT | RIGHT_UPDATE };

static const struct {
    const char *line;
    unsigned before, after; /* on kfp_db.tasks */
} lines[] = {
    {"GRANT ALL PRIVILEGES ON *.* TO `root`@`localhost` WITH GRANT OPTION", 0, RIGHT_ALL},
    {"GRANT ALL PRIVILEGES ON `kfp_db`.* TO `kfp`@`%`", 0, RIGHT_ALL},
    {"GRANT SELECT, INSERT, UPDATE ON `kfp_db`.* TO `kfp`@`%`", 0, DML},
    {"GRANT SELECT, INSERT, UPDATE ON \"kfp_db\".* TO \"kfp\"@\"%\"", 0, DML},
    {"GRANT UPDATE ON `kfp_db`.`tasks` TO `kfp`@`%`", RIGHT_SELECT, RIGHT_SELECT | RIGHT_UPDATE},
    {"GRANT UPDATE ON `kfp_db`.`artifacts` TO `kfp`@`%`", RIGHT_SELECT, RIGHT_SELECT},
    {"GRANT UPDATE ON `other`.* TO `kfp`@`%`", 0, 0},
    {"GRANT USAGE ON *.* TO `kfp`@`%` IDENTIFIED BY PASSWORD '*ABC'", 0, 0},
    /* a database is a pattern, a table's database is not */
    {"GRANT SELECT ON `kfp\\_db`.* TO `kfp`@`%`", 0, RIGHT_SELECT},
    {"GRANT SELECT ON `kfp\\_d_`.* TO `kfp`@`%`", 0, RIGHT_SELECT},
    {"GRANT SELECT ON `kf%`.* TO `kfp`@`%`", 0, RIGHT_SELECT},
    {"GRANT SELECT ON `%b`.* TO `kfp`@`%`", 0, RIGHT_SELECT},
    {"GRANT SELECT ON `%x`.* TO `kfp`@`%`", 0, 0},
    {"GRANT SELECT ON `kfp\\_d`.* TO `kfp`@`%`", 0, 0},
    {"GRANT SELECT ON `kfp%`.`tasks` TO `kfp`@`%`", 0, 0},
    /* some columns are not the table */
    {"GRANT SELECT (`UUID`, `a ON b)`), INSERT ON `kfp_db`.`tasks` TO `kfp`@`%`", 0, RIGHT_INSERT},
    {"GRANT INSERT, SELECT (\"UUID\") ON \"kfp_db\".\"tasks\" TO \"kfp\"@\"%\"", 0, RIGHT_INSERT},
    {"REVOKE INSERT ON `kfp_db`.* FROM `kfp`@`%`", DML, RIGHT_SELECT | RIGHT_UPDATE},
    {"GRANT CREATE, DROP, REFERENCES, INDEX, ALTER, DELETE HISTORY ON `kfp_db`.* TO `r1`", 0,
     RIGHT_CREATE | RIGHT_DROP | RIGHT_REFERENCES | RIGHT_INDEX | RIGHT_ALTER},
    /* no rights on tables */
    {"GRANT `r1`@`%` TO `kfp`@`localhost`", DML, DML},
    {"GRANT PROXY ON ''@'' TO 'root'@'localhost' WITH GRANT OPTION", 0, 0},
    {"GRANT EXECUTE ON PROCEDURE `kfp_db`.`tasks` TO `kfp`@`%`", 0, 0},
    {"GRANT BACKUP_ADMIN,CLONE_ADMIN ON *.* TO `kfp`@`%`", 0, 0},
    {"SET DEFAULT ROLE `r1` FOR `kfp`@`localhost`", 0, 0},
    {"GRANT SELECT", 0, 0},
    {"GRANT SELECT (`UUID", 0, 0},
    {"GRANT SELECT ON `kfp_db", 0, 0},
    {"GRANT ", 0, 0},
    {"", 0, 0},
};

START_TEST(a_line_gives_what_it_says)
{
    unsigned rights = lines[_i].before;
    rights_read_grant(lines[_i].line, "kfp_db", "tasks", &rights);
    ck_assert_msg(rights == lines[_i].after, "%s: %x, not %x", lines[_i].line, rights, lines[_i].after);
}
END_TEST

START_TEST(rights_have_names)
{
    char text[128];
    ck_assert_str_eq(rights_text(RIGHT_INSERT | RIGHT_REFERENCES, text, sizeof text), "INSERT, REFERENCES");
    ck_assert_str_eq(rights_text(0, text, sizeof text), "");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("grants");
    TCase *all = tcase_create("all");
    tcase_add_loop_test(all, a_line_gives_what_it_says, 0, (int) (sizeof lines / sizeof lines[0]));
    tcase_add_test(all, rights_have_names);
    suite_add_tcase(suite, all);
    return suite_main(suite);
}
