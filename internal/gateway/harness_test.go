package gateway_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"benthos-segment/internal/gateway"
	"benthos-segment/internal/ingest"
)

// door is a gateway that serves on loopback, with a pipeline behind it.
type door struct {
	t      testing.TB
	url    string
	client *http.Client

	gateway *gateway.Gateway
	server  *gateway.Server
	seen    *seen

	mu sync.Mutex
	// events are all that the pipeline took, batches how many there were of each.
	events  []gateway.Event
	batches []int
	// failed is what the pipeline says of an event, nil for success.
	failed func(gateway.Event) error
}

// seen is what an observer was told.
type seen struct {
	mu      sync.Mutex
	answers []gateway.Answer
	pending int
	most    int
	// troubles are what the server said of itself.
	troubles []string
}

func (s *seen) Answered(a gateway.Answer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answers = append(s.answers, a)
}

func (s *seen) Pending(requests int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pending, s.most = requests, max(s.most, requests)
}

func (s *seen) Troubled(said string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.troubles = append(s.troubles, said)
}

func (s *seen) last() gateway.Answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.answers[len(s.answers)-1]
}

func settings(t testing.TB, seen *seen) gateway.Config {
	t.Helper()
	cors, err := ingest.NewCORS([]string{"*"})
	require.NoError(t, err)
	return gateway.Config{
		WriteKeys: []string{"wk", "other"}, CORS: cors,
		MaxRequestBytes: 8 << 20, MaxRequestEvents: 1000, MaxPending: 100, MaxPendingBytes: 32 << 20,
		Timeout: 10 * time.Second, BodyTimeout: 10 * time.Second, Gather: 2 * time.Millisecond,
		Observer: seen,
	}
}

// open starts a gateway whose pipeline takes everything at once.
func open(t testing.TB, change ...func(*gateway.Config)) *door {
	t.Helper()
	d := openUnread(t, change...)
	d.run()
	return d
}

// openUnread starts a gateway without a pipeline.
func openUnread(t testing.TB, change ...func(*gateway.Config)) *door {
	t.Helper()
	before := goleak.IgnoreCurrent()
	t.Cleanup(func() { goleak.VerifyNone(t, before) })
	d := &door{t: t, seen: &seen{}}
	conf := settings(t, d.seen)
	for _, c := range change {
		c(&conf)
	}
	var err error
	d.gateway, err = gateway.New(conf)
	require.NoError(t, err)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	d.url = "http://" + listener.Addr().String()
	d.server = d.gateway.Serve(listener, nil, 1000, func(err error) { assert.NoError(t, err) })
	transport := &http.Transport{MaxIdleConnsPerHost: 100}
	d.client = &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error {
		return http.ErrUseLastResponse
	}}
	t.Cleanup(func() {
		d.close()
		transport.CloseIdleConnections()
	})
	return d
}

func (d *door) close() {
	d.t.Helper()
	assert.NoError(d.t, d.server.Close(context.Background()))
}

// run takes what comes in until the gateway stops.
func (d *door) run() {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for {
			batch, err := d.gateway.Read(ctx)
			if err != nil {
				return
			}
			d.settle(batch)
		}
	}()
	d.t.Cleanup(func() { cancel(); <-ended })
}

func (d *door) settle(batch *gateway.Batch) {
	d.mu.Lock()
	d.events = append(d.events, batch.Events...)
	d.batches = append(d.batches, len(batch.Events))
	failed := d.failed
	d.mu.Unlock()
	if failed == nil {
		batch.Settle(nil)
		return
	}
	batch.Settle(func(i int) error { return failed(batch.Events[i]) })
}

func (d *door) fail(failed func(gateway.Event) error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.failed = failed
}

// taken returns all events that the pipeline took.
func (d *door) taken() []gateway.Event {
	d.mu.Lock()
	defer d.mu.Unlock()
	return append([]gateway.Event{}, d.events...)
}

// one returns the only event that the pipeline took.
func (d *door) one() gateway.Event {
	d.t.Helper()
	taken := d.taken()
	require.Len(d.t, taken, 1)
	return taken[0]
}

// untilAccepted posts an event until it is accepted, on a machine that may be
// busy.
func (d *door) untilAccepted() {
	d.t.Helper()
	require.Eventually(d.t, func() bool {
		return d.post("/v1/track", `{"userId":"u","event":"E"}`).status == http.StatusOK
	}, patience, tick)
}

// got is an answer.
type got struct {
	status int
	header http.Header
	body   string
	// isLast says that the connection ends.
	isLast bool
}

// failure is the body of an answer that is an error.
type failure struct {
	Success              *bool
	Error, Code, Message string
}

func (g got) failure(t testing.TB) failure {
	t.Helper()
	var f failure
	require.NoError(t, json.Unmarshal([]byte(g.body), &f), g.body)
	require.NotNil(t, f.Success)
	assert.False(t, *f.Success)
	assert.NotEmpty(t, f.Error)
	assert.NotEmpty(t, f.Message)
	return f
}

// header is a header of a request.
type header struct{ name, value string }

func basic(key string) header {
	r := &http.Request{Header: http.Header{}}
	r.SetBasicAuth(key, "")
	return header{"Authorization", r.Header.Get("Authorization")}
}

func (d *door) post(path, body string, headers ...header) got {
	d.t.Helper()
	return d.do(http.MethodPost, path, strings.NewReader(body), append([]header{basic("wk")}, headers...)...)
}

func (d *door) do(method, path string, body io.Reader, headers ...header) got {
	d.t.Helper()
	answer, err := d.try(method, path, body, headers...)
	require.NoError(d.t, err)
	return answer
}

func (d *door) try(method, path string, body io.Reader, headers ...header) (got, error) {
	req, err := http.NewRequestWithContext(context.Background(), method, d.url+path, body)
	if err != nil {
		return got{}, err
	}
	for _, h := range headers {
		if h.value == "" {
			req.Header.Del(h.name)
			continue
		}
		req.Header.Set(h.name, h.value)
	}
	resp, err := d.client.Do(req)
	if err != nil {
		return got{}, err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	return got{resp.StatusCode, resp.Header, string(text), resp.Close}, err
}

func zipped(t testing.TB, text string) []byte {
	t.Helper()
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	_, err := io.WriteString(w, text)
	require.NoError(t, err)
	require.NoError(t, w.Close())
	return out.Bytes()
}

// members reads an event.
func members(t testing.TB, event gateway.Event) map[string]any {
	t.Helper()
	var all map[string]any
	require.NoError(t, decode(string(event.Content), &all), string(event.Content))
	return all
}

// decode reads JSON, with every digit of its numbers.
func decode(text string, into any) error {
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber()
	return decoder.Decode(into)
}
