package controlapi

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"benthos-segment/internal/sandbox/inbox"
)

// harRequest and the others are the parts of a HAR document, version 1.2, that
// tools need: http://www.softwareishard.com/blog/har-12-spec/.
type harRequest struct {
	Method      string     `json:"method"`
	URL         string     `json:"url"`
	HTTPVersion string     `json:"httpVersion"`
	Cookies     []struct{} `json:"cookies"`
	Headers     []harPair  `json:"headers"`
	QueryString []harPair  `json:"queryString"`
	PostData    *harBody   `json:"postData,omitempty"`
	HeadersSize int        `json:"headersSize"`
	BodySize    int64      `json:"bodySize"`
}

type harPair struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

type harBody struct {
	Size     int    `json:"size,omitempty"`
	MimeType string `json:"mimeType"`
	Text     string `json:"text"`
}

type harResponse struct {
	Status      int        `json:"status"`
	StatusText  string     `json:"statusText"`
	HTTPVersion string     `json:"httpVersion"`
	Cookies     []struct{} `json:"cookies"`
	Headers     []harPair  `json:"headers"`
	Content     harBody    `json:"content"`
	RedirectURL string     `json:"redirectURL"`
	HeadersSize int        `json:"headersSize"`
	BodySize    int        `json:"bodySize"`
}

type harEntry struct {
	Started  string         `json:"startedDateTime"`
	Time     int            `json:"time"`
	Request  harRequest     `json:"request"`
	Response harResponse    `json:"response"`
	Cache    struct{}       `json:"cache"`
	Timings  map[string]int `json:"timings"`
	Comment  string         `json:"comment,omitempty"`
}

// writeHAR writes the requests that brought the calls. A request has those of its
// calls that were chosen.
func writeHAR(out *bytes.Buffer, e exported) {
	entries := []harEntry{}
	for len(e.calls) > 0 {
		n := slices.IndexFunc(e.calls, func(c *inbox.Call) bool { return c.Request != e.calls[0].Request })
		if n < 0 {
			n = len(e.calls)
		}
		entries = append(entries, e.harEntry(e.calls[:n]))
		e.calls = e.calls[n:]
	}
	enc := json.NewEncoder(out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", " ")
	_ = enc.Encode(map[string]any{"log": map[string]any{ // Texts and numbers can be encoded.
		"version": "1.2",
		"creator": harCreator{"benthos-segment sandbox", e.version},
		"entries": entries,
	}})
}

type harCreator struct {
	Name    string `json:"name"`
	Version string `json:"version"`
}

// harEntry describes one request with some of its calls.
func (e exported) harEntry(calls []*inbox.Call) harEntry {
	req, held := e.inbox.Request(calls[0].Request)
	entry := harEntry{Timings: map[string]int{"send": 0, "wait": 0, "receive": 0}}
	if !held {
		// Newer requests evicted it, and only its calls are known.
		req = &inbox.Request{Method: http.MethodPost, Path: calls[0].Path, ReceivedAt: calls[0].ReceivedAt, Status: calls[0].Status, Calls: len(calls)}
		entry.Comment = "the headers of this request were evicted"
	}
	if len(calls) < req.Calls {
		entry.Comment = strings.TrimPrefix(entry.Comment+fmt.Sprintf("; %d of its %d calls", len(calls), req.Calls), "; ")
	}
	body := bodyOf(req, calls)
	entry.Started = req.ReceivedAt.UTC().Format(time.RFC3339Nano)
	entry.Request = harRequest{
		Method: req.Method, URL: e.address + req.Path, HTTPVersion: "HTTP/1.1", Cookies: []struct{}{},
		Headers: harHeaders(req), QueryString: []harPair{}, HeadersSize: -1, BodySize: int64(len(body)),
		PostData: &harBody{MimeType: "application/json", Text: string(body)},
	}
	answer := `{"success":true}`
	entry.Response = harResponse{
		Status: req.Status, StatusText: http.StatusText(req.Status), HTTPVersion: "HTTP/1.1", Cookies: []struct{}{}, Headers: []harPair{},
		Content: harBody{Size: len(answer), MimeType: "application/json", Text: answer}, HeadersSize: -1, BodySize: len(answer),
	}
	return entry
}

// bodyOf returns the calls as they were sent: alone, or in a batch with what
// stood beside it.
func bodyOf(req *inbox.Request, calls []*inbox.Call) []byte {
	if route, known := routeOf(req.Path); known && route.Type != "" && len(calls) == 1 {
		return calls[0].Shown()
	}
	lines := make([][]byte, len(calls))
	for i, call := range calls {
		lines[i] = call.Shown()
	}
	body := fmt.Appendf(nil, `{"batch":[%s]`, bytes.Join(lines, []byte(",")))
	for name, value := range map[string]json.RawMessage{"context": req.Context, "integrations": req.Integrations} {
		if len(value) > 0 {
			body = fmt.Appendf(body, `,%q:%s`, name, value)
		}
	}
	if req.SentAt != "" {
		sent, _ := json.Marshal(req.SentAt)
		body = fmt.Appendf(body, `,"sentAt":%s`, sent)
	}
	return append(body, '}')
}

// harHeaders lists the headers, which have no credentials, without those of a
// compression that the body has no more.
func harHeaders(req *inbox.Request) []harPair {
	pairs := []harPair{}
	for _, name := range slices.Sorted(maps.Keys(req.Header)) {
		if name == "Content-Encoding" || name == "Content-Length" {
			continue
		}
		for _, value := range req.Header[name] {
			pairs = append(pairs, harPair{name, value})
		}
	}
	return pairs
}
