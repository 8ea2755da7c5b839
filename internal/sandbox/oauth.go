package sandbox

import (
	"cmp"
	"crypto/rsa"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"benthos-segment/internal/ingest"
)

// OAuth makes the sandbox an authorization server, too: it grants access
// tokens under /token, and the Tracking API takes nothing without one.
// https://www.twilio.com/docs/segment/connections/oauth
type OAuth struct {
	// PublicKey checks the assertions of a sender.
	PublicKey *rsa.PublicKey
	// ClientID and KeyID are what an assertion has to name; empty takes any.
	ClientID, KeyID string
	// TokenLife is how long a token is good. Zero means an hour; Segment's
	// last for days.
	TokenLife time.Duration
	// ClockAhead is how far the server's clock is ahead of ours.
	ClockAhead time.Duration
}

// TokenRequest is one request to the authorization server.
type TokenRequest struct {
	ReceivedAt time.Time
	// Status is what was answered, Refusal why it was not 200.
	Status  int
	Refusal string
}

// authority grants tokens and remembers which.
type authority struct {
	conf OAuth

	mu sync.Mutex
	// granted says until when each token is good.
	granted map[string]time.Time
	// used holds the ids of assertions, each of which is good for one token.
	used    map[string]bool
	journal []TokenRequest
	// failures are the answers to give before anything else.
	failures []tokenFailure
}

type tokenFailure struct {
	status     int
	retryAfter string
}

const (
	maxTokenForm     = 64 << 10
	maxAssertionLife = time.Minute
)

func newAuthority(conf OAuth) *authority {
	conf.TokenLife = cmp.Or(conf.TokenLife, time.Hour)
	return &authority{conf: conf, granted: map[string]time.Time{}, used: map[string]bool{}}
}

func (a *authority) now() time.Time { return time.Now().Add(a.conf.ClockAhead) }

// ServeHTTP answers a request for a token.
func (a *authority) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	defer a.mu.Unlock()
	w.Header().Set("Date", a.now().UTC().Format(http.TimeFormat))
	if len(a.failures) > 0 {
		a.fail(w)
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxTokenForm)
	if err := a.check(r); err != nil {
		a.note(http.StatusBadRequest, err.Error())
		answerJSON(w, http.StatusBadRequest, map[string]string{
			"error": "invalid_request", "error_description": err.Error(),
		})
		return
	}
	token := fmt.Sprintf("sandbox-token-%d", len(a.granted)+1)
	a.granted[token] = a.now().Add(a.conf.TokenLife)
	a.note(http.StatusOK, "")
	answerJSON(w, http.StatusOK, map[string]any{
		"access_token": token, "token_type": "Bearer", "expires_in": a.conf.TokenLife.Seconds(),
	})
}

func (a *authority) note(status int, refusal string) {
	a.journal = append(a.journal, TokenRequest{ReceivedAt: time.Now(), Status: status, Refusal: refusal})
}

func (a *authority) fail(w http.ResponseWriter) {
	next := a.failures[0]
	a.failures = a.failures[1:]
	if next.retryAfter != "" {
		w.Header().Set("Retry-After", next.retryAfter)
	}
	a.note(next.status, "as told to")
	answerJSON(w, next.status, map[string]string{"error": "injected"})
}

// check says what is wrong with a request for a token.
func (a *authority) check(r *http.Request) error {
	if r.Method != http.MethodPost {
		return errors.New("the method must be POST")
	}
	if err := r.ParseForm(); err != nil {
		return fmt.Errorf("reading the form: %w", err)
	}
	for name, want := range map[string]string{
		"grant_type":            "client_credentials",
		"client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
		"scope":                 "tracking_api:write",
	} {
		if got := r.PostForm.Get(name); got != want {
			return fmt.Errorf("%s must be %s", name, want)
		}
	}
	return a.checkAssertion(r.PostForm.Get("client_assertion"))
}

func (a *authority) checkAssertion(text string) error {
	var claims jwt.RegisteredClaims
	token, err := jwt.ParseWithClaims(
		text, &claims,
		func(*jwt.Token) (any, error) { return a.conf.PublicKey, nil },
		jwt.WithValidMethods([]string{"RS256"}),
		jwt.WithTimeFunc(a.now),
		jwt.WithIssuedAt(),
		jwt.WithExpirationRequired(),
	)
	if err != nil {
		return err
	}
	switch {
	case a.conf.KeyID != "" && token.Header["kid"] != a.conf.KeyID:
		return errors.New("the key id is not known")
	case a.conf.ClientID != "" && claims.Subject != a.conf.ClientID:
		return errors.New("the client id is not known")
	case claims.ID == "" || a.used[claims.ID]:
		return errors.New("the assertion needs an id of its own")
	case claims.ExpiresAt.Sub(a.now()) > maxAssertionLife:
		return errors.New("the assertion must end within a minute")
	case len(claims.Audience) == 0:
		return errors.New("the assertion names no audience")
	}
	a.used[claims.ID] = true
	return nil
}

// accepts says whether a request carries a token that is good.
func (a *authority) accepts(header http.Header) bool {
	_, token := ingest.Authorization(header)
	a.mu.Lock()
	defer a.mu.Unlock()
	return token != "" && a.now().Before(a.granted[token])
}

// RevokeTokens makes all tokens granted so far worthless.
func (s *Sandbox) RevokeTokens() {
	s.authority.mu.Lock()
	defer s.authority.mu.Unlock()
	for token := range s.authority.granted {
		s.authority.granted[token] = time.Time{}
	}
}

// TokenRequests returns the requests for tokens, in order of arrival.
func (s *Sandbox) TokenRequests() []TokenRequest {
	s.authority.mu.Lock()
	defer s.authority.mu.Unlock()
	return slices.Clone(s.authority.journal)
}

// FailToken answers the next request for a token with a status and, if it is
// not empty, a Retry-After.
func (s *Sandbox) FailToken(status int, retryAfter string) {
	s.authority.mu.Lock()
	defer s.authority.mu.Unlock()
	s.authority.failures = append(s.authority.failures, tokenFailure{status, retryAfter})
}
