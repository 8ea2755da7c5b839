package verify

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"slices"

	"benthos-segment/cmd/internal/command"
)

// report is what was found, and the form of --format json.
type report struct {
	Sources []*verdict `json:"sources"`
}

// verdict is what was found about a source.
type verdict struct {
	// Outputs send to it, by their labels or places in the pipeline.
	Outputs []string `json:"outputs"`
	// WriteKey is a fingerprint.
	WriteKey  string     `json:"write_key,omitempty"`
	Workspace *workspace `json:"workspace,omitempty"`
	// State is enabled, disabled, absent, unknown or interpolated.
	State  string  `json:"state,omitempty"`
	Source *source `json:"source,omitempty"`
	// Since and Until bound what was counted.
	Since string `json:"since,omitempty"`
	Until string `json:"until,omitempty"`
	// Received is by type, as Segment counts it.
	Received map[string]int64 `json:"received,omitempty"`
	// Discarded is what Segment threw away, null if nobody knows.
	Discarded []discard `json:"discarded"`
	// Pipeline is what the pipeline has counted in the same time.
	Pipeline *sums `json:"pipeline,omitempty"`
	// Missing is how many calls the pipeline has sent that Segment shows nowhere,
	// negative if Segment shows more.
	Missing *int64 `json:"missing,omitempty"`
	// Problems are what is wrong, Gaps what could not be found out, and Notes what
	// one should know besides.
	Problems []string `json:"problems,omitempty"`
	Gaps     []string `json:"gaps,omitempty"`
	Notes    []string `json:"notes,omitempty"`
}

type workspace struct {
	Name string `json:"name"`
	Slug string `json:"slug"`
	// Region is empty if the address of the API was given.
	Region string `json:"region,omitempty"`
}

type source struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	Slug string `json:"slug"`
}

// discard is a reason for which calls were thrown away.
type discard struct {
	// Step is failed-on-ingest or filtered-at-source.
	Step    string `json:"step"`
	Reason  string `json:"reason"`
	Type    string `json:"type"`
	Count   int64  `json:"count"`
	Meaning string `json:"meaning"`
}

func (v *verdict) problem(text string) { v.Problems = append(v.Problems, text) }
func (v *verdict) gap(text string)     { v.Gaps = append(v.Gaps, text) }
func (v *verdict) note(text string)    { v.Notes = append(v.Notes, text) }
func (v *verdict) hasGap() bool        { return len(v.Gaps) > 0 }

func (r *report) isWrong() bool {
	return slices.ContainsFunc(r.Sources, func(v *verdict) bool { return len(v.Problems) > 0 })
}

func (r *report) isIncomplete() bool {
	return slices.ContainsFunc(r.Sources, func(v *verdict) bool { return v.hasGap() })
}

func (r *report) writeJSON(w io.Writer) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(r)
}

func (v *verdict) allDiscarded() (n int64) {
	for _, d := range v.Discarded {
		n += d.Count
	}
	return n
}

// missing is how many calls the pipeline has sent that Segment shows nowhere.
func (v *verdict) missing() int64 {
	if v.Pipeline == nil {
		return 0
	}
	return total(v.Pipeline.Sent) - total(v.Received) - v.allDiscarded()
}

// conclude says what the counts mean. While it is early, calls may be missing
// that come yet.
func (v *verdict) conclude(isEarly bool) {
	slices.SortFunc(v.Discarded, func(a, b discard) int { return cmp.Compare(b.Count, a.Count) })
	for _, d := range v.Discarded {
		calls := fmt.Sprintf("%d %s calls were", d.Count, d.Type)
		if d.Count == 1 {
			calls = fmt.Sprintf("1 %s call was", d.Type)
		}
		v.problem(fmt.Sprintf("%s answered with 200 and thrown away, %s: %s", calls, d.Reason, d.Meaning))
	}
	if v.Pipeline == nil {
		return
	}
	missing := v.missing()
	v.Missing = &missing
	switch {
	case missing > 0 && v.Discarded == nil:
		v.note(fmt.Sprintf("not among those received: %s that the pipeline has sent. They may have been thrown away, which is not known here, or are not counted yet", command.Count(missing, "call")))
	case missing > 0 && isEarly:
		v.gap(fmt.Sprintf("not shown yet: %s that the pipeline has sent. Segment shows calls after half a minute, and later under load: run verify again with --%s 5m",
			command.Count(missing, "call"), flagWait))
	case missing > 0:
		v.problem(fmt.Sprintf("shown nowhere: %s that the pipeline has sent. What is missing went to another source or region, "+
			"was in a batch of more than 2,500 calls, or had a message id that Segment knew already", command.Count(missing, "call")))
	case -missing > v.allDiscarded():
		v.note(fmt.Sprintf("Segment shows %s more than the pipeline has sent: others send to this source as well, or the pipeline has, before its counts began or since they were read", command.Count(-missing, "call")))
	default:
		v.note("Segment shows all calls that the pipeline has sent")
	}
}
