package guarantees_test

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/redpanda-data/benthos/v4/public/service"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/embedded"
	"go.opentelemetry.io/otel/trace/noop"

	"benthos-segment/internal/streamtest"
	"benthos-segment/internal/tracking"
)

// watcher is an observer of a client that counts as the output does.
type watcher struct {
	streamtest.Figures
	log streamtest.Log
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
		w.Add("segment_requests "+status, 1)
		w.Add("segment_request_calls", int64(req.Count()))
		w.Add("segment_request_bytes", int64(req.Bytes))
		w.Add("segment_wire_bytes", int64(req.WireBytes))
		w.say(fmt.Sprint(got.Err))
	}
}

func (w *watcher) Retrying(class tracking.Class) {
	w.Add("segment_retries "+class.String(), 1)
}
func (w *watcher) Splitting() { w.Add("segment_splits", 1) }
func (w *watcher) Throttled(wait time.Duration) {
	w.Add("segment_throttle_wait_ns", wait.Nanoseconds())
}

func (w *watcher) Stuck(trouble tracking.Trouble) { w.say(fmt.Sprintf("%+v", trouble)) }
func (w *watcher) Recovered(source string)        { w.say("recovered: " + source) }

func (w *watcher) say(text string) { fmt.Fprintln(&w.log, text) }

// spans is a tracer provider that keeps all that spans are told.
type spans struct {
	embedded.TracerProvider
	log streamtest.Log
}

func (s *spans) provide(*service.ParsedConfig) (trace.TracerProvider, error) { return s, nil }

func (s *spans) Tracer(string, ...trace.TracerOption) trace.Tracer { return tracer{all: s} }

func (s *spans) note(what ...any) { fmt.Fprintln(&s.log, what...) }

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
