package sandbox

import "net/http"

// preset is a fault that people ask for by name.
type preset struct {
	Name string `json:"name"`
	// What is a sentence for whoever is about to choose it.
	What  string    `json:"what"`
	Fault faultJSON `json:"fault"`
	// NeedsMatch tells that it is of use only for chosen calls.
	NeedsMatch bool `json:"needs_match,omitempty"`
}

func share(p float64) *float64 { return &p }

var presets = []preset{
	{Name: "throttle", What: "429 for the next ten requests", Fault: faultJSON{Status: 429, Times: 10}},
	{Name: "retry-after", What: "429 with Retry-After: 5 for the next three requests", Fault: faultJSON{Status: 429, RetryAfter: "5", Times: 3}},
	{Name: "flaky", What: "503 for one request in five", Fault: faultJSON{Status: 503, Probability: share(0.2), Seed: 1}},
	{Name: "unauthorized", What: "401 until it is cleared", Fault: faultJSON{Status: 401}},
	{Name: "guilty", What: "400 for every request that holds a call of a chosen event or user", Fault: faultJSON{Status: 400}, NeedsMatch: true},
	{Name: "drop", What: "the next three connections are cut, nothing is accepted", Fault: faultJSON{Drop: true, Times: 3}},
	{Name: "hang", What: "nothing is answered until it is cleared or the sender gives up", Fault: faultJSON{Delay: "10m"}},
	{Name: "slow", What: "every answer takes two seconds", Fault: faultJSON{Delay: "2s"}},
	{Name: "truncate", What: "the next three answers are cut in the middle, after the calls were accepted", Fault: faultJSON{Truncate: true, Times: 3}},
	{Name: "lost-ack", What: "the calls of the next three requests are accepted, and the connection is cut before the answer", Fault: faultJSON{LostAck: true, Times: 3}},
}

func servePresets(w http.ResponseWriter, _ *http.Request, _ *query) {
	answerJSON(w, http.StatusOK, map[string][]preset{"presets": presets})
}
