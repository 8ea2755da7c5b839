package controlapi

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"benthos-segment/internal/sandbox/faults"
	"benthos-segment/internal/sandbox/inbox"
)

const (
	// framePause is the shortest time between two frames, so that a page draws at
	// most ten times a second, however many calls arrive.
	framePause = 100 * time.Millisecond
	// maxFrame bounds the calls of a frame. A reader that is behind catches up by
	// ten such frames a second.
	maxFrame = 2_000
	// statePause is how often counters are sent at least while they change, and
	// quietPause while they do not, which also keeps the connection alive. What
	// arrives brings them along, so that no number of a page contradicts another.
	statePause = time.Second
	quietPause = 15 * time.Second
	// readerPatience is how long a reader may take to read a frame.
	readerPatience = 30 * time.Second
)

// eventsAPI streams the calls as they arrive. Each reader follows the inbox at
// its own pace and is told about calls that were evicted meanwhile, so that no
// sender ever waits for a reader.
type eventsAPI struct {
	inbox    *inbox.Inbox
	faults   *faults.List
	greeting greeting
}

// greeting is what a reader has to know of the sandbox.
type greeting struct {
	run               string
	maxCalls          int
	version, replayTo string
	ofOutput          bool
}

// of names what holds the calls.
func (g greeting) of() string {
	if g.ofOutput {
		return "output"
	}
	return "sandbox"
}

func (api eventsAPI) serve(w http.ResponseWriter, r *http.Request, q *query) {
	filter, after := q.filter(), q.text("after")
	if q.refused(w) {
		return
	}
	// A browser that reconnects by itself repeats the address it had.
	if last := r.Header.Get("Last-Event-ID"); last != "" {
		after = last
	}
	w.Header().Set("Content-Type", "text/event-stream")
	w.WriteHeader(http.StatusOK)
	s := &stream{eventsAPI: api, w: w, conn: http.NewResponseController(w), filter: filter}
	s.begin(after)
	s.run(r.Context())
}

// stream is one reader of the events.
type stream struct {
	eventsAPI
	w      http.ResponseWriter
	conn   *http.ResponseController
	filter inbox.Filter

	// cursor is the last call that was looked at. A fresh reader has not seen
	// any call yet and misses none that was evicted before.
	cursor uint64
	fresh  bool
	// deletions is how often calls had been deleted then.
	deletions int

	frame     bytes.Buffer
	lastState time.Time
	state     []byte
}

// begin greets the reader and continues after the call that it has. If the
// sandbox was restarted since then, its calls are numbered anew, and all of them
// are new to the reader.
func (s *stream) begin(after string) {
	held := s.inbox.Read(0, 0)
	s.deletions = held.Deletions
	s.cursor, s.fresh = s.filter.Since, true
	if deletions, seq, ok := s.positionOf(after); ok && seq <= held.Last {
		// If calls were deleted meanwhile, addCalls says so.
		s.deletions, s.cursor, s.fresh = deletions, max(s.cursor, seq), false
	}
	s.frame.WriteString("retry: 500\n")
	s.put("hello", map[string]any{
		"run": s.greeting.run, "first": held.First, "last": held.Last, "max_calls": s.greeting.maxCalls,
		"version": s.greeting.version, "replay_to": s.greeting.replayTo, "of": s.greeting.of(),
	})
}

// position is the id of an event: "<run>-<deletions>-<seq>".
func (s *stream) position() string {
	return fmt.Sprintf("%s-%d-%d", s.greeting.run, s.deletions, s.cursor)
}

// positionOf reads the id of an event of this run.
func (s *stream) positionOf(id string) (deletions int, seq uint64, ok bool) {
	parts := strings.Split(id, "-")
	if len(parts) != 3 || parts[0] != s.greeting.run {
		return 0, 0, false
	}
	deletions, noDeletions := strconv.Atoi(parts[1])
	seq, noSeq := strconv.ParseUint(parts[2], 10, 64)
	return deletions, seq, noDeletions == nil && noSeq == nil
}

// run sends frames until the reader or the sandbox goes.
func (s *stream) run(ctx context.Context) {
	tick := time.NewTicker(statePause)
	defer tick.Stop()
	pause := time.NewTicker(framePause)
	defer pause.Stop()
	for {
		seen := s.cursor
		more, changed := s.addCalls(ctx)
		s.addState(s.cursor != seen)
		if s.flush() != nil {
			return
		}
		select {
		case <-time.After(framePause):
		case <-ctx.Done():
			return
		}
		if more {
			continue
		}
		select {
		case <-changed:
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// addCalls adds what arrived since the last frame. It reports whether there is
// more than one frame takes.
func (s *stream) addCalls(ctx context.Context) (more bool, changed <-chan struct{}) {
	next := s.inbox.Read(s.cursor, maxFrame)
	if next.Deletions != s.deletions {
		s.deletions, s.cursor, s.fresh = next.Deletions, s.filter.Since, true
		s.put("reset", map[string]uint64{"last": next.Last})
		return true, nil
	}
	if next.First > s.cursor+1 {
		if !s.fresh {
			s.put("gap", map[string]uint64{"from": s.cursor + 1, "to": next.First - 1})
		}
		s.cursor = next.First - 1
	}
	s.fresh = false
	rows := []inbox.Row{}
	for _, call := range next.Calls {
		if ctx.Err() != nil {
			return false, next.Changed
		}
		if call.Seq > s.filter.Since && s.filter.Matches(call) {
			rows = append(rows, call.Row())
		}
	}
	s.cursor = next.Next
	if len(rows) > 0 {
		s.put("calls", rows)
	}
	return next.Next < next.Last, next.Changed
}

// addState adds the counters if they changed, or if nothing was sent for long.
func (s *stream) addState(hasMoved bool) {
	since := time.Since(s.lastState)
	if !hasMoved && since < statePause {
		return
	}
	encoded, err := json.Marshal(stateOf(s.inbox, s.faults))
	if err != nil || bytes.Equal(encoded, s.state) && since < quietPause {
		return
	}
	s.state, s.lastState = encoded, time.Now()
	s.put("state", json.RawMessage(encoded))
}

// put adds one event. Its id is the position where a reader continues.
func (s *stream) put(event string, data any) {
	encoded, err := json.Marshal(data)
	if err != nil {
		return // Everything that is sent here can be encoded.
	}
	fmt.Fprintf(&s.frame, "event: %s\nid: %s\ndata: %s\n\n", event, s.position(), encoded)
}

func (s *stream) flush() error {
	if s.frame.Len() == 0 {
		return nil
	}
	defer s.frame.Reset()
	// If no deadline can be set, the reader is a test without a socket.
	_ = s.conn.SetWriteDeadline(time.Now().Add(readerPatience))
	if _, err := s.frame.WriteTo(s.w); err != nil {
		return err
	}
	return s.conn.Flush()
}
