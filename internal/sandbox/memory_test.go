package sandbox_test

import (
	"fmt"
	"io"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"benthos-segment/plugin/segmenttest"
)

// elements is a batch of n times the same element.
func elements(element string, n int) string {
	return `{"batch":[` + strings.TrimSuffix(strings.Repeat(element+",", n), ",") + `]}`
}

// allocated returns how many bytes were allocated while work ran, which the
// peak of the heap cannot exceed.
func allocated(work func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	work()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// Any page in a browser may post to the sandbox without a preflight: fetch with
// mode no-cors sends text/plain, and no key in a header.
var noCORS = []string{"Authorization", "", "Content-Type", "text/plain;charset=UTF-8", "Origin", "https://evil.example", "Sec-Fetch-Mode", "no-cors"}

// 2.6 million elements, sent as 5 KB of gzip, took 1.9 GB, and four such requests
// at once 10 GB.
func TestABatchOfManyElementsCostsNoMoreThanItsSize(t *testing.T) {
	for name, given := range map[string]struct {
		body   string
		status int
		says   string
	}{
		"too large to be looked at":        {elements("0", 2_600_000), http.StatusBadRequest, "oversized_batch"},
		"small, and nothing but zeros":     {elements("0", 250_000), http.StatusBadRequest, "more than 100 elements of the batch are not objects"},
		"small, and nothing but arrays":    {elements("[]", 170_000), http.StatusBadRequest, "more than 100 elements of the batch are not objects"},
		"small, with many calls":           {strings.Replace(elements("{}", 170_000), "{", `{"writeKey":"k",`, 1), http.StatusOK, "true"},
		"many batches, the last one wins":  {`{"writeKey":"k",` + strings.Repeat(`"batch":[{}],`, 38_000) + `"batch":[]}`, http.StatusOK, "true"},
		"many members of no meaning":       {`{"writeKey":"k",` + strings.Repeat(`"a":0,`, 80_000) + `"batch":[]}`, http.StatusOK, "true"},
		"a call with many equal members":   {`{"writeKey":"k","batch":[{` + strings.Repeat(`"a":0,`, 5_000) + `"type":"page","userId":"u"}]}`, http.StatusOK, "true"},
		"a call with thousands of warning": {`{"writeKey":"k","batch":[` + strings.TrimSuffix(strings.Repeat(`{"type":"page","userId":"u","context":1,"timestamp":"x"},`, 2_400), ",") + `]}`, http.StatusOK, "true"},
	} {
		t.Run(name, func(t *testing.T) {
			sb := segmenttest.New(t)
			body := zipped(t, given.body)
			require.Less(t, len(body), 32<<10)
			headers := append([]string{"Content-Encoding", "gzip"}, noCORS...)
			took := allocated(func() {
				var senders sync.WaitGroup
				for range 4 {
					senders.Go(func() {
						status, answer := post(t, sb, "/v1/batch", body, headers...)
						assert.Equal(t, given.status, status, answer)
						assert.Contains(t, answer, given.says)
					})
				}
				senders.Wait()
			})
			t.Logf("four requests allocated %.1f MB", float64(took)/1e6)
			assert.Less(t, took, uint64(64<<20))

			status, _ := post(t, sb, "/v1/batch", batch(track("good")))
			assert.Equal(t, http.StatusOK, status)
		})
	}
}

// Segment discards a batch with too many calls, so it is enough to count the calls
// after the first ones.
func TestUnreadCallsAreCounted(t *testing.T) {
	sb := segmenttest.NewInProcess(t, segmenttest.Config{MaxBatchCalls: 10})
	post(t, sb, "/v1/batch", batch(tracks(0, 35)...))

	assert.Len(t, sb.Calls(), 20)
	req := sb.Requests()[0]
	assert.Equal(t, 35, req.Calls)
	assert.Equal(t, 15, req.Unread)
	assert.Equal(t, 35, req.Discarded)
	assert.Len(t, req.MessageIDs, 20)
	sum := sb.Summary()
	assert.Equal(t, 35, sum.Calls)
	assert.Equal(t, 35, sum.Discarded)
	assert.Zero(t, sum.Refused)
	assert.Equal(t, 35, sum.Violations["oversized_batch"])
	assert.Equal(t, map[string]int{"track": 20, "unknown": 15}, sum.ByType)
}

// 300 requests kept 2.6 GB: nothing bounded the texts beside the batch. An inbox
// without bounds is the usual way for a mock server to run out of memory
// (wiremock/wiremock#29, #152).
func TestWhatIsKeptOfARequestIsBounded(t *testing.T) {
	long := strings.Repeat("x", 450_000)
	bodies := [2]string{
		`{"batch":[` + track("m") + `],"sentAt":"` + long + `"}`,
		`{"batch":[` + track("m") + `],"writeKey":"` + long + `"}`,
	}
	sb := segmenttest.NewInProcess(t, segmenttest.Config{MaxBytes: 2 << 20})
	before := heap()
	for i := range 100 {
		send(t, sb, "/v1/batch", bodies[i%2], long[:20_000])
		send(t, sb, "/v1/"+long[:20_000], "", "")
	}
	held := heap() - before
	t.Logf("200 requests take %.1f MB", held/1e6)
	assert.Less(t, held, 10e6)
	for _, req := range sb.Requests() {
		require.Less(t, len(req.SentAt)+len(req.WriteKey)+len(req.Path)+len(req.UserAgent), 20_000)
	}
	runtime.KeepAlive(sb)
}

// Texts that are too short to be clipped count as well.
func TestTextsBesideTheCallsAreCounted(t *testing.T) {
	text := strings.Repeat("x", 900)
	for member, held := range map[string]int{"sentAt": 60, "writeKey": 60, "other": 200} {
		sb := segmenttest.NewInProcess(t, segmenttest.Config{MaxBytes: 60_000})
		for i := range 200 {
			send(t, sb, "/v1/batch", fmt.Sprintf(`{"writeKey":"k","batch":[%s],%q:%q}`, track(fmt.Sprint(i)), member, text), "")
		}
		sum := sb.Summary()
		assert.Equal(t, 200, sum.Accepted)
		assert.InDelta(t, held, sum.RequestsHeld, 10, member)
		assert.InDelta(t, held, sum.CallsHeld, 10, member)
	}
}

// send posts a body and keeps nothing of it.
func send(t *testing.T, sb *segmenttest.Server, path, body, header string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, sb.URL+path, strings.NewReader(body))
	require.NoError(t, err)
	r.Header.Set("User-Agent", header)
	r.Header.Set("X-Retry-Count", header)
	resp, err := sb.Client().Do(r)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
}

