package soak

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"net/http"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"benthos-segment/internal/torture/ordeal"
)

const (
	// senders is how many clients send side by side, each of some people.
	senders = 16
	// mostEvents is what a request of theirs has at the most.
	mostEvents = 100
	// tick is how often they send what is due.
	tick = 100 * time.Millisecond
	// swing is by how much the night is below the mean, and the day above it.
	swing = 0.7
	// burst is how many times as much comes in a burst, and bursts a day has so
	// many, of a hundredth of a day each.
	burst      = 4
	bursts     = 4
	burstShare = 0.01
	// guiltyOf is one of how many events is guilty: it has no name.
	guiltyOf = 1000
	guiltyID = "guilty-"
	// retryPause is how long a client waits that was refused.
	retryPause = 200 * time.Millisecond
)

// curve is the traffic of a day, repeated, with bursts at random.
type curve struct {
	mean   float64
	day    time.Duration
	bursts []time.Duration
}

func newCurve(mean float64, lasts time.Duration, rng *rand.Rand) curve {
	c := curve{mean: mean, day: lasts / days}
	for range bursts * days {
		c.bursts = append(c.bursts, time.Duration(rng.Int64N(int64(max(lasts, 1)))))
	}
	return c
}

// rate is how many events a second come at some time. A day starts in the
// middle of the night.
func (c curve) rate(at time.Duration) float64 {
	rate := c.mean * (1 - swing*math.Cos(c.phase(at)))
	for _, began := range c.bursts {
		if at >= began && at < began+time.Duration(burstShare*float64(c.day)) {
			return rate * burst
		}
	}
	return rate
}

func (c curve) phase(at time.Duration) float64 {
	return 2 * math.Pi * float64(at) / float64(max(c.day, 1))
}

// traffic is what people do.
type traffic struct {
	curve  curve
	people int
	seed   uint64
	url    string
	client *http.Client
	ledger *ledger
}

func newTraffic(c Config, host string, l *ledger) *traffic {
	return &traffic{
		curve:  newCurve(c.EventsPerSecond, c.Lasts, rand.New(rand.NewPCG(c.Seed, 1))),
		people: c.People, seed: c.Seed, url: "http://" + host + "/v1/batch", ledger: l,
		client: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: senders}},
	}
}

// flow sends until its time is over, and then what is under way.
func (t *traffic) flow(ctx, lasts context.Context) error {
	defer t.client.CloseIdleConnections()
	all, ctx := errgroup.WithContext(ctx)
	for n := range senders {
		all.Go(func() error { return t.send(ctx, lasts, n) })
	}
	return all.Wait()
}

// send is one sender: it sends what is due of its people.
func (t *traffic) send(ctx, lasts context.Context, n int) error {
	rng := rand.New(rand.NewPCG(t.seed, uint64(2+n)))
	// Some people do much, most do little.
	who := rand.NewZipf(rng, 1.1, 100, uint64(t.people/senders-1))
	began, due := time.Now(), 0.0
	last := began
	for ordeal.Wait(lasts, tick) {
		now := time.Now()
		due += t.curve.rate(now.Sub(began)) / senders * now.Sub(last).Seconds()
		last = now
		for due >= 1 && lasts.Err() == nil {
			count := min(int(due), mostEvents)
			due -= float64(count)
			if err := t.deliver(ctx, t.write(rng, count, func() int { return int(who.Uint64())*senders + n })); err != nil {
				return err
			}
		}
	}
	return nil
}

// write makes a request of so many events.
func (t *traffic) write(rng *rand.Rand, count int, who func() int) []byte {
	var b bytes.Buffer
	b.WriteString(`{"batch":[`)
	for i := range count {
		if i > 0 {
			b.WriteByte(',')
		}
		person := who()
		if rng.IntN(guiltyOf) == 0 {
			t.ledger.guilty.Add(1)
			fmt.Fprintf(&b, `{"type":"track","userId":"user-%d","messageId":"%s%d"}`, person, guiltyID, rng.Uint64())
			continue
		}
		step := ordeal.Step{Person: person, Seq: t.ledger.next(person)}
		fmt.Fprintf(&b, `{%s,"userId":"user-%d","messageId":%q,"context":{"step":{"person":%d,"seq":%d}}}`,
			kinds[rng.IntN(len(kinds))](rng), person, idOf(step), step.Person, step.Seq)
	}
	fmt.Fprintf(&b, `],"sentAt":%q}`, time.Now().UTC().Format(time.RFC3339Nano))
	return b.Bytes()
}

// kinds are what people do, the usual more often.
var kinds = []func(rng *rand.Rand) string{
	viewed, viewed, viewed, viewed, viewed, viewed, visited, visited, visited, identified,
}

const lorem = "Lorem ipsum dolor sit amet, consectetur adipiscing elit, sed do eiusmod tempor incididunt ut labore. "

func viewed(rng *rand.Rand) string {
	return fmt.Sprintf(`"type":"track","event":"Product Viewed","properties":{"sku":"G-%d","price":%d.90,"text":%q}`,
		rng.IntN(10_000), rng.IntN(500), strings.Repeat(lorem, 1+rng.IntN(15)))
}

func visited(rng *rand.Rand) string {
	return fmt.Sprintf(`"type":"page","name":"Home","properties":{"url":"https://shop.example/%d"}`, rng.IntN(10_000))
}

func identified(rng *rand.Rand) string {
	return fmt.Sprintf(`"type":"identify","traits":{"plan":"pro","visits":%d}`, rng.IntN(1000))
}

// deliver sends a request until it is answered 200.
func (t *traffic) deliver(ctx context.Context, body []byte) error {
	for {
		status, err := t.post(ctx, body)
		switch {
		case err == nil && status == http.StatusOK:
			return nil
		case err == nil && status != http.StatusTooManyRequests && status != http.StatusServiceUnavailable:
			return fmt.Errorf("the front door answered %d, which no SDK tries again", status)
		}
		if !ordeal.Wait(ctx, retryPause) {
			return ctx.Err()
		}
		// What was not answered in time may have been taken in all the same.
		t.ledger.guiltyAgain.Add(int64(bytes.Count(body, []byte(guiltyID))))
	}
}

func (t *traffic) post(ctx context.Context, body []byte) (status int, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, t.url, bytes.NewReader(body))
	if err != nil {
		return 0, err
	}
	req.SetBasicAuth(ordeal.WriteKey, "")
	req.Header.Set("Content-Type", "application/json")
	res, err := t.client.Do(req)
	if err != nil {
		return 0, err
	}
	defer res.Body.Close()
	_, err = io.Copy(io.Discard, res.Body)
	return res.StatusCode, err
}
