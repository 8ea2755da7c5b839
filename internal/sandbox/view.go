package sandbox

import (
	"encoding/json"
	"slices"
	"time"

	"benthos-segment/internal/ingest"
)

// callView is a call as the control API shows it.
type callView struct {
	*Call
	WriteKey    string `json:"write_key"`
	Fingerprint string `json:"write_key_fingerprint"`
	// Raw keeps every literal of the call; only blanks between them may go.
	// The exact bytes are at /api/v1/calls/{seq}/raw.
	Raw json.RawMessage `json:"raw,omitempty"`
}

func viewCall(call *Call, raw bool) callView {
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

// requestView is a request as the control API shows it.
type requestView struct {
	*Request
	WriteKey    string `json:"write_key"`
	Fingerprint string `json:"write_key_fingerprint"`
}

func viewRequest(req *Request) requestView {
	return requestView{req, ingest.MaskKey(req.WriteKey), ingest.Fingerprint(req.WriteKey)}
}

// attempt is one request that held a call, for the call's own history.
type attempt struct {
	Request    uint64    `json:"request"`
	ReceivedAt time.Time `json:"received_at"`
	Status     int       `json:"status"`
	RetryCount string    `json:"retry_count,omitempty"`
	Fault      *FaultRef `json:"fault,omitempty"`
}

func attemptsOf(messageID string, requests []*Request) []attempt {
	attempts := []attempt{}
	if messageID == "" {
		return attempts
	}
	for _, req := range requests {
		if slices.Contains(req.MessageIDs, messageID) {
			attempts = append(attempts, attempt{req.Seq, req.ReceivedAt, req.Status, req.RetryCount, req.Fault})
		}
	}
	return attempts
}
