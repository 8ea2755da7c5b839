package sandbox

import "context"

// Calls returns the calls held that meet the filter, in order of arrival.
func (s *Sandbox) Calls(filter Filter) []Call {
	calls, _ := s.store.matching(context.Background(), &filter)
	return valuesOf(calls)
}

func valuesOf(calls []*Call) []Call {
	values := make([]Call, len(calls))
	for i, call := range calls {
		values[i] = *call
	}
	return values
}

// Requests returns the journal of requests as far as it is held, in order of
// arrival.
func (s *Sandbox) Requests() []Request {
	held := s.store.requestsAfter(0)
	requests := make([]Request, len(held))
	for i, req := range held {
		requests[i] = *req
	}
	return requests
}

// Summary returns what came in since the start or the last reset.
func (s *Sandbox) Summary() Summary { return s.store.summary() }
