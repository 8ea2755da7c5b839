package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"regexp"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"benthos-segment/internal/torture/ordeal"
	"benthos-segment/internal/torture/topic"
)

// bill is what delivering the events of a topic has cost its processes.
type bill struct {
	cpu, wall time.Duration
	// waits is how many batches were sent because their period was over.
	waits int
}

// measureCost has one and several processes of a group deliver a topic, in
// turns, with the pipeline that we ship.
func measureCost(ctx context.Context, w *world) error {
	const events, times = 100_000, 3
	sizes := []int{1, 2}
	bills := make([][]bill, len(sizes))
	for n := range times {
		for i, size := range sizes {
			b, err := w.bill(ctx, fmt.Sprintf("cost-%d-%d", n, size), size, events)
			if err != nil {
				return err
			}
			bills[i] = append(bills[i], b)
			fmt.Printf("%d processes: %.2f µs an event, %.2f s\n", size, float64(b.cpu.Nanoseconds())/events/1000, b.wall.Seconds())
		}
	}
	fmt.Printf("%d events of 1.3 KB from Kafka, medians of %d runs\n\n", events, times)
	table := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "processes\tCPU an event\t\twall\t")
	base := median(bills[0], func(b bill) time.Duration { return b.cpu })
	for i, size := range sizes {
		cpu := median(bills[i], func(b bill) time.Duration { return b.cpu })
		wall := median(bills[i], func(b bill) time.Duration { return b.wall })
		fmt.Fprintf(table, "%d\t%.2f µs\t%s\t%.2f s\t\n", size, float64(cpu.Nanoseconds())/events/1000, relative(float64(cpu), float64(base)), wall.Seconds())
	}
	return table.Flush()
}

// bill starts so many processes at once and waits until all is delivered.
func (w *world) bill(ctx context.Context, name string, size, events int) (b bill, err error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	from, err := w.filled(ctx, name, events)
	if err != nil {
		return b, err
	}
	defer from.Close(ctx)
	seg := ordeal.NewSegment(0, 0)
	if err := seg.Serve(0); err != nil {
		return b, err
	}
	defer seg.Close()
	began := time.Now()
	processes := make([]measured, size)
	for i := range processes {
		if processes[i], err = w.measured(from.Seat(i), seg.Endpoint(i)); err != nil {
			return b, err
		}
		defer processes[i].Kill()
	}
	if err := seg.Await(ctx, events); err != nil {
		for i, p := range processes {
			err = fmt.Errorf("%w\nprocess %d: %s", err, i, p.Said)
		}
		return b, err
	}
	b.wall = time.Since(began)
	for _, p := range processes {
		if err := p.settle(ctx, &b); err != nil {
			return b, err
		}
	}
	return b, nil
}

// filled is a topic with so many events.
func (w *world) filled(ctx context.Context, name string, events int) (*topic.Topic, error) {
	from, err := newTopic(ctx, w.kafka.ListenAddrs()[0], name)
	if err != nil {
		return nil, err
	}
	crowd := ordeal.NewCrowd(name, people, true)
	text := randomText(poisonSize)
	crowd.Padding = func(i int) string { return strings.TrimSpace(text(i)) }
	if err := from.Put(ctx, crowd.Events(events)); err != nil {
		from.Close(ctx)
		return nil, err
	}
	return from, nil
}

// measured is a process, with the address of its metrics.
type measured struct {
	*ordeal.Process
	metrics string
}

// measured starts a process without a trace of every step, as in production.
func (w *world) measured(env map[string]string, endpoint string) (p measured, err error) {
	port, err := ordeal.FreePort()
	if err != nil {
		return p, err
	}
	p.metrics = net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
	env["METRICS_ADDRESS"] = p.metrics
	env["SEGMENT_WRITE_KEY"], env["SEGMENT_ENDPOINT"] = ordeal.WriteKey, endpoint
	p.Process, err = ordeal.Start(ordeal.Connected, env, w.product.Path, "run", "../../config/kafka_scaled.yaml")
	return p, err
}

// settle ends the process and adds what it has cost.
func (p measured) settle(ctx context.Context, b *bill) error {
	if err := p.Await(ctx); err != nil {
		return err
	}
	waits, err := waitsOf(ctx, p.metrics)
	if err != nil {
		return err
	}
	if err := p.Terminate(ctx); err != nil {
		return err
	}
	b.waits += waits
	b.cpu += p.CPU()
	return nil
}

var byPeriod = regexp.MustCompile(`(?m)^batch_created\{.*mechanism="period".*\} (\d+)$`)

// waitsOf asks a pipeline how many batches of it had to wait for their period.
func waitsOf(ctx context.Context, address string) (n int, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+"/metrics", nil)
	if err != nil {
		return 0, err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, fmt.Errorf("asking for metrics: %w", err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		return 0, fmt.Errorf("reading metrics: %w", err)
	}
	lines := byPeriod.FindAllSubmatch(text, -1)
	if len(lines) == 0 {
		return 0, fmt.Errorf("reading metrics: no count of batches in an answer of status %d", res.StatusCode)
	}
	for _, line := range lines {
		waits, err := strconv.Atoi(string(line[1]))
		if err != nil {
			return 0, fmt.Errorf("reading metrics: %w", err)
		}
		n += waits
	}
	return n, nil
}
