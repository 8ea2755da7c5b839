package controlapi

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"

	"benthos-segment/internal/ingest"
	"benthos-segment/internal/sandbox/answer"
	"benthos-segment/internal/sandbox/inbox"
)

// exportFormat is a form in which calls can be taken away.
type exportFormat struct {
	file, contentType string
	write             func(out *bytes.Buffer, calls []*inbox.Call)
}

// The names of the files are fixed, whatever a call says.
var exportFormats = map[string]exportFormat{
	"ndjson": {"calls.ndjson", "application/x-ndjson", writeNDJSON},
	"curl":   {"calls.sh", "text/x-shellscript; charset=utf-8", writeCurl},
	"go":     {"calls_fixture.go", "text/x-go; charset=utf-8", writeGo},
}

func (api callsAPI) export(w http.ResponseWriter, r *http.Request, q *query) {
	filter, name := q.filter(), q.text("format")
	format, known := exportFormats[name]
	if !known {
		q.fail("format", "ndjson, curl or go")
	}
	if q.refused(w) {
		return
	}
	calls, ok := matching(w, r, api.inbox, &filter)
	if !ok {
		return
	}
	var out bytes.Buffer
	format.write(&out, calls)
	w.Header().Set("Content-Disposition", "attachment; filename="+format.file)
	answer.Bytes(w, http.StatusOK, format.contentType, out.Bytes())
}

// oneLine returns a call as it was sent, without line breaks between its members
// and with its type, which a path for single calls leaves out.
func oneLine(c *inbox.Call) []byte {
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
	typed := []byte(`{"type":"` + c.Type + `"`)
	if !bytes.HasPrefix(bytes.TrimSpace(raw[1:]), []byte("}")) {
		typed = append(typed, ',')
	}
	return append(typed, raw[1:]...)
}

func writeNDJSON(out *bytes.Buffer, calls []*inbox.Call) {
	for _, call := range calls {
		out.Write(oneLine(call))
		out.WriteByte('\n')
	}
}

// writeCurl writes a shell script. A call stands in it as a here-document that
// the shell does not expand, on one line that begins with a brace, so that it
// cannot be taken for the end of the document.
func writeCurl(out *bytes.Buffer, calls []*inbox.Call) {
	out.WriteString(`#!/bin/sh
# Sends these calls to SEGMENT_ENDPOINT, a sandbox on this machine if unset.
set -eu
endpoint=${SEGMENT_ENDPOINT:-http://127.0.0.1:8765}
key=${SEGMENT_WRITE_KEY:-my-key}
`)
	for _, call := range calls {
		fmt.Fprintf(out, "\ncurl --fail -sS -u \"$key:\" \"$endpoint/v1/batch\" --data-binary @- <<'END OF CALL'\n{\"batch\":[%s]}\nEND OF CALL\n",
			oneLine(call))
	}
}

func writeGo(out *bytes.Buffer, calls []*inbox.Call) {
	out.WriteString(`package fixture

// Calls are the calls in order of arrival, byte for byte.
var Calls = []string{
`)
	for _, call := range calls {
		raw := string(call.Shown())
		if strconv.CanBackquote(raw) {
			fmt.Fprintf(out, "\t`%s`,\n", raw)
			continue
		}
		fmt.Fprintf(out, "\t%s,\n", strconv.Quote(raw))
	}
	out.WriteString("}\n")
}
