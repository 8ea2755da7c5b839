package plugin

import (
	"time"

	"github.com/cenkalti/backoff/v4"
	"github.com/redpanda-data/benthos/v4/public/service"

	"benthos-segment/internal/segment"
	"benthos-segment/plugin/internal/outcomes"
	"benthos-segment/plugin/internal/policy"
	"benthos-segment/plugin/internal/verification"
)

const (
	soFieldWriteKey         = "write_key"
	soFieldRegion           = "region"
	soFieldEndpoint         = "endpoint"
	soFieldMapping          = "mapping"
	soFieldIntegrations     = "integrations"
	soFieldMessageID        = "message_id"
	soFieldSentAt           = "sent_at"
	soFieldCompression      = "compression"
	soFieldParallelRequests = "parallel_requests"
	soFieldMaxInFlight      = "max_in_flight"
	soFieldEventsPerSecond  = "events_per_second"
	soFieldTimeout          = "timeout"
	soFieldRetry            = "retry"
	soFieldOnSetupError     = "on_setup_error"
	soFieldRateLimit        = "rate_limit"
	soFieldBatching         = "batching"
	soFieldOAuth            = "oauth"
	soFieldOAuthClientID    = "client_id"
	soFieldOAuthKeyID       = "key_id"
	soFieldOAuthPrivateKey  = "private_key"
	soFieldOAuthServer      = "server"
	soFieldOAuthScope       = "scope"
	soFieldTLS              = "tls"
	soFieldProxyURL         = "proxy_url"
	soFieldMaxCallBytes     = "max_call_bytes"
	soFieldMaxRequestBytes  = "max_request_bytes"
	soFieldMaxRequestCalls  = "max_request_calls"
)

// The defaults of the batching policy live here and not in the spec: a
// default on the parent field makes the engine refuse a config that leaves
// one of its children out.
//
// Once all writers are busy for longer than the period, the engine hands over
// what comes next one message at a time, whatever the count. So writers times
// period is more than the timeout of an attempt, and a lone writer has a period
// that is longer than most answers take.
const (
	defaultBatchCount  = 500
	defaultBatchPeriod = "100ms"
	defaultLonePeriod  = "1s"
	defaultMaxInFlight = 256
)

// defaultMaxRequestBytes leaves room for what Segment may count besides.
const defaultMaxRequestBytes = 480_000

