package sandbox_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"benthos-segment/internal/sandbox/inbox"
	"benthos-segment/plugin/segmenttest"
)

// event is one event of the stream, without comments and the retry field.
type event struct{ name, id, data string }

// follow opens the stream and returns its events as they arrive.
func follow(t *testing.T, sb *segmenttest.Server, query string, headers ...string) <-chan event {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, sb.URL+"/api/v1/events?"+query, nil)
	require.NoError(t, err)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	resp, err := sb.Client().Do(r)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, resp.StatusCode)
	assert.Equal(t, "text/event-stream", resp.Header.Get("Content-Type"))
	events := make(chan event)
	go func() {
		defer resp.Body.Close()
		defer close(events)
		var e event
		lines := bufio.NewScanner(resp.Body)
		lines.Buffer(nil, 64<<20)
		for lines.Scan() {
			name, value, _ := strings.Cut(lines.Text(), ": ")
			switch name {
			case "event":
				e.name = value
			case "id":
				e.id = value
			case "data":
				e.data = value
			case "":
				select {
				case events <- e:
				case <-t.Context().Done():
					return
				}
			}
		}
	}()
	return events
}

// until returns the next event of that name.
func until(t *testing.T, events <-chan event, name string) event {
	t.Helper()
	patience := time.After(20 * time.Second)
	for {
		select {
		case e, open := <-events:
			require.True(t, open, "the stream ended before %s", name)
			if e.name == name {
				return e
			}
		case <-patience:
			t.Fatalf("there is no event %s", name)
		}
	}
}

func seqsOf(t *testing.T, e event) string {
	t.Helper()
	var rows []struct{ Seq uint64 }
	require.NoError(t, json.Unmarshal([]byte(e.data), &rows), e.data)
	seqs := make([]string, len(rows))
	for i, row := range rows {
		seqs[i] = fmt.Sprint(row.Seq)
	}
	return strings.Join(seqs, " ")
}

func TestTheStreamShowsWhatIsHeldAndThenWhatComes(t *testing.T) {
	sb := segmenttest.New(t)
	post(t, sb, "/v1/batch", batch(tracks(0, 3)...))
	events := follow(t, sb, "")
	assert.Contains(t, until(t, events, "hello").data, `"last":3`)
	assert.Equal(t, "1 2 3", seqsOf(t, until(t, events, "calls")))

	post(t, sb, "/v1/batch", batch(track("m0"), `{"type":"track","userId":"u"}`), "X-Retry-Count", "1")
	frame := until(t, events, "calls")
	assert.Equal(t, "4 5", seqsOf(t, frame))
	var rows []map[string]any
	require.NoError(t, json.Unmarshal([]byte(frame.data), &rows))
	assert.Equal(t, true, rows[0]["duplicate"])
	assert.EqualValues(t, 2, rows[0]["attempt"])
	assert.Equal(t, []any{"event_not_defined"}, rows[1]["violations"])
	assert.NotContains(t, frame.data, canary)
}

func TestTheStreamIsFiltered(t *testing.T) {
	sb := segmenttest.New(t)
	events := follow(t, sb, "q=type:page+-user:bob")
	post(t, sb, "/v1/batch", batch(track("a"), `{"type":"page","userId":"bob"}`, `{"type":"page","userId":"eve"}`))
	assert.Equal(t, "3", seqsOf(t, until(t, events, "calls")))

	status, text := controlText(t, sb, http.MethodGet, "/api/v1/events?q=tpye:page", "")
	assert.Equal(t, http.StatusBadRequest, status)
	assert.Contains(t, text, "tpye:")
}

func TestAReaderContinuesWhereItWas(t *testing.T) {
	sb := segmenttest.New(t)
	post(t, sb, "/v1/batch", batch(tracks(0, 3)...))
	first := until(t, follow(t, sb, ""), "calls")
	post(t, sb, "/v1/batch", batch(tracks(3, 5)...))

	assert.Equal(t, "4 5", seqsOf(t, until(t, follow(t, sb, "", "Last-Event-ID", first.id), "calls")))
	assert.Equal(t, "4 5", seqsOf(t, until(t, follow(t, sb, "after="+first.id), "calls")))
	assert.Equal(t, "5", seqsOf(t, until(t, follow(t, sb, "since=4"), "calls")))
	// The numbers of another run mean other calls.
	assert.Equal(t, "1 2 3 4 5", seqsOf(t, until(t, follow(t, sb, "after=otherrun-3"), "calls")))
}

func TestAReaderThatWasAwayIsToldOfTheDeletion(t *testing.T) {
	for _, method := range []string{http.MethodPost + " /api/v1/reset", http.MethodDelete + " /api/v1/calls"} {
		t.Run(method, func(t *testing.T) {
			sb := segmenttest.New(t)
			post(t, sb, "/v1/batch", batch(tracks(0, 3)...))
			seen := until(t, follow(t, sb, ""), "calls")
			verb, path, _ := strings.Cut(method, " ")
			control(t, sb, verb, path, "")
			post(t, sb, "/v1/batch", batch(track("x")))

			events := follow(t, sb, "after="+seen.id)
			back := until(t, events, "reset")
			assert.Equal(t, "4", seqsOf(t, until(t, events, "calls")))
			// It is told once.
			post(t, sb, "/v1/batch", batch(track("y")))
			for e := range follow(t, sb, "after="+back.id) {
				require.NotEqual(t, "reset", e.name)
				if e.name == "calls" {
					return
				}
			}
		})
	}
}

