package buffer

import (
	"time"

	"github.com/cenkalti/backoff/v4"
	"github.com/redpanda-data/benthos/v4/public/service"

	"benthos-segment/plugin/internal/example"
	"benthos-segment/plugin/internal/parsed"
)

const (
	jbFieldPath         = "path"
	jbFieldMaxBytes     = "max_bytes"
	jbFieldSync         = "sync"
	jbFieldSyncInterval = "sync_interval"
	jbFieldFullTimeout  = "full_timeout"
	jbFieldAtEnd        = "at_end"
	jbFieldBatchEvents  = "max_batch_events"
	jbFieldRetry        = "retry"
)

func journalSpec() *service.ConfigSpec {
	return service.NewConfigSpec().
		Version("1.0.0").
		Categories("Utility").
		Summary("A durable queue on disk: messages are acknowledged to the input when they are safe there, and handed to the pipeline in the order of arrival until they are delivered.").
		Description(journalDescription).
		Fields(
			service.NewStringField(jbFieldPath).
				Description("The directory of the queue. It is created if it is missing, and belongs to one process at a time. Put it on a local disk that outlives the process and its container, with a fifth more room than `max_bytes` and another 300 MB.").
				Example("./queue").
				Example("/var/lib/benthos-segment/queue"),
			service.NewIntField(jbFieldMaxBytes).
				Description("How much may wait for delivery, in bytes with metadata. When it is full, or the disk almost is, new batches are refused. An hour of outage at 1,000 events of 1.5 KB a second is 5.4 GB.").
				Default(10_000_000_000),
			service.NewStringAnnotatedEnumField(jbFieldSync, map[string]string{
				"always":   "A batch is acknowledged after the disk was synced. One sync serves all batches that came in meanwhile.",
				"interval": "A batch is acknowledged when the queue has it in memory, and the disk is synced every `sync_interval`. A power cut, a crash or a kill of the process may lose what came in since the last sync.",
			}).
				Description("When the disk is synced.").
				Default("always"),
			service.NewDurationField(jbFieldSyncInterval).
				Description("How often the disk is synced, with `sync: interval`.").
				Default("1s").
				Advanced(),
			service.NewDurationField(jbFieldFullTimeout).
				Description("How long new batches wait for room, counted from when it ran out, before they are refused. Keep it below the time that the input's clients wait: an input such as `http_server` answers a refused batch with an error, and its client tries again. With `0s` batches wait for as long as it takes, which is right for brokers such as Kafka: they keep their place, and order is kept.").
				Default("2s"),
			service.NewStringAnnotatedEnumField(jbFieldAtEnd, map[string]string{
				"drain": "When the input has ended, or the process is asked to stop, the rest is delivered first. `shutdown_timeout` bounds it; what is left then stays on the disk.",
				"keep":  "What was handed out is finished, and the rest stays on the disk. The next start sends it first.",
			}).
				Description("What happens to the messages that wait when the input ends.").
				Default("drain"),
			service.NewIntField(jbFieldBatchEvents).
				Description("The most messages in a batch that is handed out. Batches are made of the messages that wait, in their order, whatever batches came in. A batch also ends at 1 MB.").
				Default(500).
				Advanced(),
			service.NewBackOffField(jbFieldRetry, true, &backoff.ExponentialBackOff{
				InitialInterval: 100 * time.Millisecond,
				MaxInterval:     time.Minute,
			}).
				Description("How long a message waits before it is handed out again after it was rejected. It doubles each time up to `max_interval`. Nothing is ever given up, so `max_elapsed_time` has to stay `0s`.").
				Advanced(),
		).
		LintRule(journalLintRule).
		Example("A webhook that loses nothing",
			"The sender gets its answer when the event is on the disk. Segment may be away for as long as the queue has room.", `
input:
  http_server:
    path: /events

buffer:
  journal:
    path: ./queue
`+example.DeadLetters)
}

