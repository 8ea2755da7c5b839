package gateway_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"benthos-segment/internal/gateway"
)

// step is something that happens to a gateway.
type step struct {
	what   string
	events int
	wait   time.Duration
	// bytes is what each event has more.
	bytes int
}

// posted is a request as its client sees it.
type posted struct {
	id       string
	events   int
	isBeacon bool
	at       time.Time
	// status is 0 as long as there is no answer.
	status  int
	answers time.Time
}

// handed is a batch as the pipeline sees it, and settled what it said.
type handed struct {
	batch *gateway.Batch
	ids   []string
}

// model plays a script on a gateway without a socket, in time that does not pass
// by itself.
type model struct {
	gateway *gateway.Gateway
	seen    *seen
	timeout time.Duration

	requests []*posted
	// open are batches that are not settled, and outcome what was said of each event
	// and when.
	open    []handed
	order   []string
	outcome map[string]string
	settled map[string]time.Time
	stopped time.Time

	wrong []string
}

func newModel(t *testing.T, change func(*gateway.Config)) *model {
	t.Helper()
	m := &model{seen: &seen{}, timeout: time.Second, outcome: map[string]string{}, settled: map[string]time.Time{}}
	conf := settings(t, m.seen)
	conf.Timeout = m.timeout
	change(&conf)
	var err error
	m.gateway, err = gateway.New(conf)
	require.NoError(t, err)
	return m
}

func (m *model) mind(isRight bool, format string, args ...any) {
	if !isRight {
		m.wrong = append(m.wrong, fmt.Sprintf(format, args...))
	}
}

func (m *model) post(s step) {
	p := &posted{id: fmt.Sprintf("r%d", len(m.requests)), events: s.events, isBeacon: s.what == "beacon", at: time.Now()}
	m.requests = append(m.requests, p)
	padding := strings.Repeat("x", s.bytes)
	var events []string
	for i := range s.events {
		events = append(events, fmt.Sprintf(`{"type":"page","userId":"u","messageId":"%s.%d","p":%q}`, p.id, i, padding))
	}
	path := "/v1/batch?writeKey=wk"
	if p.isBeacon {
		path = "/beacon" + path
	}
	r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(`{"batch":[`+strings.Join(events, ",")+`]}`))
	go func() {
		w := httptest.NewRecorder()
		m.gateway.ServeHTTP(w, r)
		p.status, p.answers = w.Code, time.Now()
	}()
}

// read takes a batch where there is one.
func (m *model) read(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Millisecond)
	defer cancel()
	batch, err := m.gateway.Read(ctx)
	if err != nil {
		return
	}
	h := handed{batch: batch}
	for _, event := range batch.Events {
		id := members(t, event)["messageId"].(string)
		h.ids = append(h.ids, id)
		m.order = append(m.order, id)
	}
	m.open = append(m.open, h)
}

func (m *model) settle(said string) {
	if len(m.open) == 0 {
		return
	}
	h := m.open[0]
	m.open = m.open[1:]
	for i, id := range h.ids {
		m.outcome[id] = said
		if said == "some" && i%2 == 0 {
			m.outcome[id] = "ok"
		}
		m.settled[id] = time.Now()
	}
	switch said {
	case "ok":
		h.batch.Settle(nil)
	case "full":
		h.batch.Settle(func(int) error { return gateway.ErrFull })
	default:
		h.batch.Settle(func(i int) error {
			if said == "some" && i%2 == 0 {
				return nil
			}
			return errors.New("away")
		})
	}
}

func (m *model) play(t *testing.T, script []step) {
	for _, s := range script {
		switch s.what {
		case "post", "beacon":
			m.post(s)
		case "read":
			m.read(t)
		case "ok", "away", "full", "some":
			m.settle(s.what)
		case "wait":
			time.Sleep(s.wait)
		case "stop":
			m.gateway.Stop()
			if m.stopped.IsZero() {
				m.stopped = time.Now()
			}
		}
		synctest.Wait()
	}
	m.gateway.Close()
	synctest.Wait()
}

