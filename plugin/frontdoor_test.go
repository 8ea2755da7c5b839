package plugin_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redpanda-data/benthos/v4/public/service"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"benthos-segment/internal/streamtest"
	"benthos-segment/plugin/segmenttest"
)

// frontDoor is a stream that begins with the input segment.
type frontDoor struct {
	t      *testing.T
	url    string
	stream *service.Stream
	said   *streamtest.Log
	dead   *streamtest.DeadLetters
	counts *streamtest.Figures
	ended  chan error
}

// freeAddress is one that nobody listens at.
func freeAddress(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer listener.Close()
	return listener.Addr().String()
}

// openDoor starts a stream with an input, and what build adds to it.
func openDoor(t *testing.T, more fields, build func(*service.StreamBuilder)) *frontDoor {
	t.Helper()
	d := &frontDoor{t: t, said: &streamtest.Log{}, dead: &streamtest.DeadLetters{}, counts: &streamtest.Figures{}, ended: make(chan error, 1)}
	env := service.NewEnvironment()
	require.NoError(t, env.RegisterBatchOutput("dead_letter", service.NewConfigSpec(),
		func(*service.ParsedConfig, *service.Resources) (service.BatchOutput, service.BatchPolicy, int, error) {
			return d.dead, service.BatchPolicy{}, 1, nil
		}))
	require.NoError(t, env.RegisterMetricsExporter("figures", service.NewConfigSpec(),
		func(*service.ParsedConfig, *service.Logger) (service.MetricsExporter, error) { return d.counts, nil }))
	address := freeAddress(t)
	d.url = "http://" + address
	all := fields{"address": address, "write_keys": []string{"wk", "other"}}
	for name, value := range more {
		all[name] = value
	}
	builder := env.NewStreamBuilder()
	require.NoError(t, builder.SetMetricsYAML("figures: {}"))
	builder.SetLogger(slog.New(slog.NewTextHandler(d.said, nil)))
	require.NoError(t, builder.AddInputYAML(streamtest.YAML(fields{"segment": all})))
	build(builder)
	var err error
	d.stream, err = builder.Build()
	require.NoError(t, err)
	go func() { d.ended <- d.stream.Run(context.Background()) }()
	require.Eventually(t, func() bool { return d.get("/ready") == http.StatusOK }, 20*time.Second, time.Millisecond)
	t.Cleanup(func() { d.stop(5 * time.Second) })
	return d
}

func (d *frontDoor) stop(wait time.Duration) {
	d.t.Helper()
	if d.stream == nil {
		return
	}
	stream := d.stream
	d.stream = nil
	if err := stream.StopWithin(wait); err != nil {
		assert.ErrorIs(d.t, err, context.DeadlineExceeded)
	}
	<-d.ended
	http.DefaultClient.CloseIdleConnections()
}

func (d *frontDoor) get(path string) (status int) {
	resp, err := http.Get(d.url + path)
	if err != nil {
		return 0
	}
	defer resp.Body.Close()
	return resp.StatusCode
}

func (d *frontDoor) post(path, body string) (status int, header http.Header) {
	d.t.Helper()
	status, header, err := d.try(path, body)
	require.NoError(d.t, err)
	return status, header
}

func (d *frontDoor) try(path, body string) (status int, header http.Header, err error) {
	req, err := http.NewRequest(http.MethodPost, d.url+path, strings.NewReader(body))
	if err != nil {
		return 0, nil, err
	}
	req.SetBasicAuth("wk", "")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, nil, err
	}
	defer resp.Body.Close()
	_, err = io.Copy(io.Discard, resp.Body)
	return resp.StatusCode, resp.Header, err
}

// consumer is an output that keeps messages.
type consumer struct {
	mu       sync.Mutex
	messages service.MessageBatch
	failed   error
}

func (c *consumer) deliver(_ context.Context, batch service.MessageBatch) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.failed != nil {
		return c.failed
	}
	c.messages = append(c.messages, batch.DeepCopy()...)
	return nil
}

func (c *consumer) fail(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.failed = err
}

func (c *consumer) build(t *testing.T) func(*service.StreamBuilder) {
	return func(builder *service.StreamBuilder) { require.NoError(t, builder.AddBatchConsumerFunc(c.deliver)) }
}