const journalDescription = "" +
	"Put it between an input whose senders want an answer now, and an output that may be away for hours. " +
	"A message that was acknowledged survives a crash of the process or of the machine, and a full disk; after a crash, what was under way is delivered again. " +
	"Metadata keeps its types, and a message that a processor of the input marked as failed stays so. The tracing span is not kept, and neither is whatever else a message carries in memory: a `sync_response` belongs before the buffer, into `input.processors`.\n\n" +
	"## Order and rejected messages\n\n" +
	"Messages are handed out in the order of arrival. A message that the output rejects is handed out again before anything newer, alone, so that it does not repeat its neighbours, after a wait that grows. " +
	"While the output rejects everything, everything newer waits until that message is being tried again, and follows it, so order is kept. A message that was rejected three times while others were accepted is itself to blame: it is tried again at its intervals, and no longer holds up the rest. " +
	"It stays in the queue until it is accepted, so give the output a `fallback` for dead letters.\n\n" +
	"## When it is full\n\n" +
	"When `max_bytes` are taken, a new batch waits up to `full_timeout` and is then refused with an error that names the field. What becomes of it is up to the input: `http_server` answers 502, `kafka` and other inputs that replay try again about once a second, and a `file` waits in the same way. " +
	"The same goes for a disk with less than 128 MB free (or a tenth of it, if that is less): what is left is needed to deliver.\n\n" +
	"## When the disk fails\n\n" +
	"Messages whose write fails are given back to the input, and the queue keeps trying by itself. Damaged data is found by its checksums. Then everything that is whole is moved to a new store, the damaged files are set aside in `damaged/` (those of the last ten times are kept), and the events that are missing are named in the log, by number and time, and counted in `segment_journal_lost`. This needs room for a copy of what waits.\n\n" +
	"## What it costs\n\n" +
	"On two cores and a disk whose sync takes 1.2 ms, events of 1.5 KB, in, synced and out again: 60,000 a second for batches of one event and of five, with 6 to 7 µs of processor time an event, 180 and 770 events a sync, and 65 to 105 MB of memory. `go test ./internal/journal -run=^$ -bench=.` measures it with the sync of your disk beside it.\n\n" +
	"## Metrics\n\n" +
	"- `segment_journal_events` and `segment_journal_bytes`: what waits for delivery\n" +
	"- `segment_journal_oldest_seconds`: how long the oldest has waited; the best one to alert on\n" +
	"- `segment_journal_syncs` and `segment_journal_sync_latency_ns`\n" +
	"- `segment_journal_refused` by `reason` (`full`, `disk`, `closed`, `event`)\n" +
	"- `segment_journal_retries`: messages that were handed out again\n" +
	"- `segment_journal_lost`: messages that were lost because the disk returned damaged data"

// journalLintRule holds every check that a config can be put to without running
// it. The linter runs it, and so does the constructor.
const journalLintRule = parsed.SomeTime + `
let path = this.path.or("").string().trim()
let max_bytes = this.max_bytes.or(10000000000).number().catch(0)
let events = this.max_batch_events.or(500).number().catch(0)
let interval = this.sync_interval.or("1s").string()
let initial = this.retry.initial_interval.or("100ms").string()
let longest = this.retry.max_interval.or("60s").string()
let elapsed = this.retry.max_elapsed_time.or("0s").string()
let full = this.full_timeout.or("2s").string()

root = []
if $path == "" {
  root = root.append("field path is empty: name the directory of the queue, for example ./queue")
}
if $max_bytes < 1048576 {
  root = root.append("field max_bytes must be at least 1048576 (1 MiB)")
}
if $events < 1 || $events > 100000 {
  root = root.append("field max_batch_events must be from 1 to 100000")
}
if !($interval.re_match($some_time) && $interval.re_match("[1-9]")) {
  root = root.append("field sync_interval must be a duration of more than 0s, such as 1s; use sync: always to sync before each acknowledgement")
}
if $full.has_prefix("-") {
  root = root.append("field full_timeout must not be negative; 0s waits for as long as it takes")
}
if !($initial.re_match($some_time) && $initial.re_match("[1-9]")) {
  root = root.append("field retry.initial_interval must be a duration of more than 0s, such as 100ms")
}
if !($longest.re_match($some_time) && $longest.re_match("[1-9]")) {
  root = root.append("field retry.max_interval must be a duration of more than 0s, such as 60s")
}
if $elapsed.re_match("[1-9]") {
  root = root.append("field retry.max_elapsed_time must be 0s: the journal gives nothing up. Give the output a fallback for dead letters")
}
`
