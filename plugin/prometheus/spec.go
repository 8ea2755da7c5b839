package prometheus

import "github.com/redpanda-data/benthos/v4/public/service"

// The names of the fields.
const (
	fieldHistograms = "use_histogram_timing"
	fieldBuckets    = "histogram_buckets"
	fieldObjectives = "summary_quantiles_objectives"
	fieldQuantile   = "quantile"
	fieldError      = "error"
	fieldProcess    = "add_process_metrics"
	fieldGo         = "add_go_metrics"
	fieldPushURL    = "push_url"
	fieldInterval   = "push_interval"
	fieldJob        = "push_job_name"
	fieldAuth       = "push_basic_auth"
	fieldUser       = "username"
	fieldPassword   = "password"
	fieldFile       = "file_output_path"
)

// usualBuckets reach from an answer on the same network to a backlog of an hour.
var usualBuckets = []any{0.01, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 15.0, 60.0, 300.0, 3600.0}

// Spec describes the fields.
func Spec() *service.ConfigSpec {
	return service.NewConfigSpec().
		Stable().
		Summary("Serves metrics for Prometheus at `/metrics` and `/stats` of `http.address`, with a help text for each.").
		Description("This is what a configuration without `metrics` has. Times are histograms, in seconds: those of several processes add up. Their names end in `_ns` all the same, as the engine gives them.").
		Fields(
			service.NewBoolField(fieldHistograms).
				Description("Whether times are histograms in seconds. If not, they are summaries in nanoseconds, whose quantiles cannot be added up over processes.").
				Default(true).
				Advanced(),
			service.NewFloatListField(fieldBuckets).
				Description("The upper bounds of the buckets of histograms, in seconds, each above the one before.").
				Default(usualBuckets).
				Advanced(),
			service.NewObjectListField(
				fieldObjectives,
				service.NewFloatField(fieldQuantile).
					Description("The quantile, from 0 to 1.").
					Default(0.0),
				service.NewFloatField(fieldError).
					Description("How far off it may be, from 0 to 1.").
					Default(0.0),
			).
				Description("The quantiles of summaries.").
				Default([]any{
					map[string]any{fieldQuantile: 0.5, fieldError: 0.05},
					map[string]any{fieldQuantile: 0.9, fieldError: 0.01},
					map[string]any{fieldQuantile: 0.99, fieldError: 0.001},
				}).
				Advanced(),
			service.NewBoolField(fieldProcess).
				Description("Whether to add what the process uses: processor, memory, files.").
				Default(true).
				Advanced(),
			service.NewBoolField(fieldGo).
				Description("Whether to add what the runtime of Go counts, such as pauses of its garbage collector.").
				Default(false).
				Advanced(),
			service.NewURLField(fieldPushURL).
				Description("A Pushgateway to push to when the process stops, for processes that end by themselves, such as `http://pushgateway:9091`. Leave the path out.").
				Default("").
				Advanced(),
			service.NewStringField(fieldInterval).
				Description("How often to push besides, such as `30s`. When it is empty, only at the end.").
				Default("").
				Advanced(),
			service.NewStringField(fieldJob).
				Description("The job that is pushed for.").
				Default("benthos_push").
				Advanced(),
			service.NewObjectField(
				fieldAuth,
				service.NewStringField(fieldUser).
					Description("The user.").
					Default(""),
				service.NewStringField(fieldPassword).
					Description("The password.").
					Secret().
					Default(""),
			).
				Description("The password of the Pushgateway.").
				Advanced(),
			service.NewStringField(fieldFile).
				Description("A file to write the metrics to when the process stops.").
				Default("").
				Advanced(),
		).
		LintRule(`root = if (this.push_interval | "") != "" && (this.push_url | "") == "" { "` + noGateway + `" }`)
}
