package sandbox

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

	// mu guards what follows. It is never held while somebody is waited for.
	mu sync.Mutex
	// granted says until when each token is good, used until when the id of an
	// assertion has to be remembered: each is good for one token.
	granted, used map[string]time.Time
	journal       []TokenRequest
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
	maxTokenJournal  = 1_000
)

func newAuthority(conf OAuth) *authority {
	conf.TokenLife = cmp.Or(conf.TokenLife, time.Hour)
	return &authority{conf: conf, granted: map[string]time.Time{}, used: map[string]time.Time{}}
}

func (a *authority) now() time.Time { return time.Now().Add(a.conf.ClockAhead) }

// ServeHTTP answers a request for a token.
func (a *authority) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Date", a.now().UTC().Format(http.TimeFormat))
	if failure, told := a.nextFailure(); told {
		if failure.retryAfter != "" {
			w.Header().Set("Retry-After", failure.retryAfter)
		}
		answerJSON(w, failure.status, map[string]string{"error": "injected"})
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxTokenForm)
	assertion, err := assertionOf(r)
	var token string
	if err == nil {
		token, err = a.grant(assertion)
	}
	if err != nil {
		a.note(http.StatusBadRequest, err.Error())
		answerJSON(w, http.StatusBadRequest, map[string]string{
			"error": "invalid_request", "error_description": err.Error(),
		})
		return
	}
	a.note(http.StatusOK, "")
	answerJSON(w, http.StatusOK, map[string]any{
		"access_token": token, "token_type": "Bearer", "expires_in": a.conf.TokenLife.Seconds(),
	})
}

func (a *authority) note(status int, refusal string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.noteLocked(status, refusal)
}

func (a *authority) noteLocked(status int, refusal string) {
	a.journal = append(a.journal, TokenRequest{ReceivedAt: time.Now(), Status: status, Refusal: refusal})
	if len(a.journal) > maxTokenJournal {
		a.journal = slices.Delete(a.journal, 0, len(a.journal)-maxTokenJournal)
	}
}

func (a *authority) nextFailure() (next tokenFailure, told bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.failures) == 0 {
		return next, false
	}
	next, a.failures = a.failures[0], a.failures[1:]
	a.noteLocked(next.status, "as told to")
	return next, true
}

// assertionOf returns what a request for a token asks with.
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

// grant returns a token for an assertion. Nobody can guess it: with one, a page
// of another site could send calls.
func (a *authority) grant(assertion string) (token string, err error) {
	claims, err := a.checkAssertion(assertion)
	if err != nil {
		return "", err
	}
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
	a.granted[token] = now.Add(a.conf.TokenLife)
	return token, nil
}

func (a *authority) checkAssertion(text string) (claims jwt.RegisteredClaims, err error) {
	token, err := jwt.ParseWithClaims(
		text, &claims,
		func(*jwt.Token) (any, error) { return a.conf.PublicKey, nil },
		jwt.WithValidMethods([]string{"RS256"}),
		jwt.WithTimeFunc(a.now),
		jwt.WithIssuedAt(),
		jwt.WithExpirationRequired(),
	)
	if err != nil {
		return claims, err
	}
	switch {
	case a.conf.KeyID != "" && token.Header["kid"] != a.conf.KeyID:
		return claims, errors.New("the key id is not known")
	case a.conf.ClientID != "" && claims.Subject != a.conf.ClientID:
		return claims, errors.New("the client id is not known")
	case claims.ExpiresAt.Sub(a.now()) > maxAssertionLife:
		return claims, errors.New("the assertion must end within a minute")
	case len(claims.Audience) == 0:
		return claims, errors.New("the assertion names no audience")
	}
	return claims, nil
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
