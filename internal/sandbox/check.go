package sandbox

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"slices"

	"benthos-segment/internal/ingest"
	"benthos-segment/internal/segment"
)

// refusal is an answer of the Tracking API that accepts nothing.
type refusal struct {
	status int
	failure
}

func refuse(status int, code segment.Reason, message string) *refusal {
	return &refusal{status, failure{Code: string(code), Message: message}}
}

// checkBody returns why a body is refused before anybody looks into it, nil
// where it is not.
func (s *Sandbox) checkBody(d *delivery, unread error) *refusal {
	limit, reason := s.cfg.MaxBatchBytes, segment.ReasonOversizedBatch
	if !d.isBatch() {
		limit, reason = s.cfg.MaxCallBytes, segment.ReasonOversizedCall
	}
	switch {
	case errors.Is(unread, ingest.ErrBusy):
		return refuse(http.StatusServiceUnavailable, segment.ReasonBadRequest, unread.Error()+": send it again")
	case errors.Is(unread, os.ErrDeadlineExceeded):
		return refuse(http.StatusRequestTimeout, segment.ReasonBadRequest,
			fmt.Sprintf("the body did not arrive within %s", s.cfg.BodyTimeout))
	case unread != nil:
		return refuse(http.StatusBadRequest, segment.ReasonBadRequest, "reading body: "+unread.Error())
	case d.req.Bytes > int64(limit):
		return refuse(http.StatusBadRequest, reason,
			fmt.Sprintf("the body has %d bytes, more than the %d that %s takes", d.req.Bytes, limit, d.route.Path))
	default:
		return nil
	}
}

// check returns why a request is refused, nil where it is not. That is: what
// Segment refuses, and in strict mode also what it would discard.
func (s *Sandbox) check(d *delivery, broken error) *refusal {
	switch {
	case broken != nil:
		return refuse(http.StatusBadRequest, segment.ReasonInvalidJSON, broken.Error())
	case !d.authorized:
		return refuse(http.StatusUnauthorized, segment.ReasonBadRequest,
			"the access token is missing, unknown or no longer good: get one from /token")
	case d.req.WriteKey == "":
		return refuse(http.StatusBadRequest, segment.ReasonWriteKeyMissing,
			"there is no write key: send it as the user of Basic authentication or as writeKey in the body")
	case len(s.cfg.WriteKeys) > 0 && !slices.Contains(s.cfg.WriteKeys, d.req.WriteKey):
		return refuse(http.StatusUnauthorized, segment.ReasonBadRequest,
			"the write key is not one of those that this sandbox lets in")
	}
	if refusal := s.checkCallSizes(d.calls); refusal != nil {
		return refusal
	}
	return s.checkStrictly(d)
}

func (s *Sandbox) checkCallSizes(calls []Call) *refusal {
	for i := range calls {
		if calls[i].Size > s.cfg.MaxCallBytes {
			return refuse(http.StatusBadRequest, segment.ReasonOversizedCall,
				fmt.Sprintf("call %d has %d bytes, more than %d", i, calls[i].Size, s.cfg.MaxCallBytes))
		}
	}
	return nil
}

func (s *Sandbox) checkStrictly(d *delivery) *refusal {
	if !s.cfg.Strict {
		return nil
	}
	if v := s.batchViolation(d); v != nil {
		return &refusal{http.StatusBadRequest, failure{Code: v.Code, Message: v.Message}}
	}
	for i := range d.calls {
		if d.calls[i].Accepted {
			continue
		}
		v := d.calls[i].Violations[0]
		return &refusal{http.StatusBadRequest, failure{
			Code:    v.Code,
			Message: fmt.Sprintf("call %d, %s: %s", i, orDash(v.Field), v.Message),
		}}
	}
	return nil
}

// batchViolation returns what Segment minds about the number of calls, which
// it answers with 200 all the same.
func (s *Sandbox) batchViolation(d *delivery) *Violation {
	switch calls := d.req.Calls; {
	case !d.isBatch():
		return nil
	case calls == 0:
		return &Violation{
			Code: string(segment.ReasonEmptyBatch), Field: "batch",
			Message: "the batch has no calls: send at least one",
		}
	case calls > s.cfg.MaxBatchCalls:
		return &Violation{
			Code: string(segment.ReasonOversizedBatch), Field: "batch",
			Message: fmt.Sprintf("the batch has %d calls, more than %d: Segment discards all of them", calls, s.cfg.MaxBatchCalls),
		}
	default:
		return nil
	}
}

// violate notes on the request and its calls what Segment would have minded.
// A body that could not be taken apart has nothing to note.
func (s *Sandbox) violate(d *delivery) {
	if d.refusal != nil && d.req.Calls == 0 && d.refusal.Code != string(segment.ReasonEmptyBatch) {
		return
	}
	for i := range d.calls {
		for _, v := range d.calls[i].Warnings {
			note(&d.req.Warnings, CallViolation{Call: i, Violation: v})
		}
	}
	if v := s.batchViolation(d); v != nil {
		note(&d.req.Violations, CallViolation{Call: -1, Violation: *v})
		for i := range d.calls {
			d.calls[i].Accepted = false
			d.calls[i].Violations = append(d.calls[i].Violations, *v)
		}
		return
	}
	for i := range d.calls {
		for _, v := range d.calls[i].Violations {
			note(&d.req.Violations, CallViolation{Call: i, Violation: v})
		}
	}
}

// note keeps what was found, as long as there are not too many to be looked at.
func note(list *[]CallViolation, found CallViolation) {
	const enough = 100
	if len(*list) < enough {
		*list = append(*list, found)
	}
}

func orDash(field string) string {
	if field == "" {
		return "-"
	}
	return field
}
