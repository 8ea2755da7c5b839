package sandbox

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"time"

	"benthos-segment/internal/ingest"
	"benthos-segment/internal/segment"
)

// maxNotObjects is how many elements of a batch may not be objects before the
// whole of it is refused. Each costs a hundred times its own size.
const maxNotObjects = 100

// maxKeptText bounds each text that is kept of a request beside its calls.
// Nothing that Segment or an SDK makes is nearly as long.
const maxKeptText = 1_000

// maxKeptKey does the same for a write key. Segment's have 32 letters, but
// whoever tries a longer one wants to see it arrive.
const maxKeptKey = 16 << 10

// delivery is one request while it is decided upon.
type delivery struct {
	req   *Request
	route ingest.Route
	calls []Call
	// authorized says whether the request carries a good token, where OAuth
	// asks for one.
	authorized bool
	// refusal is why the sandbox itself will not take it, nil where it will.
	refusal *refusal
}

func (d *delivery) isBatch() bool { return d.route.Kind == ingest.Batch }

// serveTracking answers the Tracking API.
func (s *Sandbox) serveTracking(w http.ResponseWriter, r *http.Request) {
	// Senders in a browser need this, and it gives nothing away: a page of
	// another origin may send, as to Segment, and reads only "success".
	w.Header().Set("Access-Control-Allow-Origin", "*")
	sandboxed(w)
	if r.Method == http.MethodOptions {
		w.Header().Set("Access-Control-Allow-Methods", http.MethodPost)
		w.Header().Set("Access-Control-Allow-Headers", "Authorization, Content-Type, Content-Encoding, X-Retry-Count")
		w.WriteHeader(http.StatusNoContent)
		return
	}
	d := &delivery{req: newRequest(r)}
	if d.refusal = d.findRoute(r); d.refusal == nil {
		body, err := s.bodies.Read(r)
		defer body.Release()
		d.req.BytesOnWire, d.req.Bytes = body.Wire, body.Size
		s.open(d, r.Header, body.Bytes, err)
	}
	fault := s.faults.take(d.req, d.calls)
	if fault != nil {
		d.req.Fault = &FaultRef{ID: fault.ID, Effect: fault.effect()}
		s.serveFault(w, r, d, fault)
		return
	}
	s.decide(w, d)
}

// findRoute says what the request is for, or why it is for nothing.
func (d *delivery) findRoute(r *http.Request) *refusal {
	route, known := ingest.RouteOf(r.URL.Path)
	if !known || !route.Of(ingest.Segment) || (route.Kind != ingest.Event && route.Kind != ingest.Batch) {
		return refuse(http.StatusNotFound, segment.ReasonBadRequest,
			"there is no such path: the Tracking API has /v1/identify, track, page, screen, group, alias, batch and import")
	}
	d.route, d.req.Path = route, route.Path
	if !route.Allows(r.Method) {
		return refuse(http.StatusMethodNotAllowed, segment.ReasonBadRequest, "the Tracking API takes POST only")
	}
	return nil
}

// open takes the body apart, inspects each call and checks the limits. A body
// that is too large is not looked at: what it costs goes by its elements.
func (s *Sandbox) open(d *delivery, header http.Header, body []byte, unread error) {
	d.authorized = s.authority == nil || s.authority.accepts(header)
	if d.refusal = s.checkBody(d, unread); d.refusal != nil {
		return
	}
	env, broken := s.takeApart(d, body)
	d.req.describe(env, header)
	d.calls = inspectAll(d.req, env.Events, segment.ParseType(d.route.Type))
	d.req.Calls, d.req.Unread = env.Count, env.Count-len(env.Events)
	d.req.MessageIDs = messageIDs(d.calls)
	d.refusal = s.check(d, broken)
	s.violate(d)
}

func (s *Sandbox) takeApart(d *delivery, body []byte) (ingest.Envelope, error) {
	if d.isBatch() {
		// Of a batch with more calls than Segment takes, none is accepted.
		return ingest.OpenBatch(body, ingest.Bounds{Events: 2 * s.cfg.MaxBatchCalls, NotObjects: maxNotObjects})
	}
	return ingest.OpenEvent(body)
}

