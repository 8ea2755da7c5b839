package otlp

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"sync"
	"time"

	"github.com/redpanda-data/benthos/v4/public/service"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"google.golang.org/grpc/status"
)

const (
	// exportTimeout is how long a collector may take for some spans, with all
	// attempts.
	exportTimeout = 10 * time.Second
	// maxWaiting bounds the spans in memory. Newer ones are dropped.
	maxWaiting  = 8192
	maxTogether = 1024
	// sayAgain is how often the log says that a collector is away.
	sayAgain = time.Minute
)

// exporter sends spans to one collector, without what is nobody's business. It
// never fails: what it could not send is dropped, and the log says so now and
// then.
type exporter struct {
	sdk.SpanExporter
	log *service.Logger
	// to names the collector.
	to string

	mu      sync.Mutex
	isAway  bool
	said    time.Time
	dropped int
}

// ExportSpans sends spans.
func (e *exporter) ExportSpans(ctx context.Context, spans []sdk.ReadOnlySpan) error {
	if err := e.SpanExporter.ExportSpans(ctx, scrub(spans)); err != nil {
		e.away(len(spans), err)
		return nil
	}
	e.back()
	return nil
}

func (e *exporter) away(spans int, err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.dropped += spans
	e.isAway = true
	if time.Since(e.said) < sayAgain {
		return
	}
	e.log.Warnf("tracer %s: the collector %s does not take spans: %s. %d spans were dropped; events are not affected. Check its address and secure",
		Name, e.to, cause(err), e.dropped)
	e.said, e.dropped = time.Now(), 0
}

func (e *exporter) back() {
	e.mu.Lock()
	defer e.mu.Unlock()
	if !e.isAway {
		return
	}
	e.log.Infof("tracer %s: the collector %s takes spans again", Name, e.to)
	e.isAway, e.said, e.dropped = false, time.Time{}, 0
}

// cause returns why spans were not taken, without what the collector has
// answered besides, which may be anything.
func cause(err error) string {
	var failed *url.Error
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return "it does not answer in time"
	case errors.As(err, &failed):
		return failed.Err.Error()
	}
	if answer, isAnswer := status.FromError(err); isAnswer {
		return fmt.Sprintf("it answers %s", answer.Code())
	}
	return "it refuses them"
}
