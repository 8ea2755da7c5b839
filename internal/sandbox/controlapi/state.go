package controlapi

import (
	"time"

	"benthos-segment/internal/sandbox/faults"
	"benthos-segment/internal/sandbox/inbox"
)

// state is everything that the page shows beside the calls.
type state struct {
	Summary inbox.Summary `json:"summary"`
	Pulse   inbox.Pulse   `json:"pulse"`
	Faults  []faults.View `json:"faults"`
	// Refusal is the last request that was not answered with success.
	Refusal *failedView `json:"refusal,omitempty"`
}

// failedView is what the page says of a request whose calls it cannot show.
type failedView struct {
	Request uint64 `json:"request"`
	At      int64  `json:"at"`
	Status  int    `json:"status"`
	Calls   int    `json:"calls"`
	Why     string `json:"why"`
}

func stateOf(box *inbox.Inbox, list *faults.List) state {
	view := state{Summary: box.Summary(), Pulse: box.Pulse(time.Now()), Faults: list.Views()}
	for i := range view.Faults {
		view.Faults[i] = view.Faults[i].Brief()
	}
	if req := box.LastFailed(); req != nil {
		view.Refusal = &failedView{
			Request: req.Seq, At: req.ReceivedAt.UnixMilli(), Status: req.Status, Calls: req.Calls, Why: req.Reason(),
		}
	}
	return view
}
