package monitoring

import (
	"net/http"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kfake"

	"benthos-segment/plugin/segmenttest"
)

// scenario are a front door with a queue, and a consumer of Kafka, which send to a
// Segment that has its moods. A third has a key that its Segment refuses.
type scenario struct {
	segment, refusing                *segmenttest.Server
	door, doorAt, kafkaAt, refusedAt string
}

const writeKey = "a-write-key"

// door takes events of SDKs, keeps them on disk, judges them by a plan, and asks
// Segment's Public API.
const door = `
http: {address: '$AT'}
metrics: {prometheus: {use_histogram_timing: true, histogram_buckets: [0.01, 0.1, 1, 5, 60]}}
input: {segment: {address: '$DOOR', write_keys: [a-write-key]}}
buffer: {journal: {path: '$QUEUE', sync: always}}
output:
  fallback:
    - segment:
        write_key: a-write-key
        endpoint: $ENDPOINT
        retry: {initial_interval: 10ms, max_interval: 50ms}
        tracking_plan: {file: '$PLAN', on_violation: mark}
        verify: {token: a-token, interval: 1s, endpoint: '$PUBLIC'}
    - drop: {}
`

const consumer = `
http: {address: '$AT'}
input:
  redpanda: {seed_brokers: ['$BROKERS'], topics: [events], consumer_group: segment, start_offset: earliest, topic_lag_refresh_period: 1s}
output:
  segment: {write_key: a-write-key, endpoint: $ENDPOINT}
`

// refused gives up what meets a set-up error.
const refused = `
http: {address: '$AT'}
input: {generate: {count: 0, interval: 200ms, mapping: 'root = {"type":"track","event":"A","userId":"u"}'}}
output:
  fallback:
    - segment: {write_key: a-write-key, endpoint: $REFUSING, on_setup_error: reject, batching: {count: 1}}
    - drop: {}
`

func startScenario(t *testing.T) *scenario {
	t.Helper()
	s := &scenario{
		segment: segmenttest.New(t), refusing: segmenttest.New(t),
		door: freeAddress(t), doorAt: freeAddress(t), kafkaAt: freeAddress(t), refusedAt: freeAddress(t),
	}
	s.refusing.Fail(http.StatusUnauthorized)
	brokers, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(2, "events"))
	require.NoError(t, err)
	t.Cleanup(brokers.Close)
	plan, err := filepath.Abs("../../config/governed_plan.json")
	require.NoError(t, err)

	folder := t.TempDir()
	binary := filepath.Join(folder, "benthos-segment")
	build := exec.CommandContext(t.Context(), "go", "build", "-o", binary, "./cmd/benthos-segment")
	build.Dir = "../.."
	said, err := build.CombinedOutput()
	require.NoError(t, err, string(said))

	filled := strings.NewReplacer(
		"$DOOR", s.door, "$QUEUE", filepath.Join(folder, "queue"), "$PLAN", plan, "$ENDPOINT", s.segment.URL,
		"$PUBLIC", s.segment.PublicAPI(), "$BROKERS", strings.Join(brokers.ListenAddrs(), ","),
		"$REFUSING", s.refusing.URL,
	)
	for name, one := range map[string]struct{ config, at string }{
		"door": {door, s.doorAt}, "consumer": {consumer, s.kafkaAt}, "refused": {refused, s.refusedAt},
	} {
		path := filepath.Join(folder, name+".yaml")
		writeFile(t, path, strings.ReplaceAll(filled.Replace(one.config), "$AT", one.at))
		p := start(t, nil, binary, "run", path)
		require.Eventually(t, func() bool { return answers("http://" + one.at + "/metrics") }, patience, tick, p.said.String())
	}
	require.Eventually(t, func() bool { return answers("http://" + s.door + "/health") }, patience, tick)
	return s
}

const refusedJob = "segment-refused"

// jobs are what Prometheus reads.
func (s *scenario) jobs() map[string]string {
	return map[string]string{"segment-door": s.doorAt, "segment-consumer": s.kafkaAt, refusedJob: s.refusedAt}
}

func answers(url string) bool {
	answer, err := http.Get(url)
	if err != nil {
		return false
	}
	_ = answer.Body.Close()
	return answer.StatusCode == http.StatusOK
}

// play lets happen what the dashboard shows.
func (s *scenario) play(t *testing.T) {
	t.Helper()
	s.segment.Fail(http.StatusServiceUnavailable).Times(1)
	s.send(
		t, writeKey, http.StatusOK,
		`{"type":"track","event":"Order Completed","userId":"u","properties":{"order_id":"1","total":2},"rudderId":"r","messageId":"1"}`,
		`{"type":"track","event":"Nobody Planned","userId":"u","messageId":"2"}`,
		`{"type":"track","userId":"u","messageId":"3"}`,
		`{"type":"track","event":"Excluded","userId":"u","integrations":{"All":false},"rudderId":"r","originalTimestamp":"2026-01-02T03:04:05Z","messageId":"4"}`,
	)
	s.send(t, "another-key", http.StatusUnauthorized, `{"type":"track","event":"A","userId":"u"}`)
	require.Eventually(t, func() bool { return len(s.segment.Calls()) >= 2 }, patience, tick)
	// Another sender of the source, whose calls Segment throws away.
	post(t, s.segment.URL+"/v1/track", writeKey, http.StatusOK, `{"userId":"me"}`)
}

// send sends events as an SDK does.
func (s *scenario) send(t *testing.T, key string, status int, events ...string) {
	t.Helper()
	post(t, "http://"+s.door+"/v1/batch", key, status, `{"batch":[`+strings.Join(events, ",")+`]}`)
}

func post(t *testing.T, url, key string, status int, body string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader(body))
	require.NoError(t, err)
	req.SetBasicAuth(key, "")
	answer, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	require.NoError(t, answer.Body.Close())
	require.Equal(t, status, answer.StatusCode)
}
