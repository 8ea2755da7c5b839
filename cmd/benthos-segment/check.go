package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/urfave/cli/v2"

	"benthos-segment/internal/segment"
)

// checkCommand returns the command that tells, without sending anything, what
// the output would do with the events of a file.
func checkCommand() *cli.Command {
	return &cli.Command{
		Name:      "check",
		Usage:     "Tell what is wrong with a file of events, without sending them",
		ArgsUsage: "FILE...",
		Description: `Reads events, one on a line, and says of each that the output segment would
refuse where it is, why, and how to fix it. A note says what an event would be
sent without. - reads standard input. Exits with code 1 when an event would be
refused.

  benthos-segment check events.ndjson
  zcat events.ndjson.gz | benthos-segment check -`,
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "integrations", Value: "filter", Usage: "`MODE` of that field of the output: filter, forward or drop"},
			&cli.IntFlag{Name: "max-call-bytes", Value: 32_000, Usage: "refuse a call of more than `N` bytes"},
		},
		Action: runCheck,
	}
}

var integrationsModes = map[string]segment.IntegrationsMode{
	"filter":  segment.IntegrationsFilter,
	"forward": segment.IntegrationsForward,
	"drop":    segment.IntegrationsDrop,
}

func runCheck(c *cli.Context) error {
	mode, isKnown := integrationsModes[c.String("integrations")]
	if !isKnown {
		return fmt.Errorf("--integrations must be filter, forward or drop, not %q", c.String("integrations"))
	}
	if !c.Args().Present() {
		return errors.New("name the files to check, or - for standard input")
	}
	checked := &checker{
		out: c.App.Writer,
		converter: segment.NewConverter(segment.Config{
			Integrations: mode,
			LibraryName:  "benthos-segment", LibraryVersion: Version,
			MaxCallBytes: c.Int("max-call-bytes"),
			// No id is kept; it only has to be as long as one.
			NewID: func() string { return "00000000-0000-7000-8000-000000000000" },
		}),
	}
	for _, file := range c.Args().Slice() {
		if err := checked.file(file, c.App.Reader); err != nil {
			return err
		}
	}
	return checked.conclude()
}

// checker converts events and counts what would become of them.
type checker struct {
	out       io.Writer
	converter *segment.Converter
	calls     []segment.Call

	events, sent, skipped, refused int
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
		k.line(fmt.Sprintf("%s:%d", name, number), line)
		if err != nil {
			return nil
		}
	}
}

func (k *checker) line(place string, payload []byte) {
	calls, skips, v := k.converter.Convert(k.calls[:0], payload, segment.Source{WriteKey: "check"})
	k.calls = calls
	defer k.converter.Reset()
	if skips.Empty > 0 {
		return
	}
	k.events++
	switch {
	case v != nil:
		k.refused++
		fmt.Fprintf(k.out, "%s: %v\n", place, v)
	case len(calls) == 0:
		k.skipped++
	default:
		k.sent += len(calls)
	}
	for _, note := range k.converter.Notes() {
		fmt.Fprintf(k.out, "%s: %v\n", place, note)
	}
}

// conclude says the sums, and is an error where an event would be refused.
func (k *checker) conclude() error {
	fmt.Fprintf(k.out, "%d events: %d calls would be sent, %d events skipped, %d refused\n",
		k.events, k.sent, k.skipped, k.refused)
	if k.refused > 0 {
		return cli.Exit("", 1)
	}
	return nil
}
