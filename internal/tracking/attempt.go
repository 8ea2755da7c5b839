package tracking

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"
	"time"
)

// maxAnswerBytes is how much of an answer is read, so that its connection can
// be used again. What Segment writes there is of no use.
const maxAnswerBytes = 64 << 10

// attempt is one sending of a request.
type attempt struct {
	body    *body
	indexes []int
	earlier int
	credential
}

// credential is what authorizes a request: the header, and the access token in
// it, if any.
type credential struct{ authorization, token string }

// attempt sends a request once.
func (d *delivery) attempt(ctx context.Context, a attempt) answer {
	ctx, cancel := context.WithTimeout(ctx, d.client.conf.Timeout)
	defer cancel()
	started := time.Now()
	text := end(d.client.sentAt(started))
	tail := a.body.tail(text)
	ctx, observed := d.observer.Sending(ctx, Request{
		Calls:     a.indexes,
		Bytes:     a.body.size + len(text),
		WireBytes: len(a.body.head) + len(tail),
		Earlier:   a.earlier,
	})
	last := d.client.post(ctx, a, tail)
	observed(Answer{Status: last.status, Err: last.err, Latency: time.Since(started)})
	return last
}

func (c *Client) sentAt(now time.Time) time.Time {
	if !c.conf.SentAt {
		return time.Time{}
	}
	return now
}

// authorize waits until there is something to authorize requests with, or says
// why there is not.
func (c *Client) authorize(ctx context.Context) *answer {
	if c.tokens == nil {
		return nil
	}
	_, err := c.tokens.get(ctx)
	if err == nil {
		return nil
	}
	missing := &answer{err: err, unsent: true}
	if why, ok := errors.AsType[*tokenError](err); ok {
		missing.retryAfter = why.retryAfter
	}
	return missing
}

// credential returns what authorizes a request now, and false where that has to
// be waited for.
func (c *Client) credential(ctx context.Context, s *source) (credential, bool) {
	if c.tokens == nil {
		return credential{authorization: s.authorization}, true
	}
	token, pending, err := c.tokens.ask(ctx)
	if err != nil || pending != nil {
		return credential{}, false
	}
	return credential{authorization: "Bearer " + token, token: token}, true
}

func (c *Client) post(ctx context.Context, a attempt, tail []byte) answer {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url, nil)
	if err != nil {
		return answer{err: err}
	}
	req.ContentLength = int64(len(a.body.head) + len(tail))
	req.GetBody = func() (io.ReadCloser, error) {
		return io.NopCloser(&bodyReader{a.body.head, tail}), nil
	}
	req.Body, _ = req.GetBody()
	c.setHeaders(req.Header, a)
	res, err := c.http.Do(req)
	if err != nil {
		return answer{err: err}
	}
	defer res.Body.Close()
	// The status has settled it; whether the rest arrives does not matter.
	_, _ = io.Copy(io.Discard, io.LimitReader(res.Body, maxAnswerBytes))
	return answer{
		status:     res.StatusCode,
		retryAfter: retryAfter(res.Header.Get("Retry-After"), time.Now()),
		token:      a.token,
	}
}

func (c *Client) setHeaders(header http.Header, a attempt) {
	header.Set("Authorization", a.authorization)
	header.Set("Content-Type", "application/json")
	header.Set("User-Agent", c.conf.UserAgent)
	if a.body.gzip {
		header.Set("Content-Encoding", "gzip")
	}
	if a.earlier > 0 {
		// Segment's own SDKs leave it out of the first attempt.
		header.Set("X-Retry-Count", strconv.Itoa(a.earlier))
	}
}

// Reach says whether the endpoint can be reached at all, and with OAuth
// whether a token is to be had. It sends no key and no call, and any answer
// will do: Segment answers 200 to most wrong keys, so that no request can tell
// whether a key is right.
func (c *Client) Reach(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, c.conf.Timeout)
	defer cancel()
	if c.tokens != nil {
		if _, err := c.tokens.get(ctx); err != nil {
			return err
		}
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodHead, c.url, nil)
	if err != nil {
		return err
	}
	req.Header.Set("User-Agent", c.conf.UserAgent)
	res, err := c.http.Do(req)
	if err != nil {
		return err
	}
	return res.Body.Close()
}
