package controlapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"

	"benthos-segment/internal/ingest"
	"benthos-segment/internal/segment"
)

// callsIn takes the calls out of a file: a call a line, or values one after the
// other, of which each is a call, an array of calls, a batch as SDKs send it, or
// a HAR document with requests to the Tracking API. It says in which line it
// stopped.
func callsIn(file []byte) (calls []json.RawMessage, err error) {
	dec := json.NewDecoder(bytes.NewReader(file))
	for {
		var value json.RawMessage
		err := dec.Decode(&value)
		if errors.Is(err, io.EOF) {
			return calls, nil
		}
		at := dec.InputOffset() - int64(len(value))
		if err != nil {
			return nil, notJSON(file, err)
		}
		found, err := callsOf(value)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", lineAt(file, at), err)
		}
		calls = append(calls, found...)
	}
}

// notJSON says in which line a file stops being JSON.
func notJSON(file []byte, err error) error {
	if syntax := (*json.SyntaxError)(nil); errors.As(err, &syntax) {
		return fmt.Errorf("line %d is not JSON: %w", lineAt(file, syntax.Offset), err)
	}
	end := int64(len(bytes.TrimSpace(file)))
	return fmt.Errorf("line %d is not JSON: the file ends in the middle of a value", lineAt(file, end))
}

func lineAt(file []byte, offset int64) int {
	return 1 + bytes.Count(file[:min(max(offset, 0), int64(len(file)))], []byte("\n"))
}

// callsOf returns the calls of one value of a file.
func callsOf(value json.RawMessage) ([]json.RawMessage, error) {
	switch value[0] {
	case '[':
		return elements(value)
	case '{':
	default:
		return nil, errors.New("a call is a JSON object, such as " + `{"type":"track","event":"Tea","userId":"42"}`)
	}
	if log := ingest.Member(value, "log"); ingest.Member(log, "entries") != nil {
		return callsOfHAR(log)
	}
	if batch := ingest.Member(value, "batch"); len(batch) > 0 && batch[0] == '[' {
		return elements(batch)
	}
	return []json.RawMessage{value}, nil
}

// elements returns the calls of an array.
func elements(array json.RawMessage) ([]json.RawMessage, error) {
	var list []json.RawMessage
	if err := json.Unmarshal(array, &list); err != nil {
		return nil, fmt.Errorf("reading the array: %w", err)
	}
	for i, call := range list {
		if call[0] != '{' {
			return nil, fmt.Errorf("element %d of the array is not a call, which is a JSON object", i)
		}
	}
	return list, nil
}

// callsOfHAR returns the calls of the requests to the Tracking API, and leaves
// out all others.
func callsOfHAR(log json.RawMessage) (calls []json.RawMessage, err error) {
	var har struct {
		Entries []struct{ Request harRequest }
	}
	if err := json.Unmarshal(log, &har); err != nil {
		return nil, fmt.Errorf("reading the HAR document: %w", err)
	}
	for i, entry := range har.Entries {
		route, known := routeOf(entry.Request.URL)
		if !known || entry.Request.PostData == nil || entry.Request.PostData.Text == "" {
			continue
		}
		body := json.RawMessage(bytes.TrimSpace([]byte(entry.Request.PostData.Text)))
		if !json.Valid(body) {
			return nil, fmt.Errorf("entry %d of the HAR document has a body that is not JSON", i)
		}
		found, err := callsOf(body)
		if err != nil {
			return nil, fmt.Errorf("entry %d of the HAR document: %w", i, err)
		}
		for _, call := range found {
			calls = append(calls, withType(call, segment.ParseType(route.Type)))
		}
	}
	return calls, nil
}

func routeOf(address string) (route ingest.Route, known bool) {
	u, err := url.Parse(address)
	if err != nil {
		return route, false
	}
	return ingest.RouteOf(ingest.Clean(u.Path))
}
