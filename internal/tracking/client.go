// Package tracking delivers calls to Segment's HTTP Tracking API: it packs
// them into requests of legal size, keeps each person's calls in order, waits
// when the server asks for it, retries what can be retried, and finds the one
// call that makes the server refuse a request.
package tracking

import (
	"context"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"benthos-segment/internal/segment"
	"benthos-segment/internal/tracking/internal/notice"
	"benthos-segment/internal/tracking/internal/slots"
	"benthos-segment/internal/tracking/oauth"
)

// Config says where calls go and how. All fields but the optional ones must
// be set.
type Config struct {
	// Endpoint is the base URL, with or without /v1 and a trailing slash.
	Endpoint string
	// UserAgent names the sender.
	UserAgent string
	// Transport carries the requests, see wire.NewTransport.
	Transport http.RoundTripper

	// SentAt stamps each attempt with the time at which it leaves. Segment
	// moves every timestamp by the difference to its own clock, so that it is
	// off where timestamps are to stay as they are, as in a backfill.
	SentAt bool
	// Gzip compresses the requests.
	Gzip bool
	// MaxRequestBytes bounds a request before compression, MaxRequestCalls the
	// calls in it.
	MaxRequestBytes, MaxRequestCalls int
	// ParallelRequests bounds the requests side by side, see slots.
	ParallelRequests int

	// Timeout bounds one attempt, from dialling to the end of the answer.
	Timeout time.Duration
	// Retry says how long to go on after failures that pass by themselves.
	Retry Retry
	// RejectOnSetupError gives calls up at once when the server answers that
	// the set-up is wrong, such as the write key, instead of waiting for
	// somebody to fix it.
	RejectOnSetupError bool
	// OAuth, if set, is how requests are authorized; the write key then only
	// says which source they are for.
	OAuth *oauth.Config
	// RateLimit, if set, is awaited before each request.
	RateLimit func(context.Context) error
	// EventsPerSecond bounds the calls that are sent in a second; 0 means no
	// limit.
	EventsPerSecond int
	// Log, if set, is told of what is about no single Send.
	Log Log
}

// URLs are those that requests go to.
func (c Config) URLs() []string {
	if c.OAuth == nil {
		return []string{c.Endpoint}
	}
	return []string{c.Endpoint, c.OAuth.Server}
}

// Retry bounds the waits between attempts.
type Retry struct {
	// InitialInterval is the first wait; each further one is twice as long,
	// give or take half of it, up to MaxInterval.
	InitialInterval, MaxInterval time.Duration
	// MaxElapsedTime is how long one request is tried, waits that the server
	// asked for not counted; 0 means until the context ends.
	MaxElapsedTime time.Duration
}

// Log is told what an operator should know, see notice.
type Log = notice.Log

// Client sends calls. It is safe for concurrent use.
type Client struct {
	conf    Config
	url     string
	http    *http.Client
	sources sources
	samples samples
	// scheduler says which call may be sent when.
	scheduler scheduler
	// slots bounds the requests side by side. One that waits for anything but
	// its answer has none.
	slots *slots.Slots
	// pace is nil where there is no limit of calls a second.
	pace *pace
	// tokens is nil without OAuth.
	tokens *oauth.Tokens
	log    Log
	// stalls are the answers that did not end.
	stalls  notice.Repetition
	writers writers
	// slabs keep memory for the next batch.
	slabs chan slab
}

// maxHauls bounds the hauls that are under way or wait for a slot. Many write
// keys have as many, and the rest would only stand in line with a goroutine
// each. Where so many keys are throttled or held at once, the others wait with
// them.
const maxHauls = 1500

// NewClient returns a client for one endpoint.
func NewClient(conf Config) *Client {
	conf = conf.evenly()
	c := &Client{
		conf: conf,
		log:  notice.OrSilent(conf.Log),
		url:  batchURL(conf.Endpoint),
		http: &http.Client{
			Transport: conf.Transport,
			// A redirect would take the write key to another host, and turn the
			// POST into a GET; it is an answer like any other.
			CheckRedirect: func(*http.Request, []*http.Request) error {
				return http.ErrUseLastResponse
			},
		},
		scheduler: scheduler{
			perSource: conf.ParallelRequests, most: max(maxHauls, conf.ParallelRequests), demand: newDemand(conf.MaxRequestBytes),
		},
		slots:   slots.New(conf.ParallelRequests),
		pace:    newPace(conf),
		writers: newWriters(runtime.GOMAXPROCS(0)),
		slabs:   make(chan slab, maxKeptSlabs),
	}
	c.scheduler.client = c
	c.sources.fresh = refusals{samples: &c.samples, scheduler: &c.scheduler, rejects: conf.RejectOnSetupError}
	if conf.OAuth != nil {
		c.tokens = oauth.NewTokens(*conf.OAuth, oauth.Via{
			HTTP: c.http, UserAgent: conf.UserAgent, Timeout: conf.Timeout, Log: c.log,
		})
	}
	return c
}

// batchURL accepts what people copy from Segment's pages and other SDKs: some
// want the host with /v1, some without.
func batchURL(endpoint string) string {
	base := strings.TrimRight(endpoint, "/")
	base = strings.TrimSuffix(base, "/v1")
	return strings.TrimRight(base, "/") + "/v1/batch"
}

// Send delivers calls, and returns what became of them, see Delivery.Wait.
func (c *Client) Send(ctx context.Context, calls []segment.Call, observer Observer) []*segment.Violation {
	return c.Enter(ctx, calls, observer).Wait()
}

// Held counts the calls under way that wait for earlier ones of the same person.
// It looks at each call, so that it is nothing to ask for often.
func (c *Client) Held() int { return c.scheduler.held() }

// Parallel says how many requests may be under way now: ParallelRequests, or
// less while the server does not take so many.
func (c *Client) Parallel() int { return c.slots.Limit() }

// limits are those of a request for one source.
func (c *Client) limits(writeKey string) limits {
	around := envelopeBytes + len(c.bodyStart(writeKey)) - len(bodyStart)
	return limits{bytes: c.conf.MaxRequestBytes - around, calls: c.conf.MaxRequestCalls}
}

// bodyStart is what stands before the calls. A token does not say which
// source the calls are for, so that with OAuth the body does.
func (c *Client) bodyStart(writeKey string) []byte {
	if c.tokens == nil {
		return []byte(bodyStart)
	}
	// A key that is not UTF-8 is no key; what is sent in its place is none
	// either.
	quoted, _ := jsontext.AppendQuote(nil, writeKey)
	return slices.Concat([]byte(`{"writeKey":`), quoted, []byte(`,"batch":[`))
}

// Close ends idle connections. Requests under way are not touched.
func (c *Client) Close() {
	if c.tokens != nil {
		c.tokens.Close()
	}
	c.http.CloseIdleConnections()
}
