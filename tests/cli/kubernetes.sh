#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# examples/kubernetes and the Containerfile: the manifests are what a cautious cluster asks for, hold no password, and
# their command lines work, one Job after another, also as an account without rights on a file system that is read-only.
. "$(dirname "$0")/../harness/sh.sh"
examples=$KFPSTORE_SRC/examples/kubernetes
python3 -c 'import yaml' 2>/dev/null || { skip "no python3-yaml: the manifests are not read"; exit 77; }
cat >"$tmp/manifest.py" <<'EOP'
import sys, yaml

def job(path):
    (doc,) = [d for d in yaml.safe_load_all(open(path, encoding="utf-8")) if d["kind"] == "Job"]
    return doc

def container(doc):
    (one,) = doc["spec"]["template"]["spec"]["containers"]
    return one

def check(path):
    doc = job(path)
    pod, c = doc["spec"]["template"]["spec"], container(doc)
    assert doc["apiVersion"] == "batch/v1" and pod["restartPolicy"] == "Never"
    assert pod["securityContext"]["runAsNonRoot"] is True and pod["securityContext"]["runAsUser"] > 0
    assert pod["automountServiceAccountToken"] is False
    s = c["securityContext"]
    assert s["readOnlyRootFilesystem"] is True and s["allowPrivilegeEscalation"] is False and s["capabilities"]["drop"] == ["ALL"]
    assert c["resources"]["limits"]["memory"] and c["resources"]["requests"]["cpu"]
    names = {m["name"] for m in c["volumeMounts"]}
    assert names == {v["name"] for v in pod["volumes"]}
    # passwords by file alone, and from the Secret
    assert all(e["name"].endswith("_PASSWORD_FILE") and "valueFrom" not in e for e in c["env"])
    (secret,) = [v["secret"] for v in pod["volumes"] if "secret" in v]
    assert secret["secretName"] == "kfp-migrate" and secret["defaultMode"] == 0o440
    for e in c["env"]:
        mount = [m["mountPath"] for m in c["volumeMounts"] if e["value"].startswith(m["mountPath"] + "/")]
        assert mount == ["/secrets"], e
    for rule in doc["spec"].get("podFailurePolicy", {}).get("rules", []):
        if "onExitCodes" in rule:
            values = rule["onExitCodes"]["values"]
            assert values == sorted(set(values)) and 0 not in values and rule["onExitCodes"]["containerName"] == c["name"]

if sys.argv[1] == "check":
    check(sys.argv[2])
elif sys.argv[1] == "args":
    print("\n".join(container(job(sys.argv[2]))["args"]))
elif sys.argv[1] == "codes":
    for rule in job(sys.argv[2])["spec"]["podFailurePolicy"]["rules"]:
        for value in rule.get("onExitCodes", {}).get("values", []):
            print(value)
elif sys.argv[1] == "secret":
    (doc,) = yaml.safe_load_all(open(sys.argv[2], encoding="utf-8"))
    assert doc["kind"] == "Secret" and doc["metadata"]["name"] == "kfp-migrate"
    assert set(doc["stringData"].values()) == {"change-me"}
EOP
manifest() { python3 "$tmp/manifest.py" "$@"; }

