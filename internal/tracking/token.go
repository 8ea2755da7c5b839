package tracking

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
)

const (
	// grantType and assertionType are those of RFC 7523, section 2.2.
	grantType     = "client_credentials"
	assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

	// maxTokenMargin is how long before its end a token counts as ended, so
	// that it does not end on its way.
	maxTokenMargin = 30 * time.Second
	// noticeableSkew is how far the clocks may be apart before it is worth to
	// ask again: an assertion is good for a minute.
	noticeableSkew = 10 * time.Second
)

// tokens gets the access token that all requests carry, and a new one when
// half of its life is over.
type tokens struct {
	conf OAuth
	// closed ends when the client is closed.
	closed  context.Context
	http    *http.Client
	agent   string
	timeout time.Duration

	mu        sync.Mutex
	current   string
	refreshAt time.Time
	expires   time.Time
	// notBefore is when the server lets us ask again.
	notBefore time.Time
	// skew is how far our clock is ahead of the authorization server's.
	skew time.Duration
	// underWay is the refresh that everybody waits for, or nil.
	underWay *refresh
}

type refresh struct {
	done  chan struct{}
	token string
	err   error
}

// ask returns a token that is good for now, or what to wait for. While an old
// one still is, nobody waits for the new one.
func (t *tokens) ask(ctx context.Context) (string, *refresh, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := time.Now()
	isGood := t.current != "" && now.Before(t.expires)
	if isGood && now.Before(t.refreshAt) {
		return t.current, nil, nil
	}
	if wait := t.notBefore.Sub(now); !isGood && wait > 0 {
		// Other write keys hear what the server has said to one.
		return "", nil, &tokenError{status: http.StatusTooManyRequests, retryAfter: wait}
	}
	pending := t.refresh(ctx)
	if isGood {
		return t.current, nil, nil
	}
	return "", pending, nil
}

// get returns a token that is good for now, once there is one.
func (t *tokens) get(ctx context.Context) (string, error) {
	token, pending, err := t.ask(ctx)
	if err != nil || pending == nil {
		return token, err
	}
	select {
	case <-pending.done:
	case <-ctx.Done():
		return "", ctx.Err()
	}
	// Not the current one: another request may have found it refused already.
	return pending.token, pending.err
}

// reject says that the Tracking API does not take a token. It may be that
// another request has said so before, and that there is a new one already.
func (t *tokens) reject(token string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.current == token {
		t.current = ""
	}
}

// refresh starts to get a new token, or returns the attempt under way. It is
// called with the lock held. What it starts goes on when the caller stops,
// since others wait for it too.
func (t *tokens) refresh(ctx context.Context) *refresh {
	if t.underWay != nil {
		return t.underWay
	}
	pending := &refresh{done: make(chan struct{})}
	t.underWay = pending
	// It ends with the client, and in time.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), t.timeout)
	stop := context.AfterFunc(t.closed, cancel)
	go func() {
		defer stop()
		defer cancel()
		token, life, err := t.request(ctx)
		t.mu.Lock()
		defer t.mu.Unlock()
		t.underWay = nil
		t.keep(token, life, err)
		pending.token, pending.err = token, err
		close(pending.done)
	}()
	return pending
}

// keep remembers a new token, or when to try again for one.
func (t *tokens) keep(token string, life time.Duration, err error) {
	now := time.Now()
	if err != nil {
		pause := time.Duration(0)
		if why, ok := errors.AsType[*tokenError](err); ok {
			pause = why.retryAfter
		}
		t.notBefore = now.Add(pause)
		t.refreshAt = now.Add(max(t.expires.Sub(now)/2, time.Second, pause))
		return
	}
	t.current = token
	t.expires = now.Add(life - min(life/10, maxTokenMargin))
	t.refreshAt = now.Add(life / 2)
}

// request asks for a token. Where the answer shows that the clocks differ,
// which makes the server refuse a good assertion, it asks once more.
func (t *tokens) request(ctx context.Context) (string, time.Duration, error) {
	before := t.clockSkew()
	token, life, err := t.requestOnce(ctx)
	if err != nil && (t.clockSkew()-before).Abs() > noticeableSkew {
		return t.requestOnce(ctx)
	}
	return token, life, err
}

func (t *tokens) requestOnce(ctx context.Context) (string, time.Duration, error) {
	assertion, err := t.conf.assertion(time.Now().Add(-t.clockSkew()))
	if err != nil {
		return "", 0, &tokenError{err: err}
	}
	form := url.Values{
		"grant_type":            {grantType},
		"client_assertion_type": {assertionType},
		"client_assertion":      {assertion},
		"scope":                 {t.conf.Scope},
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, t.conf.server()+"/token", strings.NewReader(form.Encode()))
	if err != nil {
		return "", 0, &tokenError{err: err}
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("User-Agent", t.agent)
	res, err := t.http.Do(req)
	if err != nil {
		return "", 0, &tokenError{err: err, retryAfter: askedWait(err)}
	}
	defer res.Body.Close()
	t.learnSkew(res.Header.Get("Date"))
	return readToken(res)
}

func readToken(res *http.Response) (string, time.Duration, error) {
	if res.StatusCode != http.StatusOK {
		return "", 0, &tokenError{
			status:     res.StatusCode,
			retryAfter: retryAfter(res.Header.Get("Retry-After"), time.Now()),
		}
	}
	var granted struct {
		AccessToken string  `json:"access_token"`
		ExpiresIn   float64 `json:"expires_in"`
	}
	if err := json.NewDecoder(io.LimitReader(res.Body, maxAnswerBytes)).Decode(&granted); err != nil {
		return "", 0, &tokenError{err: errNoToken}
	}
	if granted.AccessToken == "" || granted.ExpiresIn <= 0 {
		return "", 0, &tokenError{err: errNoToken}
	}
	return granted.AccessToken, time.Duration(granted.ExpiresIn * float64(time.Second)), nil
}

func (t *tokens) clockSkew() time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.skew
}

// learnSkew compares the clocks by the Date of an answer, also of one that
// refuses.
func (t *tokens) learnSkew(date string) {
	theirs, err := http.ParseTime(date)
	if err != nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.skew = time.Since(theirs)
}

// tokenError says why there is no token.
type tokenError struct {
	// status is what the authorization server answered, or 0.
	status     int
	retryAfter time.Duration
	err        error
}

func (e *tokenError) Error() string {
	if e.err != nil {
		return "getting an access token: " + e.reason()
	}
	return fmt.Sprintf("getting an access token: the authorization server answered with status %d", e.status)
}

func (e *tokenError) reason() string {
	if errors.Is(e.err, errNoToken) {
		return errNoToken.Error()
	}
	return describe(e.err)
}

// errNoToken is about an answer of status 200.
var errNoToken = errors.New("the answer holds no token, or not for how long it is good")

func (e *tokenError) Unwrap() error { return e.err }

// isGood says whether a token that was got some time ago still is one to send.
func (t *tokens) isGood(token string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return token == t.current && time.Now().Before(t.expires)
}
