package sandbox

import (
	"bytes"
	"encoding/json"
	"io"
	"net"
	"net/http"
)

// failure is the body of an answer that accepts nothing. Segment documents
// none; code and message are what its Python SDK reads.
type failure struct {
	Success bool   `json:"success"`
	Code    string `json:"code"`
	Message string `json:"message"`
}

// success is the body that Segment gives for nearly everything.
var success = struct {
	Success bool `json:"success"`
}{true}

// answerJSON writes v without escaping for HTML, which would change the bytes
// of a call within v; nosniff keeps browsers from taking it for a page.
func answerJSON(w http.ResponseWriter, status int, v any) {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		http.Error(w, `{"error":"encoding the answer"}`, http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	// An error here means that the client is gone, and there is no one to tell.
	_, _ = w.Write(buf.Bytes())
}

// answerHalf answers with success and ends the connection before all of it went
// out.
func answerHalf(w http.ResponseWriter) {
	const half = `{"succ`
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", "17")
	_, _ = io.WriteString(w, half)
	_ = http.NewResponseController(w).Flush()
	panic(http.ErrAbortHandler)
}

// cutConnection ends the connection without an answer, with a reset where the
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
