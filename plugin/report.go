package plugin

import (
	"context"
	"strconv"
	"sync"
	"time"

	"github.com/redpanda-data/benthos/v4/public/service"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	"benthos-segment/internal/recorder"
	"benthos-segment/internal/segment"
	"benthos-segment/internal/tracking"
)

// The labels of what was skipped, and of an attempt without an answer.
const (
	skippedEmpty        = "empty"
	skippedMapping      = "mapping"
	skippedIntegrations = "integrations"
	skippedConsent      = "consent"
	noAnswer            = "error"
)

// report is what the output tells its operator: counters, spans, and a log
// that is silent while all is well. It never holds an event or a write key.
type report struct {
	log    *service.Logger
	tracer trace.Tracer

	callsSent      *service.MetricCounter
	callsRejected  *service.MetricCounter
	callsSkipped   *service.MetricCounter
	notes          *service.MetricCounter
	planFindings   *service.MetricCounter
	requests       *service.MetricCounter
	retries        *service.MetricCounter
	splits         *service.MetricCounter
	throttleWait   *service.MetricCounter
	requestLatency *service.MetricTimer
	requestCalls   *service.MetricCounter
	requestBytes   *service.MetricCounter
	wireBytes      *service.MetricCounter
	eventLag       *service.MetricTimer
	backlog        *backlog
	// recorder keeps what became of the last calls; nil where nobody wants it.
	recorder *recorder.Recorder

	sayExcluded sync.Once
}

func newReport(res *service.Resources) *report {
	metrics := res.Metrics()
	metrics.NewGauge("segment_start_time_seconds").Set(time.Now().Unix())
	r := &report{
		log:            res.Logger(),
		tracer:         res.OtelTracer().Tracer(libraryName),
		callsSent:      metrics.NewCounter("segment_calls_sent", "type"),
		callsRejected:  metrics.NewCounter("segment_calls_rejected", "reason"),
		callsSkipped:   metrics.NewCounter("segment_calls_skipped", "reason"),
		notes:          metrics.NewCounter("segment_conversion_notes", "kind"),
		planFindings:   metrics.NewCounter("segment_plan_findings", "kind"),
		requests:       metrics.NewCounter("segment_requests", "status"),
		retries:        metrics.NewCounter("segment_retries", "class"),
		splits:         metrics.NewCounter("segment_splits"),
		throttleWait:   metrics.NewCounter("segment_throttle_wait_ns"),
		requestLatency: metrics.NewTimer("segment_request_latency_ns"),
		requestCalls:   metrics.NewCounter("segment_request_calls"),
		requestBytes:   metrics.NewCounter("segment_request_bytes"),
		wireBytes:      metrics.NewCounter("segment_wire_bytes"),
		eventLag:       metrics.NewTimer("segment_event_lag_ns"),
		backlog:        backlogOf(res),
	}
	r.startAtZero()
	return r
}

// startAtZero shows the counters before there is something to count. One that
// begins at 1 has not grown, for whoever asks by how much it did.
func (r *report) startAtZero() {
	for t := segment.Identify; t <= segment.Alias; t++ {
		r.callsSent.Incr(0, t.String())
	}
	for _, reason := range segment.Reasons() {
		r.callsRejected.Incr(0, string(reason))
	}
	for _, reason := range []string{skippedEmpty, skippedMapping, skippedIntegrations, skippedConsent} {
		r.callsSkipped.Incr(0, reason)
	}
	for _, class := range []tracking.Class{tracking.Throttled, tracking.Transient, tracking.Setup, tracking.Refused} {
		r.retries.Incr(0, class.String())
	}
	for _, status := range []string{"200", noAnswer} {
		r.requests.Incr(0, status)
	}
	for _, counter := range []*service.MetricCounter{r.splits, r.throttleWait, r.requestCalls, r.requestBytes, r.wireBytes} {
		counter.Incr(0)
	}
}

// unsent says that a batch has come in, until the function that it returns is
// called.
func (r *report) unsent() func() { return r.backlog.add() }

// waiting says that some calls wait for their turn, until the function that it
// returns is called.
func (r *report) waiting(calls int) func() {
	r.backlog.wait(calls)
	return func() { r.backlog.wait(-calls) }
}

// sentByType counts calls that were accepted.
type sentByType [segment.Alias + 1]int64

func (r *report) sent(calls sentByType) {
	for t, count := range calls {
		if count > 0 {
			r.backlog.moves()
			r.callsSent.Incr(count, segment.Type(t).String())
		}
	}
}

func (r *report) rejected(v *segment.Violation) { r.callsRejected.Incr(1, string(v.Reason)) }

func (r *report) skipped(count skips) {
	for reason, n := range map[string]int{
		skippedEmpty: count.Empty, skippedMapping: count.Mapping, skippedIntegrations: count.Integrations, skippedConsent: count.Consent,
	} {
		if n > 0 {
			r.callsSkipped.Incr(int64(n), reason)
		}
	}
	if count.Integrations > 0 {
		r.sayExcluded.Do(func() {
			r.log.Warn("segment: skipping events whose integrations object excludes Segment, as RudderStack would; " +
				"to send them set integrations to forward, which lets Segment obey the object, or to drop, which ignores it. " +
				"This is said once; segment_calls_skipped goes on counting")
		})
	}
}

