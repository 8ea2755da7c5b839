package prometheus

import "benthos-segment/internal/metrics"

// help says what a metric is.
func help(name string, kind metrics.Kind, unit string) string {
	text := "A " + string(kind) + " of a component or a processor of this pipeline"
	if ours, isOurs := metrics.Find(name); isOurs {
		text = ours.Help
		if kind != metrics.Timer {
			unit = ours.Unit
		}
	} else if known := engine[name]; known != "" {
		text = known
	}
	if unit != "" {
		text += ", in " + unit
	}
	return text + "."
}

// engine describes what Benthos and its connectors count.
var engine = map[string]string{
	"batch_created":            "Batches that a batching policy has made, by what completed them",
	"buffer_batch_received":    "Batches that a buffer has taken in",
	"buffer_batch_sent":        "Batches that a buffer has handed on",
	"buffer_latency_ns":        "How long batches took from a buffer until they were acknowledged",
	"buffer_received":          "Messages that a buffer has taken in",
	"buffer_sent":              "Messages that a buffer has handed on",
	"cache_duplicate":          "Keys that a cache was told to add and had already",
	"cache_error":              "Operations of a cache that have failed",
	"cache_latency_ns":         "How long an operation of a cache took",
	"cache_not_found":          "Keys that a cache was asked for and did not have",
	"cache_success":            "Operations of a cache that have worked",
	"input_connection_failed":  "Attempts of an input to connect that have failed",
	"input_connection_lost":    "Times that an input has lost its connection",
	"input_connection_up":      "Times that an input has connected",
	"input_latency_ns":         "How long messages took from an input until they were acknowledged",
	"input_received":           "Messages that an input has read",
	"kafka_lag":                "Records of a partition that the consumer group has not read yet",
	"output_batch_sent":        "Batches that an output has delivered whole",
	"output_connection_failed": "Attempts of an output to connect that have failed",
	"output_connection_lost":   "Times that an output has lost its connection",
	"output_connection_up":     "Times that an output has connected",
	"output_error":             "Batches that an output has not delivered whole; one refused event is enough",
	"output_latency_ns":        "How long an output took to deliver a batch",
	"output_rejected":          "Messages that were not sent because a processor has failed on them",
	"output_sent":              "Messages of the batches that an output has delivered whole",
	"processor_batch_received": "Batches that a processor was given",
	"processor_batch_sent":     "Batches that a processor has made",
	"processor_error":          "Messages that a processor has failed on",
	"processor_latency_ns":     "How long a processor took for a batch",
	"processor_received":       "Messages that a processor was given",
	"processor_sent":           "Messages that a processor has made",
	"rate_limit_checked":       "Times that a rate limit was asked",
	"rate_limit_error":         "Times that a rate limit could not answer",
	"rate_limit_triggered":     "Times that a rate limit asked to wait",
	"redpanda_lag":             "Records of a partition that the consumer group has not read yet",
}
