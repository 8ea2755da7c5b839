package sandbox

import (
	"bytes"
	"encoding/json"
	"slices"
	"time"

	"github.com/go-json-experiment/json/jsontext"
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
		WriteKey:    maskKey(call.WriteKey),
		Fingerprint: fingerprint(call.WriteKey),
	}
	if raw {
		view.Raw = withoutWriteKey(call.Raw)
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
	return requestView{req, maskKey(req.WriteKey), fingerprint(req.WriteKey)}
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

// withoutWriteKey returns the call with the value of a writeKey member masked,
// where the call has one, as on the paths for single calls it may. That value
// is the only thing of a call that is ever shown otherwise than it came.
func withoutWriteKey(raw []byte) []byte {
	dec := jsontext.NewDecoder(bytes.NewBuffer(raw),
		jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	if dec.PeekKind() != '{' {
		return raw
	}
	if _, err := dec.ReadToken(); err != nil {
		return raw
	}
	var shown []byte
	copied := 0
	for dec.PeekKind() == '"' {
		name, err := dec.ReadToken()
		if err != nil {
			return raw
		}
		isKey := name.String() == "writeKey"
		value, err := readValue(dec, raw)
		if err != nil {
			return raw
		}
		if !isKey {
			continue
		}
		end := int(dec.InputOffset())
		shown = append(shown, raw[copied:end-len(value)]...)
		shown = append(shown, quotedMask(value)...)
		copied = end
	}
	return append(shown, raw[copied:]...)
}

func quotedMask(value []byte) []byte {
	quoted, err := json.Marshal(maskKey(textOf(value)))
	if err != nil {
		return []byte(`""`)
	}
	return quoted
}
