package sandbox

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

const (
	// replayBytes and replayCalls bound one request of a replay, well below
	// what Segment takes.
	replayBytes   = 400_000
	replayCalls   = 1_000
	replayTimeout = 30 * time.Second
)

// replayClient follows no redirect: calls go where the command line says and
// nowhere else.
var replayClient = &http.Client{
	Timeout:       replayTimeout,
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

// CheckReplayTo says what is wrong with a place to replay to.
func CheckReplayTo(target string) error {
	u, err := url.Parse(target)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https":
		return fmt.Errorf("the place to replay to must be an address such as https://api.segment.io, not %q", target)
	case u.User != nil || u.RawQuery != "" || u.Fragment != "":
		return errors.New("the place to replay to must have no user, query or fragment: the write key is that of each call")
	}
	return nil
}

// replayed is what became of a replay.
type replayed struct {
	Target   string `json:"target"`
	Calls    int    `json:"calls"`
	Requests int    `json:"requests"`
	// Error says what ended it early.
	Error string `json:"error,omitempty"`
}

// serveReplay sends calls on with the message ids and write keys they have. It
// has no parameter for where to: a page that could choose it could reach
// whatever this machine reaches.
func (s *Sandbox) serveReplay(w http.ResponseWriter, r *http.Request, q *query) {
	filter := q.filter()
	if q.refused(w) {
		return
	}
	if s.cfg.ReplayTo == "" {
		answerError(w, http.StatusConflict, "there is no place to replay to: start the sandbox with --replay-to")
		return
	}
	held, ok := s.matching(w, r, &filter)
	if !ok {
		return
	}
	done := replayed{Target: s.cfg.ReplayTo}
	status := http.StatusOK
	calls := valuesOf(held)
	for len(calls) > 0 {
		n, err := s.replayOnce(r.Context(), calls)
		if err != nil {
			done.Error, status = err.Error(), http.StatusBadGateway
			break
		}
		done.Calls += n
		done.Requests++
		calls = calls[n:]
	}
	answerJSON(w, status, done)
}

// replayOnce sends the first calls, as many as one request takes, and returns
// how many.
func (s *Sandbox) replayOnce(ctx context.Context, calls []Call) (n int, err error) {
	var body bytes.Buffer
	body.WriteString(`{"batch":[`)
	for n < len(calls) && n < replayCalls && calls[n].WriteKey == calls[0].WriteKey {
		raw := oneLine(&calls[n])
		if n > 0 && body.Len()+len(raw) > replayBytes {
			break
		}
		if n > 0 {
			body.WriteByte(',')
		}
		body.Write(raw)
		n++
	}
	body.WriteString(`]}`)
	address := strings.TrimSuffix(strings.TrimRight(s.cfg.ReplayTo, "/"), "/v1") + "/v1/batch"
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, &body)
	if err != nil {
		return 0, fmt.Errorf("making the request: %w", err)
	}
	req.SetBasicAuth(calls[0].WriteKey, "")
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "benthos-segment-sandbox")
	resp, err := replayClient.Do(req)
	if err != nil {
		return 0, fmt.Errorf("sending call %d and those behind it: %w", calls[0].Seq, err)
	}
	defer resp.Body.Close()
	// Read so that the connection can be used again, but not for ever.
	_, _ = io.CopyN(io.Discard, resp.Body, 64<<10)
	if resp.StatusCode/100 != 2 {
		return 0, fmt.Errorf("sending call %d and those behind it: the target answered %d", calls[0].Seq, resp.StatusCode)
	}
	return n, nil
}
