package main

import (
	"context"
	"errors"
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

// evenly many partitions are shared by all sizes of a group.
const evenly = 8

// measureCost has one and several processes of a group deliver a topic, in
// turns, with the pipeline that we ship. Events come in when each process has
// its partitions, since those that move cost more: they are sent again. What
// the processes take to start, to wait and to stop is measured without events.
func measureCost(ctx context.Context, w *world) error {
	const events, times = 200_000, 3
	sizes := []int{1, 2, 4, evenly}
	bills, starts := make([][]bill, len(sizes)), make([][]bill, len(sizes))
	for n := range times {
		for i, size := range sizes {
			start, err := w.settledBill(ctx, fmt.Sprintf("start-%d-%d", n, size), size, 0)
			if err != nil {
				return err
			}
			b, err := w.settledBill(ctx, fmt.Sprintf("cost-%d-%d", n, size), size, events)
			if err != nil {
				return err
			}
			bills[i], starts[i] = append(bills[i], b), append(starts[i], start)
			fmt.Printf("%d processes: %.2f s of CPU, %.2f s of it to start and stop, %.2f s\n",
				size, b.cpu.Seconds(), start.cpu.Seconds(), b.wall.Seconds())
		}
	}
	fmt.Printf("%d events of 1.3 KB from Kafka, medians of %d runs\n\n", events, times)
	table := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "processes\tstart and stop of each\tCPU an event\t\twith start and stop\t")
	var base float64
	for i, size := range sizes {
		start := median(starts[i], bill.ofCPU)
		whole := median(bills[i], bill.ofCPU)
		cpu := float64(whole - start)
		if i == 0 {
			base = cpu
		}
		fmt.Fprintf(table, "%d\t%.2f s\t%.2f µs\t%s\t%.2f µs\t\n",
			size, start.Seconds()/float64(size), cpu/events/1000, relative(cpu, base), float64(whole)/events/1000)
	}
	return table.Flush()
}

func (b bill) ofCPU() time.Duration { return b.cpu }

// bill starts so many processes at once on a backlog and waits until all of it is
// delivered.
func (w *world) bill(ctx context.Context, name string, size, events int) (b bill, err error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	from, err := newTopic(ctx, w.kafka.ListenAddrs()[0], name)
	if err != nil {
		return b, err
	}
	defer from.Close(ctx)
	if err := fill(ctx, from, events); err != nil {
		return b, err
	}
	return w.delivered(ctx, from, size, events, func() error { return nil })
}

// settledBill lets events come in when each of so many processes has its
// partitions.
func (w *world) settledBill(ctx context.Context, name string, size, events int) (b bill, err error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	from, err := topic.New(ctx, w.kafka.ListenAddrs()[0], name, topic.Options{Partitions: evenly})
	if err != nil {
		return b, err
	}
	defer from.Close(ctx)
	return w.delivered(ctx, from, size, events, func() error {
		if err := shared(ctx, from, size); err != nil {
			return err
		}
		return fill(ctx, from, events)
	})
}

// delivered starts so many processes, has something happen then, and waits until
// so many events are delivered.
func (w *world) delivered(ctx context.Context, from *topic.Topic, size, events int, then func() error) (b bill, err error) {
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
	err = then()
	if err == nil {
		err = seg.Await(ctx, events)
	}
	if err != nil {
		for i, p := range processes {
			err = fmt.Errorf("%w\nprocess %d: %s", err, i, p.Said)
		}
		return b, err
	}
	b.wall = time.Since(began)
	counted := 0
	for _, p := range processes {
		counts, err := p.settle(ctx, &b)
		if err != nil {
			return b, err
		}
		counted += counts
	}
	if events > 0 && counted == 0 {
		return b, errors.New("reading metrics: no process has a count of batches")
	}
	return b, nil
}

// fill puts so many events in.
func fill(ctx context.Context, from *topic.Topic, events int) error {
	crowd := ordeal.NewCrowd(from.Name, people, true)
	text := randomText(poisonSize)
	crowd.Padding = func(i int) string { return strings.TrimSpace(text(i)) }
	return from.Put(ctx, crowd.Events(events))
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

// settle ends the process and adds what it has cost. It returns how many counts
// of batches that had: one that was late for all events has none.
func (p measured) settle(ctx context.Context, b *bill) (counts int, err error) {
	if err := p.Await(ctx); err != nil {
		return 0, err
	}
	waits, err := waitsOf(ctx, p.metrics)
	if err != nil {
		return 0, err
	}
	if err := p.Terminate(ctx); err != nil {
		return 0, err
	}
	for _, n := range waits {
		b.waits += n
	}
	b.cpu += p.CPU()
	return len(waits), nil
}

var byPeriod = regexp.MustCompile(`(?m)^batch_created\{.*mechanism="period".*\} (\d+)$`)

// waitsOf asks a pipeline how many batches of it had to wait for their period.
func waitsOf(ctx context.Context, address string) (counts []int, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+"/metrics", nil)
	if err != nil {
		return nil, err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, fmt.Errorf("asking for metrics: %w", err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		return nil, fmt.Errorf("reading metrics: %w", err)
	}
	for _, line := range byPeriod.FindAllSubmatch(text, -1) {
		n, err := strconv.Atoi(string(line[1]))
		if err != nil {
			return nil, fmt.Errorf("reading metrics: %w", err)
		}
		counts = append(counts, n)
	}
	return counts, nil
}
