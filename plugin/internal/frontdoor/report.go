package frontdoor

import (
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
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

	// onTheirWay is what pending will show.
	onTheirWay atomic.Int64

	mu     sync.Mutex
	silent map[string]*silence
	// answers and accepted are what requests and events do not have yet. To find the
	// counter of a label costs more than all else that a report does.
	answers  map[answered]int64
	accepted int64
}

// answered is what answers are counted by.
type answered struct {
	route  string
	status int
}

// silence is when the log last told of a loss, and how many there were since.
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
		silent:   make(map[string]*silence),
		answers:  make(map[answered]int64),
	}
}

// showInterval is how often the metrics move.
const showInterval = time.Second

// start shows what was counted, until the stop that it returns.
func (r *report) start() (stop func()) {
	ended, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		ticker := time.NewTicker(showInterval)
		defer ticker.Stop()
		for isOn := true; isOn; r.show() {
			select {
			case <-ticker.C:
			case <-ended:
				isOn = false
			}
		}
	}()
	return func() { close(ended); <-done }
}

func (r *report) show() {
	r.pending.Set(r.onTheirWay.Load())
	r.mu.Lock()
	answers, accepted := r.answers, r.accepted
	r.answers, r.accepted = make(map[answered]int64, len(answers)), 0
	r.mu.Unlock()
	for a, count := range answers {
		r.requests.Incr(count, a.route, strconv.Itoa(a.status))
	}
	if accepted > 0 {
		r.events.Incr(accepted)
	}
}

// Answered counts an answer.
func (r *report) Answered(a gateway.Answer) {
	r.count(a)
	if a.Events > 0 {
		r.latency.Timing(a.Took.Nanoseconds())
	}
	if said := lossOf(a); said != "" {
		r.warn(a.Status, said, time.Now())
	}
}

func (r *report) count(a gateway.Answer) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.answers[answered{a.Route, a.Status}]++
	if a.Status == http.StatusOK {
		r.accepted += int64(a.Events)
	}
}

// Troubled tells of what the server itself cannot cope with.
func (r *report) Troubled(said string) {
	r.log.Errorf("The server of the input: %s", said)
}

// Pending notes how many requests are on their way.
func (r *report) Pending(requests int) { r.onTheirWay.Store(int64(requests)) }

// losses are the answers after which events are missing or late, by their code, and
// what to do about it. Clients that broke off come again by themselves.
var losses = map[string]string{
	"invalid_json":         "they are not JSON, or have no batch; most SDKs drop such events",
	"bad_request":          "they cannot be read; most SDKs drop such events. The answer says why",
	"origin_not_allowed":   "they come from a page whose origin is not in cors.allowed_origins; SDKs drop such events. Add the origin if it is yours",
	"invalid_write_key":    "their write key is not in write_keys; most SDKs drop such events, some delete all that they hold, and some do not start. Add the key if it is yours",
	"request_too_large":    "they are larger than max_request_bytes or have more events than max_request_events; most SDKs drop such events. Raise the limit if they are yours",
	"unsupported_encoding": "their Content-Encoding is neither gzip nor none; most SDKs drop such events",
	"overloaded": "too many events are waiting, because the queue or its disk is full or the pipeline is slow. " +
		"The clients were told to send them again. See what the buffer and the output say",
	"not_accepted": "the pipeline did not take their events, or not in time. " +
		"The clients were told to send them again. See what the buffer and the output say",
	"body_too_slow": "their bodies did not arrive within body_timeout. The clients were told to send them again",
}

// lossOfOne is for the reasons of the output, by which the sender of one event alone
// is refused.
const lossOfOne = "they hold one event that cannot be sent; most SDKs drop such events. It is handed on to the dead letters, with the reason"

// lossOf says what an answer costs, nothing if it costs nothing.
func lossOf(a gateway.Answer) string {
	said, isKnown := losses[a.Code]
	switch {
	case !a.IsRefused || a.Code == gateway.CodeBrokenOff:
		return ""
	case isKnown:
		return said
	case a.Status == http.StatusBadRequest:
		return lossOfOne
	default:
		return ""
	}
}

// quiet is how long the log says nothing more of a loss.
const quiet = time.Minute

// warn says so where events get lost or late, once a minute.
func (r *report) warn(status int, said string, now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := r.silent[said]
	if s == nil {
		s = &silence{}
		r.silent[said] = s
	}
	s.count++
	if now.Sub(s.since) < quiet {
		return
	}
	requests := "requests"
	if s.count == 1 {
		requests = "request"
	}
	r.log.Warnf("Answered %d %s with %d: %s.", s.count, requests, status, said)
	s.since, s.count = now, 0
}
