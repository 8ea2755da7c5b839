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

// credential is what authorizes a request: the header, and the access token in
// it, if any.
type credential struct{ authorization, token string }

// attempt sends a request once.
func (r *request) attempt(p *pass) answer {
	if p.missing != nil {
		return *p.missing
	}
	// Not before it has a slot: a batch of many sources has as many lanes, and
	// a compressor takes more than half a megabyte.
	if p.parcel.body.head == nil {
		p.parcel.body = r.client.encodeBody(r.client.bodyStart(r.source.writeKey), p.parcel.calls, p.parcel.indexes)
	}
	ctx, cancel := context.WithTimeout(r.ctx, r.client.conf.Timeout)
	defer cancel()
	started := time.Now()
	text := end(r.client.sentAt(started))
	tail := p.parcel.body.tail(text)
	ctx, observed := r.observer.Sending(ctx, p.parcel.describe(len(text), len(tail)))
	got := r.client.post(ctx, p, tail)
	observed(Answer{Status: got.status, Err: got.err, Latency: time.Since(started)})
	if got.status == http.StatusMisdirectedRequest {
		// It is the connection that leads to somebody else. Go would send the next
		// attempt over the same one: https://github.com/golang/go/issues/18341
		r.client.http.CloseIdleConnections()
	}
	return got
}

// describe says what is sent with an end of so many bytes.
func (p *parcel) describe(end, tail int) Request {
	req := Request{
		Calls:     p.indexes,
		IsSample:  p.isSample,
		Bytes:     p.body.size + end,
		WireBytes: len(p.body.head) + tail,
		Earlier:   p.tries,
	}
	if p.isSample {
		req.Calls = nil
	}
	return req
}

func (c *Client) sentAt(now time.Time) time.Time {
	if !c.conf.SentAt {
		return time.Time{}
	}
	return now
}

// post sends what the pass is for, and reads the answer.
func (c *Client) post(ctx context.Context, p *pass, tail []byte) answer {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url, nil)
	if err != nil {
		return answer{err: err}
	}
	head := p.parcel.body.head
	req.ContentLength = int64(len(head) + len(tail))
	req.GetBody = func() (io.ReadCloser, error) {
		return io.NopCloser(&bodyReader{head, tail}), nil
	}
	req.Body, _ = req.GetBody()
	c.setHeaders(req.Header, p)
	res, err := c.http.Do(req)
	if err != nil {
		return answer{err: err, retryAfter: askedWait(err)}
	}
	defer res.Body.Close()
	// The status has settled it; whether the rest arrives does not matter.
	_, _ = io.Copy(io.Discard, io.LimitReader(res.Body, maxAnswerBytes))
	return answer{
		status:     res.StatusCode,
		retryAfter: retryAfter(res.Header.Get("Retry-After"), time.Now()),
		token:      p.token,
	}
}

func (c *Client) setHeaders(header http.Header, p *pass) {
	header.Set("Authorization", p.authorization)
	header.Set("Content-Type", "application/json")
	header.Set("User-Agent", c.conf.UserAgent)
	if p.parcel.body.gzip {
		header.Set("Content-Encoding", "gzip")
	}
	if p.parcel.tries > 0 {
		// Segment's own SDKs leave it out of the first attempt.
		header.Set("X-Retry-Count", strconv.Itoa(p.parcel.tries))
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
			return errors.New(describe(err))
		}
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodHead, c.url, nil)
	if err != nil {
		return err
	}
	req.Header.Set("User-Agent", c.conf.UserAgent)
	res, err := c.http.Do(req)
	if err != nil {
		return errors.New(describe(err))
	}
	return res.Body.Close()
}
