package tracking

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"

	"benthos-segment/internal/tracking/internal/outcome"
)

const (
	// maxAnswerBytes is how much of an answer is read, so that its connection
	// can be used again. What Segment writes there is of no use.
	maxAnswerBytes = 64 << 10
	// maxDrainTime is how long the rest of an answer is waited for. To dial again
	// takes less.
	maxDrainTime = time.Second
	// noticeableStalls is how many answers that do not end are worth a line.
	noticeableStalls = 3
)

// post sends what the pass is for and returns the answer, within the timeout.
func (c *Client) post(ctx context.Context, p *pass, tail []byte) answer {
	ctx, cancel := context.WithTimeout(ctx, c.conf.Timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url, nil)
	if err != nil {
		return answer{err: err}
	}
	sent := &upload{head: p.parcel.body.head, tail: tail}
	req.ContentLength = int64(len(sent.head) + len(sent.tail))
	req.GetBody = func() (io.ReadCloser, error) { return sent.reader(), nil }
	req.Body = sent.reader()
	c.setHeaders(req.Header, p)
	res, err := c.http.Do(req)
	if err != nil {
		isLate := sent.hasBegun.Load() && errors.Is(ctx.Err(), context.DeadlineExceeded)
		return answer{err: err, retryAfter: outcome.AskedWait(err), isLate: isLate}
	}
	c.drain(res, cancel)
	return answer{
		status:     res.StatusCode,
		retryAfter: outcome.RetryAfter(res.Header.Get("Retry-After"), time.Now()),
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

// drain reads the rest of an answer, so that its connection can be used again.
// The status has settled the request; whether the rest arrives does not matter,
// and nobody waits for it for long.
func (c *Client) drain(res *http.Response, hangUp context.CancelFunc) {
	defer res.Body.Close()
	// After a 101 there is no body but another protocol, whose reads obey no
	// context. Its end is that of the connection.
	if res.Body == http.NoBody || res.StatusCode == http.StatusSwitchingProtocols {
		return
	}
	var stalled atomic.Bool
	timer := time.AfterFunc(maxDrainTime, func() {
		stalled.Store(true)
		hangUp()
	})
	_, _ = io.Copy(io.Discard, io.LimitReader(res.Body, maxAnswerBytes))
	timer.Stop()
	if stalled.Load() && c.stalls.IsDue(noticeableStalls) {
		c.log.Warn("answers do not end: the status has come, and the body does not end within a second, so the connection is closed each time. " +
			"The status counts and no event is lost, but each request takes a second longer. Check the proxy or load balancer in front of the endpoint")
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
		if _, err := c.tokens.Get(ctx); err != nil {
			return errors.New(outcome.Explain(err).Text)
		}
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodHead, c.url, nil)
	if err != nil {
		return err
	}
	req.Header.Set("User-Agent", c.conf.UserAgent)
	res, err := c.http.Do(req)
	if err != nil {
		return errors.New(outcome.Explain(err).Text)
	}
	return res.Body.Close()
}
