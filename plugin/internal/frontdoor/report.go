package frontdoor

import (
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/redpanda-data/benthos/v4/public/service"

	"benthos-segment/internal/gateway"
)

// report counts what the front door does, and says so where it turns clients
// away.
type report struct {
	log      *service.Logger
	requests *service.MetricCounter
	events   *service.MetricCounter
	latency  *service.MetricTimer
	pending  *service.MetricGauge

	mu     sync.Mutex
	silent map[int]*silence
}

// silence is when the log last told of a status, and how many there were since.
type silence struct {
	since time.Time
	count int
}

var _ gateway.Observer = (*report)(nil)

func newReport(res *service.Resources) *report {
	metrics := res.Metrics()
	return &report{
		log:      res.Logger(),
		requests: metrics.NewCounter("segment_gateway_requests", "route", "status"),
		events:   metrics.NewCounter("segment_gateway_events"),
		latency:  metrics.NewTimer("segment_gateway_latency_ns"),
		pending:  metrics.NewGauge("segment_gateway_pending"),
		silent:   make(map[int]*silence),
	}
}

// Answered counts an answer.
func (r *report) Answered(a gateway.Answer) {
	r.requests.Incr(1, a.Route, strconv.Itoa(a.Status))
	if a.Events > 0 {
		r.latency.Timing(a.Took.Nanoseconds())
	}
	if a.Events > 0 && a.Status == http.StatusOK {
		r.events.Incr(int64(a.Events))
	}
	if said, isLoss := losses[a.Status]; isLoss && a.IsRefused {
		r.warn(a.Status, said, time.Now())
	}
}

// Pending shows how many requests are on their way.
func (r *report) Pending(requests int) { r.pending.Set(int64(requests)) }

// losses are the answers after which events are missing or late, and what to do
// about it.
var losses = map[int]string{
	http.StatusBadRequest: "they are not JSON, or come from a page whose origin is not in cors.allowed_origins, or hold one event that cannot be sent; " +
		"most SDKs drop such events. The answer says which it is",
	http.StatusUnauthorized: "their write key is not in write_keys; most SDKs drop such events, and some delete all that they hold. Add the key if it is yours",
	http.StatusRequestEntityTooLarge: "they are larger than max_request_bytes or have more events than max_request_events; most SDKs drop such events. " +
		"Raise the limit if they are yours",
	http.StatusUnsupportedMediaType: "their Content-Encoding is neither gzip nor none; most SDKs drop such events",
	http.StatusTooManyRequests: "too many events are waiting, because the queue or its disk is full or the pipeline is slow. " +
		"The clients were told to send them again. See what the buffer and the output say",
	http.StatusServiceUnavailable: "the pipeline did not take their events, or not in time. " +
		"The clients were told to send them again. See what the buffer and the output say",
}

// quiet is how long the log says nothing more of a status.
const quiet = time.Minute

// warn says so where events get lost or late, once a minute.
func (r *report) warn(status int, said string, now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := r.silent[status]
	if s == nil {
		s = &silence{}
		r.silent[status] = s
	}
	s.count++
	if now.Sub(s.since) < quiet {
		return
	}
	r.log.Warnf("Answered %d requests with %d: %s.", s.count, status, said)
	s.since, s.count = now, 0
}
