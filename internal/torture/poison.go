package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"benthos-segment/internal/sandbox/faults"
	"benthos-segment/internal/sandbox/inbox"
	"benthos-segment/internal/torture/ordeal"
)

// A poison is an event in a thousand that cannot be delivered.
type poison struct {
	name string
	// spoil makes an event guilty.
	spoil func(payload string) string
	// refused is where only Segment finds out.
	refused bool
	// single is where the input hands over one event at a time, as a file or
	// JetStream does, and not a batch with one acknowledgement, as Kafka does.
	single bool
	// far is where each answer takes a while.
	far bool
}

const (
	// poisonEvery is how many events have one guilty one among them.
	poisonEvery = 1000
	// poisonSize is about what events of real SDKs have.
	poisonSize = 1300
	// handed is how many events the input hands over together.
	handed = 2500
)

var poisons = []poison{
	{name: "none", spoil: spareIt},
	{name: "refused here", spoil: unnameIt},
	{name: "refused by Segment", spoil: markIt, refused: true},
	{name: "none, one by one", spoil: spareIt, single: true},
	{name: "refused here, one by one", spoil: unnameIt, single: true},
	{name: "none, far away", spoil: spareIt, far: true},
	{name: "refused here, far away", spoil: unnameIt, far: true},
	{name: "refused by Segment, far away", spoil: markIt, refused: true, far: true},
}

// distance is the longest that a far request takes to come in, and its answer
// to come back: 50 ms for both, on average.
const distance = 50 * time.Millisecond

func spareIt(payload string) string { return payload }

func unnameIt(payload string) string {
	return strings.Replace(payload, `"event":"Product Viewed",`, "", 1)
}

func markIt(payload string) string {
	return strings.Replace(payload, "Product Viewed", "Poison", 1)
}

// share is how many of the events are enough: those that are far take longer.
func (p poison) share(events int) int {
	if p.far {
		return events / 5
	}
	return events
}

// isClean says whether nothing is wrong with any event.
func (p poison) isClean() bool { return strings.HasPrefix(p.name, "none") }

// toll is what delivering a file has cost.
type toll struct {
	cpu time.Duration
	// span is from the first request to the last, without the start and the end
	// of the process.
	span time.Duration
	// requests and sent count what the stand-in got, calls that came again
	// included, and accepted what it accepted for the first time; dead is how many
	// events became dead letters.
	requests, sent, accepted, dead int
}

// deliver runs the product over a file of events and takes the toll.
func (p poison) deliver(ctx context.Context, product ordeal.Binary, folder string, events int) (t toll, err error) {
	lines, dead := filepath.Join(folder, p.name+".ndjson"), filepath.Join(folder, "dead_letters.ndjson")
	if err := os.RemoveAll(dead); err != nil {
		return t, fmt.Errorf("making room for dead letters: %w", err)
	}
	if _, err := os.Stat(lines); errors.Is(err, os.ErrNotExist) {
		if err := p.write(lines, events); err != nil {
			return t, err
		}
	}
	seg, endpoint, err := p.segment()
	if err != nil {
		return t, err
	}
	defer seg.Close()
	child, err := ordeal.Start(nil, map[string]string{
		"EVENTS": lines, "DEAD_LETTERS": dead, "SEGMENT_WRITE_KEY": ordeal.WriteKey, "SEGMENT_ENDPOINT": endpoint,
	}, product.Path, "run", "pipelines/poison.yaml")
	if err != nil {
		return t, err
	}
	defer child.Kill()
	if err := child.Ended(ctx); err != nil {
		return t, err
	}
	letters, err := os.ReadFile(dead)
	if err != nil && !p.isClean() {
		return t, fmt.Errorf("reading dead letters: %w", err)
	}
	requests, sum := seg.Inbox.RequestsAfter(0), seg.Inbox.Summary()
	return toll{
		cpu: child.CPU(), span: requests[len(requests)-1].ReceivedAt.Sub(requests[0].ReceivedAt),
		requests: sum.Requests, sent: sum.Calls + sum.Refused, accepted: sum.Unique,
		dead: bytes.Count(letters, []byte("\n")),
	}, nil
}

