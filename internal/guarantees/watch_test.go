package guarantees_test

import (
	"context"
	"fmt"
	"maps"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/redpanda-data/benthos/v4/public/service"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/embedded"
	"go.opentelemetry.io/otel/trace/noop"

	"benthos-segment/internal/tracking"
)

// counters adds up, by the name of a metric followed by its label values.
type counters struct {
	mu   sync.Mutex
	sum  map[string]int64
	text strings.Builder
}

func (c *counters) add(n int64, name string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.sum == nil {
		c.sum = map[string]int64{}
	}
	c.sum[name] += n
}

func (c *counters) sums() map[string]int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return maps.Clone(c.sum)
}

func (c *counters) reset() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sum = nil
}

// watcher is an observer of a client that counts as the output does.
type watcher struct {
	counters
	// sending is called before each attempt, if set.
	sending func()
}

var _ tracking.Observer = (*watcher)(nil)

func (w *watcher) Sending(ctx context.Context, req tracking.Request) (context.Context, func(tracking.Answer)) {
	if w.sending != nil {
		w.sending()
	}
	return ctx, func(got tracking.Answer) {
		status := "error"
		if got.Err == nil {
			status = strconv.Itoa(got.Status)
		}
		w.add(1, "segment_requests "+status)
		w.add(int64(req.Count()), "segment_request_calls")
		w.add(int64(req.Bytes), "segment_request_bytes")
		w.add(int64(req.WireBytes), "segment_wire_bytes")
		w.say(fmt.Sprint(got.Err))
	}
}

func (w *watcher) Retrying(class tracking.Class) {
	w.add(1, "segment_retries "+class.String())
}
func (w *watcher) Splitting() { w.add(1, "segment_splits") }
func (w *watcher) Throttled(wait time.Duration) {
	w.add(wait.Nanoseconds(), "segment_throttle_wait_ns")
}

func (w *watcher) Stuck(trouble tracking.Trouble) { w.say(fmt.Sprintf("%+v", trouble)) }
func (w *watcher) Recovered(source string)        { w.say("recovered: " + source) }

func (w *watcher) say(text string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.text.WriteString(text + "\n")
}

func (w *watcher) said() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.text.String()
}

// figures is a metrics exporter that adds up what it is told.
type figures struct{ counters }

type figure struct {
	all  *figures
	name string
}

func (f figure) Incr(count int64)          { f.all.add(count, f.name) }
func (f figure) IncrFloat64(count float64) { f.Incr(int64(count)) }
func (f figure) Timing(int64)              { f.Incr(1) }
func (f figure) Set(int64)                 {}
func (f figure) SetFloat64(float64)        {}

// with names a metric by the labels that are its own.
func (f *figures) with(name string, keys, values []string) figure {
	parts := []string{name}
	for i, key := range keys {
		if key != "label" && key != "path" && key != "stream" {
			parts = append(parts, values[i])
		}
	}
	return figure{all: f, name: strings.Join(parts, " ")}
}

func (f *figures) NewCounterCtor(name string, keys ...string) service.MetricsExporterCounterCtor {
	return func(values ...string) service.MetricsExporterCounter { return f.with(name, keys, values) }
}

func (f *figures) NewTimerCtor(name string, keys ...string) service.MetricsExporterTimerCtor {
	return func(values ...string) service.MetricsExporterTimer { return f.with(name, keys, values) }
}

func (f *figures) NewGaugeCtor(name string, keys ...string) service.MetricsExporterGaugeCtor {
	return func(values ...string) service.MetricsExporterGauge { return f.with(name, keys, values) }
}

func (*figures) Close(context.Context) error { return nil }

// all returns every figure, those of the engine too.
func (f *figures) all() map[string]int64 { return f.sums() }

// spans is a tracer provider that keeps all that spans are told.
type spans struct {
	embedded.TracerProvider
	mu   sync.Mutex
	text strings.Builder
}

func (s *spans) provide(*service.ParsedConfig) (trace.TracerProvider, error) { return s, nil }

func (s *spans) Tracer(string, ...trace.TracerOption) trace.Tracer { return tracer{all: s} }

func (s *spans) note(what ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	fmt.Fprintln(&s.text, what...)
}

func (s *spans) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

type tracer struct {
	embedded.Tracer
	all *spans
}

func (t tracer) Start(ctx context.Context, name string, options ...trace.SpanStartOption) (context.Context, trace.Span) {
	conf := trace.NewSpanStartConfig(options...)
	t.all.note(name, conf.Attributes())
	s := span{all: t.all}
	return trace.ContextWithSpan(ctx, s), s
}

type span struct {
	noop.Span
	all *spans
}

func (s span) SetAttributes(more ...attribute.KeyValue)      { s.all.note(more) }
func (s span) SetStatus(code codes.Code, description string) { s.all.note(code, description) }
func (s span) RecordError(err error, _ ...trace.EventOption) { s.all.note(err) }
func (s span) AddEvent(name string, options ...trace.EventOption) {
	conf := trace.NewEventConfig(options...)
	s.all.note(name, conf.Attributes())
}
