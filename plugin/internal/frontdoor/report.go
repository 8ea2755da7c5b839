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

	mu sync.Mutex
	// said is when the log last told of clients that were turned away, and silent
	// how many were since.
	said   time.Time
	silent int
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
	if a.IsRefused {
		r.refused(a.Status, time.Now())
	}
}

// Pending shows how many requests are on their way.
func (r *report) Pending(requests int) { r.pending.Set(int64(requests)) }

// quiet is how long the log says nothing more of clients that were turned away.
const quiet = time.Minute

func (r *report) refused(status int, now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.silent++
	if now.Sub(r.said) < quiet {
		return
	}
	r.log.Warnf("Answered %d requests with %d or the like since this was last said: the pipeline does not take their events, or not in time. "+
		"Their clients were told to send them again. See segment_gateway_requests by status, and what the buffer and the output say.", r.silent, status)
	r.said, r.silent = now, 0
}