// heap returns how many bytes are in use.
func heap() float64 {
	var stats runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&stats)
	return float64(stats.HeapAlloc)
}

// heldBody is a request whose body has come in but for its end.
type heldBody struct {
	body     *io.PipeWriter
	answered chan int
}

func holdBody(t *testing.T, sb *segmenttest.Server, text string) heldBody {
	t.Helper()
	rest, body := io.Pipe()
	held := heldBody{body, make(chan int, 1)}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, sb.URL+"/v1/batch", rest)
	require.NoError(t, err)
	r.SetBasicAuth(canary, "")
	go func() {
		resp, err := sb.Client().Do(r)
		if err != nil {
			held.answered <- 0
			return
		}
		_ = resp.Body.Close()
		held.answered <- resp.StatusCode
	}()
	_, _ = io.WriteString(body, text)
	return held
}

// refusedBeside returns the answer to a body that came while another one was held,
// and checks that the other one was taken. While that was not all there yet, either
// may be refused, or the other one only.
func refusedBeside(t *testing.T, sb *segmenttest.Server, text string) *http.Response {
	t.Helper()
	for {
		first := holdBody(t, sb, text)
		second, err := try(t, sb, "/v1/batch", text)
		require.NoError(t, err)
		require.NoError(t, first.body.Close())
		if <-first.answered == http.StatusOK && second.StatusCode == http.StatusServiceUnavailable {
			return second
		}
	}
}

// A body takes memory from its first part until it is complete and decided.
func TestBodiesInMemoryAtOnceAreBounded(t *testing.T) {
	sb := segmenttest.New(t, segmenttest.Config{MaxBodyMemory: 300_000})
	large := batch(track("large")) + strings.Repeat(" ", 150_000)
	second := refusedBeside(t, sb, large)
	assert.Equal(t, "1", second.Header.Get("Retry-After"))
	text, err := io.ReadAll(second.Body)
	require.NoError(t, err)
	assert.Contains(t, string(text), "too many bodies are in memory at once: send the request again")

	require.Eventually(t, func() bool {
		status, _ := post(t, sb, "/v1/batch", large)
		return status == http.StatusOK
	}, time.Minute, time.Millisecond, "the memory is free again")
}