// judge checks what must hold of any script.
func (m *model) judge() {
	var want []string
	of := map[string]*posted{}
	for _, p := range m.requests {
		for i := range p.events {
			id := fmt.Sprintf("%s.%d", p.id, i)
			want, of[id] = append(want, id), p
		}
	}
	// Each event is handed out once at most, in the order of arrival.
	next := 0
	for _, id := range m.order {
		for next < len(want) && want[next] != id {
			next++
		}
		m.mind(next < len(want), "%s was handed out out of order, or twice: %v", id, m.order)
		next++
	}
	isOut := map[string]bool{}
	for _, id := range m.order {
		isOut[id] = true
	}
	for _, p := range m.requests {
		m.judgeOne(p, isOut)
	}
	unsettled := map[*posted]bool{}
	for _, h := range m.open {
		for _, id := range h.ids {
			unsettled[of[id]] = true
		}
	}
	m.mind(m.seen.pending == len(unsettled), "%d are pending and %d were never settled", m.seen.pending, len(unsettled))
}

func (m *model) judgeOne(p *posted, isOut map[string]bool) {
	all, first := "ok", p.id+".0"
	var at time.Time
	for i := range p.events {
		id := fmt.Sprintf("%s.%d", p.id, i)
		m.mind(isOut[id] == isOut[first], "%s was divided", p.id)
		if said := m.outcome[id]; said != "ok" && all != "full" {
			all = said
		}
		at = m.settled[id]
	}
	inTime := !at.IsZero() && at.Before(p.at.Add(m.timeout))
	switch {
	case p.status == 0:
		m.mind(false, "%s has no answer", p.id)
	case inTime && all == "ok":
		m.mind(p.status == 200, "%s was accepted in time, and told %d", p.id, p.status)
	case inTime && all == "full":
		m.mind(p.status == 429, "%s found the queue full, and was told %d", p.id, p.status)
	case inTime:
		m.mind(p.status == 503, "%s was rejected, and told %d", p.id, p.status)
	default:
		m.mind(p.status == 503 || p.status == 429, "%s was not acknowledged in time, and told %d", p.id, p.status)
	}
	m.mind(!p.answers.After(p.at.Add(m.timeout)), "%s waited for %s", p.id, p.answers.Sub(p.at))
	isKept := p.isBeacon && m.stopped.IsZero()
	m.mind(isKept || isOut[first] || p.status != 200, "%s was told 200 and never handed out", p.id)
}

// Whatever comes in, is read, settled and stopped in whatever order: everybody gets
// one answer, in time; 200 means accepted; nothing is handed out twice or out of
// order; and all room comes back.
func TestAnyScriptOfRequestsAndOutcomes(t *testing.T) {
	drawn := rapid.Custom(func(t *rapid.T) step {
		return step{
			what: rapid.SampledFrom([]string{
				"post", "post", "post", "beacon", "read", "read", "read", "ok", "ok", "away", "full", "some", "wait", "wait", "stop",
			}).Draw(t, "what"),
			events: rapid.IntRange(1, 4).Draw(t, "events"),
			wait:   time.Duration(rapid.IntRange(1, 600).Draw(t, "ms")) * time.Millisecond,
		}
	})
	rapid.Check(t, func(rt *rapid.T) {
		script := rapid.SliceOfN(drawn, 1, 40).Draw(rt, "script")
		maxPending := rapid.IntRange(1, 6).Draw(rt, "max_pending")
		var wrong []string
		synctest.Test(t, func(t *testing.T) {
			m := newModel(t, func(c *gateway.Config) { c.MaxPending = maxPending })
			m.play(t, script)
			m.judge()
			wrong = m.wrong
		})
		if len(wrong) > 0 {
			rt.Fatalf("%s", strings.Join(wrong, "\n"))
		}
	})
	assert.False(t, t.Failed())
}

// Back-pressure comes before turning away, whatever there is no room for.
func TestARequestGetsTheRoomOfOneThatIsSettled(t *testing.T) {
	for name, change := range map[string]func(*gateway.Config){
		"too many requests": func(c *gateway.Config) { c.MaxPending = 2 },
		"too many bytes":    func(c *gateway.Config) { c.MaxPendingBytes = 150_000 },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m := newModel(t, change)
				post := step{what: "post", events: 1, bytes: 50_000}
				var pending []int
				for range 3 {
					m.post(post)
					synctest.Wait()
					pending = append(pending, m.seen.pending)
				}
				assert.Equal(t, []int{1, 2, 2}, pending)
				m.read(t)
				m.settle("ok")
				synctest.Wait()
				m.read(t)
				m.settle("ok")
				synctest.Wait()
				for _, p := range m.requests {
					assert.Equal(t, http.StatusOK, p.status)
				}
				assert.Zero(t, m.seen.pending)
			})
		})
	}
}
