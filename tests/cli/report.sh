#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The report: as JSON it has what the fixture holds; as a page it has the same, asks for nothing, and takes hostile names
# for text. Where a browser is installed the page is looked at in it, as wide as a phone and as a desk.
. "$(dirname "$0")/../harness/sh.sh"
kfp=$data/mlmd/kfp/kfp_small
case $label in mariadb* | mysql*) q='`' ;; *) q='"' ;; esac
report() { "$KFP_MIGRATE" report --target "$dsn" "$@"; }
fact() { json_of "$tmp/facts.json" "$@"; }

# ---- before an import ------------------------------------------------------------------------------------------------
new_kfp "$label" "$kfp"
expect 3 "a schema that is not up to date" report --json
expect 0 "schema upgrade" "$KFP_MIGRATE" schema upgrade --target "$dsn"
expect 0 "a report without an import" report --html "$tmp/empty.html" --json
contains "says so" "No import was started" "$tmp/empty.html"
expect 2 "neither --html nor --json" report
expect 1 "a file that cannot be written" report --html /nonexistent/report.html
contains "is named" "/nonexistent/report.html" "$tmp/err"

# ---- after it --------------------------------------------------------------------------------------------------------
expect 5 "import" "$KFP_MIGRATE" import --source "sqlite://$kfp.mlmd.sqlite" --target "$dsn" \
    --rejects "$tmp/rejects.jsonl"
run=$(sql "$label" "$database" "SELECT ${q}RunUUID$q FROM tasks GROUP BY ${q}RunUUID$q ORDER BY count(*) DESC, 1 LIMIT 1;")
signed='s3://b/x?X-Amz-Signature=planted'
hostile="</title><script>document.title=1</script><img src=x onerror=document.title=1>\"'&amp; ${signed} "$'\xe2\x80\xae'"txt"
sql "$label" "$database" "UPDATE run_details SET ${q}DisplayName$q = '${hostile//\'/\'\'}' WHERE ${q}UUID$q = '$run';" >/dev/null
before=$(rows_of "$label" "$database")
expect 0 "report" report --html "$tmp/report.html" --json --rejects "$tmp/rejects.jsonl"
cp "$tmp/out" "$tmp/facts.json"
equal "nothing was written to the target" "$before" "$(rows_of "$label" "$database")"
# what expected.json says of the fixture
equal "runs" "26 1 0 2" "$(fact runs imported) $(fact runs skipped) $(fact runs rejected) $(fact runs with_rejects)"
equal "rows" "159 144 247 65" "$(fact rows tasks) $(fact rows artifacts) $(fact rows links) $(fact rows cache_entries)"
equal "tasks by state" "2 122 9 20 6" "$(for s in RUNNING SUCCEEDED SKIPPED FAILED CACHED; do fact tasks_by_state $s; done | xargs)"
check "reasons, lists and times" python3 - "$tmp/facts.json" "$run" <<'PYTHON'
import json, sys
f = json.load(open(sys.argv[1], encoding="utf-8"))
notes = {n["reason"]: n for n in f["notes"]}
assert notes["dangling-event"]["count"] == 3 and notes["dangling-event"]["class"] == "rejected"
assert notes["no-run-row"]["count"] == 1 and notes["foreign-execution"]["count"] == 6
assert notes["dangling-event"]["examples"][0]["run"] == f["rejected_runs"][1]["run"]
assert notes["state-derived"]["runs"] == 25 and len(notes["state-derived"]["examples"]) == 5
for key, number in (("slowest", "seconds"), ("largest", "tasks")):
    values = [r[number] for r in f[key]]
    assert len(values) == 10 and values == sorted(values, reverse=True) and values[-1] > 0, (key, values)
assert f["largest"][0]["run"] == sys.argv[2], f["largest"][0]
bins = f["timeline"]["bins"]
assert 0 < len(bins) <= 60 and sum(b["succeeded"] + b["failed"] + b["other"] for b in bins) == 26
assert all(b["start"] - a["start"] == f["timeline"]["seconds"] for a, b in zip(bins, bins[1:]))
assert f["imports"][0]["source_schema"] == 10 and f["imports"][0]["state"] == "complete"
assert len(f["digest"]) == 64 and all(len(s["sha256"]) == 64 for s in f["schema"])
PYTHON
equal "each rejected row is listed" "$(grep -c '"class":"rejected"' "$tmp/rejects.jsonl")" "$(fact rejected_row_count)"
check "with its id in MLMD" python3 -c 'import json, sys
f = json.load(open(sys.argv[1]))
rows = [r for r in f["rejected_rows"] if r["reason"] == "dangling-event"]
assert len(rows) == 3 and all(r["kind"] == "event" and r["mlmd_id"] > 0 for r in rows), rows' "$tmp/facts.json"
echo nonsense >"$tmp/nonsense"
expect 1 "a file that is no reject file" report --json --rejects "$tmp/nonsense"
contains "is named" "$tmp/nonsense" "$tmp/err"
digest=$(fact digest)
first=$dsn
new_kfp "$label" "$kfp"
"$KFP_MIGRATE" schema upgrade --target "$dsn" >/dev/null
expect 5 "the same import into another target" "$KFP_MIGRATE" import --batch 7 --source "sqlite://$kfp.mlmd.sqlite" --target "$dsn"
expect 0 "its report" report --json
equal "has the same digest" "$digest" "$(json_of "$tmp/out" digest)"
dsn=$first

