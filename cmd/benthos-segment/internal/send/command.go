// Package send is the command that delivers the events of files to Segment
// without a configuration. It runs a Benthos stream whose output is the output
// segment, so that conversion, order, retries and everything else are those of a
// pipeline. What it adds is around that stream: an input that reads files and
// knows how far they are settled, a file of dead letters, a checkpoint, and what
// a person sees of it.
package send

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/urfave/cli/v2"

	"benthos-segment/cmd/benthos-segment/internal/documents"
	"benthos-segment/cmd/benthos-segment/internal/policy"
	"benthos-segment/cmd/internal/command"
	"benthos-segment/internal/segment"
	"benthos-segment/internal/segment/consent"
)

const (
	flagRegion          = "region"
	flagEndpoint        = "endpoint"
	flagEventsPerSecond = "events-per-second"
	flagIntegrations    = "integrations"
	flagDialect         = "dialect"
	flagMaxLine         = "max-line"
	flagCheckpoint      = "checkpoint"
	flagRestart         = "restart"
	flagDeadLetters     = "dead-letters"
	flagDeadLettersTo   = "dead-letters-to"
	flagGiveUpAfter     = "give-up-after"
	flagDryRun          = "dry-run"

	// none is in place of a file that is not wanted.
	none = "none"
	// stdin is the name of standard input.
	stdin = "-"
	// keyVariable holds the write key. A flag would show it to every user of the
	// machine.
	keyVariable = "SEGMENT_WRITE_KEY"
	// segmentsPace is how many events a second Segment asks for at the most.
	segmentsPace = 1000
)

// Command returns the command.
func Command() *cli.Command {
	return &cli.Command{
		Name:      "send",
		Category:  command.CategoryEvents,
		Usage:     "Send files of events to Segment, without a configuration",
		ArgsUsage: "FILE... | -",
		Description: `Converts the events of files and delivers them as the output segment does, with
the write key in ` + keyVariable + `. - reads standard input.

How far it is stands in a checkpoint file. When the command was stopped, by
Ctrl-C, a kill or an error, the same command line goes on from there. Events that
Segment would discard become dead letters in a file of their own, which
--dead-letters sends again after they were fixed.

  benthos-segment send events.ndjson.gz
  benthos-segment send --dry-run events.ndjson
  benthos-segment send --endpoint http://127.0.0.1:8765 events.ndjson
  benthos-segment send --dead-letters events.ndjson.dead.ndjson

Exits with code 0 if everything was sent, 1 if events were refused, by this run or
by one before it, and 2 if it was stopped or could not run.`,
		Flags: []cli.Flag{
			command.ChoiceFlag(flagRegion, "us", []string{"us", "eu"}, "`REGION` of the workspace at Segment: us or eu"),
			&cli.StringFlag{Name: flagEndpoint, Usage: "`URL` to send to instead, such as a sandbox or a proxy"},
			&cli.IntFlag{Name: flagEventsPerSecond, Usage: "send at most `N` events a second; 0 means no limit. If it is not set: 1000 to Segment, which asks for no more, and no limit with --endpoint"},
			command.ChoiceFlag(flagIntegrations, "auto", modes(), "`MODE` of that field of the output: "+command.OneOf(modes())),
			command.ChoiceFlag(flagDialect, "", []string{"segment", "rudderstack"}, "the dialect of all events, like the metadata segment_dialect; `NAME` is segment or rudderstack"),
			policy.ConsentFlag(),
			policy.PlanFlag("refuse what breaks the tracking plan in this `FILE` of JSON, of Segment or RudderStack"),
			command.SizeFlag(flagMaxLine, documents.DefaultMaxBytes, "refuse a line or a document of more than `SIZE`"),
			&cli.StringFlag{Name: flagCheckpoint, Usage: "`FILE` that keeps how far it is, or none. If it is not set: the first FILE with .checkpoint at its end; none with standard input"},
			&cli.BoolFlag{Name: flagRestart, Usage: "begin from the start, whatever the checkpoint says"},
			&cli.BoolFlag{Name: flagDeadLetters, Usage: "the files hold dead letters of this output: take the events out of them"},
			&cli.StringFlag{Name: flagDeadLettersTo, Usage: "`FILE` for events that are refused. If it is not set: the first FILE with .dead.ndjson at its end, or .dead.2.ndjson if that is one already"},
			&cli.DurationFlag{Name: flagGiveUpAfter, Usage: "stop when a request has failed for this `TIME`, such as 10m; if it is not set, a server that is down is waited for"},
			&cli.BoolFlag{Name: flagDryRun, Usage: "print the requests with their sizes and message ids, and send nothing"},
		},
		Action: func(c *cli.Context) error {
			conf, err := configOf(c)
			if err != nil {
				return err
			}
			return run(c, conf)
		},
	}
}