func (r *report) noted(counts segment.NoteCounts) {
	for kind, count := range counts {
		if count > 0 {
			r.notes.Incr(int64(count), segment.NoteKind(kind).String())
		}
	}
}

func (r *report) found(counts segment.FindingCounts) {
	for kind, count := range counts {
		if count > 0 {
			r.planFindings.Incr(int64(count), segment.FindingKind(kind).String())
		}
	}
}

// maxLinks is how many spans one request is linked to; OpenTelemetry drops
// what is above.
const maxLinks = 128

// batchObserver reports what happens to the requests of one batch.
type batchObserver struct {
	*report
	room   *room
	batch  service.MessageBatch
	owners []int
	calls  []segment.Call
	// receipts are those of a few calls, in the order of these.
	receipts []receipt
}

var _ tracking.Observer = (*batchObserver)(nil)

// Sending starts the span of an attempt.
func (o *batchObserver) Sending(ctx context.Context, req tracking.Request) (context.Context, func(tracking.Answer)) {
	ctx, span := o.tracer.Start(ctx, "segment batch",
		trace.WithSpanKind(trace.SpanKindClient),
		trace.WithAttributes(
			attribute.Int("segment.calls", req.Count()),
			attribute.Int("http.request.body.size", req.WireBytes),
			attribute.Int("http.request.resend_count", req.Earlier),
		))
	// Nobody may be listening, and there are many messages to ask.
	if span.IsRecording() {
		link(span, req)
	}
	return ctx, func(got tracking.Answer) {
		o.answered(req, got)
		endSpan(span, got)
	}
}

// link leads from a span to those of the messages that its request was made of,
// which may be of several batches.
func link(span trace.Span, req tracking.Request) {
	var last *service.Message
	links := 0
	for observer, n := range req.Calls() {
		if links == maxLinks {
			return
		}
		o := observer.(*batchObserver)
		message := o.batch[o.owners[n]]
		if message == last {
			continue
		}
		last = message
		if from := trace.SpanContextFromContext(message.Context()); from.IsValid() {
			span.AddLink(trace.Link{SpanContext: from})
			links++
		}
	}
}

func (o *batchObserver) answered(req tracking.Request, got tracking.Answer) {
	status := noAnswer
	if got.Err == nil {
		status = strconv.Itoa(got.Status)
	}
	o.requests.Incr(1, status)
	o.requestLatency.Timing(got.Latency.Nanoseconds())
	o.requestCalls.Incr(int64(req.Count()))
	o.requestBytes.Incr(int64(req.Bytes))
	o.wireBytes.Incr(int64(req.WireBytes))
	if got.Status/100 == 2 {
		o.room.answered(got.Latency)
		if !req.IsSample {
			lag(req, time.Now())
		}
	}
	if o.recorder != nil {
		o.recorder.Attempt(attemptOf(req, got))
	}
}

// attemptOf describes an attempt for those who look at it later.
func attemptOf(req tracking.Request, got tracking.Answer) recorder.Attempt {
	attempt := recorder.Attempt{
		At: time.Now(), Bytes: req.Bytes, WireBytes: req.WireBytes, Earlier: req.Earlier,
		Status: got.Status, Text: got.String(),
	}
	for observer, n := range req.Calls() {
		attempt.Calls = append(attempt.Calls, observer.(*batchObserver).calls[n])
	}
	return attempt
}

// lag reports how long some of the calls took from their receipt to now. Those of
// a batch are in a request in their order.
func lag(accepted tracking.Request, now time.Time) {
	var batch *batchObserver
	var receipts []receipt
	for observer, n := range accepted.Calls() {
		if o := observer.(*batchObserver); o != batch {
			batch, receipts = o, o.receipts
		}
		for len(receipts) > 0 && receipts[0].call < n {
			receipts = receipts[1:]
		}
		if len(receipts) > 0 && receipts[0].call == n {
			// The clocks of two machines are never quite the same.
			batch.eventLag.Timing(max(now.Sub(receipts[0].at), 0).Nanoseconds())
		}
	}
}

func endSpan(span trace.Span, got tracking.Answer) {
	defer span.End()
	if got.Err != nil {
		span.SetStatus(codes.Error, "no answer")
		return
	}
	span.SetAttributes(attribute.Int("http.response.status_code", got.Status))
	if got.Status/100 != 2 {
		span.SetStatus(codes.Error, "status "+strconv.Itoa(got.Status))
	}
}

// Retrying counts a request that is going to be sent again.
func (o *batchObserver) Retrying(class tracking.Class) { o.retries.Incr(1, class.String()) }

// Splitting counts a refused request that is sent again in parts.
func (o *batchObserver) Splitting() { o.splits.Incr(1) }

// Throttled counts the time that the server has asked us to wait.
func (o *batchObserver) Throttled(wait time.Duration) { o.throttleWait.Incr(wait.Nanoseconds()) }

// Recovered says that the trouble is over.
func (o *batchObserver) Recovered(source string) {
	o.log.With("source", source).Info("segment: requests get through again")
}

// aside says in the log what is about no single batch.
type aside struct{ log *service.Logger }

var _ tracking.Log = aside{}

// Warn says what does not work.
func (a aside) Warn(text string) { a.log.Warn("segment: " + text) }

// Info says that it works again.
func (a aside) Info(text string) { a.log.Info("segment: " + text) }
