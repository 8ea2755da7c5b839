package sandbox

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
)

func answerError(w http.ResponseWriter, status int, message string) {
	answerJSON(w, status, map[string]string{"error": message})
}

func serveHealth(w http.ResponseWriter, _ *http.Request, _ *query) {
	answerJSON(w, http.StatusOK, map[string]string{"status": "ok"})
}

func (s *Sandbox) serveCalls(w http.ResponseWriter, r *http.Request, q *query) {
	filter, window, raw := q.filter(), q.window(), q.boolean("raw")
	if q.refused(w) {
		return
	}
	if s.isUnchanged(w, r) {
		return
	}
	calls, ok := s.matching(w, r, &filter)
	if !ok {
		return
	}
	calls, more := clip(calls, window)
	answer := struct {
		Calls []callView `json:"calls"`
		cursor
	}{Calls: make([]callView, len(calls)), cursor: cursor{Next: filter.Since, More: more}}
	for i, call := range calls {
		answer.Calls[i] = viewCall(call, raw != nil && *raw)
		answer.Next = max(answer.Next, call.Seq)
	}
	answerJSON(w, http.StatusOK, answer)
}

// isUnchanged answers a client who has this very state of the store already.
func (s *Sandbox) isUnchanged(w http.ResponseWriter, r *http.Request) bool {
	held := s.store.page(0, 0)
	tag := fmt.Sprintf(`"%s-%d-%d-%d"`, s.run, held.wipes, held.first, held.last)
	w.Header().Set("ETag", tag)
	if r.Header.Get("If-None-Match") != tag {
		return false
	}
	w.WriteHeader(http.StatusNotModified)
	return true
}

func (s *Sandbox) serveNoCalls(w http.ResponseWriter, r *http.Request, q *query) {
	filter := q.filter()
	if q.refused(w) {
		return
	}
	removed, err := s.store.remove(r.Context(), &filter)
	if err != nil {
		answerGone(w)
		return
	}
	answerJSON(w, http.StatusOK, map[string]int{"removed": removed})
}

// matching returns the calls that meet the filter, unless the request ends
// before all are looked at.
func (s *Sandbox) matching(w http.ResponseWriter, r *http.Request, filter *Filter) (calls []*Call, ok bool) {
	calls, err := s.store.matching(r.Context(), filter)
	if err != nil {
		answerGone(w)
		return nil, false
	}
	return calls, true
}

// answerGone answers a request whose client has gone, or that a shutdown ends.
func answerGone(w http.ResponseWriter) {
	answerError(w, http.StatusServiceUnavailable, "the request ended before all calls were looked at")
}

func (s *Sandbox) serveCall(w http.ResponseWriter, r *http.Request, _ *query) {
	call, ok := s.callOf(w, r)
	if !ok {
		return
	}
	answerJSON(w, http.StatusOK, struct {
		callView
		Violations []advice  `json:"violations,omitempty"`
		Warnings   []advice  `json:"warnings,omitempty"`
		Attempts   []attempt `json:"attempts"`
	}{viewCall(call, true), adviceOnAll(call.Violations), adviceOnAll(call.Warnings), attemptsOf(call.MessageID, s.store.requestsAfter(0))})
}

func (s *Sandbox) serveRaw(w http.ResponseWriter, r *http.Request, _ *query) {
	call, ok := s.callOf(w, r)
	if !ok {
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(call.Shown())
}

// callOf finds the call that the path names, or answers that there is none.
func (s *Sandbox) callOf(w http.ResponseWriter, r *http.Request) (*Call, bool) {
	seq, err := strconv.ParseUint(r.PathValue("seq"), 10, 64)
	if err != nil {
		answerError(w, http.StatusBadRequest, "a call is named by its sequence number, such as /api/v1/calls/1")
		return nil, false
	}
	call, ok := s.store.call(seq)
	if !ok {
		answerError(w, http.StatusNotFound, fmt.Sprintf("call %d is not held: it never came, or it made room for newer ones", seq))
	}
	return call, ok
}

func (s *Sandbox) serveRequests(w http.ResponseWriter, _ *http.Request, q *query) {
	since, window, messageID := q.number("since"), q.window(), q.text("message_id")
	if q.refused(w) {
		return
	}
	requests := slices.DeleteFunc(s.store.requestsAfter(since), func(req *Request) bool {
		return messageID != "" && !slices.Contains(req.MessageIDs, messageID)
	})
	requests, more := clip(requests, window)
	answer := struct {
		Requests []requestView `json:"requests"`
		cursor
	}{Requests: make([]requestView, len(requests)), cursor: cursor{Next: since, More: more}}
	for i, req := range requests {
		answer.Requests[i] = viewRequest(req)
		answer.Next = max(answer.Next, req.Seq)
	}
	answerJSON(w, http.StatusOK, answer)
}

func (s *Sandbox) serveRequest(w http.ResponseWriter, r *http.Request, _ *query) {
	seq, err := strconv.ParseUint(r.PathValue("seq"), 10, 64)
	if err != nil {
		answerError(w, http.StatusBadRequest, "a request is named by its sequence number, such as /api/v1/requests/1")
		return
	}
	req, ok := s.store.request(seq)
	if !ok {
		answerError(w, http.StatusNotFound, fmt.Sprintf("request %d is not held: it never came, or it made room for newer ones", seq))
		return
	}
	answerJSON(w, http.StatusOK, viewRequest(req))
}

func (s *Sandbox) serveSummary(w http.ResponseWriter, _ *http.Request, _ *query) {
	answerJSON(w, http.StatusOK, s.Summary())
}

func (s *Sandbox) serveWait(w http.ResponseWriter, r *http.Request, q *query) {
	filter, count, timeout := q.filter(), q.count(), q.timeout()
	if q.refused(w) {
		return
	}
	matched, reached := s.store.await(r.Context(), timeout, filter, count)
	answerJSON(w, http.StatusOK, struct {
		Reached bool   `json:"reached"`
		Count   int    `json:"count"`
		Matched int    `json:"matched"`
		LastSeq uint64 `json:"last_seq"`
	}{reached, count, matched, s.Summary().LastSeq})
}

func (s *Sandbox) serveReset(w http.ResponseWriter, _ *http.Request, _ *query) {
	s.Reset()
	answerJSON(w, http.StatusOK, map[string]bool{"reset": true})
}

// cursor tells how to go on reading a list.
type cursor struct {
	// Next is the since that goes on behind the newest entry of this answer.
	Next uint64 `json:"next_since"`
	// More tells that the limit cut the list short.
	More bool `json:"more"`
}

// window is which part of a list is wanted.
type window struct {
	limit  int
	newest bool // newest first
}

func clip[T any](list []T, w window) (clipped []T, more bool) {
	if w.newest {
		slices.Reverse(list)
	}
	if len(list) <= w.limit {
		return list, false
	}
	return list[:w.limit], true
}
