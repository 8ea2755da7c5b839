package trackingapi

import (
	"bytes"
	"cmp"
	"encoding/json"
	"net/http"
	"net/textproto"
	"strings"
	"time"

	"benthos-segment/internal/ingest"
	"benthos-segment/internal/sandbox/inbox"
	"benthos-segment/internal/segment"
)

const (
	// maxNotObjects is how many elements of a batch may not be objects before the
	// whole batch is refused. Each costs a hundred times its own size.
	maxNotObjects = 100
	// maxText bounds each text that is kept of a request beside its calls.
	// Nothing that Segment or an SDK makes is nearly as long.
	maxText = 1_000
	// maxKey does the same for a write key. Segment's have 32 letters, but
	// whoever tries a longer one wants to see it arrive.
	maxKey = 16 << 10
)

// arrival is one request that has arrived, until it is decided what becomes of
// it.
type arrival struct {
	req   *inbox.Request
	route ingest.Route
	calls []inbox.Call
	// refusal is why the sandbox itself does not accept it, nil if it does.
	refusal *refusal
}

// newArrival notes what a request says before its body.
func newArrival(r *http.Request) *arrival {
	key, _ := ingest.Authorization(r.Header)
	return &arrival{req: &inbox.Request{
		ReceivedAt:      time.Now(),
		Method:          inbox.Clip(r.Method, maxText),
		Path:            inbox.Clip(ingest.HidePathKeys(r.URL.Path, ingest.MaskKey), maxText),
		Header:          textproto.MIMEHeader(ingest.MaskHeader(r.Header)),
		WriteKey:        inbox.Clip(key, maxKey),
		RetryCount:      inbox.Clip(r.Header.Get("X-Retry-Count"), maxText),
		UserAgent:       inbox.Clip(r.UserAgent(), maxText),
		ContentEncoding: inbox.Clip(ingest.ContentEncoding(r.Header), maxText),
	}}
}

func (a *arrival) isBatch() bool { return a.route.Kind == ingest.Batch }

// take notes what the request is for, or returns why it is refused.
func (a *arrival) take(route ingest.Route, known bool, r *http.Request) *refusal {
	if !known {
		return refuse(http.StatusNotFound, segment.ReasonBadRequest,
			"unknown path: the Tracking API has /v1/identify, track, page, screen, group, alias, batch and import")
	}
	a.route, a.req.Path = route, route.Path
	if !route.Allows(r.Method) {
		return refuse(http.StatusMethodNotAllowed, segment.ReasonBadRequest,
			route.Path+" accepts only "+strings.Join(route.Methods(), " and "))
	}
	// These are sent by who cannot set a header, and Segment reads no other query.
	if route.Kind == ingest.Pixel || !route.Of(ingest.Segment) {
		a.req.WriteKey = cmp.Or(a.req.WriteKey, inbox.Clip(r.URL.Query().Get("writeKey"), maxKey))
	}
	return nil
}

// read reads the calls of the request. The body that it returns has to be
// released when they are recorded.
func (h *Handler) read(a *arrival, r *http.Request) *ingest.Body {
	body, unread := h.bodies.Read(r)
	if a.route.Kind == ingest.Pixel && unread == nil {
		h.readPixel(a, r)
		return body
	}
	a.req.BytesOnWire, a.req.Bytes = body.Wire, body.Size
	h.open(a, r.Header, body.Bytes, unread)
	return body
}

// readPixel reads the call in the query of a pixel.
func (h *Handler) readPixel(a *arrival, r *http.Request) {
	event, err := ingest.OpenPixel(a.route, r.URL.Query(), a.req.ReceivedAt)
	if err != nil {
		a.refusal = refuse(http.StatusBadRequest, segment.ReasonBadRequest, "reading the query: "+err.Error())
		return
	}
	a.req.BytesOnWire, a.req.Bytes = int64(len(r.URL.RawQuery)), int64(len(event))
	h.open(a, r.Header, event, nil)
}

// open takes the body apart, inspects each call and checks the limits. A body
// that is too large is not looked into: what that costs depends on the number
// of its elements.
func (h *Handler) open(a *arrival, header http.Header, body []byte, unread error) {
	if a.refusal = h.checkBody(a, unread); a.refusal != nil {
		return
	}
	env, broken := h.takeApart(a, body)
	a.describe(env)
	h.judge(a)
	h.askWorkspace(a)
	a.refusal = h.check(a, header, broken)
	h.noteViolations(a)
}

func (h *Handler) takeApart(a *arrival, body []byte) (ingest.Envelope, error) {
	if a.isBatch() {
		// If a batch has more calls than Segment accepts, it accepts none.
		return ingest.OpenBatch(body, ingest.Bounds{Events: 2 * h.settings.MaxBatchCalls, NotObjects: maxNotObjects})
	}
	return ingest.OpenEvent(body)
}

// describe notes the calls and what stands beside them.
func (a *arrival) describe(env ingest.Envelope) {
	a.req.WriteKey = cmp.Or(a.req.WriteKey, inbox.Clip(env.WriteKey, maxKey))
	a.req.SentAt = inbox.Clip(env.SentAt, maxText)
	a.req.Context = json.RawMessage(bytes.Clone(env.Context))
	a.req.Integrations = json.RawMessage(bytes.Clone(env.Integrations))
	a.req.Calls, a.req.Unread = env.Count, env.Count-len(env.Events)

	fallback := segment.ParseType(a.route.Type)
	a.calls = make([]inbox.Call, len(env.Events))
	a.req.MessageIDs = make([]string, len(env.Events))
	for i, raw := range env.Events {
		a.calls[i] = inspect(a.req, raw, fallback)
		a.req.MessageIDs[i] = a.calls[i].MessageID
	}
}

// inspect describes one call. A call without a type has the type of its path.
func inspect(req *inbox.Request, raw []byte, fallback segment.Type) inbox.Call {
	seen := segment.Inspect(raw, fallback)
	violations, warnings := sortOut(seen.Violations)
	call := inbox.Call{
		ReceivedAt:  req.ReceivedAt,
		Path:        req.Path,
		Type:        seen.Type.String(),
		Name:        seen.Name,
		MessageID:   seen.MessageID,
		UserID:      seen.UserID,
		AnonymousID: seen.AnonymousID,
		PreviousID:  seen.PreviousID,
		GroupID:     seen.GroupID,
		Timestamp:   seen.Timestamp,
		SentAt:      req.SentAt,
		WriteKey:    req.WriteKey,
		Accepted:    len(violations) == 0,
		Violations:  violations,
		Warnings:    warnings,
		Size:        len(raw),
		Raw:         raw,
	}
	call.Warnings = append(call.Warnings, warnOfBlanks(&call)...)
	if masked, found := ingest.HideWriteKey(raw, ingest.MaskKey); found {
		call.Masked = masked
	}
	return call
}
