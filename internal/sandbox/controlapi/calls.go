package controlapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"

	"benthos-segment/internal/sandbox/answer"
	"benthos-segment/internal/sandbox/inbox"
)

// callsAPI shows and deletes calls, and answers questions about them.
type callsAPI struct {
	inbox        *inbox.Inbox
	run, version string
}

func (api callsAPI) list(w http.ResponseWriter, r *http.Request, q *query) {
	filter, listing, raw := q.filter(), q.listing(), q.boolean("raw")
	if q.refused(w) || api.isUnchanged(w, r) {
		return
	}
	calls, ok := matching(w, r, api.inbox, &filter)
	if !ok {
		return
	}
	total := len(calls)
	calls, more := partOf(calls, listing)
	list := struct {
		Calls []callView `json:"calls"`
		// Total is how many match, with those that the limit leaves out.
		Total int `json:"total"`
		cursor
	}{Total: total, Calls: make([]callView, len(calls)), cursor: cursor{Next: filter.Since, More: more}}
	for i, call := range calls {
		list.Calls[i] = viewCall(call, raw != nil && *raw)
		list.Next = max(list.Next, call.Seq)
	}
	answer.JSON(w, http.StatusOK, list)
}

// isUnchanged answers a client that has this state of the inbox already.
func (api callsAPI) isUnchanged(w http.ResponseWriter, r *http.Request) bool {
	held := api.inbox.Read(0, 0)
	tag := fmt.Sprintf(`"%s-%d-%d-%d"`, api.run, held.Deletions, held.First, held.Last)
	w.Header().Set("ETag", tag)
	if r.Header.Get("If-None-Match") != tag {
		return false
	}
	w.WriteHeader(http.StatusNotModified)
	return true
}

// matching returns the calls that match the filter, unless the request ends
// before all were looked at.
func matching(w http.ResponseWriter, r *http.Request, box *inbox.Inbox, filter *inbox.Filter) (calls []*inbox.Call, ok bool) {
	calls, err := box.Matching(r.Context(), filter)
	return calls, !ended(w, err)
}

// ended answers a request that ended before its answer was ready: the client is
// gone, or the sandbox is being stopped.
func ended(w http.ResponseWriter, err error) bool {
	if err == nil {
		return false
	}
	answer.Error(w, http.StatusServiceUnavailable, "the request ended before all calls were looked at")
	return true
}

func (api callsAPI) remove(w http.ResponseWriter, r *http.Request, q *query) {
	filter := q.filter()
	if q.refused(w) {
		return
	}
	removed, err := api.inbox.Remove(r.Context(), &filter)
	if ended(w, err) {
		return
	}
	answer.JSON(w, http.StatusOK, map[string]int{"removed": removed})
}

func (api callsAPI) one(w http.ResponseWriter, r *http.Request, _ *query) {
	call, ok := api.named(w, r)
	if !ok {
		return
	}
	answer.JSON(w, http.StatusOK, struct {
		callView
		Violations []advice        `json:"violations,omitempty"`
		Warnings   []advice        `json:"warnings,omitempty"`
		Plan       []advice        `json:"plan_findings,omitempty"`
		Attempts   []inbox.Attempt `json:"attempts"`
	}{viewCall(call, true), adviceOnAll(call.Violations), adviceOnAll(call.Warnings), adviceOnAll(call.PlanFindings), api.inbox.Attempts(call.MessageID)})
}

func (api callsAPI) raw(w http.ResponseWriter, r *http.Request, _ *query) {
	if call, ok := api.named(w, r); ok {
		answer.Bytes(w, http.StatusOK, "application/json", call.Shown())
	}
}

// named returns the call that the path names, or answers that there is none.
func (api callsAPI) named(w http.ResponseWriter, r *http.Request) (*inbox.Call, bool) {
	seq, err := strconv.ParseUint(r.PathValue("seq"), 10, 64)
	if err != nil {
		answer.Error(w, http.StatusBadRequest, "name a call by its sequence number, such as /api/v1/calls/1")
		return nil, false
	}
	call, ok := api.inbox.Call(seq)
	if !ok {
		answer.Error(w, http.StatusNotFound, fmt.Sprintf("call %d is not held: it never arrived, was deleted, or newer calls evicted it", seq))
	}
	return call, ok
}

func (api callsAPI) summary(w http.ResponseWriter, _ *http.Request, _ *query) {
	answer.JSON(w, http.StatusOK, api.inbox.Summary())
}

func (api callsAPI) person(w http.ResponseWriter, r *http.Request, q *query) {
	id := q.text("id")
	if id == "" {
		answer.Error(w, http.StatusBadRequest, "parameter id must be a user id, an anonymous id or a previous id")
		return
	}
	person, err := api.inbox.Person(r.Context(), id)
	switch {
	case ended(w, err):
	case person.Total == 0:
		answer.Error(w, http.StatusNotFound, fmt.Sprintf("no call that is held has the id %q", id))
	default:
		answer.JSON(w, http.StatusOK, person)
	}
}

func (api callsAPI) wait(w http.ResponseWriter, r *http.Request, q *query) {
	filter, count, timeout := q.filter(), q.count(), q.timeout()
	if q.refused(w) {
		return
	}
	matched, reached := api.inbox.Await(r.Context(), timeout, filter, count)
	answer.JSON(w, http.StatusOK, struct {
		Reached bool   `json:"reached"`
		Count   int    `json:"count"`
		Matched int    `json:"matched"`
		LastSeq uint64 `json:"last_seq"`
	}{reached, count, matched, api.inbox.Summary().LastSeq})
}

func (api callsAPI) assert(w http.ResponseWriter, r *http.Request, q *query) {
	const longest = 64 << 20
	filter := q.filter()
	if q.refused(w) {
		return
	}
	want, err := readExpectation(http.MaxBytesReader(w, r.Body, longest))
	if err != nil {
		answer.Error(w, http.StatusBadRequest, err.Error())
		return
	}
	judgement, err := api.inbox.Judge(r.Context(), &filter, want)
	if ended(w, err) {
		return
	}
	status := http.StatusOK
	if !judgement.OK {
		status = http.StatusConflict // So that `curl --fail` fails.
	}
	answer.JSON(w, status, judgement)
}

func readExpectation(body io.Reader) (want inbox.Expectation, err error) {
	text, err := io.ReadAll(body)
	if err != nil {
		return want, fmt.Errorf("reading the body: %w", err)
	}
	if len(bytes.TrimSpace(text)) == 0 {
		return want, nil
	}
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&want); err != nil {
		return want, errors.New(`the body must be an object such as {"message_ids":["m1","m2"],"allow_duplicates":true}`)
	}
	return want, nil
}