# ---- the page --------------------------------------------------------------------------------------------------------
page=$tmp/report.html
check "it asks for nothing" python3 - "$page" <<'PYTHON'
import html.parser, sys
text = open(sys.argv[1], encoding="utf-8").read()
class Look(html.parser.HTMLParser):
    tags, words = [], []
    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        for name, value in attributes:
            assert name not in ("src", "href", "srcset", "action", "xlink:href") and not name.startswith("on"), (tag, name)
            assert "url(" not in (value or "")
    def handle_data(self, data):
        self.words.append(data)
look = Look()
look.feed(text)
assert not {"script", "link", "img", "iframe", "object", "embed", "base", "form"} & set(look.tags), look.tags
assert "url(" not in text and "@import" not in text
assert any("<script>document.title=1</script>" in w for w in look.words), "the hostile name is not shown as it is"
PYTHON
contains "a browser is told so too" "default-src 'none'" "$page"
contains "a phone is told its width" "width=device-width" "$page"
for file in "$page" "$tmp/facts.json"; do
    equal "$(basename "$file"): no query string of a URI" 0 "$(grep -c planted "$file")"
done
contains "the digest is on it" "$digest" "$page"
contains "and a step's checksum" "$(json_of "$tmp/facts.json" version)" "$page"

# ---- in a browser ----------------------------------------------------------------------------------------------------
browser=$(command -v chromium || command -v chromium-browser || command -v google-chrome) || {
    skip "the page in a browser: no chromium (Debian: chromium)"
    finish
}
look() { # look WIDTH FILE OPTION...
    local width=$1 file=$2
    shift 2
    rm -rf "$tmp/profile"
    mkdir "$tmp/profile"
    HOME=$tmp/profile timeout 90 "$browser" --headless --no-sandbox --disable-gpu --disable-background-networking \
        --disable-dev-shm-usage --user-data-dir="$tmp/profile" --hide-scrollbars --window-size="$width,1600" "$@" \
        "file://$file" 2>"$tmp/browser.log"
}
# Without the policy, a name that became markup would run, and be seen. In a frame the page is as narrow as one likes.
sed -e 's/<meta http-equiv="Content-Security-Policy"[^>]*>//' \
    -e 's|</body>|<script>parent.postMessage(document.documentElement.scrollWidth+"/"+innerWidth+"/"+document.title,"*")</script></body>|' \
    "$page" >"$tmp/open.html"
for width in 360 1200; do
    cat >"$tmp/frame.html" <<HTML
<!DOCTYPE html><body><script>addEventListener("message", e => document.body.dataset.says = e.data)</script>
<iframe src="open.html" style="border:0;width:${width}px;height:900px"></iframe>
HTML
    look $width "$tmp/frame.html" --virtual-time-budget=5000 --dump-dom >"$tmp/dom"
    if [ ! -s "$tmp/dom" ]; then
        skip "the page in a browser: $browser does not start here: $(tail -n 1 "$tmp/browser.log")"
        finish
    fi
    says=$(sed -n 's/.*data-says="\([^"]*\)".*/\1/p' "$tmp/dom")
    equal "$width px: nothing is wider, and no name was taken for markup" \
        "$width/$width/kfp-migrate: what was imported" "$says"
    look $width "$page" "--screenshot=$tmp/shot.png" >/dev/null
    check "$width px: something was drawn" python3 - "$tmp/shot.png" $width <<'PYTHON'
import struct, sys, zlib
data = open(sys.argv[1], "rb").read()
width, height, depth, kind = struct.unpack(">IIBB", data[16:26])
assert width == int(sys.argv[2]), width
parts, at = b"", 8
while at < len(data):
    size, name = struct.unpack(">I4s", data[at:at + 8])
    parts += data[at + 8:at + 8 + size] if name == b"IDAT" else b""
    at += size + 12
assert len(set(zlib.decompress(parts))) > 50, "a blank picture"
PYTHON
    [ -z "${KFPSTORE_TEST_SHOTS:-}" ] || cp "$tmp/shot.png" "$KFPSTORE_TEST_SHOTS/report-$label-$width.png"
done
finish
