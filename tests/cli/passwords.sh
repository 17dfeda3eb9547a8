#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Where the password of an account comes from: the environment, a file that it names, the client's own file, in this order.
. "$(dirname "$0")/../harness/sh.sh"
secret="s3 cret#1'x"
new_database "$label"
sql "$label" "$database" "CREATE USER IF NOT EXISTS 'kfpstore_pw'@'localhost' IDENTIFIED BY 's3 cret#1''x';"
sql "$label" "$database" "GRANT ALL ON $database.* TO 'kfpstore_pw'@'localhost';"
target=$(printf '%s' "$dsn" | sed 's,//[^@]*@,//kfpstore_pw@,')
mkdir "$tmp/home" "$tmp/empty"
printf '[client]\npassword="%s"\n' "$secret" >"$tmp/home/.my.cnf"
printf '%s\n' "$secret" >"$tmp/password"
chmod 600 "$tmp/home/.my.cnf" "$tmp/password"

expect 77 "no password" env HOME="$tmp/empty" "$KFP_MIGRATE" schema status --target "$target"
expect 0 "from the environment" env HOME="$tmp/empty" KFPSTORE_TARGET_PASSWORD="$secret" "$KFP_MIGRATE" schema status \
    --target "$target"
expect 0 "from a file" env HOME="$tmp/empty" KFPSTORE_TARGET_PASSWORD_FILE="$tmp/password" "$KFP_MIGRATE" schema status \
    --target "$target"
expect 0 "from the client's own file" env HOME="$tmp/home" "$KFP_MIGRATE" schema status --target "$target"
expect 77 "the environment goes first" env HOME="$tmp/home" KFPSTORE_TARGET_PASSWORD=wrong "$KFP_MIGRATE" schema status \
    --target "$target"
check "and is not said" test "$(cat "$tmp/out" "$tmp/err" | grep -c wrong)" = 0
chmod o+w "$tmp/home/.my.cnf"
expect 77 "a file that anybody may write is not believed" env HOME="$tmp/home" "$KFP_MIGRATE" schema status --target "$target"
finish
