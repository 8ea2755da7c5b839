package trackingapi

import (
	"encoding/json"
	"net/http"
	"net/textproto"
	"time"

	"benthos-segment/internal/ingest"
	"benthos-segment/internal/sandbox/inbox"
)

// importPath is where clients send what happened before.
const importPath = "/v1/import"

// Import records calls that no sender brought, such as those of a file, as one
// request with that write key. No fault strikes it, and nothing is refused: what
// Segment would discard is recorded as discarded.
func (h *Handler) Import(key string, calls []json.RawMessage) *inbox.Request {
	route, _ := Route(importPath)
	a := &arrival{route: route, req: &inbox.Request{
		ReceivedAt: time.Now(), Method: http.MethodPost, Path: importPath, Header: textproto.MIMEHeader{},
		WriteKey: inbox.Clip(key, maxKey),
	}}
	events := make([][]byte, len(calls))
	for i, call := range calls {
		events[i] = call
		a.req.Bytes += int64(len(call))
	}
	a.req.BytesOnWire = a.req.Bytes
	a.describe(ingest.Envelope{Events: events, Count: len(events)})
	h.noteViolations(a)
	h.keep(a, http.StatusOK, a.calls)
	return a.req
}
