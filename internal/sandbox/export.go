package sandbox

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"

	"benthos-segment/internal/ingest"
)

// exportFormat is a form in which calls can be taken along.
type exportFormat struct {
	file, contentType string
	write             func(out *bytes.Buffer, calls []Call)
}

// The names of the files are fixed, whatever a call says.
var exportFormats = map[string]exportFormat{
	"ndjson": {"calls.ndjson", "application/x-ndjson", writeNDJSON},
	"curl":   {"calls.sh", "text/x-shellscript; charset=utf-8", writeCurl},
	"go":     {"calls_fixture.go", "text/x-go; charset=utf-8", writeGo},
}

func (s *Sandbox) serveExport(w http.ResponseWriter, r *http.Request, q *query) {
	filter, name := q.filter(), q.text("format")
	format, known := exportFormats[name]
	if !known {
		q.fail("format", "ndjson, curl or go")
	}
	if q.refused(w) {
		return
	}
	calls, ok := s.matching(w, r, &filter)
	if !ok {
		return
	}
	var out bytes.Buffer
	format.write(&out, valuesOf(calls))
	w.Header().Set("Content-Type", format.contentType)
	w.Header().Set("Content-Disposition", "attachment; filename="+format.file)
	_, _ = w.Write(out.Bytes())
}

// oneLine returns a call as it was sent, without line breaks between its
// members and with its type, which a path for single calls leaves out.
func oneLine(c *Call) []byte {
	raw := c.Shown()
	if bytes.ContainsAny(raw, "\r\n") {
		var compact bytes.Buffer
		if json.Compact(&compact, raw) == nil {
			raw = compact.Bytes()
		}
	}
	if len(raw) == 0 || raw[0] != '{' || ingest.Member(raw, "type") != nil || c.Type == "unknown" {
		return raw
	}
	typed := append([]byte(`{"type":"`+c.Type+`"`), ',')
	if bytes.HasPrefix(bytes.TrimSpace(raw[1:]), []byte("}")) {
		typed = typed[:len(typed)-1]
	}
	return append(typed, raw[1:]...)
}

func writeNDJSON(out *bytes.Buffer, calls []Call) {
	for i := range calls {
		out.Write(oneLine(&calls[i]))
		out.WriteByte('\n')
	}
}

// writeCurl writes a shell script. A call stands in it as a document that the
// shell does not look into, on one line that begins with a brace, so that it
// cannot be taken for the end of the document.
func writeCurl(out *bytes.Buffer, calls []Call) {
	out.WriteString(`#!/bin/sh
# Sends these calls to SEGMENT_ENDPOINT, a sandbox on this machine if unset.
set -eu
endpoint=${SEGMENT_ENDPOINT:-http://127.0.0.1:8765}
key=${SEGMENT_WRITE_KEY:-my-key}
`)
	for i := range calls {
		fmt.Fprintf(out, "\ncurl --fail -sS -u \"$key:\" \"$endpoint/v1/batch\" --data-binary @- <<'END OF CALL'\n{\"batch\":[%s]}\nEND OF CALL\n",
			oneLine(&calls[i]))
	}
}

func writeGo(out *bytes.Buffer, calls []Call) {
	out.WriteString(`package fixture

// Calls are the calls in order of arrival, byte for byte.
var Calls = []string{
`)
	for i := range calls {
		raw := string(calls[i].Shown())
		if strconv.CanBackquote(raw) {
			fmt.Fprintf(out, "\t`%s`,\n", raw)
			continue
		}
		fmt.Fprintf(out, "\t%s,\n", strconv.Quote(raw))
	}
	out.WriteString("}\n")
}
