package oauth

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"

	"benthos-segment/internal/tracking/internal/notice"
)

const (
	// maxTokenMargin is how long before its end a token counts as ended, so
	// that it does not end on its way.
	maxTokenMargin = 30 * time.Second
	// No token is asked for more often than once in tokenInterval, but for one
	// in advance, so that a token that is found revoked is replaced at once.
	tokenInterval = time.Second
)

// Tokens gets the access token that all requests carry, and a new one when
// half of its life is over.
type Tokens struct {
	conf Config
	// closed ends when nobody needs tokens any more.
	closed  context.Context
	close   context.CancelFunc
	http    *http.Client
	agent   string
	timeout time.Duration
	trouble trouble
	// granting lets everybody wait for one request for a token.
	granting singleflight.Group

	mu        sync.Mutex
	current   string
	refreshAt time.Time
	expires   time.Time
	// notBefore is when the server lets us ask again.
	notBefore time.Time
	// paced is how far the requests so far have used up their intervals.
	paced time.Time
	// skew is how far our clock is ahead of the authorization server's.
	skew time.Duration
}

// Via says how tokens are asked for.
type Via struct {
	HTTP *http.Client
	// UserAgent names the sender.
	UserAgent string
	// Timeout bounds one request.
	Timeout time.Duration
	// Log is told where no token is granted.
	Log notice.Log
}

// NewTokens returns tokens that are got when the first one is asked for.
func NewTokens(conf Config, via Via) *Tokens {
	t := &Tokens{
		conf: conf, http: via.HTTP, agent: via.UserAgent, timeout: via.Timeout,
		trouble: trouble{log: notice.OrSilent(via.Log)},
	}
	t.closed, t.close = context.WithCancel(context.Background())
	return t
}

// Close ends a request for a token.
func (t *Tokens) Close() { t.close() }

// ask returns a token that is good for now, or what to wait for. While an old
// one still is, nobody waits for the new one.
func (t *Tokens) ask(ctx context.Context) (string, <-chan singleflight.Result, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := time.Now()
	isGood := t.current != "" && now.Before(t.expires)
	if isGood && now.Before(t.refreshAt) {
		return t.current, nil, nil
	}
	if wait := t.notBefore.Sub(now); !isGood && wait > 0 {
		// Other write keys hear what the server has said to one.
		return "", nil, &missing{status: http.StatusTooManyRequests, retryAfter: wait}
	}
	pending := t.refresh(ctx)
	if isGood {
		return t.current, nil, nil
	}
	return "", pending, nil
}

// Get returns a token that is good for now, once there is one.
func (t *Tokens) Get(ctx context.Context) (string, error) {
	token, pending, err := t.ask(ctx)
	if err != nil || pending == nil {
		return token, err
	}
	select {
	case granted := <-pending:
		// Not the current one: another request may have found it refused already.
		return granted.Val.(string), granted.Err
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

// Reject says that the Tracking API does not take a token. It may be that
// another request has said so before, and that there is a new one already.
func (t *Tokens) Reject(token string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.current == token {
		t.current = ""
	}
}

// refresh starts to get a new token, or joins the attempt under way. What it
// starts goes on when the caller stops, since others wait for it too.
func (t *Tokens) refresh(ctx context.Context) <-chan singleflight.Result {
	return t.granting.DoChan("", func() (any, error) { return t.renew(context.WithoutCancel(ctx)) })
}

func (t *Tokens) renew(ctx context.Context) (string, error) {
	token, life, err := t.requestAfter(ctx, t.pace())
	until := t.keep(token, life, err)
	if t.closed.Err() == nil {
		t.trouble.note(err, until)
	}
	return token, err
}

// pace counts one request more, and returns how long it has to wait so that
// whatever the servers answer leads to no storm of requests.
func (t *Tokens) pace() time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := time.Now()
	if t.paced.Before(now) {
		t.paced = now
	}
	pause := t.paced.Sub(now) - tokenInterval
	t.paced = t.paced.Add(tokenInterval)
	return max(pause, 0)
}

// requestAfter asks for a token when a pause is over. It ends with Close, and
// in time.
func (t *Tokens) requestAfter(ctx context.Context, pause time.Duration) (string, time.Duration, error) {
	select {
	case <-time.After(pause):
	case <-t.closed.Done():
		return "", 0, t.closed.Err()
	}
	ctx, cancel := context.WithTimeout(ctx, t.timeout)
	defer cancel()
	defer context.AfterFunc(t.closed, cancel)()
	return t.request(ctx)
}

// keep remembers a new token, or when to try again for one. It returns until
// when there is one to send, zero for not at all.
func (t *Tokens) keep(token string, life time.Duration, err error) (until time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := time.Now()
	if err != nil {
		pause := time.Duration(0)
		if why, ok := errors.AsType[*missing](err); ok {
			pause = why.retryAfter
		}
		t.notBefore = now.Add(pause)
		t.refreshAt = now.Add(max(t.expires.Sub(now)/2, time.Second, pause))
	} else {
		t.current = token
		t.expires = now.Add(life - min(life/10, maxTokenMargin))
		t.refreshAt = now.Add(life / 2)
	}
	if t.current == "" {
		return time.Time{}
	}
	return t.expires
}

// IsGood says whether a token that was got some time ago still is one to send.
func (t *Tokens) IsGood(token string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return token == t.current && time.Now().Before(t.expires)
}
