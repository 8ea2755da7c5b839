package sandbox

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"

	"benthos-segment/internal/segment"
)

// route is one path of the Tracking API.
type route struct {
	path string
	// single is the type that the path gives its call; UnknownType for the
	// paths that take a batch.
	single segment.Type
}

var routes = map[string]route{
	"/v1/identify": {"/v1/identify", segment.Identify},
	"/v1/track":    {"/v1/track", segment.Track},
	"/v1/page":     {"/v1/page", segment.Page},
	"/v1/screen":   {"/v1/screen", segment.Screen},
	"/v1/group":    {"/v1/group", segment.Group},
	"/v1/alias":    {"/v1/alias", segment.Alias},
	"/v1/batch":    {"/v1/batch", segment.UnknownType},
	"/v1/import":   {"/v1/import", segment.UnknownType},
}

func (r route) isBatch() bool { return r.single == segment.UnknownType }

// delivery is one request while it is decided upon.
type delivery struct {
	req   *Request
	calls []Call
	// authorized says whether the request carries a good token, where OAuth
	// asks for one.
	authorized bool
	// refusal is why the sandbox itself will not take it, nil where it will.
	refusal *refusal
}

// serveTracking answers the Tracking API.
func (s *Sandbox) serveTracking(w http.ResponseWriter, r *http.Request) {
	// Senders in a browser need this, and it gives nothing away: a page of
	// another origin may send, as to Segment, and reads only "success".
	w.Header().Set("Access-Control-Allow-Origin", "*")
	if r.Method == http.MethodOptions {
		w.Header().Set("Access-Control-Allow-Methods", http.MethodPost)
		w.Header().Set("Access-Control-Allow-Headers", "Authorization, Content-Type, Content-Encoding, X-Retry-Count")
		w.WriteHeader(http.StatusNoContent)
		return
	}
	buf := bodyBuffers.Get().(*bytes.Buffer)
	buf.Reset()
	defer releaseBuffer(buf)
	d := s.receive(r, buf)

	fault := s.faults.take(d.req, d.calls)
	if fault != nil {
		d.req.Fault = &FaultRef{ID: fault.ID, Effect: fault.effect()}
		s.serveFault(w, r, d, fault)
		return
	}
	s.decide(w, d)
}

// receive reads a request and looks at it from all sides, without deciding
// anything. It never fails: what cannot be read has a refusal.
func (s *Sandbox) receive(r *http.Request, buf *bytes.Buffer) *delivery {
	d := &delivery{req: newRequest(r)}
	// Java's SDK puts a slash behind the path.
	route, known := routes[strings.TrimSuffix(r.URL.Path, "/")]
	if !known {
		d.refusal = refuse(http.StatusNotFound, segment.ReasonBadRequest,
			"there is no such path: the Tracking API has /v1/identify, track, page, screen, group, alias, batch and import")
		return d
	}
	d.req.Path = route.path
	if r.Method != http.MethodPost {
		d.refusal = refuse(http.StatusMethodNotAllowed, segment.ReasonBadRequest, "the Tracking API takes POST only")
		return d
	}
	var err error
	d.req.BytesOnWire, err = readBody(r, buf, s.cfg.MaxBodyBytes)
	d.req.Bytes = int64(buf.Len())
	if err != nil {
		d.refusal = refuse(http.StatusBadRequest, segment.ReasonBadRequest, "reading body: "+err.Error())
		return d
	}
	s.open(d, route, r.Header, buf.Bytes())
	return d
}

// open takes the body apart, inspects each call and checks the limits.
func (s *Sandbox) open(d *delivery, route route, header http.Header, body []byte) {
	env, err := takeApart(route, body)
	d.req.describe(env, header)
	d.authorized = s.authority == nil || s.authority.accepts(header)
	d.calls = inspectAll(d.req, env.calls, route.single)
	d.req.Calls = len(d.calls)
	d.req.MessageIDs = messageIDs(d.calls)
	d.refusal = s.check(route, d, len(body), err)
	s.violate(route, d)
}

func takeApart(route route, body []byte) (envelope, error) {
	if route.isBatch() {
		return cutBatch(body)
	}
	return cutSingle(body)
}

func newRequest(r *http.Request) *Request {
	return &Request{
		ReceivedAt:      time.Now(),
		Method:          r.Method,
		Path:            r.URL.Path,
		Header:          maskedHeader(r.Header),
		WriteKey:        writeKeyOf(r.Header, ""),
		RetryCount:      r.Header.Get("X-Retry-Count"),
		UserAgent:       r.UserAgent(),
		ContentEncoding: contentEncoding(r.Header),
	}
}

// describe notes what stood beside the calls.
func (r *Request) describe(env envelope, header http.Header) {
	r.WriteKey = writeKeyOf(header, env.writeKey)
	r.SentAt = env.sentAt
	r.Context = json.RawMessage(bytes.Clone(env.context))
	r.Integrations = json.RawMessage(bytes.Clone(env.integrations))
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
