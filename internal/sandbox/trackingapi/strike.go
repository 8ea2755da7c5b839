package trackingapi

import (
	"io"
	"net"
	"net/http"

	"benthos-segment/internal/sandbox/answer"
	"benthos-segment/internal/sandbox/faults"
	"benthos-segment/internal/sandbox/inbox"
)

// strike does to a request what a fault says.
func (h *Handler) strike(w http.ResponseWriter, r *http.Request, a *arrival, fault *faults.State) {
	a.req.Fault = &inbox.FaultRef{ID: fault.ID, Effect: fault.Effect()}
	switch {
	case !fault.Wait(r.Context()), fault.Drop:
		h.keep(a, 0, nil)
		cutConnection(w)
	case !fault.Accepts():
		h.keep(a, fault.Status, nil)
		answerFault(w, &fault.Fault)
	case a.refusal != nil:
		h.decide(w, a)
	case fault.LostAck:
		h.keep(a, 0, a.calls)
		cutConnection(w)
	case fault.Truncate:
		h.keep(a, http.StatusOK, a.calls)
		answerHalf(w)
	case fault.Status != 0:
		h.keep(a, fault.Status, a.calls)
		answerFault(w, &fault.Fault)
	default: // It was only a delay.
		h.decide(w, a)
	}
}

// answerFault answers as a fault with a status says.
func answerFault(w http.ResponseWriter, f *faults.Fault) {
	for name, value := range f.Header {
		w.Header().Set(name, value)
	}
	isolate(w)
	if f.RetryAfter != "" {
		w.Header().Set("Retry-After", f.RetryAfter)
	}
	switch {
	case f.Body != "":
		w.WriteHeader(f.Status)
		_, _ = io.WriteString(w, f.Body)
	case f.Status/100 == 2:
		answer.JSON(w, f.Status, success)
	default:
		answer.JSON(w, f.Status, failure{Code: "fault", Message: "an injected fault: " + f.Effect()})
	}
}

// answerHalf begins to answer with success and ends the connection in the middle
// of the body.
func answerHalf(w http.ResponseWriter) {
	const half = `{"succ`
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", "17")
	_, _ = io.WriteString(w, half)
	_ = http.NewResponseController(w).Flush()
	panic(http.ErrAbortHandler)
}

// cutConnection ends the connection without an answer, with a reset if the
// connection can be had, as a crashing server or a middlebox does.
func cutConnection(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = conn.Close()
}
