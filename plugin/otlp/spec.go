package otlp

import "github.com/redpanda-data/benthos/v4/public/service"

// The names of the fields.
const (
	fieldService  = "service"
	fieldHTTP     = "http"
	fieldGRPC     = "grpc"
	fieldAddress  = "address"
	fieldURL      = "url"
	fieldSecure   = "secure"
	fieldTags     = "tags"
	fieldSampling = "sampling"
	fieldEnabled  = "enabled"
	fieldRatio    = "ratio"
)

// Spec describes the fields.
func Spec() *service.ConfigSpec {
	return service.NewConfigSpec().
		Stable().
		Summary("Sends spans to collectors of OpenTelemetry, by OTLP over HTTP or gRPC.").
		Example("Spans to a collector on the same machine", "One trace in a hundred goes to a collector that listens where collectors do.", `
input:
  redpanda:
    seed_brokers: [ "localhost:9092" ]
    topics: [ events ]
    consumer_group: segment

output:
  fallback:
    - segment:
        write_key: "${SEGMENT_WRITE_KEY}"
    - file:
        path: dead_letters.ndjson
        codec: lines
      processors:
        - mapping: root = @fallback_error.segment_dead_letter(content())

tracer:
  open_telemetry_collector:
    service: events
    grpc:
      - address: localhost:4317
    sampling:
      enabled: true
      ratio: 0.01
`).
		Description("Every request of the output `segment` is a span `segment batch`, linked to the spans of the messages in it. "+
			"Spans wait in memory and leave every five seconds, and those of the last seconds when the process stops. While a collector is away "+
			"its spans are dropped and the log says so once a minute: events are never held up.\n\n"+
			"No span holds a write key, a token or anything of an event. Of what components attach to their spans, only such things are sent as "+
			"methods, statuses, sizes and counts. URLs, groups and the texts of errors are left out: the log has them.\n\n"+
			"OpenTelemetry's own environment variables are obeyed where no field says the same, such as `OTEL_EXPORTER_OTLP_HEADERS` for the token of a "+
			"hosted collector, `OTEL_EXPORTER_OTLP_CERTIFICATE` for an authority of your own, and `OTEL_RESOURCE_ATTRIBUTES`.").
		Fields(
			service.NewStringField(fieldService).
				Description("The name of the service that spans are from.").
				Default("benthos"),
			collectors(fieldHTTP, "HTTP", "localhost:4318").
				Description("Collectors that take OTLP over HTTP. Each of them gets all spans. An `address` may also be a URL with a path, such as `https://otlp.example.com/otlp/v1/traces`. Without a path it is `/v1/traces`."),
			collectors(fieldGRPC, "gRPC", "localhost:4317").
				Description("Collectors that take OTLP over gRPC. Each of them gets all spans."),
			service.NewStringMapField(fieldTags).
				Description("What is said with every span besides, such as `deployment.environment: production`.").
				Default(map[string]any{}).
				Advanced(),
			service.NewObjectField(
				fieldSampling,
				service.NewBoolField(fieldEnabled).
					Description("Whether only some traces are sent. The engine makes several spans for each message, so this is recommended above a few hundred messages a second.").
					Default(false),
				service.NewFloatField(fieldRatio).
					Description("The share of traces that are sent, above 0 and up to 1. A trace that began elsewhere keeps the decision that was made there.").
					Optional().
					Examples(0.01, 0.5).
					LintRule(`root = if this <= 0 || this > 1 { "field sampling.ratio: a share of all traces is above 0 and up to 1, such as 0.01" }`),
			).
				Description("Which traces are sent."),
		).
		LintRule(`root = if (this.http | []).length() == 0 && (this.grpc | []).length() == 0 { "` + noCollector + `" } else if (this.sampling.enabled | false) && !this.sampling.exists("ratio") { "` + noRatio + `" }`)
}

// collectors is the field with those of one protocol.
func collectors(name, protocol, example string) *service.ConfigField {
	return service.NewObjectListField(
		name,
		service.NewStringField(fieldAddress).
			Description("Host and port of a collector.").
			Default("").
			Example(example),
		service.NewStringField(fieldURL).
			Description("The former name of `address`.").
			Default("").
			Deprecated(),
		service.NewBoolField(fieldSecure).
			Description("Whether to connect with TLS, that is "+protocol+" over TLS.").
			Default(false),
	).Default([]any{})
}