func TestTheFrontDoorMakesAMessageOfEachEvent(t *testing.T) {
	taken := &consumer{}
	d := openDoor(t, nil, taken.build(t))
	status, _ := d.post("/v1/batch", `{"batch":[
		{"type":"track","userId":"u","event":"A","messageId":"m1","context":{"library":{"name":"RudderLabs Ruby SDK","version":"1.2"}}},
		{"type":"Page ","userId":"u","messageId":"m2"}]}`)
	require.Equal(t, http.StatusOK, status)
	require.Len(t, taken.messages, 2)
	var all []map[string]any
	for _, message := range taken.messages {
		metadata := map[string]any{}
		require.NoError(t, message.MetaWalkMut(func(name string, value any) error {
			metadata[name] = value
			return nil
		}))
		all = append(all, metadata)
	}
	assert.Equal(t, []map[string]any{
		{
			"segment_write_key": "wk", "segment_dialect": "rudderstack", "segment_type": "track", "segment_request_ip": "127.0.0.1",
			"segment_sdk": "RudderLabs Ruby SDK", "segment_sdk_version": "1.2",
		},
		{"segment_write_key": "wk", "segment_type": "page", "segment_request_ip": "127.0.0.1", "segment_sdk": "Go-http-client", "segment_sdk_version": "1.1"},
	}, all)
	content, err := taken.messages[0].AsBytes()
	require.NoError(t, err)
	assert.Contains(t, string(content), `"receivedAt":`)
}

func TestTheFrontDoorAnswersForThePipeline(t *testing.T) {
	taken := &consumer{failed: errors.New("away: of a secret kind")}
	d := openDoor(t, nil, taken.build(t))
	status, header := d.post("/v1/track", `{"userId":"u","event":"E"}`)
	assert.Equal(t, http.StatusServiceUnavailable, status)
	assert.Equal(t, "10", header.Get("Retry-After"))
	taken.fail(nil)
	status, _ = d.post("/v1/track", `{"userId":"u","event":"E"}`)
	assert.Equal(t, http.StatusOK, status)
	assert.Contains(t, d.said.String(), "Answered 1 request with 503: the pipeline did not take their events")
	assert.NotContains(t, d.said.String(), "with 429")
}

// Events that SDKs drop are missed by somebody, so that the log tells of them, but
// not of each.
func TestTheFrontDoorSaysWhatIsLostAtIt(t *testing.T) {
	taken := &consumer{}
	d := openDoor(t, fields{"max_request_bytes": 1024}, taken.build(t))
	for range 5 {
		resp, err := http.Post(d.url+"/v1/track?writeKey=nobody", "", strings.NewReader(`{}`))
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		assert.Equal(t, http.StatusUnauthorized, resp.StatusCode)
	}
	status, _ := d.post("/v1/track", strings.Repeat(" ", 2000))
	assert.Equal(t, http.StatusRequestEntityTooLarge, status)
	status, _ = d.post("/v1/track", "{")
	assert.Equal(t, http.StatusBadRequest, status)
	status, _ = d.post("/v1/track", `{"userId":"u"}`)
	assert.Equal(t, http.StatusBadRequest, status)
	assert.Equal(t, http.StatusMethodNotAllowed, d.get("/v1/track"))
	for _, said := range []string{
		"Answered 1 request with 401: their write key is not in write_keys", "with 413: they are larger than max_request_bytes", "with 400: they are not JSON",
		"with 400: they hold one event that cannot be sent",
	} {
		assert.Equal(t, 1, d.said.Times(said), said)
	}
	assert.NotContains(t, d.said.String(), "nobody")
	// Counters move every second, and at the end.
	d.stop(5 * time.Second)
	assert.Equal(t, int64(5), d.counts.Sum("segment_gateway_requests", "/v1/track", "401"))
}

