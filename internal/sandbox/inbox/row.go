package inbox

import (
	"cmp"
	"strings"
)

// Row is a call in short, as lists of calls show it.
type Row struct {
	Seq     uint64 `json:"seq"`
	Request uint64 `json:"request"`
	At      int64  `json:"at"` // milliseconds since 1970
	Type    string `json:"type"`
	Name    string `json:"name,omitempty"`
	// Label says what the call is about, if its name does not: who an identify
	// call is about, or which ids an alias call joins.
	Label string `json:"label,omitempty"`
	// OwnAt is the call's own time in milliseconds since 1970, 0 if it has none
	// that can be read.
	OwnAt       int64    `json:"own_at,omitempty"`
	UserID      string   `json:"user_id,omitempty"`
	AnonymousID string   `json:"anonymous_id,omitempty"`
	GroupID     string   `json:"group_id,omitempty"`
	Attempt     int      `json:"attempt"`
	Accepted    bool     `json:"accepted"`
	Duplicate   bool     `json:"duplicate,omitempty"`
	Violations  []string `json:"violations,omitempty"`
	Warnings    []string `json:"warnings,omitempty"`
	Plan        []string `json:"plan_findings,omitempty"`
	Size        int      `json:"size"`
}

// maxRowText keeps a row small when a name or an id is as long as a call.
const maxRowText = 200

// Row returns the call in short.
func (c *Call) Row() Row {
	return Row{
		Seq: c.Seq, Request: c.Request, At: c.ReceivedAt.UnixMilli(),
		Type: c.Type, Name: Clip(c.Name, maxRowText), Label: Clip(c.Label(), maxRowText), OwnAt: c.ownAt(), UserID: Clip(c.UserID, maxRowText),
		AnonymousID: Clip(c.AnonymousID, maxRowText), GroupID: Clip(c.GroupID, maxRowText),
		Attempt: c.Attempt, Accepted: c.Accepted, Duplicate: c.Duplicate,
		Violations: codesOf(c.Violations), Warnings: codesOf(c.Warnings), Plan: codesOf(c.PlanFindings), Size: c.Size,
	}
}

// happened is when it happened that the call tells of, as far as that is known.
func (r Row) happened() int64 { return cmp.Or(r.OwnAt, r.At) }

func codesOf(list []Violation) []string {
	codes := make([]string, len(list))
	for i, v := range list {
		codes[i] = v.Code
	}
	return codes
}

// Clip shortens a text that has more than most bytes.
func Clip(text string, most int) string {
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most], "") + "…"
}
