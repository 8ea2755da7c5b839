package gateway

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"time"

	"benthos-segment/internal/ingest"
)

// takeBody takes the events of a request with a body, and waits until they are
// safe. It returns how many there were, and the answer.
func (g *Gateway) takeBody(r *http.Request, route ingest.Route) (events int, a *answer) {
	creds, err := ingest.CredentialsOf(r)
	if err != nil {
		return 0, refuse(http.StatusBadRequest, codeBadRequest, err.Error())
	}
	if g.queue.stopped() {
		return 0, g.answerTo(stopping)
	}
	// Where the key comes with the headers, nobody has to read the body.
	if key := creds.WriteKey(""); key != "" && !g.keys.accepts(key) {
		return 0, invalidKey()
	}
	in := g.newIntake(r, route, creds)
	defer in.leave()
	body, err := g.bodies.Read(r)
	defer body.Release()
	if a := g.checkBody(r, body, err); a != nil {
		return 0, a
	}
	env, err := in.open(body.Bytes)
	if err != nil {
		return 0, refuse(http.StatusBadRequest, codeInvalidJSON, "invalid json: "+err.Error())
	}
	return env.Count, in.take(&env, body.Release)
}

// takePixel takes the event in the query of a request.
func (g *Gateway) takePixel(r *http.Request, route ingest.Route) (events int, a *answer) {
	creds, err := ingest.CredentialsOf(r)
	if err != nil {
		return 0, refuse(http.StatusBadRequest, codeBadRequest, err.Error())
	}
	in := g.newIntake(r, route, creds)
	defer in.leave()
	event, err := ingest.OpenPixel(route, r.URL.Query(), in.receivedAt)
	if err != nil {
		return 0, refuse(http.StatusBadRequest, codeBadRequest, err.Error())
	}
	env, err := ingest.OpenMembers(event)
	if err != nil {
		return 0, refuse(http.StatusBadRequest, codeInvalidJSON, "invalid json: "+err.Error())
	}
	return env.Count, in.take(&env, func() {})
}

// checkBody says why a body is refused, nil if it is not.
func (g *Gateway) checkBody(r *http.Request, body *ingest.Body, err error) *answer {
	var encoding *ingest.EncodingError
	switch {
	case errors.Is(err, ingest.ErrTooLarge), err == nil && body.Size > g.conf.MaxRequestBytes:
		return &answer{
			status: http.StatusRequestEntityTooLarge, code: codeTooLarge, isLast: true,
			message: fmt.Sprintf("the body has more than %d bytes after decompression: send fewer events at once", g.conf.MaxRequestBytes),
		}
	case err == nil:
		return nil
	case errors.Is(err, ingest.ErrBusy):
		return g.overloaded()
	case errors.As(err, &encoding):
		return refuse(http.StatusUnsupportedMediaType, codeEncoding, encoding.Error())
	case g.isClosed.Load():
		return g.answerTo(stopping)
	case errors.Is(err, os.ErrDeadlineExceeded):
		return &answer{
			status: http.StatusServiceUnavailable, code: codeSlowBody, retryAfter: retryRejected, isLast: true,
			message: fmt.Sprintf("the body did not arrive within %s: send it again", g.conf.BodyTimeout),
		}
	case isBrokenOff(r, err):
		return &answer{status: http.StatusBadRequest, code: CodeBrokenOff, message: "the body broke off before its end: send it again", isLast: true}
	default:
		return &answer{status: http.StatusBadRequest, code: codeBadRequest, message: "reading the body: " + err.Error(), isLast: true}
	}
}

// isBrokenOff reports whether the client has gone, and not that what it sent is
// damaged: a gzip that ends early is an unexpected end, too.
func isBrokenOff(r *http.Request, err error) bool {
	var broken *net.OpError
	if errors.As(err, &broken) || r.Context().Err() != nil {
		return true
	}
	if !errors.Is(err, io.ErrUnexpectedEOF) {
		return false
	}
	// Nothing is left to wait for, whichever it was.
	_, err = r.Body.Read(make([]byte, 1))
	return !errors.Is(err, io.EOF)
}

// intake is one request until its events are on their way.
type intake struct {
	*sender
	gateway    *Gateway
	generation int
	hasLeft    bool
}

func (g *Gateway) newIntake(r *http.Request, route ingest.Route, creds ingest.Credentials) *intake {
	return &intake{sender: g.newSender(r, route, creds), gateway: g, generation: g.queue.arrive()}
}

// leave says that no batch has to wait for this request.
func (in *intake) leave() {
	if !in.hasLeft {
		in.hasLeft = true
		in.gateway.queue.leave(in.generation)
	}
}

var byteOrderMark = []byte("\ufeff")

