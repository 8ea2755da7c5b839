package sandbox

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

const (
	// framePause is the shortest time between two frames, so that a page draws
	// ten times a second at most, whatever comes in.
	framePause = 100 * time.Millisecond
	// maxFrame bounds the calls of a frame. A reader who is behind catches up
	// by ten such frames a second.
	maxFrame = 2_000
	// statePause is how often counters are sent while they change, quietPause
	// how often while they do not, which also keeps the connection alive.
	statePause = time.Second
	quietPause = 15 * time.Second
	// readerPatience is how long a reader may take to read a frame.
	readerPatience = 30 * time.Second
)

// serveEvents streams the calls as they come. Each reader reads the store at
// his own pace; where it has moved on he is told of the gap, and whoever sends
// calls waits for nobody.
func (s *Sandbox) serveEvents(w http.ResponseWriter, r *http.Request, q *query) {
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
	st := &stream{sandbox: s, w: w, rc: http.NewResponseController(w), filter: filter}
	st.begin(after)
	st.run(r.Context())
}

// stream is one reader of the events.
type stream struct {
	sandbox *Sandbox
	w       http.ResponseWriter
	rc      *http.ResponseController
	filter  Filter

	// cursor is the last call that was looked at. A reader who has not seen
	// anything yet misses nothing of what is no longer held.
	cursor uint64
	fresh  bool
	// wipes is how often calls had been deleted then.
	wipes int

	frame     bytes.Buffer
	lastState time.Time
	state     []byte
}

// begin greets the reader and goes on behind the call that he has. Where the
// sandbox was started anew since then, its calls are counted anew, and all of
// them are news.
func (st *stream) begin(after string) {
	held := st.sandbox.store.page(0, 0)
	st.wipes = held.wipes
	st.cursor, st.fresh = st.filter.Since, true
	if wipes, seq, ok := st.placeIn(after); ok && seq <= held.last {
		// Where calls were deleted while he was away, addCalls says so.
		st.wipes, st.cursor, st.fresh = wipes, max(st.cursor, seq), false
	}
	cfg := st.sandbox.cfg
	st.frame.WriteString("retry: 500\n")
	st.put("hello", map[string]any{
		"run": st.sandbox.run, "first": held.first, "last": held.last, "max_calls": cfg.MaxCalls,
		"version": cfg.Version, "replay_to": cfg.ReplayTo,
	})
}

// place is the id of an event: "<run>-<wipes>-<seq>".
func (st *stream) place() string {
	return fmt.Sprintf("%s-%d-%d", st.sandbox.run, st.wipes, st.cursor)
}

// placeIn reads the id of an event of this run.
func (st *stream) placeIn(id string) (wipes int, seq uint64, ok bool) {
	parts := strings.Split(id, "-")
	if len(parts) != 3 || parts[0] != st.sandbox.run {
		return 0, 0, false
	}
	wipes, noWipes := strconv.Atoi(parts[1])
	seq, noSeq := strconv.ParseUint(parts[2], 10, 64)
	return wipes, seq, noWipes == nil && noSeq == nil
}

// run sends frames until the reader or the sandbox goes.
func (st *stream) run(ctx context.Context) {
	tick := time.NewTicker(statePause)
	defer tick.Stop()
	for {
		more, changed := st.addCalls(ctx)
		st.addState()
		if st.flush() != nil || !sleep(ctx, framePause) {
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

// addCalls adds what came since the last frame. It reports whether there is
// more than one frame takes.
func (st *stream) addCalls(ctx context.Context) (more bool, changed <-chan struct{}) {
	page := st.sandbox.store.page(st.cursor, maxFrame)
	if page.wipes != st.wipes {
		st.wipes, st.cursor, st.fresh = page.wipes, st.filter.Since, true
		st.put("reset", map[string]uint64{"last": page.last})
		return true, nil
	}
	if page.first > st.cursor+1 {
		if !st.fresh {
			st.put("gap", map[string]uint64{"from": st.cursor + 1, "to": page.first - 1})
		}
		st.cursor = page.first - 1
	}
	st.fresh = false
	rows := []callSummary{}
	for _, call := range page.calls {
		if ctx.Err() != nil {
			return false, page.changed
		}
		if call.Seq > st.filter.Since && st.filter.Matches(call) {
			rows = append(rows, summarize(call))
		}
	}
	st.cursor = page.next
	if len(rows) > 0 {
		st.put("calls", rows)
	}
	return page.next < page.last, page.changed
}

// addState adds the counters where they changed, or where nothing was said for
// long.
func (st *stream) addState() {
	since := time.Since(st.lastState)
	if since < statePause {
		return
	}
	state, err := json.Marshal(st.sandbox.state())
	if err != nil || bytes.Equal(state, st.state) && since < quietPause {
		return
	}
	st.state, st.lastState = state, time.Now()
	st.put("state", json.RawMessage(state))
}

// put adds one event. Its id is the place where a reader goes on.
func (st *stream) put(event string, data any) {
	encoded, err := json.Marshal(data)
	if err != nil {
		return // None of what is sent here can fail to be JSON.
	}
	fmt.Fprintf(&st.frame, "event: %s\nid: %s\ndata: %s\n\n", event, st.place(), encoded)
}

func (st *stream) flush() error {
	if st.frame.Len() == 0 {
		return nil
	}
	defer st.frame.Reset()
	// Where no deadline can be set, the reader is a test without a socket.
	_ = st.rc.SetWriteDeadline(time.Now().Add(readerPatience))
	if _, err := st.frame.WriteTo(st.w); err != nil {
		return err
	}
	return st.rc.Flush()
}
