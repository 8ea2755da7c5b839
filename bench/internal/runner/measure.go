package runner

import (
	"bytes"
	"errors"
	"fmt"
	"os/exec"
	"syscall"
	"time"

	"benthos-segment/bench/internal/contender"
	"benthos-segment/bench/internal/corpus"
	"benthos-segment/bench/internal/sink"
)

// Sample is what one run cost the sending process, and what arrived.
type Sample struct {
	Events int
	// CPU is user and system time.
	CPU time.Duration
	// Peak is the most memory that was resident, in bytes, and Own what of it was
	// the process's own: the pages of the program's file are not.
	Peak, Own int64
	Sink      sink.Report
}

// Bench is what runs have in common.
type Bench struct {
	Tools contender.Tools
	Far   *Far
}

// longest is when a run is given up.
const longest = 5 * time.Minute

// Measure lets a contender send so many events, and fails if any is missing.
func (b *Bench) Measure(c contender.Contender, events int) (Sample, error) {
	shape := c.Shape
	shape.Events = events
	if shape.People == 0 {
		shape.People = max(1, events/10)
	}
	file, err := corpus.File(b.Tools.Directory, shape, c.Form)
	if err != nil {
		return Sample{}, err
	}
	if err := b.Far.reset(c.Latency); err != nil {
		return Sample{}, err
	}
	command, err := c.Command(b.Tools, file, b.Far.URL)
	if err != nil {
		return Sample{}, err
	}
	sample, err := run(command)
	if err != nil {
		return Sample{}, fmt.Errorf("running %q: %w", c.Name, err)
	}
	sample.Events = events
	if sample.Sink, err = b.Far.report(); err != nil {
		return Sample{}, err
	}
	return sample, arrived(c, sample)
}

func arrived(c contender.Contender, s Sample) error {
	expected := s.Events
	if c.SendsNothing {
		expected = 0
	}
	if s.Sink.Events != expected || s.Sink.Duplicates > 0 {
		return fmt.Errorf("%q: of %d events %d arrived, %d of them twice", c.Name, expected, s.Sink.Events, s.Sink.Duplicates)
	}
	return nil
}

// run waits for the process and reads what the system says of it.
func run(command *exec.Cmd) (Sample, error) {
	var said bytes.Buffer
	command.Stdout, command.Stderr = &said, &said
	if err := command.Start(); err != nil {
		return Sample{}, err
	}
	own := watchOwn(command.Process.Pid)
	timer := time.AfterFunc(longest, func() { _ = command.Process.Kill() })
	defer timer.Stop()
	err := command.Wait()
	most := own()
	if err != nil {
		return Sample{}, fmt.Errorf("%w: %s", err, tail(said.Bytes()))
	}
	usage, isKnown := command.ProcessState.SysUsage().(*syscall.Rusage)
	if !isKnown {
		return Sample{}, errors.New("the system does not say what a process used")
	}
	return Sample{
		CPU:  command.ProcessState.UserTime() + command.ProcessState.SystemTime(),
		Peak: usage.Maxrss * unit,
		Own:  most,
	}, nil
}

// tail is the end of what a process said.
func tail(said []byte) []byte {
	const most = 2000
	return said[max(0, len(said)-most):]
}
