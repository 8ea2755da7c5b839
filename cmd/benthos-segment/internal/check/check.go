// Package check is the command that says what the output would do with the events
// of a file, without sending anything.
package check

import (
	"bufio"
	"cmp"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"

	"github.com/urfave/cli/v2"

	"benthos-segment/cmd/benthos-segment/internal/command"
	"benthos-segment/internal/segment"
)

// Command returns the command.
func Command(version string) *cli.Command {
	return &cli.Command{
		Name:      "check",
		Category:  command.CategoryEvents,
		Usage:     "Check a file of events without sending them",
		ArgsUsage: "FILE...",
		Description: `Reads events, one on each line, and lists those that the output segment would
refuse: where they are, what is wrong, and how to fix it. It also lists what an
event would be sent without, and events that would be skipped. At the end come
the members that would be dropped, by name and count. - reads standard input.
Exits with code 1 if an event would be refused.

  benthos-segment check events.ndjson
  zcat events.ndjson.gz | benthos-segment check -`,
		Flags: []cli.Flag{
			command.ChoiceFlag("integrations", "auto", integrationsModes(), "`MODE` of that field of the output: "+command.OneOf(integrationsModes())),
			command.ChoiceFlag("dialect", "", dialects, "the dialect of all events, like the metadata segment_dialect: `NAME` is "+command.OneOf(dialects)),
			command.SizeFlag("max-call-bytes", segment.DefaultMaxCallBytes, "refuse a call of more than this `SIZE`, such as 32kB"),
		},
		Action: func(c *cli.Context) error { return run(c, version) },
	}
}

// integrationsModes are the names of the modes.
func integrationsModes() []string { return slices.Sorted(maps.Keys(segment.IntegrationsModes)) }

// dialects are the names of the dialects.
var dialects = []string{segment.DialectSegment.String(), segment.DialectRudderStack.String()}

func run(c *cli.Context, version string) error {
	if !c.Args().Present() {
		return errors.New("name the files to check, or - for standard input")
	}
	checked := &checker{out: c.App.Writer, converter: segment.NewConverter(config(c, version)), dropped: map[string]int{}}
	for _, file := range c.Args().Slice() {
		if err := checked.file(file, c.App.Reader); err != nil {
			return err
		}
	}
	return checked.conclude()
}

// config is what the flags say.
func config(c *cli.Context, version string) segment.Config {
	return segment.Config{
		Integrations: segment.IntegrationsModes[command.Choice(c, "integrations")],
		Dialect:      segment.ParseDialect(command.Choice(c, "dialect")),
		LibraryName:  "benthos-segment", LibraryVersion: version,
		MaxCallBytes: int(command.Size(c, "max-call-bytes")),
		// No id is kept. It only has to be as long as a real one.
		NewID: func() string { return "00000000-0000-7000-8000-000000000000" },
	}
}

// checker converts events and counts what would happen to them.
type checker struct {
	out       io.Writer
	converter *segment.Converter
	calls     []segment.Call

	events, sent, refused int
	skipped               segment.Skips
	// dropped counts the members that events would be sent without.
	dropped map[string]int
}

func (k *checker) file(name string, stdin io.Reader) error {
	if name == "-" {
		return k.lines("stdin", stdin)
	}
	file, err := os.Open(name)
	if err != nil {
		return err
	}
	defer file.Close()
	return k.lines(name, file)
}

func (k *checker) lines(name string, from io.Reader) error {
	reader := bufio.NewReader(from)
	for number := 1; ; number++ {
		line, err := reader.ReadBytes('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return fmt.Errorf("reading %s: %w", name, err)
		}
		isOver := err != nil
		if isOver && len(line) == 0 {
			return nil // After the last line break there is no line.
		}
		k.line(fmt.Sprintf("%s:%d", name, number), line)
		if isOver {
			return nil
		}
	}
}

func (k *checker) line(place string, payload []byte) {
	calls, skips, v := k.converter.Convert(k.calls[:0], payload, segment.Provenance{WriteKey: "check"})
	k.calls = calls
	defer k.converter.Reset()
	k.skipped.Empty += skips.Empty
	if skips.Empty > 0 {
		return
	}
	k.events++
	k.sent += len(calls)
	k.skipped.Integrations += skips.Integrations
	if v != nil {
		k.refused++
		fmt.Fprintf(k.out, "%s: %v\n", place, v)
	}
	if skips.Integrations > 0 {
		fmt.Fprintf(k.out, "%s: skipped integrations: this excludes Segment, as RudderStack reads it\n", place)
	}
	for _, note := range k.converter.Notes() {
		if note.Kind == segment.NoteMemberDropped || note.Kind == segment.NoteInternalDropped {
			k.dropped[note.Member()]++
			continue
		}
		fmt.Fprintf(k.out, "%s: %v\n", place, note)
	}
}

// conclude prints the sums. It returns an error if an event would be refused.
func (k *checker) conclude() error {
	fmt.Fprintf(k.out, "%s: %s would be sent, %s skipped, %d refused\n",
		command.Count(k.events, "event"), command.Count(k.sent, "call"), command.Count(k.skipped.Integrations, "event"), k.refused)
	if k.skipped.Integrations > 0 {
		fmt.Fprintf(k.out, "skipped: %d whose integrations exclude Segment, as RudderStack reads them; "+
			"to send them, set integrations to forward, which lets Segment obey them, or to drop\n", k.skipped.Integrations)
	}
	if k.skipped.Empty > 0 {
		fmt.Fprintf(k.out, "skipped: %d without an event (blank lines or empty arrays)\n", k.skipped.Empty)
	}
	k.listDropped()
	if k.refused > 0 {
		return command.Refused()
	}
	return nil
}

// maxListed bounds the list of dropped members: if ids are used as names, it has
// no end.
const maxListed = 50

// listDropped names the members that would be dropped, the most frequent first.
func (k *checker) listDropped() {
	if len(k.dropped) == 0 {
		return
	}
	fmt.Fprintln(k.out, "dropped: members at the top level that Segment does not know; "+
		"move those that it should get into properties, traits or context")
	names := slices.SortedFunc(maps.Keys(k.dropped), func(a, b string) int {
		return cmp.Or(cmp.Compare(k.dropped[b], k.dropped[a]), cmp.Compare(a, b))
	})
	for _, name := range names[:min(len(names), maxListed)] {
		fmt.Fprintf(k.out, "%10d  %q\n", k.dropped[name], name)
	}
	if more := len(names) - maxListed; more > 0 {
		fmt.Fprintf(k.out, "%10s  %d other names\n", "", more)
	}
}
