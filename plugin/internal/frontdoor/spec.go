package frontdoor

import (
	"github.com/redpanda-data/benthos/v4/public/service"

	"benthos-segment/plugin/internal/example"
)

const (
	fiFieldAddress         = "address"
	fiFieldWriteKeys       = "write_keys"
	fiFieldPathPrefix      = "path_prefix"
	fiFieldDialect         = "dialect"
	fiFieldCORS            = "cors"
	fiFieldOrigins         = "allowed_origins"
	fiFieldTrustedProxies  = "trusted_proxies"
	fiFieldPublicURL       = "public_url"
	fiFieldTimeout         = "timeout"
	fiFieldMaxPending      = "max_pending"
	fiFieldMaxRequestBytes = "max_request_bytes"
	fiFieldTLS             = "tls"
	fiFieldCertFile        = "cert_file"
	fiFieldKeyFile         = "key_file"
	fiFieldMaxEvents       = "max_request_events"
	fiFieldMaxPendingBytes = "max_pending_bytes"
	fiFieldMaxConnections  = "max_connections"
	fiFieldBodyTimeout     = "body_timeout"
	fiFieldGather          = "gather"
)

func spec() *service.ConfigSpec {
	return service.NewConfigSpec().
		Version("1.0.0").
		Categories("Services").
		Summary("A front door for the SDKs of RudderStack and Segment: they send here after one changed URL, and get their answer when their events are safe.").
		Description(description).
		Fields(
			service.NewStringField(fiFieldAddress).
				Description("Where to listen. Browsers and phones of others reach it only at an address of the network, such as `0.0.0.0:8080`.").
				Default("127.0.0.1:8080").
				Example("0.0.0.0:8443"),
			service.NewStringListField(fiFieldWriteKeys).
				Description("The write keys that are accepted; another one is answered with 401. When the list is empty, any is, and the log warns. An entry that is empty, as an unset variable gives, is refused at start.").
				Secret().
				Default([]any{}).
				Example([]any{"${SOURCE_WRITE_KEY}"}),
			service.NewStringField(fiFieldPathPrefix).
				Description("A path that comes before that of each route, as in `https://example.com/events/v1/batch`. `/health` and `/ready` are there with it and without it, since probes ask past the proxy that the path is for.").
				Default("").
				Example("/events"),
			service.NewObjectField(
				fiFieldCORS,
				service.NewStringListField(fiFieldOrigins).
					Description("The origins of web pages that may send: `https://shop.example.com`, `https://*.example.com` for all hosts below a domain, or `*`. Others get 400, and nothing of theirs is taken. Requests without an origin come from servers and apps, and are always taken.").
					Default([]any{"*"}),
			).
				Description("Which web pages may send. A write key in a page is public, so that any page can send with it as long as this is `*`."),
			service.NewStringListField(fiFieldTrustedProxies).
				Description("Addresses and networks of your own proxies. Only what these say in `X-Forwarded-For`, `X-Forwarded-Host` and `X-Forwarded-Proto` counts; the client's address is the last in `X-Forwarded-For` that is not one of them.").
				Default([]any{}).
				Example([]any{"10.0.0.0/8", "::1"}),
			service.NewStringAnnotatedEnumField(fiFieldDialect, map[string]string{
				"auto":        "The path, the headers and the library of each request tell.",
				"rudderstack": "All events come from SDKs of RudderStack.",
				"segment":     "All events come from SDKs of Segment.",
			}).
				Description("Whose SDKs send. It decides what `integrations` means, and what an envelope gives its events.").
				Default("auto"),
			service.NewDurationField(fiFieldTimeout).
				Description("How long a request waits for its events to be acknowledged. After that it is answered with 503, and its client sends it again. SDKs give up after 5 seconds (.NET), 8 (Ruby) or 10 (Go, Node), and then send again in any case: with a longer wait, events are delivered twice. Behind the buffer `journal`, the wait is that for one sync; keep its `full_timeout` below this.").
				Default("4s"),
			service.NewIntField(fiFieldMaxRequestBytes).
				Description("The largest body, in bytes after decompression. A larger one is answered with 413, and most SDKs then drop it. RudderStack's SDK for Python sends up to 8 MiB.").
				Default(8<<20),
			service.NewIntField(fiFieldMaxPending).
				Description("The most requests whose events are on their way. More wait up to `timeout`, and are then answered with 429.").
				Default(5_000),
			service.NewObjectField(
				fiFieldTLS,
				service.NewStringField(fiFieldCertFile).
					Description("The certificate with its chain, in PEM.").
					Default(""),
				service.NewStringField(fiFieldKeyFile).
					Description("Its private key, in PEM.").
					Default(""),
			).
				Description("Serves HTTPS, with HTTP/2. The files are read again when they are replaced, within 10 seconds. Segment's SDKs for Ruby, PHP and .NET, and its mobile ones, send by HTTPS alone: here or at a proxy."),
			service.NewStringField(fiFieldPublicURL).
				Description("The URL by which clients reach this, with the prefix. Segment's SDKs are told to send there. When it is empty, it is what each asked for the settings at; behind a proxy that changes the host, list the proxy in `trusted_proxies` or set this.").
				Default("").
				Example("https://t.example.com").
				Advanced(),
			service.NewIntField(fiFieldMaxEvents).
				Description("The most events in a request. One with more is answered with 413.").
				Default(10_000).
				Advanced(),
			service.NewIntField(fiFieldMaxPendingBytes).
				Description("The most memory for events that are on their way, about, and as much again for bodies that are being read. When it is used up, requests are answered with 429.").
				Default(64<<20).
				Advanced(),
			service.NewIntField(fiFieldMaxConnections).
				Description("The most connections at once. When three quarters of them are in use, each ends with its next answer, so that idle ones keep nobody out. More wait until others end, and the log says so. Each needs a file descriptor and, idle, some 20 KB.").
				Default(10_000).
				Advanced(),
			service.NewDurationField(fiFieldBodyTimeout).
				Description("How long a body may take to arrive. After that it is answered with 503.").
				Default("30s").
				Advanced(),
			service.NewDurationField(fiFieldGather).
				Description("How long a batch may wait for requests that are just being read, so that one sync of a queue serves many. Where nothing else is being read, nothing waits.").
				Default("2ms").
				Advanced(),
		).
		LintRule(lintRule).
		Example("SDK to Segment, and nothing lost",
			"The queue on disk answers the SDKs, whatever Segment does. Events that Segment would discard go to a file.", `
input:
  segment:
    address: 0.0.0.0:8080
    write_keys: [ "${SOURCE_WRITE_KEY}" ]

buffer:
  journal:
    path: ./queue
    at_end: keep
`+example.DeadLetters)
}