// open takes a body apart. What is not JSON is repaired where that is safe, so that
// one event does not cost the others: an SDK gives them all up at a 400, or sends
// them for ever.
func (in *intake) open(body []byte) (ingest.Envelope, error) {
	body = bytes.TrimPrefix(body, byteOrderMark)
	env, err := in.openJSON(body)
	if err == nil {
		return env, nil
	}
	repaired, isRepaired := ingest.WithoutNaN(body)
	if isRepaired {
		if env, err := in.openJSON(repaired); err == nil {
			return env, nil
		}
	}
	if in.route.Kind == ingest.Batch {
		if repaired, isRepaired = ingest.Salvage(repaired); isRepaired {
			return in.openJSON(repaired)
		}
	}
	return env, err
}

func (in *intake) openJSON(body []byte) (ingest.Envelope, error) {
	if in.route.Kind == ingest.Event {
		return ingest.OpenMembers(body)
	}
	return ingest.OpenBatch(body, ingest.Bounds{
		Events: in.gateway.conf.MaxRequestEvents, NotObjects: maxNotObjects, Members: true, InvalidUTF8: true,
	})
}

const (
	// eventRoom is what an event takes in memory beside its own bytes, about, and
	// requestRoom what a request does.
	eventRoom   = 2 << 10
	requestRoom = 4 << 10
)

// take makes events of an envelope, and waits until they are safe. The envelope is
// not needed after they are made, which release is for.
func (in *intake) take(env *ingest.Envelope, release func()) *answer {
	if a := in.admit(env); a != nil || env.Count == 0 {
		return a
	}
	queue := in.gateway.queue
	timer := time.NewTimer(in.gateway.conf.Timeout)
	defer timer.Stop()
	req, err := queue.enter(roomFor(env))
	if err != nil {
		return in.gateway.answerTo(stopping)
	}
	// One that is never ready would hold up all behind it: not even a panic may leave
	// it there.
	defer queue.abandon(req)
	refusal, err := in.fill(req, env, timer.C)
	release()
	switch {
	case errors.Is(err, errStopped):
		return in.gateway.answerTo(stopping)
	case err != nil:
		return in.gateway.overloaded()
	}
	in.leave()
	in.gateway.showPending()
	if a := in.gateway.answerTo(in.await(req, timer.C)); a != nil {
		return a
	}
	return refusal
}

// roomFor is about what the events of an envelope take in memory. Each may get all
// of what the envelope has for them.
func roomFor(env *ingest.Envelope) int64 {
	size := int64(requestRoom) + int64(len(env.Events))*int64(eventRoom+len(env.Context)+len(env.Integrations))
	for _, event := range env.Events {
		size += int64(len(event))
	}
	return size
}

// fill makes the events of a request as soon as there is room for them.
func (in *intake) fill(req *request, env *ingest.Envelope, isLate <-chan time.Time) (refusal *answer, err error) {
	if err := in.awaitRoom(req, isLate); err != nil {
		return nil, err
	}
	events, refusal := in.eventsOf(env)
	return refusal, in.gateway.queue.ready(req, events)
}

// awaitRoom waits for room. No batch waits for a request that has to.
func (in *intake) awaitRoom(req *request, isLate <-chan time.Time) error {
	if req.granted == nil {
		return nil
	}
	in.leave()
	return in.gateway.queue.awaitRoom(req, isLate)
}

// await waits for the fate of a request, until it is late. What is still
// queued then is withdrawn, so that it is not delivered twice, unless nobody will
// send it again.
func (in *intake) await(req *request, isLate <-chan time.Time) fate {
	select {
	case result := <-req.answered:
		return result
	case <-in.gateway.closed:
		return fateOr(req, stopping)
	case <-isLate:
		if !in.isUnheard() {
			in.gateway.queue.withdraw(req)
			in.gateway.showPending()
		}
		return fateOr(req, late)
	}
}

// fateOr prefers what is known already to other.
func fateOr(req *request, other fate) fate {
	select {
	case result := <-req.answered:
		return result
	default:
		return other
	}
}

// admit checks the write keys, and the number and the size of the events.
func (in *intake) admit(env *ingest.Envelope) *answer {
	in.key = in.creds.WriteKey(env.WriteKey)
	if in.key != "" && !in.gateway.keys.accepts(in.key) {
		return invalidKey()
	}
	if env.Count > len(env.Events) {
		return &answer{
			status: http.StatusRequestEntityTooLarge, code: codeTooLarge,
			message: fmt.Sprintf("the batch has more than %d events: send fewer at once", len(env.Events)),
		}
	}
	if roomFor(env) > in.gateway.conf.MaxPendingBytes {
		return refuse(http.StatusRequestEntityTooLarge, codeTooLarge,
			"the events take more memory than max_pending_bytes, each with the context and the integrations of the envelope: send fewer at once")
	}
	if in.key != "" {
		return nil
	}
	// Each event of Segment's SDK for browsers has its key.
	for i := range env.Events {
		if !in.gateway.keys.accepts(ingest.Text(env.Item(i).Value(ingest.NameWriteKey))) {
			return invalidKey()
		}
	}
	if env.Count == 0 {
		return invalidKey()
	}
	return nil
}

// timeLayout is how times are written: as SDKs do, with milliseconds.
const timeLayout = "2006-01-02T15:04:05.000Z07:00"

func timeOf(t time.Time) string { return t.UTC().Format(timeLayout) }
