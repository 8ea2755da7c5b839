package tail

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

const (
	// patience is how long an answer may take that is no stream.
	patience = 30 * time.Second
	// maxAnswer bounds an answer: a frame of the stream has at most 2,000 calls of
	// 32 KB each.
	maxAnswer = 128 << 20
)

// client asks the API of a sandbox, or of an output that shows its outcomes.
type client struct {
	url  string
	http *http.Client
}

// newClient returns one that follows no redirect, and uses no proxy: what it
// asks is on this machine, or on one that its user names.
func newClient(url string) client {
	return client{url: url, http: &http.Client{
		Transport:     &http.Transport{Proxy: nil, ResponseHeaderTimeout: patience},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// refusal is an answer that will be the same next time.
type refusal struct{ error }

// get opens an endpoint of the API.
func (c client) get(ctx context.Context, path string, query url.Values, header http.Header) (io.ReadCloser, http.Header, error) {
	address := c.url + "/api/v1/" + path
	if len(query) > 0 {
		address += "?" + query.Encode()
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, nil, refusal{err}
	}
	for name, values := range header {
		req.Header[name] = values
	}
	res, err := c.http.Do(req)
	if err != nil {
		return nil, nil, brief(err)
	}
	if res.StatusCode == http.StatusOK {
		return res.Body, res.Header, nil
	}
	defer res.Body.Close()
	return nil, nil, c.refusalOf(res)
}

// brief leaves the method and the address out of an error.
func brief(err error) error {
	var long *url.Error
	if errors.As(err, &long) {
		return long.Err
	}
	return err
}

// refusalOf makes an error of an answer. A server that fails may recover.
func (c client) refusalOf(res *http.Response) error {
	var said struct {
		Error string `json:"error"`
	}
	_ = json.NewDecoder(io.LimitReader(res.Body, 64<<10)).Decode(&said) // or it says nothing
	switch {
	case said.Error != "" && res.StatusCode/100 == 4:
		// Whoever typed a filter knows of a flag, not of the API's parameter.
		return refusal{errors.New(strings.Replace(said.Error, "parameter q:", "--"+flagFilter+":", 1))}
	case res.StatusCode/100 == 4 || res.StatusCode/100 == 3:
		return refusal{fmt.Errorf("%s answers with status %d, so it is neither a sandbox nor the outcomes of an output: check --%s", c.url, res.StatusCode, flagURL)}
	default:
		return fmt.Errorf("status %d", res.StatusCode)
	}
}

// call is one as the API describes it, with all of its literals in text.
type call struct {
	described
	text json.RawMessage
}

// described is what the lines of a terminal show of a call.
type described struct {
	Seq         uint64    `json:"seq"`
	At          time.Time `json:"received_at"`
	Type        string    `json:"type"`
	Name        string    `json:"name"`
	UserID      string    `json:"user_id"`
	AnonymousID string    `json:"anonymous_id"`
	PreviousID  string    `json:"previous_id"`
	GroupID     string    `json:"group_id"`
	MessageID   string    `json:"message_id"`
	Attempt     int       `json:"attempt"`
	Status      int       `json:"status"`
	Outcome     string    `json:"outcome"`
	Accepted    bool      `json:"accepted"`
	Duplicate   bool      `json:"duplicate"`
	Violations  []broken  `json:"violations"`
	Warnings    []broken  `json:"warnings"`
}

// broken is a rule that a call breaks.
type broken struct {
	Code    string `json:"code"`
	Field   string `json:"field"`
	Message string `json:"message"`
}

// listing is an answer with calls, and where a stream goes on after it.
type listing struct {
	calls []call
	// at is the state of the server before it looked for the calls.
	at position
}

// calls lists some of the calls that are held, in the given order.
func (c client) calls(ctx context.Context, filter string, more url.Values) (l listing, err error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	more.Set("q", filter)
	body, header, err := c.get(ctx, "calls", more, nil)
	if err != nil {
		return l, err
	}
	defer body.Close()
	var answer struct {
		Calls []json.RawMessage `json:"calls"`
	}
	at, isThere := positionIn(header)
	if err := json.NewDecoder(io.LimitReader(body, maxAnswer)).Decode(&answer); err != nil || !isThere {
		return l, c.stranger()
	}
	l.at = at
	for _, text := range answer.Calls {
		one := call{text: text}
		if err := json.Unmarshal(text, &one.described); err != nil {
			return l, fmt.Errorf("reading a call: %w", err)
		}
		l.calls = append(l.calls, one)
	}
	return l, nil
}

// positionIn reads where a server is from the ETag of a list: its run, how often
// calls were deleted, and its first and last call.
func positionIn(header http.Header) (at position, isThere bool) {
	parts := strings.Split(strings.Trim(header.Get("ETag"), `"`), "-")
	if len(parts) != 4 {
		return at, false
	}
	seq, err := strconv.ParseUint(parts[3], 10, 64)
	return position{run: parts[0], id: parts[0] + "-" + parts[1] + "-" + parts[3], seq: seq}, err == nil
}

// stranger is the error where something else answers.
func (c client) stranger() error {
	return refusal{fmt.Errorf("%s answers, but it is neither a sandbox nor the outcomes of an output: check --%s", c.url, flagURL)}
}

// after chooses calls by their number.
func after(seq uint64, most int) url.Values {
	return url.Values{"since": {strconv.FormatUint(seq, 10)}, "limit": {strconv.Itoa(most)}}
}
