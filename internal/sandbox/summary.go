package sandbox

import (
	"strconv"
	"strings"
	"time"
)

// callSummary is what a row of the page shows.
type callSummary struct {
	Seq         uint64   `json:"seq"`
	Request     uint64   `json:"request"`
	At          int64    `json:"at"` // milliseconds of the epoch
	Type        string   `json:"type"`
	Name        string   `json:"name,omitempty"`
	UserID      string   `json:"user_id,omitempty"`
	AnonymousID string   `json:"anonymous_id,omitempty"`
	GroupID     string   `json:"group_id,omitempty"`
	Attempt     int      `json:"attempt"`
	Accepted    bool     `json:"accepted"`
	Duplicate   bool     `json:"duplicate,omitempty"`
	Violations  []string `json:"violations,omitempty"`
	Warnings    []string `json:"warnings,omitempty"`
	Size        int      `json:"size"`
}

func summarize(c *Call) callSummary {
	row := callSummary{
		Seq: c.Seq, Request: c.Request, At: c.ReceivedAt.UnixMilli(),
		Type: c.Type, Name: clipText(c.Name, maxRowText), UserID: clipText(c.UserID, maxRowText),
		AnonymousID: clipText(c.AnonymousID, maxRowText), GroupID: clipText(c.GroupID, maxRowText),
		Attempt: c.Attempt, Accepted: c.Accepted, Duplicate: c.Duplicate, Size: c.Size,
	}
	row.Violations, row.Warnings = codesOf(c.Violations), codesOf(c.Warnings)
	return row
}

func codesOf(list []Violation) []string {
	codes := make([]string, len(list))
	for i, v := range list {
		codes[i] = v.Code
	}
	return codes
}

// maxRowText keeps a row small where a name or an id is as long as a call.
const maxRowText = 200

// clipText cuts a text that is longer than most bytes.
func clipText(text string, most int) string {
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most], "") + "…"
}

// state is all that the page shows beside the calls.
type state struct {
	Summary Summary     `json:"summary"`
	Pulse   Pulse       `json:"pulse"`
	Faults  []faultView `json:"faults"`
	// Refusal is the last request that was not answered with success.
	Refusal *refusalView `json:"refusal,omitempty"`
}

// refusalView is what the page says of a request whose calls it cannot show.
type refusalView struct {
	Request uint64 `json:"request"`
	At      int64  `json:"at"`
	Status  int    `json:"status"`
	Calls   int    `json:"calls"`
	Why     string `json:"why"`
}

func (s *Sandbox) state() state {
	summary, pulse, refused := s.store.vitals(time.Now())
	view := state{Summary: summary, Pulse: pulse, Faults: s.faultViews()}
	for i := range view.Faults {
		view.Faults[i] = view.Faults[i].brief()
	}
	if refused != nil {
		view.Refusal = &refusalView{
			Request: refused.Seq, At: refused.ReceivedAt.UnixMilli(), Status: refused.Status, Calls: refused.Calls, Why: refused.Refusal,
		}
		if refused.Fault != nil {
			view.Refusal.Why = "fault " + strconv.Itoa(refused.Fault.ID) + ": " + refused.Fault.Effect
		}
	}
	return view
}
