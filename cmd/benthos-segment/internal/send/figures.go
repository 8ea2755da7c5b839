package send

import (
	"context"
	"strings"
	"sync"

	"github.com/redpanda-data/benthos/v4/public/service"
)

// figures adds up the metrics of the output. The names are those that
// docs/segment.md lists, with the value of their label after them.
type figures struct {
	mu   sync.Mutex
	sums map[string]int64
}

var _ service.MetricsExporter = (*figures)(nil)

func newFigures() *figures { return &figures{sums: map[string]int64{}} }

const (
	figureSent      = "segment_calls_sent"
	figureSkipped   = "segment_calls_skipped"
	figureRejected  = "segment_calls_rejected"
	figureRequests  = "segment_requests"
	figureRetries   = "segment_retries"
	figureWireBytes = "segment_wire_bytes"
)

// sum adds up a metric over all values of its label.
func (f *figures) sum(name string) (total int64) {
	for _, n := range f.by(name) {
		total += n
	}
	return total
}

// by returns a metric by the values of its label.
func (f *figures) by(name string) map[string]int64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	found := map[string]int64{}
	for key, n := range f.sums {
		if own, label, _ := strings.Cut(key, " "); own == name {
			found[label] = n
		}
	}
	return found
}

// add counts. Nothing is no figure: a counter starts at 0.
func (f *figures) add(key string, n int64) {
	if n == 0 {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.sums[key] += n
}

// counter is one metric with one value of its label.
type counter struct {
	all *figures
	key string
}

func (c counter) Incr(n int64)          { c.all.add(c.key, n) }
func (c counter) IncrFloat64(n float64) { c.Incr(int64(n)) }

// NewCounterCtor makes a counter. The engine puts labels of its own before those
// of the metric.
func (f *figures) NewCounterCtor(name string, keys ...string) service.MetricsExporterCounterCtor {
	return func(values ...string) service.MetricsExporterCounter {
		key := name
		for i, label := range keys {
			if label != "label" && label != "path" && label != "stream" {
				key += " " + values[i]
			}
		}
		return counter{f, key}
	}
}

// ignored is a metric that nobody looks at.
type ignored struct{}

func (ignored) Timing(int64)       {}
func (ignored) Set(int64)          {}
func (ignored) SetFloat64(float64) {}

// NewTimerCtor makes timers that nobody looks at.
func (*figures) NewTimerCtor(string, ...string) service.MetricsExporterTimerCtor {
	return func(...string) service.MetricsExporterTimer { return ignored{} }
}

// NewGaugeCtor makes gauges that nobody looks at.
func (*figures) NewGaugeCtor(string, ...string) service.MetricsExporterGaugeCtor {
	return func(...string) service.MetricsExporterGauge { return ignored{} }
}

// Close does nothing.
func (*figures) Close(context.Context) error { return nil }
