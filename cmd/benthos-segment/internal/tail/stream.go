package tail

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"
)

// silence is how long a stream may say nothing. The server sends its counters
// every fifteen seconds, whether they change or not.
const silence = time.Minute

// event is one of the stream of events.
type event struct {
	name, id string
	data     []byte
}

// stream is a stream of events that was opened.
type stream struct {
	body   io.ReadCloser
	reader *bufio.Reader
	cancel context.CancelFunc
	alive  *time.Timer
}

// position is where a stream goes on: after the event with that id, which is
// about a call of that number and one run of the server.
type position struct {
	id, run string
	seq     uint64
}

// events opens the stream of the calls that match the filter.
func (c client) events(ctx context.Context, filter string, from position) (*stream, error) {
	query, header := url.Values{"q": {filter}}, http.Header{"Accept": {"text/event-stream"}}
	header.Set("Last-Event-ID", from.id)
	ctx, cancel := context.WithCancel(ctx)
	body, _, err := c.get(ctx, "events", query, header)
	if err != nil {
		cancel()
		return nil, err
	}
	return &stream{
		body: body, reader: bufio.NewReaderSize(body, 64<<10), cancel: cancel,
		alive: time.AfterFunc(silence, cancel),
	}, nil
}

func (s *stream) close() {
	s.alive.Stop()
	s.cancel()
	_ = s.body.Close()
}

var errTooLong = errors.New("an event of the stream is too long")

// next reads an event.
func (s *stream) next() (e event, err error) {
	size := 0
	for {
		line, err := s.reader.ReadBytes('\n')
		if err != nil {
			return e, errors.New("the connection was closed")
		}
		s.alive.Reset(silence)
		if size += len(line); size > maxAnswer {
			return e, errTooLong
		}
		line = bytes.TrimRight(line, "\r\n")
		if len(line) == 0 && e.name != "" {
			return e, nil
		}
		e.add(line)
	}
}

// add takes one line of an event.
func (e *event) add(line []byte) {
	name, value, _ := bytes.Cut(line, []byte(":"))
	value = bytes.TrimPrefix(value, []byte(" "))
	switch string(name) {
	case "event":
		e.name = string(value)
	case "id":
		e.id = string(value)
	case "data":
		e.data = append(e.data, value...)
	}
}

// read reads the data of an event.
func (e event) read(into any) error {
	if err := json.Unmarshal(e.data, into); err != nil {
		return fmt.Errorf("reading an event %s: %w", e.name, err)
	}
	return nil
}
