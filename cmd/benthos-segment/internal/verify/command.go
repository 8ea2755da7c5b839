// Package verify is the command that asks Segment's Public API whether it knows
// the write keys of a pipeline, and what became of the calls.
package verify

import (
	"context"
	"errors"
	"fmt"
	"os/signal"
	"syscall"
	"time"

	"github.com/urfave/cli/v2"

	"benthos-segment/cmd/benthos-segment/internal/terminal"
	"benthos-segment/cmd/internal/command"
	"benthos-segment/internal/publicapi"
)

const (
	flagSince      = "since"
	flagMetrics    = "metrics"
	flagCounts     = "counts"
	flagWait       = "wait"
	flagSourceOnly = "source-only"
	flagRegion     = "region"
	flagAPI        = "api"
	flagResources  = "resources"
	flagPlan       = "plan"
	flagFormat     = "format"

	// tokenVariable and keyVariable are the environment's.
	tokenVariable = "SEGMENT_PUBLIC_API_TOKEN"
	keyVariable   = "SEGMENT_WRITE_KEY"
)

// Command returns the command. The version names the client.
func Command(version string) *cli.Command {
	return &cli.Command{
		Name:      "verify",
		Category:  command.CategoryEvents,
		Usage:     "Ask Segment whether it knows the write key, and what it did with the calls",
		ArgsUsage: "[PIPELINE]",
		Description: `Segment's Tracking API answers 200 to wrong keys, in the wrong region, for
disabled sources, and to calls that it throws away. Its Public API tells. Set
` + tokenVariable + ` to a token of it, of a Source Admin; the verify.token
of an output goes before it. For each output
segment of the pipeline, or for ` + keyVariable + ` without one, verify finds the
source, says whether it is enabled and in the right region, and what Segment
received and threw away, and why. With --metrics or --counts it compares that
with what the pipeline has sent.

  benthos-segment verify pipeline.yaml
  benthos-segment verify --metrics http://localhost:4195/metrics pipeline.yaml
  benthos-segment verify --since 24h --format json pipeline.yaml

Exits with code 1 if something is wrong: calls vanish, were thrown away, or are
missing; else with code 2 if something could not be found out.`,
		Flags: []cli.Flag{
			&cli.StringFlag{Name: flagSince, Usage: "count from this `TIME` on: how long ago, such as 1h, or when, such as 2026-01-02T15:04:05Z. Left out: since the start of the pipeline, if its counts tell, else 1h"},
			&cli.StringFlag{Name: flagMetrics, Usage: "compare with the metrics of the running pipeline at this `URL`, in the form of Prometheus"},
			&cli.StringFlag{Name: flagCounts, Usage: "compare with the metrics in this `FILE`, as file_output_path of the metrics prometheus writes it"},
			&cli.DurationFlag{Name: flagWait, Usage: "while calls are missing, wait up to this `TIME` for them: Segment's counts come half a minute late, or later"},
			&cli.BoolFlag{Name: flagSourceOnly, Usage: "look at the sources, and not at what was counted"},
			command.ChoiceFlag(flagRegion, "us", []string{"us", "eu"}, "`REGION` that "+keyVariable+" is used in, without a pipeline"),
			&cli.StringFlag{Name: flagAPI, Usage: "`URL` of the Public API, such as that of a sandbox: http://127.0.0.1:8765/public-api. Left out: that of the region"},
			&cli.StringFlag{Name: flagPlan, Usage: "write the tracking plan of the source into this `FILE`, for check --plan and the field tracking_plan"},
			&cli.StringSliceFlag{Name: flagResources, Aliases: []string{"r"}, Usage: "`FILE` with resources of the pipeline; repeatable"},
			command.ChoiceFlag(flagFormat, "text", []string{"text", "json"}, "`FORM` of the report"),
		},
		Action: func(c *cli.Context) error { return run(c, version) },
	}
}

func run(c *cli.Context, version string) error {
	ctx, stop := signal.NotifyContext(c.Context, syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	conf, err := configOf(ctx, c, version)
	if err != nil {
		return err
	}
	found, err := examine(ctx, conf)
	if err != nil {
		return err
	}
	if command.Choice(c, flagFormat) == "json" {
		err = found.writeJSON(c.App.Writer)
	} else {
		found.writeText(terminal.Of(c.App.Writer))
	}
	switch {
	case err != nil:
		return err
	case found.isWrong():
		return command.Refused()
	case found.isIncomplete():
		return command.Failed()
	default:
		return nil
	}
}

// config is what there is to verify, and how.
type config struct {
	targets    []target
	version    string
	api        string
	since      time.Time
	isSince    bool
	sourceOnly bool
	wait       time.Duration
	// plan is the file for the tracking plan, empty for none.
	plan string
	// counted is what the pipeline says it has sent, nil if nobody knows.
	counted *metrics
	say     func(string)
}

func configOf(ctx context.Context, c *cli.Context, version string) (conf config, err error) {
	conf = config{
		version: version, api: c.String(flagAPI), sourceOnly: c.Bool(flagSourceOnly), wait: c.Duration(flagWait), plan: c.String(flagPlan),
		say: func(text string) { fmt.Fprintln(c.App.ErrWriter, text) },
	}
	switch {
	case c.Args().Len() > 1:
		return conf, fmt.Errorf("verify takes one pipeline, not %q as well", c.Args().Get(1))
	case conf.wait < 0:
		return conf, fmt.Errorf("--%s must not be negative", flagWait)
	case c.String(flagMetrics) != "" && c.String(flagCounts) != "":
		return conf, fmt.Errorf("--%s and --%s exclude each other", flagMetrics, flagCounts)
	}
	if conf.api != "" {
		if _, err = publicapi.CheckURL(conf.api); err != nil {
			return conf, fmt.Errorf("--%s: %w", flagAPI, err)
		}
	}
	if conf.since, err = sinceOf(c.String(flagSince), time.Now()); err != nil {
		return conf, err
	}
	conf.isSince = c.IsSet(flagSince)
	if conf.targets, err = targetsOf(c.Args().First(), c.StringSlice(flagResources), command.Choice(c, flagRegion)); err != nil {
		return conf, err
	}
	switch {
	case c.String(flagMetrics) != "":
		conf.counted, err = metricsAt(ctx, c.String(flagMetrics))
	case c.String(flagCounts) != "":
		conf.counted, err = metricsIn(c.String(flagCounts))
	}
	if conf.counted != nil && !conf.isSince && !conf.counted.start.IsZero() {
		conf.since = conf.counted.start
	}
	return conf, err
}

// usualSpan is how far back is looked where nobody says.
const usualSpan = time.Hour

var errSince = errors.New("--" + flagSince + " must be how long ago, such as 90m, or when, such as 2026-01-02T15:04:05Z")

func sinceOf(text string, now time.Time) (time.Time, error) {
	if text == "" {
		return now.Add(-usualSpan), nil
	}
	if ago, err := time.ParseDuration(text); err == nil && ago > 0 {
		return now.Add(-ago), nil
	}
	at, err := time.Parse(time.RFC3339, text)
	if err != nil || !at.Before(now) {
		return at, fmt.Errorf("%w, and not %q", errSince, text)
	}
	return at, nil
}