func outputSpec() *service.ConfigSpec {
	return service.NewConfigSpec().
		Version("1.0.0").
		Categories("Services").
		Summary("Sends customer events to Segment's HTTP Tracking API as identify, track, page, screen, group and alias calls.").
		Description(description).
		Fields(
			service.NewInterpolatedStringField(soFieldWriteKey).
				Description("The write key of the source at Segment. Segment answers 200 to most wrong keys and throws the calls away: [`verify`](verify.md) finds out, or else look at the source's debugger after a change. The key may be interpolated per message, to send to many sources. Then set `on_setup_error: reject`, so that one wrong key does not stop the others. A key in a [file](security.md#secrets-in-files) is read by an interpolation, too: `${file:…}` is not one.").
				Secret().
				Example("${SEGMENT_WRITE_KEY}").
				Example(`${! @write_key }`).
				Example(`${! file(path: "/run/secrets/segment_write_key", no_cache: true).string().trim() }`),
			service.NewStringAnnotatedEnumField(soFieldRegion, map[string]string{
				"us": "`https://api.segment.io`, for workspaces in the United States.",
				"eu": "`https://events.eu1.segmentapis.com`, for workspaces in the European Union.",
			}).
				Description("The region of the workspace. Calls that are sent to the wrong region are answered with 200 and never appear: see [regions](regions.md).").
				Default("us"),
			service.NewStringField(soFieldEndpoint).
				Description("Overrides `region` with the base URL of a custom domain, a gateway or a sandbox, with or without `/v1`. When it is empty, as an unset `${…}` gives, the region decides. Plain http is accepted only for loopback, for hosts without a dot and for private addresses, because the write key goes with every request.").
				Default("").
				Example("https://events.example.com").
				Example("http://127.0.0.1:8765"),
			service.NewBloblangField(soFieldMapping).
				Description("An optional [Bloblang](https://docs.redpanda.com/redpanda-connect/guides/bloblang/about/) mapping from the message to a call: `root` becomes one call, an array of calls, or `deleted()`. Message ids that are derived from the content stay the same only if the mapping gives the same result each time, without `now()` or `uuid_v4()`. A mapping, here or in a processor, parses the payload as JSON and writes it again. Text that was cut in the middle of an emoji then changes: the half that is left (an escaped lone surrogate such as `\\ud83c`) becomes U+FFFD. Without a mapping it is sent as it was.").
				Default("").
				Example("root = if this.kind == \"click\" {\n  {\"type\": \"track\", \"event\": \"Clicked\", \"userId\": this.user, \"properties\": this.data}\n} else { deleted() }"),
			service.NewStringAnnotatedEnumField(soFieldIntegrations, integrationsModes()).
				Description("How an event's `integrations` object is used. In events of RudderStack's SDKs it names RudderStack's destinations, in events of Segment's SDKs Segment's destinations. So `auto` looks for the first sign of a dialect: the metadata `segment_dialect` (`segment` or `rudderstack`); `rudderId`, or a library of RudderStack (RudderStack); `projectId`, `version`, `_metadata.jsRuntime` or `_metadata.bundled`, or a library `@segment/…` or `analytics.js` (Segment); `originalTimestamp` with `channel` (RudderStack); an object that names `Segment` or `SEGMENT` (RudderStack) or `Segment.io` (Segment). Skipped events are acknowledged and counted in `segment_calls_skipped`, and `benthos-segment check` lists them.").
				Default("auto"),
			policy.Consent(),
			policy.TrackingPlan(),
			outcomes.Field(),
			service.NewInterpolatedStringField(soFieldMessageID).
				Description("The message id of the call, by which Segment removes duplicates: see [message ids](message-ids.md). When it is empty, which is right for most: the payload's `messageId`; else an id derived from the record's position in Kafka, NATS JetStream or a Redis stream; else an id derived from the payload, if that carries its own time; else an id derived from the metadata `segment_place`, if something sets that; else a random id, which changes when the input delivers the message again. What you set must differ from event to event, and be the same each time the event is read. If a message becomes several calls, all but the first get an id that is made of it and their position.").
				Default("").
				Example(`${! json("id") }`),
			service.NewStringAnnotatedEnumField(soFieldSentAt, map[string]string{
				"now":  "Each attempt carries the time at which it leaves. Right for live events.",
				"none": "Not sent. Right for backfills, because Segment moves timestamps by the difference between `sentAt` and its own clock.",
			}).
				Description("Whether requests carry `sentAt`.").
				Default("now").
				Advanced(),
			service.NewStringEnumField(soFieldCompression, "gzip", "none").
				Description("How requests are compressed.").
				Default("gzip").
				Advanced(),
			service.NewIntField(soFieldParallelRequests).
				Description("How many requests may be under way at the same time, of all batches together. Calls of one person are never in two of them, so this keeps their order. Requests hold what has come in while they waited for one of these places: a smaller number makes fewer and larger ones. While the server throttles or fails, fewer are sent at a time, down to one; the metric `segment_parallel_requests` shows how many. Each request under way takes up to a fifth of a megabyte.").
				Default(64),
			service.NewOutputMaxInFlightField().
				Description("How many batches may be under way at the same time. Any number keeps order: the output numbers its batches as they are gathered, and a call waits for the earlier calls of the same person, in whatever batch these are. Once so many batches have waited for their answers for longer than `batching.period`, the engine no longer gathers and hands over one message at a time, so a smaller number needs a longer period: their product should be longer than answers take. About 12,000 events or 24 MB are under way at the most, whichever comes first, and up to 28,000 or 56 MB where answers take their time; an event that a processor or a query has parsed counts for the memory that this takes, which is several times its size as JSON. Numbers cost 0.5 µs of CPU for each message, and the engine's own metrics and traces show a processor `segment_batch_number` after those of `batching.processors`, whose latency is the wait for room. With 1 there are no numbers, one batch follows the other, and the default `period` is 1s.").
				Default(defaultMaxInFlight),
			service.NewIntField(soFieldEventsPerSecond).
				Description("How many events a second are sent to Segment at the most, evenly, in requests of a tenth of that at the most; 0 means no limit. Segment asks for no more than 1,000 a second of a workspace. An event that is sent again counts again, as it does at Segment. What exceeds the limit waits here, and then upstream, and each output and each copy of it has a limit of its own. `rate_limit` is for requests.").
				Default(0),
			service.NewDurationField(soFieldTimeout).
				Description("How long one attempt may take, from connecting to the end of the answer. Where requests time out again and again, the next ones hold fewer events: see [a link too slow for a request](guarantees.md#a-link-too-slow-for-a-request).").
				Default("15s").
				Advanced(),
			service.NewBackOffField(soFieldRetry, true, &backoff.ExponentialBackOff{
				InitialInterval: 500 * time.Millisecond,
				MaxInterval:     time.Minute,
				MaxElapsedTime:  0,
			}).
				Description("Retries after failures that pass by themselves, such as a server that cannot be reached. They happen inside the output, so that order is kept. With `max_elapsed_time: 0s` they continue until the output is stopped, and the data waits upstream, where it is durable; watch `segment_oldest_unsent_seconds`. With a limit, what is not delivered in time is nacked, together with everything that waits for it: later events of the same person, in this batch and those after it. Order then depends on how the input delivers it again, and a `fallback` receives good events too. Waits that the server asks for with `Retry-After` do not count.").
				Advanced(),
			service.NewStringAnnotatedEnumField(soFieldOnSetupError, map[string]string{
				"hold":   "Keep the calls and try again after 5 s, doubling to 300 s, with a log line once a minute. Nothing is lost, and later batches wait.",
				"reject": "Nack the calls of this write key at once, with the reason `undelivered`, and continue with the others. A `fallback` then receives good events until the set-up error is fixed.",
			}).
				Description("What to do after an answer that speaks of the set-up and not of the data: 401, 403, 404, 405, 407, 411, 415, 426, 428, 431, 451, a redirect, 501, 505, 511, a certificate that fails verification, a port that speaks another protocol, or a proxy that refuses to connect. A status that speaks of the data, such as 400, is one too where a call is refused that had been accepted before, or where no call was accepted so far: see [whose fault a refusal is](guarantees.md#whose-fault-a-refusal-is).").
				Default("hold"),
			service.NewStringField(soFieldRateLimit).
				Description("The label of a `rate_limit` resource, which is accessed once for each request. Segment allows 1,000 requests a second for each workspace.").
				Default("").
				Advanced(),
			service.NewBatchPolicyField(soFieldBatching).
				Description("How messages are gathered before they are sent. When it is left out, or all empty as shown: `count: 500` and `period: 100ms`, or `1s` with `max_in_flight: 1`. Requests are filled from all batches under way, so larger batches hardly make larger requests. Without a `period`, the last messages would wait for more to come."),
			verification.Field(),
			service.NewObjectField(
				soFieldOAuth,
				service.NewStringField(soFieldOAuthClientID).
					Description("The id of the OAuth application at Segment.").
					Default(""),
				service.NewStringField(soFieldOAuthKeyID).
					Description("The id of the public key that was uploaded for the application.").
					Default(""),
				service.NewStringField(soFieldOAuthPrivateKey).
					Description("The RSA private key in PEM. Line breaks may be written as `\\n`.").
					Secret().
					Default("").
					Example("${SEGMENT_OAUTH_PRIVATE_KEY}"),
				service.NewStringField(soFieldOAuthServer).
					Description("The authorization server. When it is empty, that of the region. Tokens of one region are not valid in the other.").
					Default("").
					Example("https://oauth2.eu1.segmentapis.com"),
				service.NewStringField(soFieldOAuthScope).
					Description("What the token allows.").
					Default("tracking_api:write"),
			).
				Description("[OAuth 2.0](https://www.twilio.com/docs/segment/connections/oauth), for sources that ask for it. Requests then carry an access token, which is renewed when half of its life is over, and at least twice a day, and the write key in their body. No token is asked for more often than once a second. When empty, the write key alone is sent.").
				Advanced(),
			service.NewTLSField(soFieldTLS).
				Description("TLS settings for a proxy or an endpoint with certificates of your own. Files that are replaced while this runs are read again when a connection fails, and new connections then use them.").
				Advanced(),
			service.NewStringField(soFieldProxyURL).
				Description("A proxy for all requests, by `http`, `https` or `socks5`, which may hold a user and a password. When empty, `HTTPS_PROXY`, or `HTTP_PROXY` for an `http` endpoint, and `NO_PROXY` of the environment count; one that cannot be read is an error at start.").
				Secret().
				Default("").
				Advanced(),
			service.NewIntField(soFieldMaxCallBytes).
				Description("The largest call, in bytes as it is sent. Segment accepts 32 KB. A larger call is refused with the reason `oversized_call`; otherwise Segment would refuse the whole request.").
				Default(segment.DefaultMaxCallBytes).
				Advanced(),
			service.NewIntField(soFieldMaxRequestBytes).
				Description("The largest request, in bytes before compression. Segment accepts 500 KB.").
				Default(defaultMaxRequestBytes).
				Advanced(),
			service.NewIntField(soFieldMaxRequestCalls).
				Description("The most calls in a request. Segment accepts 2,500, and silently discards what is above.").
				Default(segment.MaxRequestCalls).
				Advanced(),
		).
		LintRule(lintRule).
		Example("RudderStack events from Kafka, with a dead letter",
			"Events that Segment would discard go to a topic of their own, with the reason. Everything else is sent, each person's events in order.", `
input:
  redpanda:
    seed_brokers: [ "${KAFKA_BROKERS:localhost:9092}" ]
    topics: [ events ]
    consumer_group: segment

output:
  fallback:
    - segment:
        write_key: "${SEGMENT_WRITE_KEY}"
    - redpanda:
        seed_brokers: [ "${KAFKA_BROKERS:localhost:9092}" ]
        topic: events_dead
      processors:
        - mapping: |
            let error = @fallback_error.segment_error()
            meta reason = $error.reason
            meta field = $error.field
`).
		Example("Any JSON, made into calls",
			"A mapping makes an identify and a track call of each order. Other messages are left out.", `
input:
  http_server:
    path: /orders

output:
  fallback:
    - segment:
        write_key: "${SEGMENT_WRITE_KEY}"
        region: eu
        batching: { count: 500, period: 200ms }
        mapping: |
          root = if this.kind == "order" {
            [
              {"type": "identify", "userId": this.customer.id, "traits": this.customer.without("id"), "timestamp": this.at},
              {"type": "track", "event": "Order Completed", "userId": this.customer.id, "properties": this.order, "timestamp": this.at},
            ]
          } else { deleted() }
    - file:
        path: dead_letters.ndjson
        codec: lines
      processors:
        - mapping: root = @fallback_error.segment_dead_letter(content())
`)
}