func TestAReaderThatIsBehindIsToldOfTheGap(t *testing.T) {
	sb := segmenttest.New(t, segmenttest.Config{MaxCalls: 5})
	post(t, sb, "/v1/batch", batch(tracks(0, 3)...))
	seen := until(t, follow(t, sb, ""), "calls")
	post(t, sb, "/v1/batch", batch(tracks(3, 12)...))

	events := follow(t, sb, "after="+seen.id)
	assert.JSONEq(t, `{"from":4,"to":7}`, until(t, events, "gap").data)
	assert.Equal(t, "8 9 10 11 12", seqsOf(t, until(t, events, "calls")))
}

// A reader that has never seen the evicted calls does not miss them.
func TestANewReaderIsToldOfNoGap(t *testing.T) {
	sb := segmenttest.New(t, segmenttest.Config{MaxCalls: 2})
	post(t, sb, "/v1/batch", batch(tracks(0, 9)...))
	for e := range follow(t, sb, "") {
		require.NotEqual(t, "gap", e.name)
		if e.name == "calls" {
			assert.Equal(t, "8 9", seqsOf(t, e))
			return
		}
	}
}

func TestASlowReaderDelaysNobody(t *testing.T) {
	sb := segmenttest.New(t, segmenttest.Config{MaxCalls: 100})
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, sb.URL+"/api/v1/events", nil)
	require.NoError(t, err)
	resp, err := sb.Client().Do(r)
	require.NoError(t, err)
	defer resp.Body.Close()

	for i := range 40 {
		post(t, sb, "/v1/batch", batch(tracks(i*500, i*500+500)...))
	}
	assert.Equal(t, 20_000, sb.Summary().Calls)
}

func TestTheStreamReportsAReset(t *testing.T) {
	sb := segmenttest.New(t)
	post(t, sb, "/v1/batch", batch(tracks(0, 3)...))
	events := follow(t, sb, "")
	until(t, events, "calls")

	control(t, sb, http.MethodPost, "/api/v1/reset", "")
	until(t, events, "reset")
	post(t, sb, "/v1/batch", batch(track("x")))
	assert.Equal(t, "4", seqsOf(t, until(t, events, "calls")))
}

func TestTheStateHasCountersThePulseAndFaults(t *testing.T) {
	sb := segmenttest.New(t)
	sb.Fail(429).Times(1)
	post(t, sb, "/v1/batch", batch(tracks(0, 3)...))
	post(t, sb, "/v1/batch", batch(tracks(0, 3)...), "X-Retry-Count", "1")
	var state struct {
		Summary segmenttest.Summary
		Pulse   inbox.Pulse
		Faults  []struct{ Effect string }
		Refusal struct {
			Status, Calls int
			Why           string
		}
	}
	require.NoError(t, json.Unmarshal([]byte(until(t, follow(t, sb, ""), "state").data), &state))
	assert.Equal(t, 3, state.Summary.Calls)
	total := func(beats [60]int) (n int) {
		for _, beat := range beats {
			n += beat
		}
		return n
	}
	assert.Equal(t, 2, total(state.Pulse.Requests))
	assert.Equal(t, 3, total(state.Pulse.Calls))
	assert.Equal(t, 1, total(state.Pulse.Refused))
	assert.Equal(t, 1, total(state.Pulse.OK))
	assert.Positive(t, state.Pulse.GapP99)
	require.Len(t, state.Faults, 1)
	assert.Equal(t, 429, state.Refusal.Status)
	assert.Equal(t, "fault 1: status 429", state.Refusal.Why)
}

func TestShutdownEndsTheStream(t *testing.T) {
	sb := segmenttest.NewInProcess(t)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		r, _ := http.NewRequestWithContext(ctx, http.MethodGet, "http://127.0.0.1/api/v1/events", nil)
		_, err := sb.Client().Do(r)
		done <- err
	}()
	cancel()
	select {
	case err := <-done:
		assert.ErrorIs(t, err, context.Canceled)
	case <-time.After(10 * time.Second):
		t.Fatal("the stream does not end")
	}
}

func TestCallsAreDeletedByFilter(t *testing.T) {
	sb := filled(t)
	status, answer := control(t, sb, http.MethodDelete, "/api/v1/calls?q=type:track", "")
	assert.Equal(t, http.StatusOK, status)
	assert.EqualValues(t, "4", answer.at("removed"))
	assert.Equal(t, []string{"d", "f"}, idsOf(sb.Calls()))
	status, _ = control(t, sb, http.MethodGet, "/api/v1/calls/1", "")
	assert.Equal(t, http.StatusNotFound, status)
	sum := sb.Summary()
	assert.Equal(t, 2, sum.CallsHeld)
	assert.Equal(t, 6, sum.Calls, "counters count what came")

	post(t, sb, "/v1/batch", batch(track("z")))
	assert.EqualValues(t, 7, sb.Calls()[2].Seq, "numbers stay taken")
}