// config is what the command line and the environment say.
type config struct {
	files                     []string
	writeKey                  string
	region, endpoint          string
	eventsPerSecond           int
	integrations              string
	dialect                   string
	consent                   consent.Config
	plan                      string
	maxLine                   int
	checkpoint, deadLetters   string
	isOfDeadLetters, isDryRun bool
	restarts                  bool
	giveUpAfter               time.Duration
	// given are the flags of the command line that say where events go, and how.
	given []string
}

func configOf(c *cli.Context) (conf config, err error) {
	conf = config{
		files:  c.Args().Slice(),
		region: command.Choice(c, flagRegion), endpoint: strings.TrimSpace(c.String(flagEndpoint)),
		eventsPerSecond: c.Int(flagEventsPerSecond),
		integrations:    command.Choice(c, flagIntegrations), dialect: command.Choice(c, flagDialect),
		maxLine:    int(command.Size(c, flagMaxLine)),
		checkpoint: c.String(flagCheckpoint), deadLetters: c.String(flagDeadLettersTo),
		isOfDeadLetters: c.Bool(flagDeadLetters), isDryRun: c.Bool(flagDryRun),
		restarts: c.Bool(flagRestart), giveUpAfter: c.Duration(flagGiveUpAfter),
		plan: c.String(policy.FlagPlan), given: givenOf(c),
	}
	if conf.consent, err = policy.Consent(c); err != nil {
		return conf, err
	}
	if _, err := policy.Plan(c); err != nil {
		return conf, err
	}
	switch {
	case conf.isDryRun:
		conf.eventsPerSecond = 0 // Nobody is spared by it.
	case !c.IsSet(flagEventsPerSecond) && conf.endpoint == "":
		conf.eventsPerSecond = segmentsPace
	}
	if err := conf.check(); err != nil {
		return conf, err
	}
	if conf.writeKey, err = writeKey(conf.isDryRun); err != nil {
		return conf, err
	}
	return conf, conf.chooseFiles()
}

// givenOf returns the flags that a later command needs, to send to the same place
// in the same way.
func givenOf(c *cli.Context) (given []string) {
	for _, name := range []string{flagRegion, flagEndpoint, flagEventsPerSecond, flagIntegrations, flagDialect, policy.FlagPlan, flagMaxLine, flagGiveUpAfter} {
		if c.IsSet(name) {
			given = append(given, "--"+name, fmt.Sprint(c.Generic(name)))
		}
	}
	if needed := c.StringSlice(policy.FlagConsent); len(needed) > 0 {
		given = append(given, "--"+policy.FlagConsent, strings.Join(needed, ","))
	}
	return given
}

// check looks at what the output does not look at itself.
func (c *config) check() error {
	if len(c.files) == 0 {
		return errors.New("name the files to send, or - for standard input")
	}
	seen := map[string]bool{}
	for _, file := range c.files {
		if seen[file] {
			return fmt.Errorf("%s is named twice: name each file once", file)
		}
		seen[file] = true
		if err := isReadable(file); err != nil {
			return err
		}
	}
	if c.giveUpAfter < 0 {
		return fmt.Errorf("--%s must be a duration of more than 0s, such as 10m", flagGiveUpAfter)
	}
	return nil
}

