package tracking_test

import (
	"cmp"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"benthos-segment/internal/segment"
	"benthos-segment/internal/tracking"
)

// Guilty calls in any number and order, and edges that refuse everything of a
// key until they are put right: whatever is drawn, exactly the guilty are refused,
// and everything else is accepted, each person's calls in order.
func TestRandomEdgesAndGuiltyCalls(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		play := drawPlay(rt)
		var met *met
		// The bubble ends before anything is checked: rapid has to see a failure
		// on its own goroutine.
		synctest.Test(t, func(t *testing.T) { met = play.run(t) })
		met.check(rt, play)
	})
}

// play is what is sent, and what goes wrong.
type play struct {
	batches  [][]segment.Call
	pauses   []time.Duration
	guilty   map[string]bool
	edges    map[string]*brokenEdge
	parallel int
	perReq   int
	delay    time.Duration
	flight   int
}

// brokenEdge refuses all calls of a key, from some time on and for a while after
// it is first met.
type brokenEdge struct {
	status     int
	from, last time.Duration
	met        time.Time
}

func drawPlay(rt *rapid.T) *play {
	p := &play{
		guilty: map[string]bool{}, edges: map[string]*brokenEdge{},
		parallel: rapid.IntRange(1, 8).Draw(rt, "parallel requests"),
		perReq:   rapid.IntRange(1, 60).Draw(rt, "calls a request"),
		delay:    time.Duration(rapid.IntRange(0, 50).Draw(rt, "milliseconds an answer")) * time.Millisecond,
		flight:   rapid.IntRange(1, 3).Draw(rt, "batches at a time"),
	}
	keys, people := rapid.IntRange(1, 3).Draw(rt, "keys"), rapid.IntRange(1, 30).Draw(rt, "people")
	for k := range keys {
		if rapid.Bool().Draw(rt, "broken") {
			p.edges[fmt.Sprint(k)] = &brokenEdge{
				status: rapid.SampledFrom([]int{400, 409, 413, 422}).Draw(rt, "status"),
				from:   time.Duration(rapid.IntRange(0, 20_000).Draw(rt, "from")) * time.Millisecond,
				last:   time.Duration(rapid.IntRange(60, 600).Draw(rt, "seconds")) * time.Second,
			}
		}
	}
	guiltyRun := 0
	for b := range rapid.IntRange(1, 6).Draw(rt, "batches") {
		var batch []segment.Call
		for range rapid.IntRange(1, 120).Draw(rt, "calls") {
			person := rapid.IntRange(0, people-1).Draw(rt, "person")
			call := track(fmt.Sprintf("p-%02d", person), 1000*b+len(batch))
			call.WriteKey = fmt.Sprint(person % keys)
			if guiltyRun == 0 && rapid.IntRange(0, 30).Draw(rt, "guilty") == 0 {
				guiltyRun = rapid.IntRange(1, 40).Draw(rt, "in a row")
			}
			if guiltyRun > 0 {
				guiltyRun--
				p.guilty[idIn(call)] = true
			}
			batch = append(batch, call)
		}
		p.batches = append(p.batches, batch)
		p.pauses = append(p.pauses, time.Duration(rapid.IntRange(0, 5000).Draw(rt, "pause"))*time.Millisecond)
	}
	return p
}

var messageID = regexp.MustCompile(`"messageId":"([^"]+)"`)

func idIn(call segment.Call) string { return string(messageID.FindSubmatch(call.JSON)[1]) }

// met is what came of a play.
type met struct {
	mu       sync.Mutex
	play     *play
	started  time.Time
	accepted []string
	failed   map[string]*segment.Violation
}

func (p *play) run(t *testing.T) *met {
	m := &met{play: p, failed: map[string]*segment.Violation{}}
	conf := tracking.Config{
		Endpoint: "http://127.0.0.1", UserAgent: "test", Transport: m,
		MaxRequestBytes: 480_000, MaxRequestCalls: p.perReq, ParallelRequests: p.parallel, Timeout: 15 * time.Second,
		Retry: tracking.Retry{InitialInterval: 500 * time.Millisecond, MaxInterval: time.Minute},
	}
	client := tracking.NewClient(conf)
	for key := range 3 {
		call := track("first", key)
		call.WriteKey = fmt.Sprint(key)
		require.Empty(t, failed(client.Send(t.Context(), []segment.Call{call}, &observed{})))
	}
	m.started = time.Now()
	flight := make(chan struct{}, p.flight)
	var sent sync.WaitGroup
	for i, batch := range p.batches {
		time.Sleep(p.pauses[i])
		flight <- struct{}{}
		delivery := client.Enter(t.Context(), batch, &observed{})
		sent.Go(func() {
			defer func() { <-flight }()
			m.settle(batch, delivery.Wait())
		})
	}
	sent.Wait()
	client.Close()
	return m
}

func (m *met) settle(batch []segment.Call, violations []*segment.Violation) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for i, v := range violations {
		if v != nil {
			m.failed[idIn(batch[i])] = v
		}
	}
}

// RoundTrip is the edge, and Segment.
func (m *met) RoundTrip(req *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return nil, err
	}
	key, _, _ := req.BasicAuth()
	status := m.answer(key, body)
	time.Sleep(m.play.delay)
	return &http.Response{StatusCode: status, Header: http.Header{}, Body: http.NoBody, Request: req}, nil
}

func (m *met) answer(key string, body []byte) int {
	m.mu.Lock()
	defer m.mu.Unlock()
	if edge := m.play.edges[key]; edge != nil && !m.started.IsZero() && edge.refuses(m.started) {
		return edge.status
	}
	var ids []string
	for _, match := range messageID.FindAllSubmatch(body, -1) {
		ids = append(ids, string(match[1]))
	}
	if slices.ContainsFunc(ids, func(id string) bool { return m.play.guilty[id] }) {
		return http.StatusBadRequest
	}
	m.accepted = append(m.accepted, ids...)
	return http.StatusOK
}

func (e *brokenEdge) refuses(started time.Time) bool {
	now := time.Now()
	if now.Sub(started) < e.from {
		return false
	}
	if e.met.IsZero() {
		e.met = now
	}
	return now.Sub(e.met) < e.last
}

func (m *met) check(rt *rapid.T, p *play) {
	last, seen := map[string]string{}, map[string]bool{}
	for _, id := range m.accepted {
		if seen[id] {
			continue
		}
		seen[id] = true
		person := id[:len(id)-len("-00000")]
		require.Negative(rt, cmp.Compare(last[person], id), "%s was overtaken by %s", id, last[person])
		last[person] = id
	}
	for _, batch := range p.batches {
		for _, call := range batch {
			id := idIn(call)
			if !p.guilty[id] {
				require.Nil(rt, m.failed[id], "%s is innocent", id)
				require.True(rt, seen[id], "%s was not accepted", id)
				continue
			}
			require.NotNil(rt, m.failed[id], "%s is guilty", id)
			assert.Equal(rt, segment.ReasonRefused, m.failed[id].Reason)
		}
	}
}
