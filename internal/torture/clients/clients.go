// Package clients plays SDKs that send to a front door: the events of a person
// one request after the other, and each request until it is answered 200.
package clients

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
)

// Event is one event of a person.
type Event struct {
	Person  int
	Payload []byte
}

const (
	// atOnce is how many clients there are, mostEvents what a request of theirs
	// has at the most.
	atOnce     = 16
	mostEvents = 8
	// pause is shorter than any SDK waits: it asks again while the door is still
	// in trouble.
	pause = 50 * time.Millisecond
)

// Clients send to one address.
type Clients struct {
	url, key string
	client   *http.Client

	mu       sync.Mutex
	answered int
	refused  int
	changed  chan struct{}
}

// New returns clients that send to a host with a write key.
func New(host, key string) *Clients {
	return &Clients{
		url: "http://" + host, key: key, changed: make(chan struct{}),
		client: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: atOnce}},
	}
}

// Send sends events until each was answered 200. It returns an error where an
// answer is one that no SDK would try again.
func (c *Clients) Send(ctx context.Context, events []Event, seed uint64) error {
	defer c.client.CloseIdleConnections()
	shares := make([][]Event, atOnce)
	for _, e := range events {
		shares[e.Person%atOnce] = append(shares[e.Person%atOnce], e)
	}
	senders, ctx := errgroup.WithContext(ctx)
	for i, share := range shares {
		rng := rand.New(rand.NewPCG(seed, uint64(i)))
		senders.Go(func() error {
			for len(share) > 0 {
				n := min(len(share), count(rng))
				if err := c.deliver(ctx, share[:n], rng); err != nil {
					return err
				}
				share = share[n:]
			}
			return nil
		})
	}
	return senders.Wait()
}

// count is one half of the time.
func count(rng *rand.Rand) int {
	if rng.IntN(2) == 0 {
		return 1
	}
	return 2 + rng.IntN(mostEvents-1)
}

// deliver sends one request until it is answered 200.
func (c *Clients) deliver(ctx context.Context, events []Event, rng *rand.Rand) error {
	path, body, err := bodyOf(events, rng)
	if err != nil {
		return err
	}
	encoding := ""
	if rng.IntN(2) == 0 {
		encoding, body = "gzip", zipped(body)
	}
	for {
		status, err := c.post(ctx, path, encoding, body)
		switch {
		case err != nil: // Nobody is there, or was killed in the middle of it.
		case status == http.StatusOK:
			c.note(&c.answered, len(events))
			return nil
		case status == http.StatusTooManyRequests || status == http.StatusServiceUnavailable:
			c.note(&c.refused, 1)
		default:
			return fmt.Errorf("the front door answered %d, which no SDK tries again", status)
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return fmt.Errorf("sending events: %w", ctx.Err())
		}
	}
}

// bodyOf writes events as SDKs do: several as a batch, one also by itself.
func bodyOf(events []Event, rng *rand.Rand) (path string, body []byte, err error) {
	if len(events) == 1 && rng.IntN(2) == 0 {
		var read struct {
			Type string `json:"type"`
		}
		if err := json.Unmarshal(events[0].Payload, &read); err != nil {
			return "", nil, fmt.Errorf("reading the type of an event: %w", err)
		}
		return "/v1/" + read.Type, events[0].Payload, nil
	}
	body = []byte(`{"batch":[`)
	for i, e := range events {
		if i > 0 {
			body = append(body, ',')
		}
		body = append(body, e.Payload...)
	}
	return "/v1/batch", fmt.Appendf(body, `],"sentAt":%q}`, time.Now().UTC().Format(time.RFC3339Nano)), nil
}

func zipped(body []byte) []byte {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = w.Write(body) // to memory
	_ = w.Close()
	return b.Bytes()
}

func (c *Clients) post(ctx context.Context, path, encoding string, body []byte) (status int, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url+path, bytes.NewReader(body))
	if err != nil {
		return 0, err
	}
	req.SetBasicAuth(c.key, "")
	req.Header.Set("Content-Type", "application/json")
	if encoding != "" {
		req.Header.Set("Content-Encoding", encoding)
	}
	res, err := c.client.Do(req)
	if err != nil {
		return 0, err
	}
	defer res.Body.Close()
	// An answer that broke off is none.
	_, err = io.Copy(io.Discard, res.Body)
	return res.StatusCode, err
}

func (c *Clients) note(what *int, n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	*what += n
	close(c.changed)
	c.changed = make(chan struct{})
}

// Answered is how many events were answered 200.
func (c *Clients) Answered() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.answered
}

// Await waits until n events were answered 200.
func (c *Clients) Await(ctx context.Context, n int) error {
	return c.until(ctx, func() bool { return c.answered >= n })
}

// AwaitRefusal waits until a request is answered 429 or 503 from now on.
func (c *Clients) AwaitRefusal(ctx context.Context) error {
	c.mu.Lock()
	before := c.refused
	c.mu.Unlock()
	return c.until(ctx, func() bool { return c.refused > before })
}

func (c *Clients) until(ctx context.Context, reached func() bool) error {
	for {
		c.mu.Lock()
		ok, changed, answered := reached(), c.changed, c.answered
		c.mu.Unlock()
		if ok {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return fmt.Errorf("waiting for answers, %d events have theirs: %w", answered, ctx.Err())
		}
	}
}
