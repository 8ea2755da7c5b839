package config_test

import (
	"compress/gzip"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/redpanda-data/benthos/v4/public/service"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"benthos-segment/plugin/segmenttest"
)

// environment sets what a pipeline reads, with a sandbox in Segment's place.
func environment(t *testing.T, sb *segmenttest.Server, variables map[string]string) {
	t.Helper()
	t.Setenv("SEGMENT_ENDPOINT", sb.URL)
	t.Setenv("METRICS_ADDRESS", "127.0.0.1:0")
	for name, value := range variables {
		t.Setenv(name, value)
	}
}

// withInput writes a copy of a pipeline that reads a file instead of what it
// reads in production, and returns its path.
func withInput(t *testing.T, pipeline, events string) string {
	t.Helper()
	folder := t.TempDir()
	source, copied := filepath.Join(folder, "events.ndjson"), filepath.Join(folder, "pipeline.yaml")
	require.NoError(t, os.WriteFile(source, []byte(events), 0o600))
	text, err := os.ReadFile(pipeline)
	require.NoError(t, err)
	before, rest, found := strings.Cut(string(text), "\ninput:\n")
	require.True(t, found)
	_, after, found := strings.Cut(rest, "\noutput:\n")
	require.True(t, found)
	text = []byte(before + "\ninput:\n  file: {paths: [" + source + "]}\n\noutput:\n" + after)
	require.NoError(t, os.WriteFile(copied, text, 0o600))
	return copied
}

// start runs a pipeline until the test ends.
func start(t *testing.T, pipeline string) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_, err := service.RunCLIToCode(ctx, service.CLIOptSetArgs("benthos-segment", "run", pipeline))
		assert.NoError(t, err)
	}()
	t.Cleanup(func() { cancel(); <-ended })
}

func TestTheBackfillKeepsTimesAndReadsGzip(t *testing.T) {
	atRoot(t)
	const (
		plain  = `{"type":"track","userId":"u1","event":"A","timestamp":"2024-02-29T10:00:00.000Z","messageId":"m1"}`
		zipped = `{"type":"track","userId":"u2","event":"B","timestamp":"2024-02-29T11:00:00.000Z","messageId":"m2"}`
		guilty = `{"type":"track","userId":"u3","timestamp":"2024-02-29T12:00:00.000Z"}`
		// Issue 10, A4: a dead letter of an old export is only good if its bytes
		// are.
		latin1 = "{\"type\":\"track\",\"userId\":\"u4\",\"event\":\"Caf\xe9\"}"
	)
	archive := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(archive, "1.json"), []byte(plain+"\n"+guilty+"\n"+latin1+"\n"), 0o600))
	gz, err := os.Create(filepath.Join(archive, "2.json.gz"))
	require.NoError(t, err)
	writer := gzip.NewWriter(gz)
	_, err = io.WriteString(writer, zipped+"\n")
	require.NoError(t, err)
	require.NoError(t, writer.Close())
	require.NoError(t, gz.Close())
	deadLetters := filepath.Join(archive, "dead_letters.ndjson")
	sb := segmenttest.New(t)
	environment(t, sb, map[string]string{
		"BACKFILL_FILES": filepath.Join(archive, "*.json*"),
		"DEAD_LETTERS":   deadLetters,
	})

	require.Zero(t, benthosSegment(t, "run", "config/backfill.yaml"))

	times := map[string]string{}
	for _, call := range sb.Calls() {
		times[call.UserID] = call.Timestamp
		assert.Empty(t, call.SentAt)
	}
	assert.Equal(t, map[string]string{"u1": "2024-02-29T10:00:00.000Z", "u2": "2024-02-29T11:00:00.000Z"}, times)
	dead := lettersIn(t, deadLetters)
	require.Len(t, dead, 2)
	assert.Equal(t, "event_not_defined", dead[0].Reason)
	assert.Equal(t, "event", dead[0].Field)
	assert.Equal(t, guilty, dead[0].Payload)
	assert.Equal(t, filepath.Join(archive, "1.json"), dead[0].File)
	assert.Equal(t, "invalid_json", dead[1].Reason)
	assert.Empty(t, dead[1].Payload)
	assert.Equal(t, latin1, string(dead[1].PayloadBase64))
}

// letter is a dead letter in a file.
type letter struct {
	Reason, Field, Sentence, Payload, File, Source string
	PayloadBase64                                  []byte `json:"payload_base64"`
}

func lettersIn(t *testing.T, file string) (letters []letter) {
	t.Helper()
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	for line := range strings.Lines(string(text)) {
		var l letter
		require.NoError(t, json.Unmarshal([]byte(line), &l))
		assert.NotEmpty(t, l.Sentence)
		letters = append(letters, l)
	}
	return letters
}

