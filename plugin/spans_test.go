package plugin_test

import (
	"context"
	"encoding/binary"
	"net/http"
	"slices"
	"sync"
	"testing"

	"github.com/redpanda-data/benthos/v4/public/service"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/embedded"
	"go.opentelemetry.io/otel/trace/noop"

	"benthos-segment/plugin/segmenttest"
)

// recorder is a tracer provider that keeps the spans it has started.
type recorder struct {
	embedded.TracerProvider
	mu      sync.Mutex
	started []*span
}

func (r *recorder) provide(*service.ParsedConfig) (trace.TracerProvider, error) { return r, nil }

func (r *recorder) Tracer(string, ...trace.TracerOption) trace.Tracer {
	return tracer{recorder: r}
}

// named returns the spans of that name.
func (r *recorder) named(name string) (spans []*span) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, s := range r.started {
		if s.name == name {
			spans = append(spans, s)
		}
	}
	return spans
}

type tracer struct {
	embedded.Tracer
	recorder *recorder
}

func (t tracer) Start(ctx context.Context, name string, options ...trace.SpanStartOption) (context.Context, trace.Span) {
	conf := trace.NewSpanStartConfig(options...)
	s := &span{name: name, kind: conf.SpanKind(), attributes: conf.Attributes()}
	t.recorder.mu.Lock()
	defer t.recorder.mu.Unlock()
	t.recorder.started = append(t.recorder.started, s)
	return trace.ContextWithSpan(ctx, s), s
}

// span is one that was started.
type span struct {
	noop.Span
	name       string
	kind       trace.SpanKind
	links      []trace.SpanContext
	attributes []attribute.KeyValue
	code       codes.Code
	ended      int
}

func (s *span) IsRecording() bool { return true }
func (s *span) AddLink(link trace.Link) {
	s.links = append(s.links, link.SpanContext)
}

func (s *span) SetAttributes(more ...attribute.KeyValue) {
	s.attributes = append(s.attributes, more...)
}
func (s *span) SetStatus(code codes.Code, _ string) { s.code = code }
func (s *span) End(...trace.SpanEndOption)          { s.ended++ }

func (s *span) attribute(key string) (value int64) {
	set := attribute.NewSet(s.attributes...)
	found, _ := set.Value(attribute.Key(key))
	return found.AsInt64()
}

// spanContext is that of the nth message.
func spanContext(n int) trace.SpanContext {
	var conf trace.SpanContextConfig
	binary.BigEndian.PutUint64(conf.TraceID[8:], uint64(n+1))
	binary.BigEndian.PutUint64(conf.SpanID[:], uint64(n+1))
	return trace.NewSpanContext(conf)
}

func TestARequestIsASpanLinkedToItsMessages(t *testing.T) {
	sb := segmenttest.New(t)
	sb.Fail(http.StatusServiceUnavailable).Times(1)
	p := start(t, segmentOutput(sb.URL))

	batch := events(
		`{"type":"track","event":"A","userId":"u"}`,
		`[{"type":"track","event":"B","userId":"u"},{"type":"track","event":"C","userId":"u"}]`,
		`{"type":"track","event":"D","userId":"u","integrations":{"Segment":false}}`,
	)
	var contexts []trace.SpanContext
	for n, msg := range batch {
		contexts = append(contexts, spanContext(n))
		batch[n] = msg.WithContext(trace.ContextWithSpanContext(msg.Context(), contexts[n]))
	}
	p.accept(batch)

	spans := p.spans.named("segment batch")
	require.Len(t, spans, 2, "one for each attempt")
	for n, status := range []int64{http.StatusServiceUnavailable, http.StatusOK} {
		s := spans[n]
		assert.Equal(t, trace.SpanKindClient, s.kind)
		assert.Equal(t, contexts[:2], s.links, "one for each message that was sent")
		assert.Equal(t, status, s.attribute("http.response.status_code"))
		assert.EqualValues(t, 3, s.attribute("segment.calls"))
		assert.EqualValues(t, n, s.attribute("http.request.resend_count"))
		assert.Equal(t, 1, s.ended)
	}
	assert.Equal(t, []codes.Code{codes.Error, codes.Unset}, []codes.Code{spans[0].code, spans[1].code})
}

func TestARequestOfManyMessagesHasABoundedNumberOfLinks(t *testing.T) {
	sb := segmenttest.New(t)
	p := start(t, segmentOutput(sb.URL))
	batch := events(slices.Repeat([]string{`{"type":"track","event":"A","userId":"u"}`}, 300)...)
	for n, msg := range batch {
		batch[n] = msg.WithContext(trace.ContextWithSpanContext(msg.Context(), spanContext(n)))
	}
	p.accept(batch)
	require.Len(t, p.spans.named("segment batch"), 1)
	assert.Len(t, p.spans.named("segment batch")[0].links, 128)
}
