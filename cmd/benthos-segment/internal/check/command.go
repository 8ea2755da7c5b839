// Package check is the command that says what the output would do with the events
// of a file, without sending anything.
package check

import (
	"errors"
	"maps"
	"slices"

	"github.com/urfave/cli/v2"

	"benthos-segment/cmd/benthos-segment/internal/documents"
	"benthos-segment/cmd/benthos-segment/internal/policy"
	"benthos-segment/cmd/internal/command"
	"benthos-segment/internal/segment"
	"benthos-segment/internal/segment/consent"
)

// The names of the flags.
const (
	flagIntegrations = "integrations"
	flagDialect      = "dialect"
	flagMaxCallBytes = "max-call-bytes"
	flagMaxLine      = "max-line"
	flagFormat       = "format"
	flagShow         = "show"
	flagConfig       = "config"
)

// The formats of the report.
const (
	formatText  = "text"
	formatJSON  = "json"
	formatSARIF = "sarif"
)

// Command returns the command.
func Command(version string) *cli.Command {
	return &cli.Command{
		Name:      "check",
		Category:  command.CategoryEvents,
		Usage:     "Say what is wrong with events, without sending them",
		ArgsUsage: "FILE...",
		Description: `Reads events and lists those that the output segment would refuse: where they
are, the reason, the field, what is wrong and how to fix it. It also lists
events that would be skipped, and at the end their names, and the members that
would be left out, by name and count.

Files hold an event on each line, events printed over several lines, or an array
of them, plain or compressed with gzip or zstd. - is standard input.

  benthos-segment check events.ndjson archive.json.gz
  tail -f events.ndjson | benthos-segment check -
  benthos-segment check --show events.ndjson | jq .
  benthos-segment check --config pipeline.yaml payloads.ndjson`,
		Flags:  flags(),
		Action: func(c *cli.Context) error { return run(c, version) },
	}
}

func flags() []cli.Flag {
	return []cli.Flag{
		command.ChoiceFlag(flagFormat, formatText, []string{formatText, formatJSON, formatSARIF}, "`FORMAT` of the report: text, json (an object a line) or sarif (for code hosts and editors)"),
		&cli.BoolFlag{Name: flagShow, Usage: "print the calls that would be sent, one a line; as text, the report then goes to standard error"},
		&cli.StringFlag{Name: flagConfig, Usage: "`FILE` of a pipeline, whose processors and whose mapping the events go through first. Processors that call other systems do so"},
		command.ChoiceFlag(flagIntegrations, "auto", integrationsModes(), "`MODE` of that field of the output: "+command.OneOf(integrationsModes())),
		command.ChoiceFlag(flagDialect, "", dialects, "the dialect of all events, like the metadata segment_dialect: `NAME` is "+command.OneOf(dialects)),
		policy.ConsentFlag(),
		policy.PlanFlag("list what breaks the tracking plan in this `FILE` of JSON, of Segment or RudderStack"),
		command.SizeFlag(flagMaxCallBytes, segment.DefaultMaxCallBytes, "refuse a call of more than this `SIZE`"),
		command.SizeFlag(flagMaxLine, documents.DefaultMaxBytes, "skip a line or a document of more than this `SIZE`"),
	}
}

// integrationsModes are the names of the modes.
func integrationsModes() []string { return slices.Sorted(maps.Keys(segment.IntegrationsModes)) }

// dialects are the names of the dialects.
var dialects = []string{segment.DialectSegment.String(), segment.DialectRudderStack.String()}

// config is what the flags say of the output.
func config(c *cli.Context, version string) (segment.Config, error) {
	needed, err := policy.Consent(c)
	if err != nil {
		return segment.Config{}, err
	}
	plan, err := policy.Plan(c)
	if err != nil {
		return segment.Config{}, err
	}
	return segment.Config{
		Consent:      consent.NewRule(needed),
		Plan:         plan,
		Integrations: segment.IntegrationsModes[command.Choice(c, flagIntegrations)],
		Dialect:      segment.ParseDialect(command.Choice(c, flagDialect)),
		LibraryName:  "benthos-segment", LibraryVersion: version,
		MaxCallBytes: int(command.Size(c, flagMaxCallBytes)),
		// No id is kept. It only has to be as long as a real one.
		NewID: func() string { return "00000000-0000-7000-8000-000000000000" },
	}, nil
}

// usage says what is wrong with the arguments, if anything is.
func usage(c *cli.Context) error {
	switch {
	case !c.Args().Present():
		return errors.New("name the files to check, or - for standard input")
	case c.IsSet(flagConfig) && slices.ContainsFunc(flagsOfOutput, c.IsSet):
		return errFlagsOfOutput
	case c.Bool(flagShow) && command.Choice(c, flagFormat) == formatSARIF:
		return errors.New("--show needs --format text or json: SARIF has no place for calls")
	}
	return nil
}
