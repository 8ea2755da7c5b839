package trackingapi

import (
	"errors"
	"fmt"
	"net/http"
	"os"

	"benthos-segment/internal/ingest"
	"benthos-segment/internal/sandbox/inbox"
	"benthos-segment/internal/segment"
)

// refusal is an answer that accepts nothing.
type refusal struct {
	status int
	failure
}

func refuse(status int, code segment.Reason, message string) *refusal {
	return &refusal{status, failure{Code: string(code), Message: message}}
}

// checkBody returns why a body is refused before it is looked into, nil if it is
// not.
func (h *Handler) checkBody(a *arrival, unread error) *refusal {
	limit, reason := h.settings.MaxBatchBytes, segment.ReasonOversizedBatch
	if !a.isBatch() {
		limit, reason = h.settings.MaxCallBytes, segment.ReasonOversizedCall
	}
	switch {
	case errors.Is(unread, ingest.ErrBusy):
		return refuse(http.StatusServiceUnavailable, segment.ReasonBadRequest, unread.Error()+": send the request again")
	case errors.Is(unread, os.ErrDeadlineExceeded):
		return refuse(http.StatusRequestTimeout, segment.ReasonBadRequest,
			fmt.Sprintf("the body did not arrive within %s", h.settings.BodyTimeout))
	case unread != nil:
		return refuse(http.StatusBadRequest, segment.ReasonBadRequest, "reading body: "+unread.Error())
	case a.req.Bytes > int64(limit):
		return refuse(http.StatusBadRequest, reason,
			fmt.Sprintf("the body has %d bytes, but %s accepts at most %d", a.req.Bytes, a.route.Path, limit))
	default:
		return nil
	}
}

// check returns why a request is refused, nil if it is not: what Segment
// refuses, and in strict mode also what it would discard.
func (h *Handler) check(a *arrival, header http.Header, broken error) *refusal {
	switch {
	case broken != nil:
		return refuse(http.StatusBadRequest, segment.ReasonInvalidJSON, broken.Error())
	case !h.isAuthorized(header):
		return refuse(http.StatusUnauthorized, segment.ReasonBadRequest,
			"the access token is missing, unknown or expired: get one from /token")
	case a.req.WriteKey == "":
		return refuse(http.StatusBadRequest, segment.ReasonWriteKeyMissing,
			"the write key is missing: send it as the user of Basic authentication or as writeKey in the body")
	case !h.accepts(a.req.WriteKey):
		return refuse(http.StatusUnauthorized, segment.ReasonBadRequest,
			"the write key is not one of those that this sandbox accepts")
	}
	if refusal := h.checkCallSizes(a.calls); refusal != nil {
		return refusal
	}
	return h.checkStrictly(a)
}

// isAuthorized reports whether the request has a valid token, if it needs one.
func (h *Handler) isAuthorized(header http.Header) bool {
	if h.tokens == nil {
		return true
	}
	_, token := ingest.Authorization(header)
	return token != "" && h.tokens.Accepts(token)
}

func (h *Handler) checkCallSizes(calls []inbox.Call) *refusal {
	for i := range calls {
		if calls[i].Size > h.settings.MaxCallBytes {
			return refuse(http.StatusBadRequest, segment.ReasonOversizedCall,
				fmt.Sprintf("call %d has %d bytes, more than %d", i, calls[i].Size, h.settings.MaxCallBytes))
		}
	}
	return nil
}

func (h *Handler) checkStrictly(a *arrival) *refusal {
	if !h.settings.Strict {
		return nil
	}
	if v := h.batchViolation(a); v != nil {
		return &refusal{http.StatusBadRequest, failure{Code: v.Code, Message: v.Message}}
	}
	for i := range a.calls {
		if a.calls[i].Accepted {
			continue
		}
		v := a.calls[i].Violations[0]
		return &refusal{http.StatusBadRequest, failure{
			Code:    v.Code,
			Message: fmt.Sprintf("call %d, %s: %s", i, orDash(v.Field), v.Message),
		}}
	}
	return nil
}

// batchViolation returns what is wrong with the number of calls. Segment answers
// with 200 all the same.
func (h *Handler) batchViolation(a *arrival) *inbox.Violation {
	switch calls := a.req.Calls; {
	case !a.isBatch():
		return nil
	case calls == 0:
		return &inbox.Violation{
			Code: string(segment.ReasonEmptyBatch), Field: "batch",
			Message: "the batch has no calls: send at least one",
		}
	case calls > h.settings.MaxBatchCalls:
		return &inbox.Violation{
			Code: string(segment.ReasonOversizedBatch), Field: "batch",
			Message: fmt.Sprintf("the batch has %d calls, more than %d: Segment discards all of them", calls, h.settings.MaxBatchCalls),
		}
	default:
		return nil
	}
}

// askWorkspace notes what Segment would throw calls away for because of their
// source: that there is none, that it is disabled, or what its plan blocks.
func (h *Handler) askWorkspace(a *arrival) {
	if a.req.WriteKey == "" {
		return
	}
	for i := range a.calls {
		call := &a.calls[i]
		if v := h.workspace.Verdict(a.req.WriteKey, call); v != nil {
			call.Accepted = false
			call.Violations = append(call.Violations, *v)
		}
	}
}

// noteViolations notes on the request and its calls what Segment would discard
// them for. A body that could not be taken apart has nothing to note.
func (h *Handler) noteViolations(a *arrival) {
	if a.refusal != nil && a.req.Calls == 0 && a.refusal.Code != string(segment.ReasonEmptyBatch) {
		return
	}
	for i := range a.calls {
		for _, v := range a.calls[i].Warnings {
			a.req.AddWarning(i, v)
		}
	}
	if v := h.batchViolation(a); v != nil {
		a.req.AddViolation(-1, *v)
		for i := range a.calls {
			a.calls[i].Accepted = false
			a.calls[i].Violations = append(a.calls[i].Violations, *v)
		}
		return
	}
	for i := range a.calls {
		for _, v := range a.calls[i].Violations {
			a.req.AddViolation(i, v)
		}
	}
}

func orDash(field string) string {
	if field == "" {
		return "-"
	}
	return field
}
