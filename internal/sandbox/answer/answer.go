// Package answer writes the JSON answers of the sandbox.
package answer

import (
	"bytes"
	"encoding/json"
	"net/http"
	"time"
)

// patience is how long a client may take to read an answer.
const patience = time.Minute

// JSON answers with v. It does not escape for HTML, which would change the bytes
// of a call within v; nosniff keeps browsers from taking it for a page.
func JSON(w http.ResponseWriter, status int, v any) {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		http.Error(w, `{"error":"encoding the answer"}`, http.StatusInternalServerError)
		return
	}
	Bytes(w, status, "application/json", buf.Bytes())
}

// Error answers that something is wrong, and what.
func Error(w http.ResponseWriter, status int, message string) {
	JSON(w, status, map[string]string{"error": message})
}

// Bytes answers with a body of that content type. A client that does not read it
// does not keep it in memory for ever.
func Bytes(w http.ResponseWriter, status int, contentType string, body []byte) {
	conn := http.NewResponseController(w)
	if conn.SetWriteDeadline(time.Now().Add(patience)) == nil {
		defer func() { _ = conn.SetWriteDeadline(time.Time{}) }()
	}
	w.Header().Set("Content-Type", contentType)
	w.WriteHeader(status)
	// An error here means that the client is gone, and there is no one to tell.
	_, _ = w.Write(body)
}
