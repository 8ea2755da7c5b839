package send

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"regexp"

	// fallback and mapping are in it.
	_ "github.com/redpanda-data/benthos/v4/public/components/pure"
	"github.com/redpanda-data/benthos/v4/public/service"

	"benthos-segment/cmd/benthos-segment/internal/policy"
	"benthos-segment/internal/segment"
	"benthos-segment/internal/tracking/wire"
	// The output is in it.
	_ "benthos-segment/plugin"
)

const (
	inputName       = "send_files"
	deadLettersName = "send_dead_letters"
	figuresName     = "send_figures"
	// longestWait is the longest wait between two attempts: somebody is watching.
	longestWait = "10s"
)

// parts are what the stream is made of, beside the output.
type parts struct {
	input   *input
	letters *letters
	figures *figures
	say     func(text string)
	// transport takes the requests where they are not to leave the process.
	transport http.RoundTripper
}

// newStream builds the stream: files, the output, and dead letters.
func newStream(conf config, p parts) (*service.Stream, error) {
	env := service.GlobalEnvironment().Clone()
	if err := p.register(env); err != nil {
		return nil, err
	}
	b := env.NewStreamBuilder()
	b.SetLogger(slog.New(logHandler{p.say}))
	if err := errors.Join(
		b.AddInputYAML(inputName+": {}"),
		b.SetMetricsYAML(figuresName+": {}"),
		b.AddOutputYAML(outputOf(conf)),
	); err != nil {
		return nil, readable(err)
	}
	stream, err := b.Build()
	if err == nil && p.transport != nil {
		stream.Resources().SetGeneric(wire.Substitute{}, p.transport)
	}
	return stream, err
}

func (p parts) register(env *service.Environment) error {
	spec := service.NewConfigSpec()
	return errors.Join(
		env.RegisterBatchInput(inputName, spec, func(*service.ParsedConfig, *service.Resources) (service.BatchInput, error) {
			return p.input, nil
		}),
		env.RegisterBatchOutput(deadLettersName, spec, func(*service.ParsedConfig, *service.Resources) (service.BatchOutput, service.BatchPolicy, int, error) {
			return p.letters, service.BatchPolicy{}, 1, nil
		}),
		env.RegisterMetricsExporter(figuresName, spec, func(*service.ParsedConfig, *service.Logger) (service.MetricsExporter, error) {
			return p.figures, nil
		}),
	)
}

// outputOf is the configuration of the output. A set-up error ends the run
// instead of holding it: somebody is there to fix it, and the checkpoint knows
// where to go on.
func outputOf(conf config) string {
	out := map[string]any{
		"write_key":         conf.writeKey,
		"region":            conf.region,
		"endpoint":          conf.endpoint,
		"events_per_second": conf.eventsPerSecond,
		"integrations":      conf.integrations,
		// Events of files are old, and keep their times.
		"sent_at":        "none",
		"on_setup_error": "reject",
		"retry":          map[string]any{"max_interval": longestWait, "max_elapsed_time": conf.giveUpAfter.String()},
	}
	if needed := policy.ConsentField(conf.consent); needed != nil {
		out["consent"] = needed
	}
	if conf.plan != "" {
		out["tracking_plan"] = map[string]any{"file": conf.plan, "on_violation": "reject"}
	}
	if conf.isDryRun {
		// One batch after the other, and one request after the other: the same file
		// gives the same requests.
		out["max_in_flight"], out["parallel_requests"] = 1, 1
		out["batching"] = map[string]any{"count": segment.MaxRequestCalls, "period": "1s"}
	}
	text, err := json.Marshal(map[string]any{"fallback": []any{
		map[string]any{"segment": out},
		map[string]any{
			deadLettersName: map[string]any{},
			"processors":    []any{map[string]any{"mapping": "root = @fallback_error.segment_dead_letter(content())"}},
		},
	}})
	if err != nil {
		panic(err) // It holds texts and numbers.
	}
	return string(text)
}

// field finds what the output says of its configuration within what the engine
// says around it.
var field = regexp.MustCompile(`field (write_key|region|endpoint|events_per_second|proxy_url)\b[^\n]*`)

// flagOf is what a field of the output is here.
var flagOf = map[string]string{
	"write_key": keyVariable, "region": "--" + flagRegion, "endpoint": "--" + flagEndpoint,
	"events_per_second": "--" + flagEventsPerSecond, "proxy_url": "the proxy",
}

// readable takes out of an error what its reader can do something about.
func readable(err error) error {
	found := field.FindStringSubmatch(err.Error())
	if found == nil {
		return err
	}
	return fmt.Errorf("%s%s", flagOf[found[1]], found[0][len("field ")+len(found[1]):])
}
