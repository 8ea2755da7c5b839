package controlapi

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"

	"benthos-segment/internal/sandbox/answer"
	"benthos-segment/internal/sandbox/inbox"
)

// requestsAPI shows requests.
type requestsAPI struct{ inbox *inbox.Inbox }

func (api requestsAPI) list(w http.ResponseWriter, _ *http.Request, q *query) {
	since, listing, messageID := q.number("since"), q.listing(), q.text("message_id")
	if q.refused(w) {
		return
	}
	requests := slices.DeleteFunc(api.inbox.RequestsAfter(since), func(req *inbox.Request) bool {
		return messageID != "" && !slices.Contains(req.MessageIDs, messageID)
	})
	requests, more := partOf(requests, listing)
	list := struct {
		Requests []requestView `json:"requests"`
		cursor
	}{Requests: make([]requestView, len(requests)), cursor: cursor{Next: since, More: more}}
	for i, req := range requests {
		list.Requests[i] = viewRequest(req)
		list.Next = max(list.Next, req.Seq)
	}
	answer.JSON(w, http.StatusOK, list)
}

func (api requestsAPI) one(w http.ResponseWriter, r *http.Request, _ *query) {
	seq, err := strconv.ParseUint(r.PathValue("seq"), 10, 64)
	if err != nil {
		answer.Error(w, http.StatusBadRequest, "name a request by its sequence number, such as /api/v1/requests/1")
		return
	}
	req, ok := api.inbox.Request(seq)
	if !ok {
		answer.Error(w, http.StatusNotFound, fmt.Sprintf("request %d is not held: it never arrived, or newer requests evicted it", seq))
		return
	}
	answer.JSON(w, http.StatusOK, viewRequest(req))
}
