package faults

import (
	"reflect"

	"benthos-segment/internal/sandbox/inbox"
)

// Preset is a fault with a name, for people to choose.
type Preset struct {
	Name string `json:"name"`
	// What is a sentence for whoever is about to choose it.
	What  string `json:"what"`
	Fault JSON   `json:"fault"`
	// NeedsMatch says that it is useful only for chosen calls.
	NeedsMatch bool `json:"needs_match,omitempty"`
}

// Presets are the faults that people ask for most.
var Presets = []Preset{
	{Name: "throttle", What: "429 for the next ten requests", Fault: JSON{Status: 429, Times: 10}},
	{Name: "retry-after", What: "429 with Retry-After: 5 for the next three requests", Fault: JSON{Status: 429, RetryAfter: "5", Times: 3}},
	{Name: "flaky", What: "503 for one request in five", Fault: JSON{Status: 503, Probability: new(0.2), Seed: 1}},
	{Name: "unauthorized", What: "401 until it is cleared", Fault: JSON{Status: 401}},
	{Name: "guilty", What: "400 for every request that has a call of a chosen event or user", Fault: JSON{Status: 400}, NeedsMatch: true},
	{Name: "drop", What: "the next three connections are cut, nothing is accepted", Fault: JSON{Drop: true, Times: 3}},
	{Name: "hang", What: "no answer until it is cleared or the sender gives up", Fault: JSON{Delay: "10m"}},
	{Name: "slow", What: "every answer takes two seconds", Fault: JSON{Delay: "2s"}},
	{Name: "truncate", What: "the next three answers are cut in the middle, after the calls were accepted", Fault: JSON{Truncate: true, Times: 3}},
	{Name: "lost-ack", What: "the calls of the next three requests are accepted, and the connection is cut before the answer", Fault: JSON{LostAck: true, Times: 3}},
}

// presetOf returns the name of the preset that a fault is, for whatever calls, or
// nothing.
func presetOf(f Fault) string {
	f.Match = inbox.Match{}
	for _, preset := range Presets {
		if same, err := preset.Fault.fault(); err == nil && reflect.DeepEqual(f, same) {
			return preset.Name
		}
	}
	return ""
}