// segment serves the stand-in that the poison asks for, and says where.
func (p poison) segment() (seg *ordeal.Segment, endpoint string, err error) {
	pause := time.Duration(0)
	if p.far {
		pause = distance
	}
	seg = ordeal.NewSegment(0, pause)
	if p.refused {
		_, err := seg.Faults.Add(faults.Fault{Status: http.StatusBadRequest, Match: inbox.Match{Event: "Poison"}})
		if err != nil {
			return nil, "", err
		}
	}
	if err := seg.Serve(0); err != nil {
		return nil, "", err
	}
	if p.far {
		return seg, seg.Endpoint(1), nil
	}
	return seg, seg.Url, nil
}

// write writes lines. A blank one follows those that are handed over
// together.
func (p poison) write(path string, events int) error {
	file, err := os.Create(path)
	if err != nil {
		return fmt.Errorf("writing events: %w", err)
	}
	defer file.Close()
	w := bufio.NewWriter(file)
	padding, together := randomText(poisonSize), handed
	if p.single {
		together = 1
	}
	for i := range events {
		payload := fmt.Sprintf(`{"type":"track","event":"Product Viewed","messageId":"m-%d","userId":"u-%d","properties":{"sku":"G-%d","text":%q}}`,
			i, i%1000, i, padding(i))
		if i%poisonEvery == poisonEvery/2 {
			payload = p.spoil(payload)
		}
		fmt.Fprintln(w, payload)
		if i%together == together-1 {
			fmt.Fprintln(w)
		}
	}
	if err := w.Flush(); err != nil {
		return fmt.Errorf("writing events: %w", err)
	}
	return nil
}

// randomText returns text that compresses about as well as events do, and the
// same each time.
func randomText(size int) func(i int) string {
	rng := rand.New(rand.NewPCG(1, 1))
	words := make([]byte, 64*size)
	for i := range words {
		words[i] = "etaoinshrdlu "[rng.IntN(13)]
	}
	return func(i int) string { return string(words[i%63*size:][:size/3]) + string(words[:size/2]) }
}

// comparePoisons delivers the same number of events with each poison in turn,
// again and again, so that what else the machine does strikes all of them.
func comparePoisons(ctx context.Context, product ordeal.Binary, folder string, poisons []poison, events, times int) (string, error) {
	tolls := make([][]toll, len(poisons))
	for range times {
		for i, p := range poisons {
			t, err := p.deliver(ctx, product, folder, p.share(events))
			if err != nil {
				return "", err
			}
			tolls[i] = append(tolls[i], t)
		}
	}
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "1 in 1000 is\tCPU an event\t\tevents/s\t\trequests\tcalls sent\taccepted\tdead letters\t")
	var baseCPU, baseRate float64
	for i, p := range poisons {
		cpu := float64(median(tolls[i], func(t toll) time.Duration { return t.cpu }))
		rate := float64(p.share(events)) / median(tolls[i], func(t toll) time.Duration { return t.span }).Seconds()
		if p.isClean() {
			baseCPU, baseRate = cpu, rate
		}
		last := tolls[i][times-1]
		fmt.Fprintf(w, "%s\t%.2f µs\t%s\t%.0f\t%s\t%d\t%d\t%d\t%d\t\n", p.name,
			cpu/float64(p.share(events))/1000, relative(cpu, baseCPU), rate, relative(rate, baseRate),
			last.requests, last.sent, last.accepted, last.dead)
	}
	err := w.Flush()
	return b.String(), err
}

func median[T any](tolls []T, of func(T) time.Duration) time.Duration {
	values := make([]time.Duration, len(tolls))
	for i, t := range tolls {
		values[i] = of(t)
	}
	slices.Sort(values)
	return values[len(values)/2]
}

func relative(value, base float64) string {
	return fmt.Sprintf("%+.1f %%", 100*(value/base-1))
}
