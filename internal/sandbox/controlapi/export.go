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
	"benthos-segment/internal/segment"
)

// exportFormat is a form in which calls can be taken away.
type exportFormat struct {
	file, contentType string
	write             func(out *bytes.Buffer, e exported)
}

// exported is what is written.
type exported struct {
	calls []*inbox.Call
	inbox *inbox.Inbox
	// address is where they came to, such as http://127.0.0.1:8765.
	address, version string
}

// The names of the files are fixed, whatever a call says.
var exportFormats = map[string]exportFormat{
	"ndjson": {"calls.ndjson", "application/x-ndjson", writeNDJSON},
	"har":    {"calls.har", "application/json", writeHAR},
	"curl":   {"calls.sh", "text/x-shellscript; charset=utf-8", writeCurl},
	"go":     {"calls_fixture.go", "text/x-go; charset=utf-8", writeGo},
}

func (api callsAPI) export(w http.ResponseWriter, r *http.Request, q *query) {
	filter, name := q.filter(), q.text("format")
	format, known := exportFormats[name]
	if !known {
		q.fail("format", "ndjson, har, curl or go")
	}
	if q.refused(w) {
		return
	}
	calls, ok := matching(w, r, api.inbox, &filter)
	if !ok {
		return
	}
	var out bytes.Buffer
	format.write(&out, exported{calls, api.inbox, addressOf(r), api.version})
	w.Header().Set("Content-Disposition", "attachment; filename="+format.file)
	answer.Bytes(w, http.StatusOK, format.contentType, out.Bytes())
}

// addressOf is where the client reaches the sandbox.
func addressOf(r *http.Request) string {
	if r.TLS != nil {
		return "https://" + r.Host
	}
	return "http://" + r.Host
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
	return withType(raw, segment.ParseType(c.Type))
}

// withType returns a call with its type, if it has none of its own.
func withType(raw []byte, kind segment.Type) []byte {
	if len(raw) == 0 || raw[0] != '{' || ingest.Member(raw, "type") != nil || kind == segment.UnknownType {
		return raw
	}
	typed := []byte(`{"type":"` + kind.String() + `"`)
	if !bytes.HasPrefix(bytes.TrimSpace(raw[1:]), []byte("}")) {
		typed = append(typed, ',')
	}
	return append(typed, raw[1:]...)
}

func writeNDJSON(out *bytes.Buffer, e exported) {
	for _, call := range e.calls {
		out.Write(oneLine(call))
		out.WriteByte('\n')
	}
}

// writeCurl writes a shell script. A call stands in it as a here-document that
// the shell does not expand, on one line that begins with a brace, so that it
// cannot be taken for the end of the document.
func writeCurl(out *bytes.Buffer, e exported) {
	out.WriteString(`#!/bin/sh
# Sends these calls to SEGMENT_ENDPOINT, a sandbox on this machine if unset.
set -eu
endpoint=${SEGMENT_ENDPOINT:-http://127.0.0.1:8765}
key=${SEGMENT_WRITE_KEY:-my-key}
`)
	for _, call := range e.calls {
		fmt.Fprintf(out, "\ncurl --fail -sS -u \"$key:\" \"$endpoint/v1/batch\" --data-binary @- <<'END OF CALL'\n{\"batch\":[%s]}\nEND OF CALL\n",
			oneLine(call))
	}
}

func writeGo(out *bytes.Buffer, e exported) {
	out.WriteString(`package fixture

// Calls are the calls in order of arrival, byte for byte.
var Calls = []string{
`)
	for _, call := range e.calls {
		raw := string(call.Shown())
		if strconv.CanBackquote(raw) {
			fmt.Fprintf(out, "\t`%s`,\n", raw)
			continue
		}
		fmt.Fprintf(out, "\t%s,\n", strconv.Quote(raw))
	}
	out.WriteString("}\n")
}
