package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"benthos-segment/internal/sandbox"
	"benthos-segment/internal/sandbox/faults"
	"benthos-segment/internal/torture/ordeal"
)

const (
	// soakPause is how often a process that is soaked is looked at, soakStart how
	// long it takes until what it keeps is usual.
	soakPause = 10 * time.Second
	soakStart = 3 * time.Minute
)

// kept are what must not grow, as Prometheus names them.
var kept = []string{"process_resident_memory_bytes", "go_memstats_heap_inuse_bytes", "go_goroutines", "process_open_fds"}

// soak lets a process run for as long as it is told, against faults that come
// at random, and says what it keeps, and by how much that grows.
func soak(ctx context.Context, product ordeal.Binary, lasts time.Duration, seed uint64) error {
	seg := &ordeal.Segment{Sandbox: sandbox.New(sandbox.Config{MaxCalls: 1000, MaxRequests: 1000})}
	for n, f := range []faults.Fault{
		{Status: http.StatusTooManyRequests, RetryAfter: "1"},
		{Status: http.StatusServiceUnavailable},
		{Drop: true},
		{LostAck: true},
		{Delay: 2 * time.Second},
	} {
		f.Probability, f.Seed = 0.01, seed+uint64(n)
		if _, err := seg.Faults.Add(f); err != nil {
			return err
		}
	}
	if err := seg.Serve(0); err != nil {
		return err
	}
	defer seg.Close()
	address, err := freeAddress()
	if err != nil {
		return err
	}
	child, err := ordeal.Start(ordeal.Connected, map[string]string{
		"HTTP_ADDRESS": address, "SEGMENT_WRITE_KEY": ordeal.WriteKey, "SEGMENT_ENDPOINT": seg.Url,
	}, product.Path, "run", "pipelines/soak.yaml")
	if err != nil {
		return err
	}
	defer child.Kill()
	seen, err := watch(ctx, "http://"+address+"/metrics", lasts)
	if err != nil {
		return fmt.Errorf("%w\n%s", err, child.Said)
	}
	fmt.Print(growthOf(seen))
	return nil
}

func freeAddress() (string, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("looking for a free port: %w", err)
	}
	return listener.Addr().String(), listener.Close()
}

// sighting is what a process showed at some time.
type sighting struct {
	at     time.Time
	values map[string]float64
}

// watch looks at a process until its time is over.
func watch(ctx context.Context, url string, lasts time.Duration) (seen []sighting, err error) {
	end, tick := time.After(lasts), time.NewTicker(soakPause)
	defer tick.Stop()
	for {
		select {
		case <-end:
			return seen, nil
		case <-ctx.Done():
			return seen, nil
		case <-tick.C:
		}
		values, err := scrape(ctx, url)
		if err != nil && ctx.Err() == nil {
			return seen, err
		}
		seen = append(seen, sighting{time.Now(), values})
	}
}

// scrape returns the sum of each metric.
func scrape(ctx context.Context, url string) (map[string]float64, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, fmt.Errorf("scraping the metrics: %w", err)
	}
	defer res.Body.Close()
	sums := map[string]float64{}
	decoder := expfmt.SampleDecoder{Dec: expfmt.NewDecoder(res.Body, expfmt.ResponseFormat(res.Header)), Opts: &expfmt.DecodeOptions{}}
	for {
		var samples model.Vector
		if err := decoder.Decode(&samples); errors.Is(err, io.EOF) {
			return sums, nil
		} else if err != nil {
			return nil, fmt.Errorf("reading the metrics: %w", err)
		}
		for _, s := range samples {
			sums[string(s.Metric[model.MetricNameLabel])] += float64(s.Value)
		}
	}
}

// growthOf is a table of what was kept, from the end of the start on.
func growthOf(seen []sighting) string {
	var text strings.Builder
	if len(seen) < 2 {
		return "too short to say anything\n"
	}
	settled := slices.IndexFunc(seen, func(s sighting) bool { return s.at.Sub(seen[0].at) >= soakStart })
	steady := seen[max(settled, 0):]
	first, last := seen[0], seen[len(seen)-1]
	span := last.at.Sub(first.at)
	fmt.Fprintf(&text, "%s, %.0f calls (%.0f a second), %.0f requests, %.0f retries\n\n", span.Round(time.Second),
		last.values["segment_calls_sent"], (last.values["segment_calls_sent"]-first.values["segment_calls_sent"])/span.Seconds(),
		last.values["segment_requests"], last.values["segment_retries"])
	w := tabwriter.NewWriter(&text, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "\tleast\tmedian\tmost\tgrowth an hour\t")
	for _, name := range kept {
		var values []float64
		for _, s := range steady {
			values = append(values, s.values[name])
		}
		slices.Sort(values)
		fmt.Fprintf(w, "%s\t%.0f\t%.0f\t%.0f\t%+.1f %%\t\n", name, values[0], values[len(values)/2], values[len(values)-1],
			100*slope(steady, name)*time.Hour.Seconds()/values[len(values)/2])
	}
	_ = w.Flush() // A strings.Builder takes everything.
	return text.String()
}

// slope is by how much a metric grows in a second, by least squares.
func slope(seen []sighting, name string) float64 {
	var t, v, tt, tv float64
	for _, s := range seen {
		x, y := s.at.Sub(seen[0].at).Seconds(), s.values[name]
		t, v, tt, tv = t+x, v+y, tt+x*x, tv+x*y
	}
	n := float64(len(seen))
	return (n*tv - t*v) / max(n*tt-t*t, 1)
}
