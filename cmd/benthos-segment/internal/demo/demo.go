package demo

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"benthos-segment/examples/quickstart"
	"benthos-segment/internal/sandbox"
)

const (
	eventsFile      = "events.ndjson"
	pipelineFile    = "pipeline.yaml"
	trafficFile     = "traffic.yaml"
	deadLettersFile = "dead_letters.ndjson"
)

// demo is one run.
type demo struct {
	out io.Writer
	// binary is this program, which runs the pipelines as a user would, and called
	// what the user calls it.
	binary  string
	called  string
	folder  string
	sandbox *sandbox.Sandbox
	url     string
}

func (d *demo) run(ctx context.Context, keep bool) error {
	events, err := d.unpack()
	if err != nil {
		return err
	}
	if err := d.pipeline(ctx, pipelineFile); err != nil {
		return fmt.Errorf("running the pipeline: %w", err)
	}
	deadLetters, err := os.ReadFile(d.path(deadLettersFile))
	if err != nil {
		return fmt.Errorf("reading the dead letters: %w", err)
	}
	if err := d.report(bytes.Count(events, []byte("\n")), deadLetters); err != nil {
		return err
	}
	if !keep {
		d.sayWhereNext()
		return nil
	}
	d.sayWhatToWatch()
	if err := d.pipeline(ctx, trafficFile); err != nil && ctx.Err() == nil {
		return fmt.Errorf("running the traffic: %w", err)
	}
	return nil
}

func (d *demo) path(name string) string { return filepath.Join(d.folder, name) }

// unpack writes the files of the quickstart, and returns the events. Dead
// letters of an earlier run go.
func (d *demo) unpack() (events []byte, err error) {
	for _, name := range []string{eventsFile, pipelineFile, trafficFile} {
		text, err := fs.ReadFile(quickstart.Files, name)
		if err != nil {
			return nil, fmt.Errorf("unpacking %s: %w", name, err)
		}
		if err := os.WriteFile(d.path(name), text, 0o600); err != nil {
			return nil, fmt.Errorf("unpacking %s: %w", name, err)
		}
		if name == eventsFile {
			events = text
		}
	}
	if err := os.WriteFile(d.path(deadLettersFile), nil, 0o600); err != nil {
		return nil, fmt.Errorf("making the file of dead letters: %w", err)
	}
	return events, nil
}

// pipeline runs one of the files until it ends, or until ctx does.
func (d *demo) pipeline(ctx context.Context, name string) error {
	log, err := os.OpenFile(d.path(name+".log"), os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	run := exec.CommandContext(ctx, d.binary, "run", d.path(name))
	run.Env = append(
		os.Environ(),
		"EVENTS="+d.path(eventsFile), "DEAD_LETTERS="+d.path(deadLettersFile),
		"SEGMENT_ENDPOINT="+d.url, "SEGMENT_WRITE_KEY=quickstart-write-key",
	)
	run.Stdout, run.Stderr = log, log
	run.Cancel = func() error { return run.Process.Signal(os.Interrupt) }
	run.WaitDelay = 5 * time.Second
	if err := run.Run(); err != nil {
		return fmt.Errorf("%w: see %s", err, log.Name())
	}
	return nil
}
