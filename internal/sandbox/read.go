package sandbox

// Calls returns the calls held that meet the filter, in order of arrival.
func (s *Sandbox) Calls(filter Filter) []Call {
	held, _ := s.store.callsAfter(filter.Since)
	calls := make([]Call, 0, len(held))
	for _, call := range held {
		if filter.Matches(call) {
			calls = append(calls, *call)
		}
	}
	return calls
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
