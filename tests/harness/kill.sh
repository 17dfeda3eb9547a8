# SPDX-License-Identifier: Apache-2.0
# kill.sh: for scripts that kill kfp-migrate and start it again; sourced behind sh.sh. The script has the functions
#   prepare        a new target, with what the program is to work on
#   program        the program, behind $launch; stdout to $tmp/out, stderr to $tmp/err; $jobs is for its --jobs
#   compared TEXT  the target is as if nobody had killed anything
# and may have
#   killed WHEN    looks at what was left behind a kill "before" or "after" a COMMIT
#   go_on          what is started again there, if it is not the program
# A process that was killed leaves its lease behind; here it is made to expire, so that nobody has to wait for it.
launch= jobs=1
engine=$("$KFPSTORE_TEST_SERVERS" engine "$label")
case $engine in mysql) q='`' ;; *) q='"' ;; esac
check "the killer" "${CC:-cc}" -shared -fPIC -O1 -o "$tmp/kill_at_commit.so" "$tools/kill_at_commit.c" -ldl
killed() { :; }
go_on() { program; }
expire() { sql "$label" "$database" "UPDATE kfpstore_lease SET ${q}ExpiresAtInSec$q = 0;"; }
# A program that goes on reports what it did itself: 5 only if there was reason for it in that.
ended() { case $1 in 0 | 5) ;; *) fail "$2: exit $1: $(tail -n 3 "$tmp/err")" ;; esac; }

# killed_at_commits STEP LEAST: from the beginning for each (STEP: how many on) COMMIT that the program makes, the
# lease's and the readers' among them; LEAST: so often, or the test has missed something
killed_at_commits() {
    local when number status kills
    if [ -n "${KFPSTORE_TEST_SANITIZED:-}" ]; then
        skip "the killer cannot be loaded before a sanitizer"
        return
    fi
    for when in before after; do
        kills=0
        for ((number = 1; ; number += $1)); do
            prepare
            KILL_AT=$number KILL_WHEN=$when LD_PRELOAD=$tmp/kill_at_commit.so program
            status=$?
            [ $status = 137 ] || break
            kills=$((kills + 1))
            expire
            killed $when
            go_on
            ended $? "killed $when COMMIT $number, and started again"
            compared "killed $when COMMIT $number"
            drop_database "$label" "$database"
        done 2>/dev/null
        ended $status "nobody killed it at COMMIT $number, which it does not have"
        compared "nobody killed it at COMMIT $number"
        if [ $kills -ge "$2" ]; then ok "killed $kills times $when COMMIT"; else fail "killed only $kills times $when COMMIT"; fi
    done
}

# killed_at_random KILLS SECONDS: within so many seconds of its start, again and again
killed_at_random() {
    local i pid status killed=0 finished=0
    RANDOM=4711
    prepare
    for ((i = 0; killed < $1 && i < $1 * 20; i++)); do
        jobs=$((RANDOM % 2 + 1))
        launch=exec program & # so that what is killed is the program, and not a shell around it
        pid=$!
        sleep "$(awk -v r=$RANDOM -v s="$2" 'BEGIN { printf "%.3f", r / 32768 * s }')"
        kill -KILL $pid
        wait $pid
        status=$?
        if [ $status = 137 ]; then
            killed=$((killed + 1))
            expire
            continue
        fi
        finished=$((finished + 1))
        ended $status "one that came to its end between"
        compared "after $killed kills"
        drop_database "$label" "$database"
        prepare
    done 2>/dev/null
    equal "killed at random moments; $finished came to their end between" "$1" $killed
    program
    ended $? "the last one"
    compared "at last"
}
