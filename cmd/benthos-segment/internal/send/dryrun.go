package send

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"

	"benthos-segment/cmd/internal/command"

	"benthos-segment/cmd/benthos-segment/internal/terminal"
	"benthos-segment/internal/segment"
)

// dryRun takes the requests in the place of a server, and prints them.
type dryRun struct {
	mu    sync.Mutex
	out   io.Writer
	count int
}

// RoundTrip prints a request, and accepts it.
func (d *dryRun) RoundTrip(req *http.Request) (*http.Response, error) {
	defer req.Body.Close()
	wire, err := io.ReadAll(req.Body)
	if err != nil {
		return nil, fmt.Errorf("reading a request: %w", err)
	}
	unpacked, err := gzip.NewReader(bytes.NewReader(wire))
	if err != nil {
		return nil, fmt.Errorf("decompressing a request: %w", err)
	}
	body, err := io.ReadAll(unpacked)
	if err != nil {
		return nil, fmt.Errorf("decompressing a request: %w", err)
	}
	var content struct {
		Batch []json.RawMessage `json:"batch"`
	}
	if err := json.Unmarshal(body, &content); err != nil {
		return nil, fmt.Errorf("reading a request: %w", err)
	}
	d.print(content.Batch, len(body), len(wire))
	return &http.Response{
		StatusCode: http.StatusOK, Status: "200 OK", Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: http.Header{}, Body: http.NoBody, Request: req,
	}, nil
}

func (d *dryRun) print(calls []json.RawMessage, size, wire int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.count++
	var text strings.Builder
	fmt.Fprintf(&text, "request %d: %s, %s, %s compressed\n", d.count,
		command.Count(len(calls), "call"), command.Count(size, "byte"), command.Count(wire, "byte"))
	for _, call := range calls {
		seen := segment.Inspect(call, segment.UnknownType)
		fmt.Fprintf(&text, "  %s  %-8s  %s\n", terminal.Clean(seen.MessageID), seen.Type, command.Count(len(call), "byte"))
	}
	_, _ = io.WriteString(d.out, text.String())
}

// refused prints what would become a dead letter.
func (d *dryRun) refused(one letter) {
	d.mu.Lock()
	defer d.mu.Unlock()
	fmt.Fprintf(d.out, "refused: %s:%d: %s %s: %s\n", terminal.Clean(one.File), one.Line, one.Reason, terminal.Clean(one.Field), terminal.Clean(one.Sentence))
}

// quiet says what there is to say, and shows nothing else.
type quiet struct{ out io.Writer }

func (q quiet) say(text string) { fmt.Fprintln(q.out, text) }
func (quiet) interrupted()      {}
func (quiet) end()              {}