// modes lists the modes of integrations.
func modes() []string { return slices.Sorted(maps.Keys(segment.IntegrationsModes)) }

// isReadable refuses before the start what would end a run in its middle.
func isReadable(file string) error {
	if file == stdin {
		return nil
	}
	info, err := os.Stat(file)
	if err != nil {
		return err
	}
	if info.IsDir() {
		return fmt.Errorf("%s is a directory: name the files in it, as in %s", file, filepath.Join(file, "*.ndjson"))
	}
	opened, err := os.Open(file)
	if err != nil {
		return err
	}
	return opened.Close()
}

// placeholderKey is in place of a write key where nothing is sent.
const placeholderKey = "dry-run"

func writeKey(isDryRun bool) (string, error) {
	key := strings.TrimSpace(os.Getenv(keyVariable))
	switch {
	case key == "" && isDryRun:
		return placeholderKey, nil
	case key == "":
		return "", errors.New(keyVariable + " is not set: put the write key of the source at Segment into it, as in export " + keyVariable + "=…")
	case strings.Contains(key, "${") || strings.ContainsFunc(key, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }):
		return "", errors.New(keyVariable + " does not hold a write key: there are blanks in it, or a variable that nothing has filled in")
	}
	return key, nil
}

// chooseFiles names the files that this writes, where nobody has.
func (c *config) chooseFiles() error {
	first, readsStdin := c.files[0], false
	for _, file := range c.files {
		readsStdin = readsStdin || file == stdin
	}
	if c.deadLetters == "" {
		c.deadLetters = deadLettersOf(first)
	}
	switch {
	case c.checkpoint == none || c.checkpoint == "" && readsStdin:
		c.checkpoint = ""
	case c.checkpoint == "":
		c.checkpoint = first + ".checkpoint"
	}
	if info, err := os.Stat(c.deadLetters); err == nil && !info.Mode().IsRegular() {
		return fmt.Errorf("--%s %s is not a regular file: name a file that keeps the events that are refused", flagDeadLettersTo, c.deadLetters)
	}
	for _, file := range c.files {
		if isSame(file, c.deadLetters) {
			return fmt.Errorf("--%s %s is a file that is sent: name another one for the events that are refused", flagDeadLettersTo, c.deadLetters)
		}
		if c.checkpoint != "" && isSame(file, c.checkpoint) {
			return fmt.Errorf("--%s %s is a file that is sent: name another one", flagCheckpoint, c.checkpoint)
		}
	}
	return nil
}

// ofDeadLetters is the end of the name of a file of dead letters.
var ofDeadLetters = regexp.MustCompile(`\.dead(\.[0-9]+)?\.ndjson$`)

// deadLettersOf names the file for the events of a file that are refused. Those of
// a file of dead letters are counted: events.dead.2.ndjson.
func deadLettersOf(first string) string {
	if first == stdin {
		return "stdin.dead.ndjson"
	}
	found := ofDeadLetters.FindStringSubmatchIndex(first)
	if found == nil {
		return first + ".dead.ndjson"
	}
	round := 2
	if found[2] >= 0 {
		n, _ := strconv.Atoi(first[found[2]+1 : found[3]]) // It is digits, and else the first.
		round = n + 1
	}
	return fmt.Sprintf("%s.dead.%d.ndjson", first[:found[0]], round)
}

func isSame(a, b string) bool {
	if filepath.Clean(a) == filepath.Clean(b) {
		return true
	}
	one, err := os.Stat(a)
	if err != nil {
		return false
	}
	other, err := os.Stat(b)
	return err == nil && os.SameFile(one, other)
}
