/* SPDX-License-Identifier: Apache-2.0 */
/* option_file.h: the password in the client's own option file, which libdbi gives no way to ask for. */
#ifndef KFPB_MYSQL_OPTION_FILE_H
#define KFPB_MYSQL_OPTION_FILE_H

/* The last `password` of the groups [client], [client-server] and [client-mariadb] of that file, to be freed; NULL if
 * there is none, or the file cannot be read, or anybody may write to it (as the client has it). */
char *kfpb_mysql_option_password(const char *path);
/* The same of ~/.my.cnf. */
char *kfpb_mysql_own_password(void);

#endif
