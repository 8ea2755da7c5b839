package tracking

import (
	"context"
	"net/http"
	"time"
)

// credential is what authorizes a request: the header, and the access token in
// it, if any.
type credential struct{ authorization, token string }

// attempt sends a request once.
func (r *request) attempt(p *pass) answer {
	if p.missing != nil {
		return *p.missing
	}
	p.encode(r.client.bodyStart(r.source.writeKey))
	ctx, cancel := context.WithCancel(context.WithoutCancel(r.delivery().ctx))
	defer cancel()
	defer context.AfterFunc(r.ctx, cancel)()
	started := time.Now()
	text := end(r.client.sentAt(started))
	tail := p.parcel.body.tail(text)
	ctx, observed := r.observer().Sending(ctx, p.parcel.describe(len(text), len(tail)))
	got := r.client.post(ctx, p, tail)
	got.took = time.Since(started)
	observed(Answer{Status: got.status, Err: got.err, Latency: got.took})
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
		calls:     p.calls,
		IsSample:  p.isSample,
		Bytes:     p.body.size + end,
		WireBytes: len(p.body.head) + tail,
		Earlier:   p.tries,
	}
	if p.isSample {
		req.calls = nil
	}
	return req
}

// unanswered describes it for those who are told that a timeout ended it.
func (p *parcel) unanswered(timeout time.Duration) Unanswered {
	return Unanswered{Timeout: timeout, Calls: len(p.calls), WireBytes: len(p.body.head)}
}

func (c *Client) sentAt(now time.Time) time.Time {
	if !c.conf.SentAt {
		return time.Time{}
	}
	return now
}