const description = "" +
	"Each event becomes a message, in the order of arrival, and requests that come in side by side become one batch. A request is answered with 200 when all of its events were acknowledged, " +
	"and never before: by the buffer `journal` when they are on the disk, and without a buffer by the output. [How to point each SDK here, and what differs](gateway.md).\n\n" +
	"Put a `fallback` around the output. An event that the output refuses for good is otherwise sent again by its client, for ever.\n\n" +
	"## Routes\n\n" +
	"- `/v1/identify`, `track`, `page`, `screen`, `group`, `alias`, and Segment's `/v1/i`, `t`, `p`, `s`, `g`, `a`: one event, whose type is that of the path\n" +
	"- `/v1/merge`: a call of RudderStack for identities in warehouses, which it has given up. Segment has no such call: the answer is 400, and the event goes to the dead letters\n" +
	"- `/v1/batch`, `/v1/import`, `/v1/b`, `/batch`, `/b` and what React Native makes of them, and `/beacon/v1/batch`\n" +
	"- `/pixel/v1/track` and `page`, and `/v1/pixel/` with a type: an event in a query, answered with a picture\n" +
	"- `/sourceConfig` and `/v1/projects/KEY/settings`: what SDKs ask for before they send\n" +
	"- `/v1/m` and `/rsaMetrics`: what SDKs report about themselves is thrown away\n" +
	"- `/health`: 200 as long as the process lives; `/ready`: 503 while it starts, stops or is overloaded\n\n" +
	"The write key is read from Basic authentication, `X-Write-Key`, the parameter `writeKey`, or the body. Bodies may be gzip, of any content type. Two slashes count as one, and nothing is ever redirected.\n\n" +
	"## What is added to an event\n\n" +
	"What its own server would add, and everything else stays, byte for byte:\n\n" +
	"- `receivedAt`; a RudderStack event that has one keeps it\n" +
	"- `sentAt` of the envelope, or of the header\n" +
	"- `context` and `integrations` of the envelope, where the event lacks their members, as Segment does; RudderStack's server ignores them\n" +
	"- `context.ip`, where the SDK runs in a browser or on a phone, and the event has none. Segment's server notes no IPv6 address, so that its SDKs get none here\n" +
	"- `type`, where the path names one\n" +
	"- `messageId`, where the event has none: derived from the event if that has a `timestamp` or `originalTimestamp`, so that a client that sends it again sends the same, else a new one\n\n" +
	"`writeKey` is taken out of events. `NaN` and `Infinity`, which Python writes, become `null`. An element of a batch that is no object, or is damaged, is handed on, the latter as a JSON string: the output refuses it, to the dead letters, and its neighbours are sent.\n\n" +
	"## Metadata\n\n" +
	"- `segment_write_key`\n" +
	"- `segment_dialect`: `rudderstack` or `segment`, as far as the request tells. The output reads it\n" +
	"- `segment_type`\n" +
	"- `segment_sdk` and `segment_sdk_version`\n" +
	"- `segment_request_ip`: the address of the client\n\n" +
	"## Answers\n\n" +
	"| Status | When | What SDKs do |\n|---|---|---|\n" +
	"| 200 `{\"success\":true}` | all events were acknowledged | |\n" +
	"| 400 | no JSON, no `batch`, a foreign origin; or a single event that cannot become a call, which went to the dead letters | most drop it; Go and the older mobile SDKs try again |\n" +
	"| 401 | the write key is missing or unknown | most drop it; RudderStack's Kotlin and Swift delete all they hold |\n" +
	"| 404, 405 | no such route, or another method | most drop it |\n" +
	"| 413, 415 | too large; an encoding other than gzip | most drop it |\n" +
	"| 429 with `Retry-After`, from 5 s to 60 s | too many events are waiting, or the queue is full | they try again |\n" +
	"| 503 with `Retry-After` | the pipeline rejected an event or took too long; shutdown | they try again |\n\n" +
	"An error is JSON with `error`, `code` and `message`. When a request of several events gets 503, some of them may have been delivered; with the same message ids, Segment keeps one of each.\n\n" +
	"## Shutdown\n\n" +
	"When the engine stops reading, new requests and those that were not handed out yet are answered with 503; those that were are answered when they are acknowledged, and with 503 when the input closes. Then connections are refused. Behind the buffer `journal`, that is one sync after the signal.\n\n" +
	"## Metrics\n\n" +
	"They move every second.\n\n" +
	"- `segment_gateway_requests` by `route` and `status`\n" +
	"- `segment_gateway_events`: events that were acknowledged to clients\n" +
	"- `segment_gateway_pending`: requests on their way\n" +
	"- `segment_gateway_latency_ns`: from the headers of a request with events to its answer"
