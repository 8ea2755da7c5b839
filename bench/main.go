// Command bench compares the output segment with other ways to send events to
// Segment, side by side on one machine.
//
//	bench run [-quick]   every contender in turn, and one table
//	bench search         the settings of the http_client recipe
//	bench growth         how the cost grows with what is sent
//	bench profile        where the time goes
//	bench latency        how long an event takes
//	bench gateway        the front door and others
//	bench pages          the pages of the last run again, without measuring
//	bench sink           the far end, in its own process
//	bench door           the least front door, in its own process
//	bench visit PLAN     the clients of a front door, in their own process
//	bench send KIND      a sender written in Go, in its own process
package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"benthos-segment/bench/internal/contender"
	"benthos-segment/bench/internal/load"
	"benthos-segment/bench/internal/report"
	"benthos-segment/bench/internal/runner"
	"benthos-segment/bench/internal/sender"
	"benthos-segment/bench/internal/sink"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(arguments []string) error {
	if len(arguments) == 0 {
		return errors.New("say what: run, search, growth, profile, latency, gateway, pages, sink, door, visit or send")
	}
	switch name, rest := arguments[0], arguments[1:]; name {
	case "sink":
		return sink.Serve(os.Stdout)
	case "door":
		return sink.Door(os.Getenv("DOOR_ADDRESS"))
	case "visit":
		return visit(rest)
	case "send":
		return send(rest)
	case "pages":
		return pages(rest)
	case "run", "search", "growth", "profile", "latency", "gateway":
		return compare(name, rest)
	default:
		return fmt.Errorf("there is no %q", name)
	}
}

// send plays a contender.
func send(arguments []string) error {
	flags := flag.NewFlagSet("send", flag.ContinueOnError)
	var settings sender.Settings
	flags.StringVar(&settings.File, "file", "", "the events")
	flags.StringVar(&settings.Endpoint, "endpoint", "", "the sink")
	flags.IntVar(&settings.BatchSize, "batch", 0, "events a request")
	flags.IntVar(&settings.IdleConnections, "idle", 0, "connections that stay open")
	flags.BoolVar(&settings.NoGzip, "no-gzip", false, "send as it is")
	flags.BoolVar(&settings.ReadOnly, "read-only", false, "decode the events and send none")
	if err := flags.Parse(arguments); err != nil {
		return err
	}
	switch flags.Arg(0) {
	case "segment":
		return sender.Segment(settings)
	case "rudder":
		return sender.Rudder(settings)
	case "floor":
		return sender.Floor(settings)
	default:
		return fmt.Errorf("there is no sender %q", flags.Arg(0))
	}
}

// visit plays the clients of a front door.
func visit(arguments []string) error {
	if len(arguments) != 1 {
		return errors.New("visit needs its plan")
	}
	var plan load.Plan
	if err := json.Unmarshal([]byte(arguments[0]), &plan); err != nil {
		return fmt.Errorf("reading the plan of a visit: %w", err)
	}
	result, err := load.Run(plan)
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(result)
}

// options are those of a comparison.
type options struct {
	root, directory string
	quick           bool
	rounds, events  int
	only            string
	save            bool
}

// pages writes the pages of the last run again, as after a change of what they
// show.
func pages(arguments []string) error {
	flags := flag.NewFlagSet("pages", flag.ContinueOnError)
	root := flags.String("root", "..", "where the project is")
	if err := flags.Parse(arguments); err != nil {
		return err
	}
	run, err := report.LoadRun(*root)
	if err != nil {
		return err
	}
	return report.SavePages(*root, run)
}

// compare measures, in whichever way, and writes the results where it is asked
// to.
func compare(what string, arguments []string) error {
	flags := flag.NewFlagSet(what, flag.ContinueOnError)
	var o options
	flags.StringVar(&o.root, "root", "..", "where the project is, with bin/benthos-segment built")
	flags.StringVar(&o.directory, "dir", filepath.Join(os.TempDir(), "benthos-segment-bench"), "where the corpus is kept between runs")
	flags.BoolVar(&o.quick, "quick", false, "a minute instead of five")
	flags.IntVar(&o.rounds, "rounds", 0, "how often each contender runs")
	flags.IntVar(&o.events, "events", 0, "how many events the fastest contenders send")
	flags.StringVar(&o.only, "only", "", "a pattern for the ids of the contenders")
	flags.BoolVar(&o.save, "save", false, "write the results into docs/ and bench/")
	if err := flags.Parse(arguments); err != nil {
		return err
	}
	tools, err := findTools(o)
	if err != nil {
		return err
	}
	far, err := runner.StartSink(tools.Self)
	if err != nil {
		return err
	}
	defer far.Stop()
	bench := &runner.Bench{Tools: tools, Far: far}
	switch what {
	case "search":
		return search(bench, o)
	case "growth":
		return growth(bench, o)
	case "profile":
		return profiles(bench, o)
	case "latency":
		return latency(bench, o)
	case "gateway":
		return gateway(bench, o)
	default:
		return table(bench, o)
	}
}

func findTools(o options) (contender.Tools, error) {
	var tools contender.Tools
	self, err := os.Executable()
	if err != nil {
		return tools, err
	}
	root, err := filepath.Abs(o.root)
	if err != nil {
		return tools, err
	}
	directory, err := filepath.Abs(o.directory)
	if err != nil {
		return tools, err
	}
	if err := os.MkdirAll(directory, 0o755); err != nil {
		return tools, fmt.Errorf("making room for the corpus: %w", err)
	}
	tools = contender.Tools{
		Binary:        filepath.Join(root, "bin", "benthos-segment"),
		Self:          self,
		NodeDirectory: filepath.Join(root, "bench", "node"),
		Directory:     directory,
	}
	if _, err := os.Stat(tools.Binary); err != nil {
		return tools, fmt.Errorf("looking for the binary (make build): %w", err)
	}
	if node, err := exec.LookPath("node"); err == nil {
		tools.Node = node
	}
	return tools, nil
}
