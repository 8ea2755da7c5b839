package gateway

import (
	"encoding/json"
	"net/http"
	"strconv"
	"sync"
	"time"

	"benthos-segment/internal/ingest"
)

// answer is what a client is told. The statuses are chosen by what the SDKs make
// of them. Exactly 200 is success for every one; 202, 204 and 3xx are failures to
// some, and lose events with others. 408 makes most of them give up, 403 makes
// RudderStack's Kotlin try for ever, and 451 its Go SDK.
type answer struct {
	status int
	// code and message are both needed: the SDKs for Python try a 4xx without them
	// again.
	code, message string
	// retryAfter is in seconds.
	retryAfter int
	// isLast ends the connection.
	isLast bool
}

func refuse(status int, code, message string) *answer {
	return &answer{status: status, code: code, message: message}
}

// The codes are what programs can tell errors apart by. An event that cannot become
// a call is refused with the reason that its dead letter has.
const (
	codeInvalidJSON  = "invalid_json"
	codeBadRequest   = "bad_request"
	codeInvalidKey   = "invalid_write_key"
	codeTooLarge     = "request_too_large"
	codeEncoding     = "unsupported_encoding"
	codeOverload     = "overloaded"
	codeNotAccepted  = "not_accepted"
	codeShuttingDown = "shutting_down"
	codeNotFound     = "not_found"
	codeMethod       = "method_not_allowed"
	codeOrigin       = "origin_not_allowed"
	codeSlowBody     = "body_too_slow"
	// CodeBrokenOff is for clients that left before their body was sent, as pages and
	// phones do. None of them reads it.
	CodeBrokenOff = "broken_off"
)

const (
	// retryRejected is how long clients wait after an outage behind us: long enough
	// that their few tries outlast it.
	retryRejected = 10
	retryStopping = 5
	// retryOverload is how long they wait when there is too much; it grows as that
	// lasts.
	retryOverload, maxRetryOverload = 5, 60
)

// answerTo says what a client is told of a fate, nil for success.
func (g *Gateway) answerTo(result fate) *answer {
	switch result {
	case accepted:
		g.overload.end()
		return nil
	case overloaded:
		return g.overloaded()
	case stopping:
		return &answer{
			status: http.StatusServiceUnavailable, code: codeShuttingDown, retryAfter: retryStopping, isLast: true,
			message: "this server is shutting down, and the events were not accepted: send them again",
		}
	case late:
		return &answer{
			status: http.StatusServiceUnavailable, code: codeNotAccepted, retryAfter: retryRejected,
			message: "the events were not acknowledged in time: send them again, with the same message ids",
		}
	default:
		return &answer{
			status: http.StatusServiceUnavailable, code: codeNotAccepted, retryAfter: retryRejected,
			message: "the pipeline did not accept all events: send them again, with the same message ids",
		}
	}
}

func (g *Gateway) overloaded() *answer {
	return &answer{
		status: http.StatusTooManyRequests, code: codeOverload, retryAfter: g.overload.retryAfter(time.Now()),
		message: "too many events are waiting, and these were not accepted: send them again later",
	}
}

// overload knows for how long there has been too much.
type overload struct {
	mu          sync.Mutex
	since, last time.Time
}

func (o *overload) retryAfter(now time.Time) int {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.since.IsZero() {
		o.since = now
	}
	o.last = now
	return min(retryOverload+int(now.Sub(o.since).Seconds()), maxRetryOverload)
}

func (o *overload) end() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.since = time.Time{}
}

// isNow reports whether a request was turned away a moment ago, and none was
// accepted since.
func (o *overload) isNow(now time.Time) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return !o.since.IsZero() && now.Sub(o.last) < retryOverload*time.Second
}

var success = []byte(`{"success":true}`)

// write answers; a nil answer is success.
func write(w *statusWriter, r *http.Request, a *answer) {
	if a == nil {
		writeBody(w, http.StatusOK, typeJSON, success)
		return
	}
	w.code = a.code
	a.writeHeaders(w.Header(), r)
	// There is nothing in it that cannot be encoded.
	body, _ := json.Marshal(struct {
		Success bool   `json:"success"`
		Error   string `json:"error"`
		Code    string `json:"code"`
		Message string `json:"message"`
	}{false, a.message, a.code, a.message})
	writeBody(w, a.status, typeJSON, body)
}

func (a *answer) writeHeaders(h http.Header, r *http.Request) {
	if a.retryAfter > 0 {
		seconds := strconv.Itoa(a.retryAfter)
		h.Set("Retry-After", seconds)
		// Older SDKs of Segment for browsers read this one, in seconds. Those for
		// servers take it for a date.
		if a.status == http.StatusTooManyRequests && r.Header.Get("Origin") != "" {
			h.Set("X-RateLimit-Reset", seconds)
		}
	}
	if a.isLast {
		h.Set("Connection", "close")
	}
}

// The values of headers that every answer has are shared, and nobody changes them.
var (
	nosniff       = []string{"nosniff"}
	noStore       = []string{"no-store"}
	typeJSON      = []string{"application/json"}
	typePicture   = []string{"image/gif"}
	successLength = []string{strconv.Itoa(len(success))}
)

func writeBody(w http.ResponseWriter, status int, contentType []string, body []byte) {
	h := w.Header()
	h["Content-Type"], h["X-Content-Type-Options"], h["Cache-Control"] = contentType, nosniff, noStore
	h["Content-Length"] = successLength
	if len(body) != len(success) {
		h["Content-Length"] = []string{strconv.Itoa(len(body))}
	}
	w.WriteHeader(status)
	_, _ = w.Write(body) // A client that has gone reads no error either.
}

// writePicture answers a pixel. The status says what became of it, which an img
// element does not mind.
func writePicture(w *statusWriter, r *http.Request, a *answer) {
	status := http.StatusOK
	if a != nil {
		w.code = a.code
		a.writeHeaders(w.Header(), r)
		status = a.status
	}
	writeBody(w, status, typePicture, ingest.Picture)
}