func TestTheWebhookAnswersWhenSegmentHasTheCalls(t *testing.T) {
	atRoot(t)
	address := freeAddress(t)
	deadLetters := filepath.Join(t.TempDir(), "dead_letters.ndjson")
	sb := segmenttest.New(t)
	environment(t, sb, map[string]string{
		"WEBHOOK_ADDRESS": address,
		"WEBHOOK_TOKEN":   "open-sesame",
		"DEAD_LETTERS":    deadLetters,
	})
	start(t, "config/webhook.yaml")

	post := func(token, body string) int {
		return postTo(t, "http://"+address+"/webhook", http.Header{"Authorization": {"Bearer " + token}}, body)
	}
	const order = `{"id":"evt_1","kind":"order.paid","at":"2026-03-14T09:12:00Z","customer":{"id":7,"email":"mira@example.com"},"order":{"id":"ord_1","total":19.90}}`

	assert.Equal(t, http.StatusUnauthorized, post("guessed", order))
	assert.Empty(t, sb.Calls())

	assert.Equal(t, http.StatusOK, post("open-sesame", order))
	assert.Equal(t, http.StatusOK, post("open-sesame", order), "the sender tries again")
	assert.Equal(t, http.StatusOK, post("open-sesame", `{"id":"evt_2","kind":"ping"}`))
	calls := sb.Calls()
	require.Len(t, calls, 4)
	assert.Equal(t, "identify", calls[0].Type)
	assert.Equal(t, "Order Completed", calls[1].Name)
	assert.Contains(t, string(calls[1].Raw), `19.90`)
	assert.Equal(t, 2, sb.Summary().Unique)

	const unheard = `{"id":"evt_3","kind":"unheard-of"}`
	assert.Equal(t, http.StatusOK, post("open-sesame", unheard))
	assert.Equal(t, http.StatusOK, post("open-sesame", "caf\xe9"))
	dead := lettersIn(t, deadLetters)
	require.Len(t, dead, 2)
	assert.Equal(t, "mapping_failed", dead[0].Reason)
	assert.Equal(t, unheard, dead[0].Payload)
	assert.Equal(t, "caf\xe9", string(dead[1].PayloadBase64))
}

func TestBothSourcesGetEveryEventUnderIDsOfTheirOwn(t *testing.T) {
	atRoot(t)
	pipeline := withInput(t, "config/two_sources.yaml", `
		{"type":"track","userId":"u1","event":"Has an id","messageId":"m1"}
		{"type":"track","userId":"u1","event":"Has a time","timestamp":"2026-03-14T09:00:00Z"}
	`)
	sb := segmenttest.New(t)
	environment(t, sb, map[string]string{
		"KAFKA_BROKERS":               "127.0.0.1:1", // Nothing is refused here.
		"SEGMENT_WRITE_KEY_PRODUCT":   "product-key",
		"SEGMENT_WRITE_KEY_MARKETING": "marketing-key",
	})

	require.Zero(t, benthosSegment(t, "run", pipeline))

	ids := map[string][]string{}
	for _, call := range sb.Calls() {
		ids[call.WriteKey] = append(ids[call.WriteKey], call.MessageID)
	}
	require.Len(t, ids["product-key"], 2)
	require.Len(t, ids["marketing-key"], 2)
	assert.Equal(t, "m1", ids["product-key"][0])
	assert.Equal(t, "m1:marketing", ids["marketing-key"][0])
	assert.NotEqual(t, ids["product-key"][1], ids["marketing-key"][1])
	assert.Zero(t, sb.Summary().Duplicates)
}

// The sender has its answer while Segment is away, and all of it arrives later,
// after a restart, too.
func TestTheWebhookWithAJournalAnswersWhileSegmentIsAway(t *testing.T) {
	atRoot(t)
	address := freeAddress(t)
	sb := segmenttest.New(t)
	environment(t, sb, map[string]string{
		"WEBHOOK_ADDRESS": address,
		"WEBHOOK_TOKEN":   "open-sesame",
		"QUEUE_PATH":      filepath.Join(folderOfAQueue(t), "queue"),
		"DEAD_LETTERS":    filepath.Join(t.TempDir(), "dead_letters.ndjson"),
	})
	post := func(token, body string) int {
		return postTo(t, "http://"+address+"/webhook", http.Header{"Authorization": {"Bearer " + token}}, body)
	}
	const event = `{"type":"track","userId":"u1","event":"Paid","timestamp":"2026-03-14T09:12:00Z"}`

	t.Setenv("SEGMENT_ENDPOINT", "http://127.0.0.1:1")
	t.Run("Segment is away", func(t *testing.T) {
		start(t, "config/webhook_journal.yaml")
		assert.Equal(t, http.StatusUnauthorized, post("guessed", event))
		for range 5 {
			assert.Equal(t, http.StatusOK, post("open-sesame", event))
		}
	})
	t.Setenv("SEGMENT_ENDPOINT", sb.URL)
	start(t, "config/webhook_journal.yaml")
	require.Eventually(t, func() bool { return len(sb.Calls()) >= 5 }, 20*time.Second, 10*time.Millisecond)
	assert.Equal(t, 5, sb.Summary().Unique)
}

// freeAddress is one that nothing listens on.
func freeAddress(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, listener.Close())
	return listener.Addr().String()
}

// postTo sends a request as soon as the pipeline listens, and returns the status
// of the answer.
func postTo(t *testing.T, url string, header http.Header, body string) (status int) {
	t.Helper()
	require.Eventually(t, func() bool {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader(body))
		require.NoError(t, err)
		req.Header = header
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			return false // it does not listen yet
		}
		_ = res.Body.Close()
		status = res.StatusCode
		return true
	}, 20*time.Second, 50*time.Millisecond)
	return status
}

// folderOfAQueue returns a folder for a queue. A stream that is stopped may end
// before its buffer has closed, which writes until then.
func folderOfAQueue(t *testing.T) string {
	dir, err := os.MkdirTemp("", "queue")
	require.NoError(t, err)
	t.Cleanup(func() {
		require.Eventually(t, func() bool { return os.RemoveAll(dir) == nil }, 20*time.Second, 10*time.Millisecond)
	})
	return dir
}
