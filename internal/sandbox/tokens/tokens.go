// Package tokens is the authorization server of a sandbox: it grants access
// tokens as Segment's does, for what a sender has signed with its private key.
// https://www.twilio.com/docs/segment/connections/oauth
package tokens

import (
	"cmp"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"benthos-segment/internal/sandbox/answer"
)

// Config says who gets a token.
type Config struct {
	// PublicKey verifies the assertions of a sender.
	PublicKey *rsa.PublicKey
	// ClientID and KeyID are what an assertion has to name; empty accepts any.
	ClientID, KeyID string
	// TokenLife is how long a token is valid. Zero means an hour; Segment's are
	// valid for days.
	TokenLife time.Duration
	// ClockAhead is how far the server's clock is ahead of ours.
	ClockAhead time.Duration
}

// Request is one request for a token.
type Request struct {
	ReceivedAt time.Time
	// Status is the status of the answer, Refusal why it was not 200.
	Status  int
	Refusal string
}

// Authority grants tokens and remembers which. It is safe for use by several
// goroutines.
type Authority struct {
	cfg Config

	// mu guards what follows. It is never held while waiting for a client.
	mu sync.Mutex
	// granted says until when each token is valid, used until when the id of an
	// assertion has to be remembered: each is good for one token.
	granted, used map[string]time.Time
	requests      []Request
	// failures are the answers to give before anything else.
	failures []failure
}

type failure struct {
	status     int
	retryAfter string
}

const (
	maxForm          = 64 << 10
	maxAssertionLife = time.Minute
	maxRequests      = 1_000
)

// New returns an authority that has granted nothing.
func New(cfg Config) *Authority {
	cfg.TokenLife = cmp.Or(cfg.TokenLife, time.Hour)
	return &Authority{cfg: cfg, granted: map[string]time.Time{}, used: map[string]time.Time{}}
}

func (a *Authority) now() time.Time { return time.Now().Add(a.cfg.ClockAhead) }

// Accepts reports whether a token is valid.
func (a *Authority) Accepts(token string) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.now().Before(a.granted[token])
}

// Revoke makes all tokens granted so far invalid.
func (a *Authority) Revoke() {
	a.mu.Lock()
	defer a.mu.Unlock()
	clear(a.granted)
}

// Requests returns the latest requests for tokens, in order of arrival.
func (a *Authority) Requests() []Request {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.requests)
}

// Fail answers the next request for a token with a status and, if it is not
// empty, a Retry-After.
func (a *Authority) Fail(status int, retryAfter string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.failures = append(a.failures, failure{status, retryAfter})
}

// ServeHTTP answers a request for a token.
func (a *Authority) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Date", a.now().UTC().Format(http.TimeFormat))
	if f, told := a.nextFailure(); told {
		if f.retryAfter != "" {
			w.Header().Set("Retry-After", f.retryAfter)
		}
		answer.JSON(w, f.status, map[string]string{"error": "injected"})
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	token, err := a.tokenFor(r)
	if err != nil {
		a.note(http.StatusBadRequest, err.Error())
		answer.JSON(w, http.StatusBadRequest, map[string]string{
			"error": "invalid_request", "error_description": err.Error(),
		})
		return
	}
	a.note(http.StatusOK, "")
	answer.JSON(w, http.StatusOK, map[string]any{
		"access_token": token, "token_type": "Bearer", "expires_in": a.cfg.TokenLife.Seconds(),
	})
}

func (a *Authority) tokenFor(r *http.Request) (string, error) {
	assertion, err := assertionOf(r)
	if err != nil {
		return "", err
	}
	claims, err := a.verify(assertion)
	if err != nil {
		return "", err
	}
	return a.grant(claims)
}

func (a *Authority) note(status int, refusal string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.noteLocked(status, refusal)
}

func (a *Authority) noteLocked(status int, refusal string) {
	a.requests = append(a.requests, Request{ReceivedAt: time.Now(), Status: status, Refusal: refusal})
	if len(a.requests) > maxRequests {
		a.requests = slices.Delete(a.requests, 0, len(a.requests)-maxRequests)
	}
}

func (a *Authority) nextFailure() (next failure, told bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.failures) == 0 {
		return next, false
	}
	next, a.failures = a.failures[0], a.failures[1:]
	a.noteLocked(next.status, "injected")
	return next, true
}

// assertionOf reads the assertion of a request for a token.
func assertionOf(r *http.Request) (string, error) {
	if r.Method != http.MethodPost {
		return "", errors.New("the method must be POST")
	}
	if err := r.ParseForm(); err != nil {
		return "", fmt.Errorf("reading the form: %w", err)
	}
	for name, want := range map[string]string{
		"grant_type":            "client_credentials",
		"client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
		"scope":                 "tracking_api:write",
	} {
		if got := r.PostForm.Get(name); got != want {
			return "", fmt.Errorf("%s must be %s", name, want)
		}
	}
	return r.PostForm.Get("client_assertion"), nil
}

// verify checks an assertion and returns what it claims.
func (a *Authority) verify(assertion string) (claims jwt.RegisteredClaims, err error) {
	token, err := jwt.ParseWithClaims(
		assertion, &claims,
		func(*jwt.Token) (any, error) { return a.cfg.PublicKey, nil },
		jwt.WithValidMethods([]string{"RS256"}),
		jwt.WithTimeFunc(a.now),
		jwt.WithIssuedAt(),
		jwt.WithExpirationRequired(),
	)
	if err != nil {
		return claims, err
	}
	switch {
	case a.cfg.KeyID != "" && token.Header["kid"] != a.cfg.KeyID:
		return claims, errors.New("the key id is unknown")
	case a.cfg.ClientID != "" && claims.Subject != a.cfg.ClientID:
		return claims, errors.New("the client id is unknown")
	case claims.ExpiresAt.Sub(a.now()) > maxAssertionLife:
		return claims, errors.New("the assertion must expire within a minute")
	case len(claims.Audience) == 0:
		return claims, errors.New("the assertion names no audience")
	}
	return claims, nil
}

// grant returns a new token. Nobody can guess it: with a token, a page of another
// site could send calls.
func (a *Authority) grant(claims jwt.RegisteredClaims) (token string, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	now := a.now()
	isPast := func(_ string, until time.Time) bool { return until.Before(now) }
	maps.DeleteFunc(a.granted, isPast)
	maps.DeleteFunc(a.used, isPast)
	if _, again := a.used[claims.ID]; again || claims.ID == "" {
		return "", errors.New("the assertion needs an id of its own")
	}
	a.used[claims.ID] = claims.ExpiresAt.Time
	token = "sandbox-token-" + rand.Text()
	a.granted[token] = now.Add(a.cfg.TokenLife)
	return token, nil
}
