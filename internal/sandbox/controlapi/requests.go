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
	status, brief := q.status(), q.boolean("brief")
	if q.refused(w) {
		return
	}
	all := api.inbox.RequestsAfter(0)
	requests := slices.DeleteFunc(slices.Clone(all), func(req *inbox.Request) bool {
		return req.Seq <= since || messageID != "" && !slices.Contains(req.MessageIDs, messageID) || !status.Has(req.Status)
	})
	total := len(requests)
	requests, more := partOf(requests, listing)
	list := requestList{Total: total, cursor: cursor{Next: since, More: more}}
	for _, req := range requests {
		list.Next = max(list.Next, req.Seq)
	}
	if brief != nil && *brief {
		list.Requests = inbox.RequestRows(requests, all)
	} else {
		list.Requests = viewRequests(requests)
	}
	answer.JSON(w, http.StatusOK, list)
}

// requestList is a part of the requests, in full or in short.
type requestList struct {
	Requests any `json:"requests"`
	// Total is how many there are, with those that the limit leaves out.
	Total int `json:"total"`
	cursor
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
