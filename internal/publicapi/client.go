// Package publicapi is a client of Segment's Public API: it says which sources a
// workspace has, whether they are enabled, what Segment counted of their events,
// and which tracking plan they follow. It only reads.
//
// https://docs.segmentapis.com has the API. What is not documented there is
// marked where it matters.
package publicapi

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Token is a token of the Public API. It shows itself to nobody: a config may be
// printed.
type Token string

const hidden = "(hidden)"

// String hides the token.
func (Token) String() string { return hidden }

// GoString hides the token.
func (Token) GoString() string { return hidden }

// MarshalText hides the token.
func (Token) MarshalText() ([]byte, error) { return []byte(hidden), nil }

// Config says which API is asked, and on whose behalf.
type Config struct {
	// BaseURL is where the API is: one of Regions, a proxy or a sandbox.
	BaseURL string
	Token   Token
	// UserAgent names the client.
	UserAgent string
	// Transport carries the requests; nil for Go's own.
	Transport http.RoundTripper
	// Timeout bounds one attempt. Zero means 15 seconds.
	Timeout time.Duration
	// Patience bounds how long one question is asked again: after a 429 when the
	// API says so, after a failure that passes with pauses that grow. A host that
	// cannot be reached is asked three times at the most. Zero means that nothing
	// is asked twice.
	Patience time.Duration
	// Waiting, if set, is told of each pause before it begins.
	Waiting func(pause time.Duration, because *Error)
}

const (
	defaultTimeout = 15 * time.Second
	// maxAnswer bounds what is read of an answer. A page of a thousand sources
	// with the settings of each stays below it.
	maxAnswer = 32 << 20
)

// Client asks the Public API. It is safe for use by several goroutines.
type Client struct {
	base      string
	userAgent string
	patience  time.Duration
	waiting   func(time.Duration, *Error)
	http      *http.Client
	// authorize and redact hold the token, which a dump of the client then does
	// not show.
	authorize func(*http.Request)
	redact    func(string) string
}

// New returns a client, or says what is wrong with its configuration. It asks
// nothing yet.
func New(conf Config) (*Client, error) {
	base, err := CheckURL(conf.BaseURL)
	if err != nil {
		return nil, err
	}
	if err := CheckToken(string(conf.Token)); err != nil {
		return nil, err
	}
	token := string(conf.Token)
	return &Client{
		base:      base,
		userAgent: conf.UserAgent,
		patience:  conf.Patience,
		waiting:   conf.Waiting,
		authorize: func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+token) },
		redact:    redactor(token),
		http: &http.Client{
			Transport: conf.Transport,
			Timeout:   cmp.Or(conf.Timeout, defaultTimeout),
			// The token would go wherever an answer leads to.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}, nil
}

// CheckToken says why a text cannot be a token. It does not repeat it.
func CheckToken(token string) error {
	if token == "" {
		return errors.New("the token is empty")
	}
	if strings.ContainsFunc(token, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return errors.New("the token has a blank, a line break or a character that no token has: copy it again")
	}
	return nil
}

// question is what is asked of one endpoint.
type question struct {
	// op says in the gerund what it is for, and needs what the token has to have
	// for it, or the workspace.
	op, needs string
	path      string
	query     url.Values
}

// ask asks until there is an answer, or no patience any more.
func (c *Client) ask(ctx context.Context, q question, into any) error {
	start := time.Now()
	for attempt := 0; ; attempt++ {
		failed := c.try(ctx, q, into)
		if failed == nil {
			return nil
		}
		pause, isWorthIt := failed.pause(attempt)
		if !isWorthIt || time.Since(start)+pause > c.patience {
			return failed
		}
		if c.waiting != nil {
			c.waiting(pause, failed)
		}
		if err := sleep(ctx, pause); err != nil {
			failed.Err = err
			return failed
		}
	}
}

func sleep(ctx context.Context, pause time.Duration) error {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// try asks once.
func (c *Client) try(ctx context.Context, q question, into any) *Error {
	target := c.base + q.path
	if len(q.query) > 0 {
		target += "?" + q.query.Encode()
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, target, http.NoBody)
	if err != nil {
		return q.unreachable(errors.New("the request cannot be made"))
	}
	c.authorize(r)
	// It gets the most mature version that an endpoint has; Segment's own clients
	// send the same.
	r.Header.Set("Accept", "application/json")
	r.Header.Set("User-Agent", c.userAgent)
	res, err := c.http.Do(r)
	if err != nil {
		return q.unreachable(c.explain(err))
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer+1))
	if err != nil {
		return q.unreachable(c.explain(err))
	}
	return c.judge(q, res, body, into)
}

// judge reads an answer.
func (c *Client) judge(q question, res *http.Response, body []byte, into any) *Error {
	var got envelope
	isEnvelope := json.Unmarshal(body, &got) == nil
	if res.StatusCode/100 != 2 || len(got.Errors) > 0 {
		return c.refusal(q, res, got)
	}
	if len(body) > maxAnswer {
		return q.foreign(res.StatusCode, fmt.Errorf("the answer has more than %d MB", maxAnswer>>20))
	}
	if !isEnvelope || got.Data == nil {
		return q.foreign(res.StatusCode, errors.New("the answer is not one of Segment's: it has no data"))
	}
	if err := json.Unmarshal(got.Data, into); err != nil {
		// An error of the decoder names a field and a type, and no value.
		return q.foreign(res.StatusCode, fmt.Errorf("the answer has another form than expected: %w", withoutValue(err)))
	}
	return nil
}

// withoutValue leaves out of an error of the decoder what the answer holds.
func withoutValue(err error) error {
	if typed, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return fmt.Errorf("%s is not a %s", typed.Field, typed.Type.Kind())
	}
	return errors.New("it is not valid JSON")
}

// envelope surrounds every answer.
type envelope struct {
	Data   json.RawMessage `json:"data"`
	Errors []problem       `json:"errors"`
}

// problem is one of the errors of an answer.
type problem struct {
	Type    string          `json:"type"`
	Message string          `json:"message"`
	Field   string          `json:"field"`
	Data    json.RawMessage `json:"data"`
}