check "secret.yaml" manifest secret "$examples/secret.yaml"
for file in "$examples"/*.yaml; do
    name=$(basename "$file" .yaml)
    [ "$name" != secret ] || continue
    check "$name: what a cautious cluster asks for" manifest check "$file"
    mapfile -t args < <(manifest args "$file")
    words=()
    for arg in "${args[@]}"; do case $arg in -*) break ;; *) words+=("$arg") ;; esac; done
    "$KFP_MIGRATE" "${words[@]}" --help >"$tmp/help"
    for arg in "${args[@]:${#words[@]}}"; do
        option=${arg%%=*}
        case $arg in *=*) option="$option=" ;; esac
        check "$name: $option is an option" grep -q -e "^  $option" "$tmp/help"
    done
    contains "$name is described" "\`$name.yaml\`" "$examples/README.md"
done
for name in import schema-upgrade; do
    while read -r code; do
        check "$name: $code is an exit code" grep -q "= $code,\{0,1\}\$" "$KFPSTORE_SRC/migrate/cli.h"
    done < <(manifest codes "$examples/$name.yaml")
done

# ---- the Jobs, one after another, on files -----------------------------------------------------------------------------
new_kfp sqlite "$data/mlmd/kfp/kfp_small"
volume=$(mktemp -d "$KFPSTORE_TEST_DIR/pod.XXXXXX") # the test's own folder is closed to other accounts
mkdir "$volume/report"
cp "$data/mlmd/kfp/kfp_small.mlmd.sqlite" "$volume/source.sqlite"
mv "$KFPSTORE_TEST_DIR/sqlite/$database.db" "$volume/target.db"
printf 'planted-password\n' >"$volume/password"
chmod 755 "$volume"

# job NAME: its command line with the addresses and paths of this test, in $args
job() {
    local arg
    args=()
    while read -r arg; do
        case $arg in
        --source=*) arg=--source=sqlite://$volume/source.sqlite ;;
        --target=*) arg=--target=sqlite://$volume/target.db ;;
        --rejects=*) arg=--rejects=$volume/report/rejects.jsonl ;;
        esac
        args+=("$arg")
    done < <(manifest args "$examples/$1.yaml")
}
# As the pod: another account without any capability, and nothing can be written but its volume.
pod() { "$KFP_MIGRATE" "$@"; }
if [ "$(id -u)" = 0 ] && unshare -m true 2>/dev/null; then
    chown -R 65532:65532 "$volume"
    pod() {
        unshare -m --propagation private sh -c 'mount --bind "$0" "$0" && mount -o remount,bind,ro / && shift 0 &&
            exec setpriv --reuid 65532 --regid 65532 --clear-groups --no-new-privs --inh-caps=-all --bounding-set=-all \
            env KFPSTORE_SOURCE_PASSWORD_FILE="$0/password" KFPSTORE_TARGET_PASSWORD_FILE="$0/password" "$@"' \
            "$volume" "$KFP_MIGRATE" "$@"
    }
    if pod --version >/dev/null 2>&1; then
        ok "runs as another account on a read-only file system"
        check "where nothing can be written" sh -c '! unshare -m --propagation private sh -c "mount -o remount,bind,ro / && touch /written"'
    else
        skip "another account may not read this build: the Jobs run as this one"
        pod() { "$KFP_MIGRATE" "$@"; }
    fi
else
    skip "no name space of mounts: the Jobs run with a file system that can be written"
fi
job preflight
expect 3 "preflight" pod "${args[@]}"
job schema-upgrade
expect 0 "schema-upgrade" pod "${args[@]}"
job import
expect 5 "import" pod "${args[@]}"
equal "imported" 26 "$(json_of "$tmp/out" runs imported)"
check "the log is JSON" python3 -c 'import json, sys; [json.loads(l) for l in open(sys.argv[1])]' "$tmp/err"
check "the list of rejects is there" test -s "$volume/report/rejects.jsonl"
expect 0 "import again, as a pod that is started again" pod "${args[@]}"

# ---- the Containerfile --------------------------------------------------------------------------------------------------
# What it installs to build is what install-deps installs, but for libdbi's drivers, which are loaded at run time.
packages_of() { # packages_of N: of the N-th stage
    awk -v n="$1" '/^FROM/ { stage++ } stage == n' "$KFPSTORE_SRC/Containerfile" | tr -d '\\' | sed -n '/apt-get install/,/^[A-Z&]\|rm -rf/p' |
        tr ' ' '\n' | grep -E '^[a-z0-9][a-z0-9.+-]+$' | grep -v -x -e apt-get -e install -e update -e rm | sort -u
}
sed -n "/^build='/,/'\$/p" "$KFPSTORE_SRC/scripts/install-deps" | tr "='" '  ' | tr ' ' '\n' | grep . | grep -v -e '^build$' -e '^libdbd-' |
    sort >"$tmp/wanted"
packages_of 1 >"$tmp/found"
check "Containerfile: builds with what install-deps installs" diff "$tmp/wanted" "$tmp/found"
packages_of 2 >"$tmp/found"
for package in libdbd-mysql libdbd-pgsql libdbd-sqlite3; do
    check "Containerfile: runs with $package" grep -qx "$package" "$tmp/found"
done
if command -v dpkg >/dev/null && command -v ldd >/dev/null; then
    # each library that the command is linked with belongs to a package that is installed there
    while read -r package; do
        case $package in libc6 | libgcc* | lib*san[0-9]*) continue ;; esac # the last: a sanitizer's build
        check "Containerfile: runs with $package" grep -qx "$package" "$tmp/found"
    done < <(readelf -d "$KFPSTORE_BUILD/kfp-migrate" "$KFPSTORE_BUILD/.libs/kfp-migrate" 2>/dev/null |
        sed -n 's/.*NEEDED.*\[\(.*\)\]/\1/p' | grep -v kfpstore | while read -r so; do
        dpkg -S "*/$so" 2>/dev/null | head -n 1 | cut -d: -f1
    done | sort -u)
fi
rm -rf "$volume"
finish
