package controlapi

import (
	"encoding/json"
	"slices"

	"benthos-segment/internal/ingest"
	"benthos-segment/internal/sandbox/inbox"
)

// callView is a call as it is shown.
type callView struct {
	*inbox.Call
	WriteKey    string `json:"write_key"`
	Fingerprint string `json:"write_key_fingerprint"`
	// Raw keeps every literal of the call, but may lose spaces between them. The
	// exact bytes are at /api/v1/calls/{seq}/raw.
	Raw json.RawMessage `json:"raw,omitempty"`
}

func viewCall(call *inbox.Call, raw bool) callView {
	view := callView{
		Call:        call,
		WriteKey:    ingest.MaskKey(call.WriteKey),
		Fingerprint: ingest.Fingerprint(call.WriteKey),
	}
	if raw {
		view.Raw = call.Shown()
	}
	return view
}

// requestView is a request as it is shown.
type requestView struct {
	*inbox.Request
	WriteKey    string `json:"write_key"`
	Fingerprint string `json:"write_key_fingerprint"`
}

func viewRequest(req *inbox.Request) requestView {
	return requestView{req, ingest.MaskKey(req.WriteKey), ingest.Fingerprint(req.WriteKey)}
}

func viewRequests(requests []*inbox.Request) []requestView {
	views := make([]requestView, len(requests))
	for i, req := range requests {
		views[i] = viewRequest(req)
	}
	return views
}

// cursor says how to read on in a list.
type cursor struct {
	// Next is the since that continues after the newest entry of this answer.
	Next uint64 `json:"next_since"`
	// More says that the limit cut the list short.
	More bool `json:"more"`
}

// partOf returns the wanted part of a list.
func partOf[T any](list []T, l listing) (part []T, more bool) {
	if l.newest {
		slices.Reverse(list)
	}
	if len(list) <= l.limit {
		return list, false
	}
	return list[:l.limit], true
}
