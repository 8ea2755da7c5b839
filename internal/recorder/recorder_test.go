package recorder

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"benthos-segment/internal/sandbox/inbox"
	"benthos-segment/internal/segment"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const theKey = "a-secret-write-key"

func open(t *testing.T, conf Config) *Recorder {
	t.Helper()
	if conf.Address == "" {
		conf.Address = "127.0.0.1:0"
	}
	r, err := Open(conf)
	require.NoError(t, err)
	t.Cleanup(r.Close)
	return r
}

// What is kept may be dumped, swapped out or shown by a mistake of ours, so that
// no key is in it at all.
func TestNoKeyIsKept(t *testing.T) {
	r := open(t, Config{Calls: 20})
	why := &segment.Violation{Reason: segment.ReasonInvalidJSON, Sentence: "no JSON"}
	r.Attempt(Attempt{At: time.Now(), Status: 200, Calls: []segment.Call{{WriteKey: theKey, JSON: []byte(`{"type":"page","userId":"u"}`)}}})
	r.Attempt(Attempt{At: time.Now(), Status: 200, Calls: []segment.Call{
		{WriteKey: theKey, JSON: []byte(`{"type":"page","userId":"u","properties":{"writeKey":"` + theKey + `"}}`)},
	}})
	r.Attempt(Attempt{At: time.Now(), Status: 503, Text: "status 503", Calls: []segment.Call{{WriteKey: theKey, JSON: []byte(`{"type":"page","userId":"u"}`)}}})
	for _, content := range []string{
		`{"type":"page","writeKey":"` + theKey + `"}`,
		`{"writeKey":"` + theKey + `", no JSON`,
		`{"write_key": "` + theKey + `", "x":"` + strings.Repeat("x", 100_000) + `"}`,
		`{"a":{"writeKey" : "` + theKey + `"`,
		`{"batch":[{"type":"page","writeKey":"` + theKey + `"}],"writeKey":"` + theKey + `"}`,
		`[{"type":"page","writeKey":"` + theKey + `"}]`,
		`{"payload":{"writeKey":"` + theKey + `"}}`,
		`{"type":"page","write_key":"` + theKey + `"}`,
		`{"type":"page","WriteKey":"` + theKey + `"}`,
		`"{\"writeKey\":\"` + theKey + `\""`,
		`{"context":{"page":{"url":"/?writeKey=` + theKey + `"}}}`,
	} {
		r.Failed([]byte(content), theKey, why)
	}
	for seq := uint64(1); seq <= 13; seq++ {
		call, isHeld := r.inbox.Call(seq)
		require.True(t, isHeld)
		assert.NotContains(t, fmt.Sprintf("%s %+v", call.Raw, *call), theKey)
		assert.NotEmpty(t, call.WriteKey)
	}
	for _, req := range r.inbox.RequestsAfter(0) {
		assert.NotContains(t, fmt.Sprintf("%+v", *req), theKey)
	}
}

func TestMemoryIsBounded(t *testing.T) {
	r := open(t, Config{Calls: 3})
	why := &segment.Violation{Reason: segment.ReasonInvalidJSON}
	for range 10 {
		r.Failed([]byte(`{"x":"`+strings.Repeat("x", 10<<20)+`"}`), theKey, why)
	}
	calls, err := r.inbox.Matching(t.Context(), &inbox.Filter{})
	require.NoError(t, err)
	require.Len(t, calls, 3)
	for _, call := range calls {
		assert.LessOrEqual(t, len(call.Raw), clipped+100)
	}
}

// Calls of the size that Segment allows are twice what one may take on average, so
// that they are half of what was asked for, and all of them have a bound.
func TestLargeCallsEvictOlderOnes(t *testing.T) {
	large := []segment.Call{{WriteKey: theKey, JSON: []byte(`{"type":"page","userId":"u","name":"` + strings.Repeat("x", 31<<10) + `"}`)}}
	for asked, most := range map[int]int{20: 20 * callBytes, 100_000: mostBytes} {
		t.Run(fmt.Sprint(asked), func(t *testing.T) {
			r := open(t, Config{Calls: asked})
			for range most/len(large[0].JSON) + 10 {
				r.Attempt(Attempt{At: time.Now(), Status: 200, Calls: large})
			}
			held := r.inbox.Summary().CallsHeld * len(large[0].JSON)
			assert.LessOrEqual(t, held, most)
			assert.Greater(t, held, most/4)
		})
	}
	assert.LessOrEqual(t, mostBytes, 64<<20, "whatever is asked for")
	assert.LessOrEqual(t, callBytes, 16<<10)
}

// The output uses its buffers for the next batch.
func TestWhatIsKeptDoesNotChangeWithTheBuffersOfTheOutput(t *testing.T) {
	r := open(t, Config{Calls: 3})
	buffer := []byte(`{"type":"page","userId":"u"}`)
	r.Attempt(Attempt{At: time.Now(), Status: 200, Calls: []segment.Call{{WriteKey: theKey, JSON: buffer}}})
	r.Failed(buffer, theKey, &segment.Violation{Reason: segment.ReasonRefused})
	clear(buffer)
	for seq := uint64(1); seq <= 2; seq++ {
		call, isHeld := r.inbox.Call(seq)
		require.True(t, isHeld)
		assert.JSONEq(t, `{"type":"page","userId":"u"}`, string(call.Raw))
		assert.Equal(t, "u", call.UserID)
	}
}

func TestOutputsOfOneProcessShareAnAddress(t *testing.T) {
	first := open(t, Config{Calls: 3})
	second, err := Open(Config{Calls: 3, Address: "127.0.0.1:0"})
	require.NoError(t, err)
	assert.Same(t, first, second)
	_, err = Open(Config{Calls: 4, Address: "127.0.0.1:0"})
	assert.ErrorContains(t, err, "with other settings")
	second.Close()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, first.URL+"/healthz", nil)
	require.NoError(t, err)
	req.Close = true
	res, err := http.DefaultClient.Do(req)
	require.NoError(t, err, "it is there as long as somebody uses it")
	require.NoError(t, res.Body.Close())
}
