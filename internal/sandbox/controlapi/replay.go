package controlapi

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

	"benthos-segment/internal/sandbox/answer"
	"benthos-segment/internal/sandbox/inbox"
)

const (
	// replayBytes and replayCalls bound one request of a replay, well below what
	// Segment accepts.
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
		return fmt.Errorf("the place to replay to must be a URL such as https://api.segment.io, not %q", target)
	case u.User != nil || u.RawQuery != "" || u.Fragment != "":
		return errors.New("the place to replay to must have no user, query or fragment: each call has its own write key")
	}
	return nil
}

// replayAPI sends calls on, with the message ids and write keys that they have.
// It has no parameter for where to: a page that could choose it could reach
// everything that this machine reaches.
type replayAPI struct {
	inbox  *inbox.Inbox
	target string
}

// replayed is what became of a replay.
type replayed struct {
	Target   string `json:"target"`
	Calls    int    `json:"calls"`
	Requests int    `json:"requests"`
	// Error says what ended it early.
	Error string `json:"error,omitempty"`
}

func (api replayAPI) serve(w http.ResponseWriter, r *http.Request, q *query) {
	filter := q.filter()
	if q.refused(w) {
		return
	}
	if api.target == "" {
		answer.Error(w, http.StatusConflict, "there is no place to replay to: start the sandbox with --replay-to")
		return
	}
	calls, ok := matching(w, r, api.inbox, &filter)
	if !ok {
		return
	}
	done, status, wanted := replayed{Target: api.target}, http.StatusOK, len(calls)
	for len(calls) > 0 {
		batch := nextBatch(calls)
		if err := api.send(r.Context(), batch); err != nil {
			done.Error = fmt.Sprintf("%d of %d calls were sent. Call %d and those after it were not: %v", done.Calls, wanted, batch[0].Seq, err)
			status = http.StatusBadGateway
			break
		}
		done.Calls += len(batch)
		done.Requests++
		calls = calls[len(batch):]
	}
	answer.JSON(w, status, done)
}

// nextBatch returns the first calls, as many as one request takes.
func nextBatch(calls []*inbox.Call) []*inbox.Call {
	size := 0
	for n, call := range calls {
		size += len(oneLine(call)) + len(",")
		if n > 0 && (n == replayCalls || size > replayBytes || call.WriteKey != calls[0].WriteKey) {
			return calls[:n]
		}
	}
	return calls
}

func (api replayAPI) send(ctx context.Context, batch []*inbox.Call) error {
	lines := make([][]byte, len(batch))
	for i, call := range batch {
		lines[i] = oneLine(call)
	}
	body := fmt.Appendf(nil, `{"batch":[%s]}`, bytes.Join(lines, []byte(",")))
	address := strings.TrimSuffix(strings.TrimRight(api.target, "/"), "/v1") + "/v1/batch"
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("making the request: %w", err)
	}
	req.SetBasicAuth(batch[0].WriteKey, "")
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "benthos-segment-sandbox")
	resp, err := replayClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	// Read so that the connection can be used again, but not for ever.
	_, _ = io.CopyN(io.Discard, resp.Body, 64<<10)
	if resp.StatusCode/100 != 2 {
		return fmt.Errorf("the target answered %d", resp.StatusCode)
	}
	return nil
}
