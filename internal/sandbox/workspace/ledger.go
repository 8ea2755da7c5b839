package workspace

import (
	"bytes"
	"cmp"
	"encoding/json"
	"maps"
	"slices"
	"time"

	"benthos-segment/internal/sandbox/inbox"
	"benthos-segment/internal/segment"
)

// Step is where a call is counted.
type Step int

// The steps, in the order in which a call passes them.
const (
	Received Step = iota
	FailedOnIngest
	FilteredAtSource
)

// filtered are the reasons that the tracking plan of a source gives.
var filtered = []string{codeUnplanned, codeSchema, codeCommonSchema, codeUnplannedWithSchema}

// Dimensions are what rows are told apart by.
type Dimensions struct {
	EventName, EventType, AppVersion, DiscardReason string
}

// Want says which counts are wanted.
type Want struct {
	// Start and End bound the buckets, which begin in between.
	Start, End time.Time
	// Bucket is how long the parts of the series are.
	Bucket time.Duration
	// Keep leaves of the dimensions those that the rows are to have.
	Keep func(Dimensions) Dimensions
	// Match chooses what is counted.
	Match func(Dimensions) bool
}

// Row is a count of calls with the same dimensions.
type Row struct {
	Dimensions
	Total  int
	Series map[time.Time]int
}

// cell is what calls of one minute have in common.
type cell struct {
	source string
	step   Step
	minute int64
	Dimensions
}

const (
	// maxCells bounds what is remembered. After that, events are no longer told
	// apart by their names and versions.
	maxCells = 100_000
	// maxName bounds the names that are kept.
	maxName = 200
)

// ledger counts calls.
type ledger struct {
	cells map[cell]int
}

// add counts a call, unless Segment would show it nowhere: a duplicate, and what
// is in a batch of too many calls.
func (l *ledger) add(source string, call *inbox.Call) {
	c := cell{source: source, minute: call.ReceivedAt.Unix() / 60}
	c.EventType = call.Type
	switch {
	case call.Duplicate:
		return
	case !call.Accepted:
		c.DiscardReason = reasonOf(call)
		c.step = FailedOnIngest
		if slices.Contains(filtered, c.DiscardReason) {
			c.step = FilteredAtSource
		}
	}
	if c.DiscardReason == codeOversizedBatch {
		return
	}
	if len(l.cells) < maxCells {
		c.EventName = inbox.Clip(call.Name, maxName)
		c.AppVersion = inbox.Clip(appVersionOf(call.Raw), maxName)
	}
	if l.cells == nil {
		l.cells = map[cell]int{}
	}
	l.cells[c]++
}

const codeOversizedBatch = string(segment.ReasonOversizedBatch)

// reasonOf returns why a call was thrown away: because of its batch or its
// source, whatever else is wrong with it.
func reasonOf(call *inbox.Call) string {
	if len(call.Violations) == 0 {
		return ""
	}
	for _, code := range [...]string{codeOversizedBatch, codeDisabled} {
		if slices.ContainsFunc(call.Violations, func(v inbox.Violation) bool { return v.Code == code }) {
			return code
		}
	}
	return call.Violations[0].Code
}

// appVersionOf reads context.app.version, which few calls have.
func appVersionOf(raw []byte) string {
	if !bytes.Contains(raw, []byte(`"app"`)) {
		return ""
	}
	var call struct {
		Context struct {
			App struct {
				Version string `json:"version"`
			} `json:"app"`
		} `json:"context"`
	}
	_ = json.Unmarshal(raw, &call) // what cannot be read has no version
	return call.Context.App.Version
}

// rows returns the counts of a step, the largest first.
func (l *ledger) rows(source string, step Step, want Want) []Row {
	found := map[Dimensions]*Row{}
	for c, count := range l.cells {
		at := time.Unix(c.minute*60, 0).UTC()
		bucket := at.Truncate(want.Bucket)
		if c.source != source || c.step != step || bucket.Before(want.Start) || !bucket.Before(want.End) || !want.Match(c.Dimensions) {
			continue
		}
		key := want.Keep(c.Dimensions)
		if found[key] == nil {
			found[key] = &Row{Dimensions: key, Series: map[time.Time]int{}}
		}
		found[key].Total += count
		found[key].Series[bucket] += count
	}
	return slices.SortedFunc(values(found), func(a, b Row) int {
		return cmp.Or(cmp.Compare(b.Total, a.Total), cmp.Compare(a.EventType, b.EventType), cmp.Compare(a.EventName, b.EventName),
			cmp.Compare(a.AppVersion, b.AppVersion), cmp.Compare(a.DiscardReason, b.DiscardReason))
	})
}

func values(found map[Dimensions]*Row) func(func(Row) bool) {
	return func(yield func(Row) bool) {
		for row := range maps.Values(found) {
			if !yield(*row) {
				return
			}
		}
	}
}