// An event that Segment would discard costs no other, goes to the dead letters, and
// is fine for its sender.
func TestEventsGoThroughTheFrontDoorToSegment(t *testing.T) {
	sandbox := segmenttest.New(t)
	d := openDoor(t, nil, func(builder *service.StreamBuilder) {
		require.NoError(t, builder.SetBufferYAML(fmt.Sprintf("journal: {path: %q, at_end: keep}", filepath.Join(t.TempDir(), "queue"))))
		require.NoError(t, builder.AddOutputYAML(streamtest.WithDeadLetter(segmentOutput(sandbox.URL, fields{
			"write_key": "${! @segment_write_key }", "on_setup_error": "reject",
		}))))
	})
	sandbox.Fail(http.StatusServiceUnavailable).Times(2)
	sandbox.Fail(http.StatusTooManyRequests).RetryAfter("1").Times(1)
	status, _ := d.post("/v1/batch", `{"batch":[{"type":"track","userId":"u","event":"A"},{"type":"track","userId":"u"},7,{"type":"track","userId":"u","event":"B"}]}`)
	assert.Equal(t, http.StatusOK, status, "the journal has it, whatever Segment does")
	status, _ = d.post("/v1/t", `{"userId":"u","event":"C","integrations":{"All":false}}`)
	assert.Equal(t, http.StatusOK, status)
	status, _ = d.post("/v1/track", `{"userId":"u","event":"D","integrations":{"All":false},"channel":"web","originalTimestamp":"2026-03-14T09:12:00.000Z"}`)
	assert.Equal(t, http.StatusOK, status)

	var names []string
	for _, call := range sandbox.Wait(3) {
		names = append(names, call.Name)
		assert.Equal(t, "wk", call.WriteKey)
		assert.NotEmpty(t, call.MessageID)
	}
	assert.Equal(t, []string{"A", "B", "C"}, names, "D excludes Segment in RudderStack's words, and C does not in Segment's")
	require.Eventually(t, func() bool { return len(d.dead.Letters()) == 2 }, 20*time.Second, time.Millisecond)
	assert.Equal(t, []string{"event_not_defined", "bad_request"}, reasonsOf(d.dead))
	d.stop(5 * time.Second)
	assert.Equal(t, int64(1), d.counts.Sum("segment_gateway_requests", "/v1/batch", "200"))
	assert.Equal(t, int64(6), d.counts.Sum("segment_gateway_events"))
}

func reasonsOf(dead *streamtest.DeadLetters) (reasons []string) {
	for _, reason := range dead.Reasons() {
		parts := strings.Fields(reason)
		reasons = append(reasons, parts[min(1, len(parts)-1)])
	}
	return reasons
}

// A queue without room asks clients to wait, and is not down.
func TestAFullJournalIs429AtTheFrontDoor(t *testing.T) {
	taken := &consumer{failed: errors.New("away")}
	path := filepath.Join(t.TempDir(), "queue")
	d := openDoor(t, nil, func(builder *service.StreamBuilder) {
		taken.build(t)(builder)
		require.NoError(t, builder.SetBufferYAML(fmt.Sprintf("journal: {path: %q, max_bytes: 1048576, full_timeout: 10ms, at_end: keep, retry: {initial_interval: 1ms, max_interval: 5ms}}", path)))
	})
	event := `{"userId":"u","event":"E","properties":{"a":"` + strings.Repeat("x", 30_000) + `"}}`
	accepted := 0
	for {
		status, header := d.post("/v1/track", event)
		if status == http.StatusOK {
			accepted++
			continue
		}
		require.Equal(t, http.StatusTooManyRequests, status)
		assert.NotEmpty(t, header.Get("Retry-After"))
		break
	}
	assert.Equal(t, http.StatusServiceUnavailable, d.get("/ready"))
	taken.fail(nil)
	require.Eventually(t, func() bool { taken.mu.Lock(); defer taken.mu.Unlock(); return len(taken.messages) >= accepted }, 20*time.Second, time.Millisecond)
	status, _ := d.post("/v1/track", event)
	assert.Equal(t, http.StatusOK, status)
}

// An output that holds what it was given must not hold up the end, and nobody is
// told that all is well.
func TestTheFrontDoorEndsWithClientsThatWait(t *testing.T) {
	before := goleak.IgnoreCurrent()
	defer goleak.VerifyNone(t, before)
	release := make(chan struct{})
	d := openDoor(t, nil, func(builder *service.StreamBuilder) {
		require.NoError(t, builder.AddBatchConsumerFunc(func(ctx context.Context, _ service.MessageBatch) error {
			select {
			case <-release:
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		}))
	})
	const clients = 10
	statuses := make(chan int, clients)
	for range clients {
		go func() {
			status, _, err := d.try("/v1/track", `{"userId":"u","event":"E"}`)
			assert.NoError(t, err)
			statuses <- status
		}()
	}
	require.Eventually(t, func() bool {
		return slices.Contains(d.counts.Series("segment_gateway_pending"), clients)
	}, 20*time.Second, time.Millisecond)
	d.stop(300 * time.Millisecond)
	for range clients {
		assert.Equal(t, http.StatusServiceUnavailable, <-statuses)
	}
	close(release)
}

func TestTheFrontDoorOpensAgain(t *testing.T) {
	for range 3 {
		taken := &consumer{}
		d := openDoor(t, nil, taken.build(t))
		status, _ := d.post("/v1/track", `{"userId":"u","event":"E"}`)
		assert.Equal(t, http.StatusOK, status)
		d.stop(5 * time.Second)
		_, _, err := d.try("/v1/track", `{"userId":"u","event":"E"}`)
		assert.Error(t, err)
	}
}
