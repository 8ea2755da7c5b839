package runner

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"time"

	"benthos-segment/bench/internal/contender"
	"benthos-segment/bench/internal/corpus"
	"benthos-segment/bench/internal/sink"
)

// Flow is a stream of events that happen at a steady rate.
type Flow struct {
	// Rate is events a second, and Answer how long the sink takes to answer.
	Rate   int
	Answer time.Duration
	// EachSecond says that each person comes once a second. Else nobody comes
	// twice.
	EachSecond bool
	// Lasts is how long it goes on.
	Lasts time.Duration
}

// Limit is what 99 of 100 events may take: two answers where the last event of
// the same person may be under way, and the time to gather a request.
func (f Flow) Limit() time.Duration {
	const gathering = 150 * time.Millisecond
	if f.EachSecond {
		return 2*f.Answer + gathering
	}
	return f.Answer + gathering
}

func (f Flow) events() int { return int(int64(f.Rate) * int64(f.Lasts) / int64(time.Second)) }

// born returns when an event happens, from the first one on.
func (f Flow) born(index int) time.Duration {
	return time.Duration(int64(index) * int64(time.Second) / int64(f.Rate))
}

func (f Flow) shape() corpus.Shape {
	shape := corpus.Shape{Events: f.events(), People: f.events(), InTurn: true}
	if f.EachSecond {
		shape.People = f.Rate
	}
	return shape
}

// Delays are what became of a flow.
type Delays struct {
	Flow
	// P50, P99 and P999 are from the birth of an event to the answer.
	P50, P99, P999 time.Duration
	// PerEvent is processor time, without that of a process that has nothing to
	// do.
	PerEvent time.Duration
	Requests int
}

// warmUp is how long events are sent that do not count: the first request of a
// process needs a connection.
const warmUp = time.Second

// Idle returns what the process costs while nothing happens.
func (b *Bench) Idle(c contender.Contender, lasts time.Duration) (time.Duration, error) {
	sample, _, err := b.feed(c, Flow{}, func(io.Writer) error {
		time.Sleep(lasts)
		return nil
	})
	return sample.CPU, err
}

// Delays lets a flow pass, and fails if an event is missing.
func (b *Bench) Delays(c contender.Contender, flow Flow, idle time.Duration) (Delays, error) {
	events, err := b.lines(flow)
	if err != nil {
		return Delays{}, err
	}
	var started time.Time
	sample, answers, err := b.feed(c, flow, func(to io.Writer) error {
		started = time.Now()
		return flow.write(to, events, started)
	})
	if err != nil {
		return Delays{}, err
	}
	sample.Events = flow.events()
	if err := arrived(c, sample); err != nil {
		return Delays{}, err
	}
	delays := Delays{
		Flow: flow, Requests: sample.Sink.Requests,
		PerEvent: max(0, sample.CPU-idle) / time.Duration(flow.events()),
	}
	delays.P50, delays.P99, delays.P999 = flow.percentiles(answers, started)
	return delays, nil
}

func (b *Bench) lines(flow Flow) ([][]byte, error) {
	path, err := corpus.File(b.Tools.Directory, flow.shape(), corpus.Lines)
	if err != nil {
		return nil, err
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("reading the corpus: %w", err)
	}
	return bytes.Split(text, []byte("\n")), nil
}

// feed runs the process, and writes to its input.
func (b *Bench) feed(c contender.Contender, flow Flow, write func(io.Writer) error) (Sample, sink.Answers, error) {
	if err := b.Far.reset(flow.Answer); err != nil {
		return Sample{}, nil, err
	}
	command, err := c.Command(b.Tools, "", b.Far.URL)
	if err != nil {
		return Sample{}, nil, err
	}
	written, err := fill(command, write)
	if err != nil {
		return Sample{}, nil, err
	}
	sample, err := run(command)
	if err == nil {
		err = <-written
	}
	if err != nil {
		return Sample{}, nil, fmt.Errorf("running %q: %w", c.Name, err)
	}
	if sample.Sink, err = b.Far.report(); err != nil {
		return Sample{}, nil, err
	}
	answers, err := b.Far.answers()
	return sample, answers, err
}

// fill writes to the input of a process once that runs.
func fill(command *exec.Cmd, write func(io.Writer) error) (<-chan error, error) {
	input, err := command.StdinPipe()
	if err != nil {
		return nil, err
	}
	written := make(chan error, 1)
	go func() {
		defer input.Close()
		// It takes a while until somebody reads, which is no part of a delay.
		_, _ = input.Write([]byte("\n"))
		time.Sleep(warmUp)
		written <- write(input)
	}()
	return written, nil
}

// write writes each event when it happens. An event that is late because of
// those before it was born in time all the same.
func (f Flow) write(to io.Writer, events [][]byte, started time.Time) error {
	buffered := bufio.NewWriterSize(to, 1<<20)
	for index, event := range events {
		if early := time.Until(started.Add(f.born(index))); early > 0 {
			if err := buffered.Flush(); err != nil {
				return fmt.Errorf("writing events: %w", err)
			}
			time.Sleep(early)
		}
		_, _ = buffered.Write(event)
		_ = buffered.WriteByte('\n')
	}
	if err := buffered.Flush(); err != nil {
		return fmt.Errorf("writing events: %w", err)
	}
	return nil
}

func (f Flow) percentiles(answers sink.Answers, started time.Time) (p50, p99, p999 time.Duration) {
	var delays []time.Duration
	for index, at := range answers {
		if born := f.born(int(index)); born >= min(warmUp, f.Lasts/2) {
			delays = append(delays, time.Unix(0, at).Sub(started.Add(born)))
		}
	}
	slices.Sort(delays)
	return percentile(delays, 500), percentile(delays, 990), percentile(delays, 999)
}

// percentile returns what so many of a thousand are not above.
func percentile(sorted []time.Duration, perMille int) time.Duration {
	return sorted[max(0, (len(sorted)*perMille+999)/1000-1)]
}
