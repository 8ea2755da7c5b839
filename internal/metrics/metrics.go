// Package metrics says what each metric of ours means, in which unit, and what to
// do about it. What shows metrics and what documents them takes it from here.
package metrics

import "slices"

// Kind is how a metric behaves.
type Kind string

// The kinds of metrics.
const (
	// Counter only grows, until the process starts again.
	Counter Kind = "counter"
	// Gauge goes up and down.
	Gauge Kind = "gauge"
	// Timer is a distribution of times: a histogram, or a summary.
	Timer Kind = "timer"
)

// Metric is one of ours.
type Metric struct {
	Name string
	Kind Kind
	// Labels are its own, besides those that the engine adds.
	Labels []string
	Unit   string
	// Help says what it is, in one sentence without a full stop.
	Help string
	// Do says what to look at, or when nothing has to be done.
	Do string
}

// Group are the metrics of one component.
type Group struct {
	// Title names the component, and Page the page of its reference.
	Title, Page string
	Metrics     []Metric
}

// Groups lists all metrics of ours, those of the output first.
func Groups() []Group { return slices.Clone(groups) }

// Find returns what is known of a metric.
func Find(name string) (Metric, bool) {
	for _, group := range groups {
		for _, metric := range group.Metrics {
			if metric.Name == name {
				return metric, true
			}
		}
	}
	return Metric{}, false
}

var groups = []Group{
	{Title: "Output `segment`", Page: "segment.md", Metrics: output},
	{Title: "Output `segment` with `verify`", Page: "verify.md", Metrics: verification},
	{Title: "Input `segment`", Page: "segment-input.md", Metrics: frontDoor},
	{Title: "Buffer `journal`", Page: "journal.md", Metrics: journal},
}
