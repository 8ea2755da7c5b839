package inbox

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"benthos-segment/internal/ingest"
	"benthos-segment/internal/segment"
)

// Match chooses calls. Empty members match any call; a call has to match all
// the others. Filters and faults are made of it.
type Match struct {
	// Type is one of the six, or "unknown".
	Type string `json:"type,omitempty"`
	// User is a user id, an anonymous id or a previous id.
	User string `json:"user,omitempty"`
	// Event is the event of a track call or the name of a page or screen, where
	// * stands for any text.
	Event string `json:"event,omitempty"`
	// Group is the group id of a group call.
	Group     string `json:"group,omitempty"`
	MessageID string `json:"message_id,omitempty"`
	// WriteKey is a write key or its fingerprint.
	WriteKey string `json:"write_key,omitempty"`
	// Path is the path the call was sent to, such as /v1/batch.
	Path string `json:"path,omitempty"`
	// Text is found somewhere in the bytes of the call as they are shown.
	Text string `json:"text,omitempty"`
}

// Validate refuses what could never match, which is a typing error.
func (m *Match) Validate() error {
	if m.Type == "" || m.Type == segment.UnknownType.String() || segment.ParseType(m.Type) != segment.UnknownType {
		return nil
	}
	return fmt.Errorf("type must be identify, track, page, screen, group, alias or unknown, not %q", m.Type)
}

// MatchesRequest reports whether a request is one with at least one call that
// matches.
func (m *Match) MatchesRequest(req *Request, calls []Call) bool {
	if !m.matchesOrigin(req.Path, req.WriteKey) {
		return false
	}
	if m.isAboutOrigin() {
		return true // Also if the body has no calls that can be read.
	}
	for i := range calls {
		if m.matchesContent(&calls[i]) {
			return true
		}
	}
	return false
}

func (m *Match) matches(c *Call) bool {
	return m.matchesOrigin(c.Path, c.WriteKey) && m.matchesContent(c)
}

// matchesOrigin compares the members that all calls of a request share.
func (m *Match) matchesOrigin(path, writeKey string) bool {
	return (m.Path == "" || m.Path == path) &&
		(m.WriteKey == "" || m.WriteKey == writeKey || m.WriteKey == ingest.Fingerprint(writeKey))
}

// isAboutOrigin tells that no member is about a call's content.
func (m *Match) isAboutOrigin() bool {
	return m.Type == "" && m.User == "" && m.Event == "" && m.Group == "" && m.MessageID == "" && m.Text == ""
}

func (m *Match) matchesContent(c *Call) bool {
	return (m.Type == "" || m.Type == c.Type) &&
		(m.User == "" || m.User == c.UserID || m.User == c.AnonymousID || m.User == c.PreviousID) &&
		(m.Event == "" || matchesWildcard(m.Event, c.Name)) &&
		(m.Group == "" || m.Group == c.GroupID) &&
		(m.MessageID == "" || m.MessageID == c.MessageID) &&
		(m.Text == "" || bytes.Contains(c.Shown(), []byte(m.Text)))
}

// Filter chooses calls that are held.
type Filter struct {
	Match
	// Violation is a code, or "any" for calls with at least one violation.
	// Warning is the same for warnings.
	Violation, Warning string
	// Plan is a kind of finding of the tracking plan, or "any".
	Plan string
	// Duplicate and Accepted are nil if they do not matter.
	Duplicate *bool
	Accepted  *bool
	Status    Status
	// Since leaves out the calls up to this sequence number, Until those after
	// it, unless it is nil.
	Since uint64
	Until *uint64

	// word is found anywhere in the call, in any case; it is in lower case
	// itself. seq is the number of the only call that matches, request that of
	// the only request whose calls do.
	word         string
	seq, request uint64
	// terms come from ParseFilter. All of them have to match.
	terms []term
}

// And returns a filter that matches what both match.
func (f Filter) And(typed Filter) Filter {
	f.terms = slices.Concat(f.terms, typed.terms)
	return f
}

func (f *Filter) isZero() bool {
	return f.Match == Match{} && f.Violation == "" && f.Warning == "" && f.Plan == "" && f.Duplicate == nil && f.Accepted == nil &&
		f.Status == "" && f.Since == 0 && f.Until == nil && f.word == "" && f.seq == 0 && f.request == 0 && len(f.terms) == 0
}

// Matches reports whether the call matches everything but Since. The inbox
// looks after that, since it finds the place without looking at every call.
func (f *Filter) Matches(c *Call) bool {
	return (f.Duplicate == nil || *f.Duplicate == c.Duplicate) &&
		(f.Accepted == nil || *f.Accepted == c.Accepted) &&
		f.Status.Has(c.Status) &&
		(f.Until == nil || c.Seq <= *f.Until) &&
		(f.seq == 0 || f.seq == c.Seq) &&
		(f.request == 0 || f.request == c.Request) &&
		hasCode(c.Violations, f.Violation) &&
		hasCode(c.Warnings, f.Warning) &&
		hasCode(c.PlanFindings, f.Plan) &&
		f.Match.matches(c) &&
		(f.word == "" || f.matchesWord(c)) &&
		f.matchesTerms(c)
}

// matchesWord also looks at the name and the ids as they read, because the bytes
// of the call may have them escaped.
func (f *Filter) matchesWord(c *Call) bool {
	if bytes.Contains(bytes.ToLower(c.Shown()), []byte(f.word)) {
		return true
	}
	return slices.ContainsFunc([]string{c.Name, c.UserID, c.AnonymousID, c.PreviousID, c.GroupID}, func(text string) bool {
		return strings.Contains(strings.ToLower(text), f.word)
	})
}

func (f *Filter) matchesTerms(c *Call) bool {
	for i := range f.terms {
		if !f.terms[i].matches(c) {
			return false
		}
	}
	return true
}

// hasCode reports whether one of the list has the code. An empty code asks for
// nothing, and "any" for one of any code.
func hasCode(list []Violation, code string) bool {
	switch code {
	case "":
		return true
	case "any":
		return len(list) > 0
	}
	return slices.ContainsFunc(list, func(v Violation) bool { return v.Code == code })
}

// matchesWildcard reports whether text is pattern, where each * in pattern
// stands for any text, including none.
func matchesWildcard(pattern, text string) bool {
	head, rest, wild := strings.Cut(pattern, "*")
	if !wild {
		return text == pattern
	}
	text, found := strings.CutPrefix(text, head)
	if !found {
		return false
	}
	for {
		middle, after, more := strings.Cut(rest, "*")
		if !more {
			return strings.HasSuffix(text, middle)
		}
		// The leftmost match leaves the most text for what follows.
		_, text, found = strings.Cut(text, middle)
		if !found {
			return false
		}
		rest = after
	}
}
