package inbox

import (
	"fmt"
	"maps"
	"sort"
	"strings"

	"benthos-segment/internal/segment"
)

// Summary counts what arrived since the start or the last reset, whether it is
// still held or not.
type Summary struct {
	Strict bool `json:"strict"`
	// Requests counts requests, RequestsByStatus by the status of their answer;
	// "cut" are those whose connection was cut instead.
	Requests         int            `json:"requests"`
	RequestsByStatus map[string]int `json:"requests_by_status"`
	// Calls counts the calls of requests that were not refused: Accepted and
	// Discarded. Refused counts the calls of the others, each time they came.
	Calls     int `json:"calls"`
	Accepted  int `json:"accepted"`
	Discarded int `json:"discarded"`
	Refused   int `json:"refused"`
	// Warned counts the calls of those with at least one warning.
	Warned int `json:"warned"`
	// Of the accepted ones, Duplicates came before and Unique did not.
	Duplicates int            `json:"duplicates"`
	Unique     int            `json:"unique"`
	ByType     map[string]int `json:"by_type"`
	// Violations and Warnings count by code, also those of refused requests.
	Violations map[string]int `json:"violations"`
	Warnings   map[string]int `json:"warnings"`
	// PlanFindings counts by kind where calls that are held do not keep to the
	// tracking plan.
	PlanFindings map[string]int `json:"plan_findings,omitempty"`
	// Bytes counts bodies after decompression, BytesOnWire before.
	Bytes       int64 `json:"bytes"`
	BytesOnWire int64 `json:"bytes_on_wire"`
	// CallsDropped and RequestsDropped were evicted by newer ones. HeldByType
	// counts the calls held.
	CallsHeld       int            `json:"calls_held"`
	HeldByType      map[string]int `json:"held_by_type"`
	CallsDropped    int            `json:"calls_dropped"`
	RequestsHeld    int            `json:"requests_held"`
	RequestsDropped int            `json:"requests_dropped"`
	// FirstSeq is the number of the first call that is held, or of the next one.
	FirstSeq    uint64 `json:"first_seq"`
	LastSeq     uint64 `json:"last_seq"`
	LastRequest uint64 `json:"last_request"`
}

func emptySummary(strict bool) Summary {
	return Summary{
		Strict:           strict,
		RequestsByStatus: map[string]int{},
		ByType:           map[string]int{},
		HeldByType:       map[string]int{},
		Violations:       map[string]int{},
		Warnings:         map[string]int{},
		PlanFindings:     map[string]int{},
	}
}

// clone returns a summary that does not change with the inbox.
func (s *Summary) clone() Summary {
	c := *s
	c.RequestsByStatus = maps.Clone(s.RequestsByStatus)
	c.ByType = maps.Clone(s.ByType)
	c.HeldByType = maps.Clone(s.HeldByType)
	c.Violations = maps.Clone(s.Violations)
	c.Warnings = maps.Clone(s.Warnings)
	c.PlanFindings = maps.Clone(s.PlanFindings)
	return c
}

// addCall counts a call that is held.
func (s *Summary) addCall(call *Call) {
	s.Calls++
	s.ByType[call.Type]++
	switch {
	case !call.Accepted:
		s.Discarded++
	case call.Duplicate:
		s.Accepted++
		s.Duplicates++
	default:
		s.Accepted++
		s.Unique++
	}
	for _, v := range call.Violations {
		s.Violations[v.Code]++
	}
	if len(call.Warnings) > 0 {
		s.Warned++
	}
	for _, v := range call.Warnings {
		s.Warnings[v.Code]++
	}
	for _, v := range call.PlanFindings {
		s.PlanFindings[v.Code]++
	}
}

// addUnread counts the calls of a request that nobody read. All of them are
// discarded for what is wrong with their request.
func (s *Summary) addUnread(req *Request) {
	s.Calls += req.Unread
	s.Discarded += req.Unread
	s.ByType[segment.UnknownType.String()] += req.Unread
	for _, v := range req.Violations {
		s.Violations[v.Code] += req.Unread
	}
}

// addRequest counts a request, of whose calls that many were taken.
func (s *Summary) addRequest(req *Request, taken int) {
	s.Requests++
	s.RequestsByStatus[statusName(req.Status)]++
	s.Bytes += req.Bytes
	s.BytesOnWire += req.BytesOnWire
	s.Refused += req.Calls - taken
	// Violations of calls that are held are counted with the calls, and a
	// request that a fault refused comes again.
	if taken > 0 || req.Fault != nil {
		return
	}
	for _, v := range req.Violations {
		s.Violations[v.Code]++
	}
	for _, v := range req.Warnings {
		s.Warnings[v.Code]++
	}
}

// String is a summary in two lines, for the messages of failing tests.
func (s Summary) String() string {
	return fmt.Sprintf("%d calls: %d accepted (%d duplicates), %d discarded %s, warnings %s; %d in refused requests\n%d requests: %s",
		s.Calls, s.Accepted, s.Duplicates, s.Discarded, tally(s.Violations), tally(s.Warnings), s.Refused,
		s.Requests, tally(s.RequestsByStatus))
}

func tally(counts map[string]int) string {
	parts := make([]string, 0, len(counts))
	for name, n := range counts {
		parts = append(parts, fmt.Sprintf("%s×%d", name, n))
	}
	sort.Strings(parts)
	return "[" + strings.Join(parts, " ") + "]"
}

// restore takes up the counters of another summary. What is held is counted by who
// holds it.
func (s *Summary) restore(from *Summary) {
	s.Requests, s.Calls = from.Requests, from.Calls
	s.Accepted, s.Discarded, s.Refused, s.Warned = from.Accepted, from.Discarded, from.Refused, from.Warned
	s.Duplicates, s.Unique = from.Duplicates, from.Unique
	s.Bytes, s.BytesOnWire = from.Bytes, from.BytesOnWire
	maps.Copy(s.RequestsByStatus, from.RequestsByStatus)
	maps.Copy(s.ByType, from.ByType)
	maps.Copy(s.Violations, from.Violations)
	maps.Copy(s.Warnings, from.Warnings)
	maps.Copy(s.PlanFindings, from.PlanFindings)
}
