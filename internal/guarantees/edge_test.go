package guarantees_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"benthos-segment/internal/streamtest"
	"benthos-segment/plugin/segmenttest"
)

// An edge in front of Segment, such as a proxy with a maintenance page, answers
// in its place for a while. Once a key had been good, that sent good events to
// the dead letters, with the sentence that it would be so again. Others lose
// them, too: vectordotdev/vector#10870, syslog-ng/syslog-ng#2996,
// amplitude/Amplitude-Kotlin#262 and, for 413, amplitude/Amplitude-TypeScript#1685.
// Each status has a key of its own here, so that the pauses of all go by together.
func TestAnEdgeThatAnswersForSegmentCostsNoCall(t *testing.T) {
	statuses := []int{400, 405, 409, 413, 415, 421, 422, 425, 426, 451}
	edge := &answeringEdge{broken: map[string]int{}, refused: map[string]int{}}
	sb := edge.serve(t)
	p := start(t, streamtest.WithDeadLetter(segmentOutput(edge.url, fields{
		"write_key": `${! json("key") }`, "max_request_calls": 50,
	})))
	ofKeys := func(calls int, id string) (list []given) {
		for n := range calls {
			for _, status := range statuses {
				key, person := canaryKey+itoa(status), fmt.Sprintf("%d-%02d", status, n%90)
				call := given{id: fmt.Sprintf("%s-%d-%04d", id, status, n), person: person}
				call.payload = fmt.Sprintf(`{"type":"page","userId":%q,"messageId":%q,"key":%q}`, person, call.id, key)
				list = append(list, call)
			}
		}
		return list
	}
	p.accept(t, ofKeys(1, firstID))
	for _, status := range statuses {
		edge.broken[canaryKey+itoa(status)] = status
	}
	list := ofKeys(900, "call")

	for batch := range slices.Chunk(list, 1800) {
		p.accept(t, batch)
	}

	assert.Empty(t, p.dead.ReasonsByID())
	assert.Equal(t, len(statuses)+len(list), sb.Summary().Unique)
	requireOrder(t, sb, list)
	p.stop(t)
	for _, status := range statuses {
		key := canaryKey + itoa(status)
		assert.Positive(t, edge.refused[key], status)
		assert.NotContains(t, edge.broken, key, "it was found out")
		if isRefusal(status) {
			assert.LessOrEqual(t, edge.refused[key], 100, "and soon")
			assert.Contains(t, p.log.String(), "status "+itoa(status)+" for a call that it had accepted before")
		}
	}
	for _, secret := range secretsOf(canaryKey) {
		assert.NotContains(t, p.everythingSaid(), secret)
	}
}

// answeringEdge passes requests on. Those of a key that is broken it answers
// itself, until it has refused a call that had been accepted before, which is how
// the output finds out; or a single request, where the status says enough.
type answeringEdge struct {
	url string

	mu      sync.Mutex
	broken  map[string]int
	refused map[string]int
}

// serve puts the edge in front of a sandbox.
func (e *answeringEdge) serve(t *testing.T) *segmenttest.Server {
	t.Helper()
	sb := segmenttest.New(t)
	to, err := url.Parse(sb.URL)
	require.NoError(t, err)
	proxy := httputil.NewSingleHostReverseProxy(to)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		if status := e.answer(r); status != 0 {
			w.WriteHeader(status)
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	e.url = server.URL
	return sb
}

// answer returns the status by which the edge answers itself, or 0.
func (e *answeringEdge) answer(r *http.Request) int {
	text, err := io.ReadAll(unzipped(r))
	if err != nil {
		return http.StatusInternalServerError
	}
	key, _, _ := r.BasicAuth()
	e.mu.Lock()
	defer e.mu.Unlock()
	status := e.broken[key]
	if status == 0 {
		return 0
	}
	e.refused[key]++
	ids := idsIn(text)
	isSample := len(ids) == 1 && strings.HasPrefix(ids[0], firstID)
	if isSample || !isRefusal(status) {
		delete(e.broken, key)
	}
	return status
}
