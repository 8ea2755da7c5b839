package tracking

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"benthos-segment/internal/segment"
	"benthos-segment/internal/tracking/oauth"
)

// scripted answers the requests with calls one after the other, and the last
// answer for ever. Authorization servers grant what they are asked for, unless
// there is no token.
type scripted struct {
	answers []reply
	noToken bool
}

// reply is a status with its headers, or an error in place of it; a pause comes
// before.
type reply struct {
	status     int
	retryAfter string
	err        error
	pause      time.Duration
}

func (s *scripted) RoundTrip(req *http.Request) (*http.Response, error) {
	_, _ = io.Copy(io.Discard, req.Body)
	if strings.HasSuffix(req.URL.Path, "/token") {
		if s.noToken {
			return &http.Response{StatusCode: 503, Header: http.Header{}, Body: http.NoBody, Request: req}, nil
		}
		return answering(req, `{"access_token":"t","expires_in":3600}`), nil
	}
	next := s.answers[0]
	if len(s.answers) > 1 {
		s.answers = s.answers[1:]
	}
	select {
	case <-time.After(next.pause):
	case <-req.Context().Done():
		return nil, req.Context().Err()
	}
	res := &http.Response{StatusCode: next.status, Header: http.Header{}, Body: http.NoBody, Request: req}
	if next.retryAfter != "" {
		res.Header.Set("Retry-After", next.retryAfter)
	}
	return res, next.err
}

// However a request ends, and wherever it is stopped, it keeps nothing: no slot,
// no probe, no use of its source.
func TestAPassEndsOnceHoweverItGoes(t *testing.T) {
	anyKey()
	ok := reply{status: 200}
	for name, test := range map[string]struct {
		answers []reply
		alter   func(*Config, *scripted)
		// stopped ends the Send after ten seconds.
		isStopped bool
	}{
		"accepted":                      {answers: []reply{ok}},
		"refused, and then its parts":   {answers: []reply{ok, {status: 400}, {status: 422}, ok}},
		"throttled for a while":         {answers: []reply{{status: 429, retryAfter: "9"}, {status: 429}, ok}},
		"held for a while":              {answers: []reply{{status: 401}, {status: 404}, ok}},
		"rejected":                      {answers: []reply{{status: 401}}, alter: func(c *Config, _ *scripted) { c.RejectOnSetupError = true }},
		"failing for a while":           {answers: []reply{{status: 500}, {err: io.ErrUnexpectedEOF}, ok}},
		"failing for good":              {answers: []reply{{status: 500}}, alter: func(c *Config, _ *scripted) { c.Retry.MaxElapsedTime = time.Minute }},
		"held for good":                 {answers: []reply{{status: 401}}, alter: func(c *Config, _ *scripted) { c.Retry.MaxElapsedTime = time.Minute }},
		"stopped in a Retry-After":      {answers: []reply{{status: 429, retryAfter: "300"}}, isStopped: true},
		"stopped while held":            {answers: []reply{{status: 401}}, isStopped: true},
		"stopped in a backoff":          {answers: []reply{{status: 500}}, isStopped: true},
		"stopped while sending":         {answers: []reply{{status: 200, pause: time.Hour}}, isStopped: true},
		"stopped as a probe":            {answers: []reply{{status: 429, retryAfter: "1"}, {status: 200, pause: time.Hour}}, isStopped: true},
		"stopped while splitting":       {answers: []reply{{status: 400}, {status: 200, pause: time.Hour}}, isStopped: true},
		"a rate limit that fails":       {answers: []reply{ok}, alter: limited(failing, failing, time.Second)},
		"stopped at the rate limit":     {answers: []reply{{status: 429, retryAfter: "1"}, ok}, alter: limited(0, time.Hour), isStopped: true},
		"given up at the rate limit":    {answers: []reply{ok}, alter: limitedFor(time.Minute)},
		"with a token":                  {answers: []reply{ok}, alter: withOAuth},
		"with a token that is refused":  {answers: []reply{{status: 401}, ok}, alter: withOAuth},
		"without a token":               {answers: []reply{ok}, alter: withoutToken, isStopped: true},
		"with a token refused for good": {answers: []reply{{status: 401}}, alter: withOAuth, isStopped: true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server := &scripted{answers: test.answers}
				conf := testConfig("http://127.0.0.1", server)
				conf.RejectOnSetupError = false
				if test.alter != nil {
					test.alter(&conf, server)
				}
				client := NewClient(conf)
				defer client.Close()
				ctx := t.Context()
				if test.isStopped {
					var cancel context.CancelFunc
					ctx, cancel = context.WithTimeout(ctx, 10*time.Second)
					defer cancel()
				}
				calls := []segment.Call{oneCall[0], oneCall[0], oneCall[0]}

				violations := client.Send(ctx, calls, quiet{})

				if test.isStopped {
					require.NotEmpty(t, violations)
				}
				synctest.Wait()
				assert.Zero(t, client.slots.Taken())
				assert.Zero(t, client.scheduler.running)
				source := client.sources.get("key", 0)
				assert.Zero(t, source.users.Load())
				assert.Zero(t, source.hauls)
				assert.Nil(t, source.entering)
				assert.Empty(t, client.scheduler.lines)
				assert.Empty(t, client.scheduler.deliveries)
				assert.False(t, source.gate.probing)
			})
		})
	}
}

// failing stands for an access to the rate limit that fails.
const failing = time.Duration(-1)

// limited is a rate limit whose accesses take their time, one after the other
// and the last one for ever.
func limited(accesses ...time.Duration) func(*Config, *scripted) {
	return func(c *Config, _ *scripted) {
		c.RateLimit = func(ctx context.Context) error {
			next := accesses[0]
			if len(accesses) > 1 {
				accesses = accesses[1:]
			}
			if next == failing {
				return errors.New("away")
			}
			select {
			case <-time.After(next):
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		}
	}
}

func limitedFor(patience time.Duration) func(*Config, *scripted) {
	return func(c *Config, s *scripted) {
		limited(failing)(c, s)
		c.Retry.MaxElapsedTime = patience
	}
}

func withOAuth(c *Config, _ *scripted) {
	c.OAuth = &oauth.Config{ClientID: "app", PrivateKey: anyKey(), Server: "http://127.0.0.1", Scope: "s"}
}

func withoutToken(c *Config, s *scripted) {
	withOAuth(c, s)
	s.noToken = true
}

func TestAPassThatEndsTwiceIsAFault(t *testing.T) {
	var g gate
	ticket, _ := g.enter(false)
	p := pass{gate: &g, ticket: ticket}
	p.end(ruling{})

	assert.Panics(t, func() { p.end(ruling{}) })
}
