package oauth

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

	"benthos-segment/internal/tracking/internal/outcome"
)

const (
	// grantType and assertionType are those of RFC 7523, section 2.2.
	grantType     = "client_credentials"
	assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

	// noticeableSkew is how far the clocks may be apart before it is worth to
	// ask again: an assertion is good for a minute.
	noticeableSkew = 10 * time.Second

	// A token counts as good for at least minTokenLife, or it would be over
	// before it is used, and for no more than maxTokenLife.
	minTokenLife = time.Second
	maxTokenLife = 24 * time.Hour

	// maxGrantBytes is how much of an answer is read. A token is far shorter.
	maxGrantBytes = 64 << 10
)

// request asks for a token. Where the answer shows that the clocks differ,
// which makes the server refuse a good assertion, it asks once more.
func (t *Tokens) request(ctx context.Context) (string, time.Duration, error) {
	before := t.clockSkew()
	token, life, err := t.requestOnce(ctx)
	if err != nil && (t.clockSkew()-before).Abs() > noticeableSkew {
		return t.requestOnce(ctx)
	}
	return token, life, err
}

func (t *Tokens) requestOnce(ctx context.Context) (string, time.Duration, error) {
	assertion, err := t.conf.assertion(time.Now().Add(-t.clockSkew()))
	if err != nil {
		return "", 0, &missing{err: err}
	}
	form := url.Values{
		"grant_type":            {grantType},
		"client_assertion_type": {assertionType},
		"client_assertion":      {assertion},
		"scope":                 {t.conf.Scope},
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, t.conf.server()+"/token", strings.NewReader(form.Encode()))
	if err != nil {
		return "", 0, &missing{err: err}
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("User-Agent", t.agent)
	res, err := t.http.Do(req)
	if err != nil {
		return "", 0, &missing{err: err, retryAfter: outcome.AskedWait(err)}
	}
	defer res.Body.Close()
	t.learnSkew(res.Header.Get("Date"))
	return readToken(res)
}

func readToken(res *http.Response) (string, time.Duration, error) {
	if res.StatusCode != http.StatusOK {
		return "", 0, &missing{
			status:     res.StatusCode,
			retryAfter: outcome.RetryAfter(res.Header.Get("Retry-After"), time.Now()),
		}
	}
	var granted struct {
		AccessToken string `json:"access_token"`
		// Some servers write it as a text.
		ExpiresIn json.Number `json:"expires_in"`
	}
	err := json.NewDecoder(io.LimitReader(res.Body, maxGrantBytes)).Decode(&granted)
	if err != nil && outcome.IsTimeout(err) {
		return "", 0, &missing{err: err}
	}
	life, isLife := lifeOf(granted.ExpiresIn)
	if err != nil || !isToken(granted.AccessToken) || !isLife {
		return "", 0, &missing{err: errNoToken}
	}
	return granted.AccessToken, life, nil
}

// isToken says whether a text can be sent as a token.
// https://www.rfc-editor.org/rfc/rfc6750#section-2.1
func isToken(text string) bool {
	return text != "" && !strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r > '~' })
}

// lifeOf returns for how long a token counts as good that is granted for so
// many seconds, and false where that is no time at all.
func lifeOf(expiresIn json.Number) (time.Duration, bool) {
	// What is too large for a float is infinite here.
	seconds, err := expiresIn.Float64()
	if err != nil && !errors.Is(err, strconv.ErrRange) || !(seconds > 0) {
		return 0, false
	}
	seconds = min(max(seconds, minTokenLife.Seconds()), maxTokenLife.Seconds())
	return time.Duration(seconds * float64(time.Second)), true
}

func (t *Tokens) clockSkew() time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.skew
}

// learnSkew compares the clocks by the Date of an answer, also of one that
// refuses.
func (t *Tokens) learnSkew(date string) {
	theirs, err := http.ParseTime(date)
	if err != nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.skew = time.Since(theirs)
}

// missing says why there is no token.
type missing struct {
	// status is what the authorization server answered, or 0.
	status     int
	retryAfter time.Duration
	err        error
}

func (e *missing) Error() string {
	return "getting an access token: " + e.reason()
}

func (e *missing) reason() string {
	if e.err == nil {
		return fmt.Sprintf("the authorization server answered with status %d", e.status)
	}
	if errors.Is(e.err, errNoToken) {
		return errNoToken.Error()
	}
	return outcome.Explain(e.err).Text
}

// errNoToken is about an answer of status 200.
var errNoToken = errors.New("the answer has no usable token, or does not say how long it is valid")

func (e *missing) Unwrap() error { return e.err }

// Explain says whether it is worth asking for a token again. What the
// authorization server refuses is the application's id, its key or its scope,
// and never the data.
func (e *missing) Explain() outcome.Failure {
	if e.status == 0 {
		return outcome.Failure{Class: outcome.Explain(e.err).Class, Text: e.Error()}
	}
	return outcome.Failure{Class: outcome.ClassifyAside(e.status), Text: e.Error()}
}

// RetryAfter returns how long the authorization server has asked us to wait,
// or 0.
func (e *missing) RetryAfter() time.Duration { return e.retryAfter }
