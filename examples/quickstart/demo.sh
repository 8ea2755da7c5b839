#!/usr/bin/env bash
# Sends the sample events to a local stand-in for Segment and shows what arrived.
# `make demo` builds the binary and runs this. KEEP=1 keeps the sandbox up until
# Ctrl-C. Needs nothing but bash and the binary.
set -euo pipefail
CDPATH= cd -- "$(dirname -- "$0")/../.."

bin=bin/benthos-segment
events=examples/quickstart/events.ndjson
work=bin/demo # where the dead letters and the logs stay to be looked at

sandbox='' traffic=''
stop() {
  local one
  for one in $traffic $sandbox; do
    { kill "$one" 2>/dev/null && wait "$one" 2>/dev/null; } || true
  done
  sandbox='' traffic=''
}
trap stop EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# fetch prints the body of a GET. bash speaks TCP itself, so that a machine
# without curl can show the demo too; HTTP/1.0 keeps the body in one piece.
fetch() {
  local line header
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

# The binary has Bloblang built in, which turns JSON into text.
fetch /api/v1/summary >"$work/summary.json"
count() { $bin blobl "root = this.$1" <"$work/summary.json"; }
by_type() {
  $bin blobl '
    let by_type = this.by_type
    root = ["identify", "track", "page", "screen", "group", "alias"].
      map_each(name -> "      %-9s %3v".format(name, $by_type.get(name).or(0))).join("\n")
  ' <"$work/summary.json"
}
reasons() {
  $bin blobl '
    root = ["reason", "field", "sentence", "payload"].
      map_each(name -> "      %-9s %s".format(name, this.get(name).slice(0, 90))).join("\n")
  ' <"$work/dead_letters.ndjson"
}

touch "$work/dead_letters.ndjson"
read_in=$(grep -c . "$events")
arrived=$(count unique)
dead=$(grep -c . "$work/dead_letters.ndjson" || true)

cat <<TEXT

  $events
      $read_in events of eight SDKs and a till
          │
  examples/quickstart/pipeline.yaml
          │
  http://127.0.0.1:$port, which stands in for Segment
      $arrived calls in requests: $(count requests), duplicates: $(count duplicates), thrown away: $(count discarded)

$(by_type)

  $work/dead_letters.ndjson
      $dead event that Segment would have answered with 200 and thrown away

$(reasons)

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
      make demo KEEP=1                    the same, and the page of the sandbox to watch

TEXT
  exit 0
fi

SEGMENT_ENDPOINT=http://127.0.0.1:$port \
  $bin run examples/quickstart/traffic.yaml >"$work/traffic.log" 2>&1 &
traffic=$!

cat <<TEXT

  Open http://127.0.0.1:$port in a browser. The events are there, and a little
  made-up traffic goes on until Ctrl-C, with a few calls that Segment would throw
  away. Or, in another terminal:
      curl http://127.0.0.1:$port/api/v1/summary
      curl 'http://127.0.0.1:$port/api/v1/calls?q=user:cus_7001'
      SEGMENT_ENDPOINT=http://127.0.0.1:$port $bin run examples/quickstart/pipeline.yaml
      curl 'http://127.0.0.1:$port/api/v1/calls?q=duplicate:true'     # the same ids again

TEXT
wait "$sandbox"