// newRequest notes what a request says before its body.
func newRequest(r *http.Request) *Request {
	basic, _ := ingest.Authorization(r.Header)
	return &Request{
		ReceivedAt:      time.Now(),
		Method:          clipText(r.Method, maxKeptText),
		Path:            clipText(ingest.HidePathKeys(r.URL.Path, ingest.MaskKey), maxKeptText),
		Header:          ingest.MaskHeader(r.Header),
		WriteKey:        clipText(basic, maxKeptKey),
		RetryCount:      clipText(r.Header.Get("X-Retry-Count"), maxKeptText),
		UserAgent:       clipText(r.UserAgent(), maxKeptText),
		ContentEncoding: clipText(ingest.ContentEncoding(r.Header), maxKeptText),
	}
}

// describe notes what stood beside the calls.
func (r *Request) describe(env ingest.Envelope, header http.Header) {
	r.WriteKey = cmp.Or(r.WriteKey, clipText(env.WriteKey, maxKeptKey))
	r.SentAt = clipText(env.SentAt, maxKeptText)
	r.Context = json.RawMessage(bytes.Clone(env.Context))
	r.Integrations = json.RawMessage(bytes.Clone(env.Integrations))
}

func inspectAll(req *Request, raws [][]byte, fallback segment.Type) []Call {
	calls := make([]Call, len(raws))
	for i, raw := range raws {
		seen := segment.Inspect(raw, fallback)
		violations, warnings := sortOut(seen.Violations)
		calls[i] = Call{
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
		if shown, found := ingest.HideWriteKey(raw, ingest.MaskKey); found {
			calls[i].shown = shown
		}
	}
	return calls
}

func messageIDs(calls []Call) []string {
	ids := make([]string, len(calls))
	for i := range calls {
		ids[i] = calls[i].MessageID
	}
	return ids
}

// serveFault does what a fault says.
func (s *Sandbox) serveFault(w http.ResponseWriter, r *http.Request, d *delivery, fault *FaultState) {
	if !fault.wait(r.Context()) || fault.Drop {
		s.record(d, 0, nil)
		cutConnection(w)
		return
	}
	if !fault.accepts() {
		s.record(d, fault.Status, nil)
		fault.answer(w)
		return
	}
	if d.refusal != nil {
		s.decide(w, d)
		return
	}
	if fault.LostAck {
		s.record(d, 0, d.calls)
		cutConnection(w)
		return
	}
	if fault.Truncate {
		s.record(d, http.StatusOK, d.calls)
		answerHalf(w)
		return
	}
	if fault.Status != 0 {
		s.record(d, fault.Status, d.calls)
		fault.answer(w)
		return
	}
	s.decide(w, d)
}

// decide does what Segment does.
func (s *Sandbox) decide(w http.ResponseWriter, d *delivery) {
	if d.refusal != nil {
		d.req.Refusal = d.refusal.Message
		if d.refusal.status == http.StatusServiceUnavailable {
			w.Header().Set("Retry-After", "1")
		}
		s.record(d, d.refusal.status, nil)
		answerJSON(w, d.refusal.status, d.refusal.failure)
		return
	}
	s.record(d, http.StatusOK, d.calls)
	answerJSON(w, http.StatusOK, success)
}

// record puts the request with the calls that it brought into the store. The
// calls move to memory of their own, because the body's goes back to the pool.
func (s *Sandbox) record(d *delivery, status int, accepted []Call) {
	d.req.Status = status
	total := 0
	for i := range accepted {
		total += accepted[i].Size
	}
	memory := make([]byte, 0, total)
	for i := range accepted {
		start := len(memory)
		memory = append(memory, accepted[i].Raw...)
		accepted[i].Raw = slices.Clip(memory[start:])
	}
	s.store.add(d.req, accepted)
}

// sleep waits for d and reports false where ctx ended before.
func sleep(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return true
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