const description = "" +
	"Takes events as the SDKs of RudderStack and Segment send them, or as archives keep them, and turns each into the call that Segment expects: " +
	"RudderStack's names are changed to Segment's, times are corrected, ids are kept apart, and numbers and strings keep every digit and byte. " +
	"A payload is one JSON object, or an array of them.\n\n" +
	"On calls other than identify and group, `traits` join `context.traits`; on calls other than group, `groupId` goes to `context.groupId`. What is there already wins. " +
	"The empty arrays that PHP writes for empty objects count as empty objects. Whole numbers as ids are written without fraction and exponent: `55520.0` is the user `55520`. " +
	"Other top-level members that Segment has no place for are dropped and counted.\n\n" +
	"## Delivery\n\n" +
	"A message is acknowledged when Segment has accepted its calls. After a crash or a lost answer it may be sent twice, with the same message id, and Segment removes the second. " +
	"Calls of one person are accepted in order, if they come in order: with `pipeline.processors`, set `pipeline.threads: 1`. [More about order](order.md). " +
	"What Segment would answer with 200 and throw away is refused here. Only the messages that are to blame are nacked, each with its own reason: [all reasons](reasons.md).\n\n" +
	"A refused message stays refused. Without a `fallback` to a [dead letter](dead-letters.md), most inputs deliver it again for ever, and it slows everything down. " +
	"`@fallback_error` holds `segment <reason> <field>: <sentence>`, with `-` where no field is to blame; " +
	"[`segment_error` and `segment_dead_letter`](bloblang.md) take it apart and keep the event byte for byte.\n\n" +
	"Put `fallback` directly around this output. Never use `retry`, which sends whole batches again and hides the reasons, or `drop_on`, which lets one batch through at a time. " +
	"Gather events here, with `batching`. The input `batched`, and `batching` of an input `broker`, [lose events](engine.md). " +
	"Set `shutdown_timeout` to more than `timeout` needs: at three quarters of it, what is under way is given up and nacked.\n\n" +
	"## Times\n\n" +
	"The time of an event is its `timestamp`. Else it is its `originalTimestamp`, corrected by the difference between `sentAt` and `receivedAt`: they are the same moment, on the sender's clock and on a correct one. " +
	"Else it is whichever of these there is. If `receivedAt` is missing, the time of the record takes its place, as Kafka, NATS JetStream and Redis streams give it, if it is within 24 hours of `sentAt`. " +
	"Beyond that the record was published again later, and `originalTimestamp` is sent as it is. So let a record that is published again keep its first time, as with `timestamp_ms: ${! @kafka_timestamp_ms }` in a `redpanda` output for dead letters. " +
	"A `timestamp` that cannot be read is refused with the reason `timestamp_unparseable`, and the sentence says what it looks like. Any other time that cannot be read counts as absent.\n\n" +
	"These forms are read, if the year comes first: RFC 3339 with up to nine fraction digits; a date alone; a time with or without seconds; months and days of one or two digits; a `T` or a blank before the time; " +
	"and as zone an offset, `Z`, ` UTC`, ` GMT`, what Go prints (`+0200 CEST m=+0.1`), or nothing, which means UTC. " +
	"A number, also as text, counts from 1970: in seconds below 10¹¹, in milliseconds below 10¹⁴, in microseconds below 10¹⁷, in nanoseconds from 10¹⁸. It is accepted if the result is between 1973-03-03 and 2100 and the digits are not those of a date (`20240131123000`). " +
	"Zero and the year 1 count as absent. Orders such as `9/3/2015` are never guessed.\n\n" +
	"## Metrics\n\n" +
	"- `segment_oldest_unsent_seconds`: how long the oldest batch has been here; the best one to alert on\n" +
	"- `segment_calls_sent` by `type`; `segment_calls_rejected` and `segment_calls_skipped` by `reason` (`integrations`, `consent`, `mapping`, `empty`)\n" +
	"- `segment_conversion_notes` by `kind`: what calls were sent without. `benthos-segment check` names the events and the members. " +
	"`time_unreadable`: `originalTimestamp`, `sentAt` or `receivedAt` was needed and could not be read, and another time took its place. " +
	"`clock_uncorrected`: `sentAt` and the receipt of the record are more than 24 hours apart, so the time was sent as the sender's clock gave it. " +
	"`member_dropped`: Segment has no place for a top-level member on this call. " +
	"`internal_dropped`: the same for a member that an SDK, a gateway or an archive wrote for itself, such as `rudderId`. " +
	"`traits_unusable`: `context.traits` of an identify call is not an object and sets no traits\n" +
	"- `segment_plan_findings` by `kind`: where events do not keep to `tracking_plan`. " +
	"`unplanned_event`, `missing`, `mistyped`, `extra` (a member that the plan forbids) and `invalid` break the plan. " +
	"`unplanned_property`, a property or trait that the plan neither has nor forbids, does not. " +
	"`unjudged` counts rules that let a call pass because a pattern takes too long to match\n" +
	"- `segment_requests` by `status`, `segment_retries` by `class`, `segment_splits`\n" +
	"- `segment_request_latency_ns`, `segment_request_calls`, `segment_request_bytes`, `segment_wire_bytes`\n" +
	"- `segment_event_lag_ns`: how long events take from their receipt until Segment has accepted them. The receipt is the record's time in Kafka, NATS JetStream or a Redis stream, else the event's `receivedAt`; events without either are left out. It is taken of at most 32 events of each batch. As a histogram with `metrics.prometheus.use_histogram_timing: true`\n" +
	"- `segment_batches_in_flight`, and `segment_calls_waiting`: calls that wait for earlier ones\n" +
	"- `segment_parallel_requests`: how many requests may be under way; less than `parallel_requests` after Segment has throttled or failed\n" +
	"- `segment_throttle_wait_ns`: how long Segment has asked us to wait\n" +
	"- `segment_start_time_seconds`: when the output started, in seconds since 1970, so that [`benthos-segment verify`](verify.md) knows since when the counters count\n" +
	"- With `verify` only: `segment_source_enabled`, 1 or 0; `segment_received`, and `segment_discarded` by `reason`: what Segment has counted since the start, of all that is sent to the source"
