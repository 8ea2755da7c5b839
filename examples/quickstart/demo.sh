#!/usr/bin/env bash
# Sends the sample events to a local stand-in of Segment and shows what arrived.
# `make demo` builds the binary and runs this. KEEP=1 keeps the sandbox up until
# Ctrl-C. Needs nothing but bash and the binary.
set -euo pipefail
cd "$(dirname "$0")/../.."

bin=bin/benthos-segment
events=examples/quickstart/events.ndjson
work=bin/demo # where the dead letters and the logs stay to be looked at

sandbox=
stop() {
  [ -z "$sandbox" ] || { kill "$sandbox" 2>/dev/null && wait "$sandbox" 2>/dev/null; } || true
  sandbox=
}
trap stop EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# fetch prints the body of a GET. bash speaks TCP itself, so that a machine
# without curl can show the demo too; HTTP/1.0 keeps the body in one piece.
fetch() {
  local line
  exec 3<>"/dev/tcp/127.0.0.1/$port" || return
  printf 'GET %s HTTP/1.0\r\nHost: 127.0.0.1:%s\r\n\r\n' "$1" "$port" >&3
  read -r line <&3
  while read -r header <&3 && [ "$header" != $'\r' ]; do :; done
  cat <&3
  exec 3>&-
  [[ $line == *' 200 '* ]]
} 2>/dev/null

listens() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

fail() {
  printf '\n%s\n' "$1" >&2
  exit 1
}

rm -rf "$work"
mkdir -p "$work"

for port in 8765 8766 8767 18765 28765 none; do
  [ $port != none ] || fail 'No free port found for the sandbox.'
  listens $port || break
done
$bin sandbox --listen "127.0.0.1:$port" >"$work/sandbox.log" 2>&1 &
sandbox=$!
until fetch /healthz >/dev/null; do
  kill -0 "$sandbox" 2>/dev/null || fail "The sandbox did not start: $(cat "$work/sandbox.log")"
  sleep 0.1
done

DEAD_LETTERS=$work/dead_letters.ndjson SEGMENT_ENDPOINT=http://127.0.0.1:$port \
  $bin run examples/quickstart/pipeline.yaml >"$work/pipeline.log" 2>&1 ||
  fail "The pipeline failed: $(cat "$work/pipeline.log")"

# Bloblang turns both JSON documents into text: the binary has it built in.
fetch /api/v1/summary >"$work/summary.json"
count() { $bin blobl "root = $1" <"$work/summary.json"; }
touch "$work/dead_letters.ndjson"
read_in=$(grep -c . "$events")
arrived=$(count this.unique)
dead=$(grep -c . "$work/dead_letters.ndjson" || true)

cat <<TEXT

  $read_in events      $events
     ↓
  pipeline       examples/quickstart/pipeline.yaml
     ↓
  $arrived calls       http://127.0.0.1:$port, which stands in for Segment, in $(count this.requests) request(s)

$($bin blobl '
  let by_type = this.by_type
  root = ["identify", "track", "page", "screen", "group", "alias"].
    map_each(name -> "      %-9s %3v".format(name, $by_type.get(name).or(0))).join("\n")
' <"$work/summary.json")

      duplicates $(count this.duplicates), discarded $(count this.discarded)

  $dead dead letter  $work/dead_letters.ndjson

$($bin blobl 'root = "      reason    " + this.reason + "\n      field     " + this.field + "\n      sentence  " + this.sentence + "\n      payload   " + this.payload.slice(0, 60) + " …"' <"$work/dead_letters.ndjson")

TEXT

[ $((arrived + dead)) -eq "$read_in" ] ||
  fail "$read_in events were read, but $arrived arrived and $dead are dead letters: see $work/."

cat <<TEXT
  Where to look next
      examples/quickstart/pipeline.yaml   the pipeline: a file in, Segment out
      config/                             pipelines for Kafka, a webhook, a backfill, the EU
      README.md                           what is promised, and how to check it
TEXT

if [ -z "${KEEP:-}" ]; then
  cat <<TEXT
      make demo KEEP=1                    the same, and the sandbox stays up

TEXT
  exit 0
fi

cat <<TEXT

  The sandbox stays up until Ctrl-C. Try, in another terminal:
      curl http://127.0.0.1:$port/api/v1/summary
      curl http://127.0.0.1:$port/api/v1/calls
      SEGMENT_ENDPOINT=http://127.0.0.1:$port $bin run examples/quickstart/pipeline.yaml
      curl http://127.0.0.1:$port/api/v1/summary      # the same ids: duplicates

TEXT
wait "$sandbox"
