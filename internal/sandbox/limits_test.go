package sandbox_test

import (
	"bytes"
	"net/http"
	"runtime"
	"strings"
	"testing"

	"github.com/klauspost/compress/gzip"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"benthos-segment/plugin/segmenttest"
)

// sized returns a track call of that many bytes, in letters of two bytes.
func sized(t *testing.T, id string, size int) string {
	t.Helper()
	call := `{"type":"track","event":"E","userId":"u","messageId":"` + id + `","properties":{"t":""}}`
	room := size - len(call)
	require.GreaterOrEqual(t, room, 0)
	fill := strings.Repeat("é", room/2) + strings.Repeat("x", room%2)
	return strings.Replace(call, `"t":""`, `"t":"`+fill+`"`, 1)
}

func TestLimitsAreThoseOfSegment(t *testing.T) {
	const callLimit, batchLimit = 32 * 1024, 500 * 1024
	full := batch(sized(t, "a", 30_000))
	pad := func(size int) string { return full + strings.Repeat(" ", size-len(full)) }
	for name, given := range map[string]struct {
		path, body string
		status     int
	}{
		"call at the limit":          {"/v1/track", sized(t, "a", callLimit), http.StatusOK},
		"call over the limit":        {"/v1/track", sized(t, "a", callLimit+1), http.StatusBadRequest},
		"batched call at the limit":  {"/v1/batch", batch(track("m"), sized(t, "a", callLimit)), http.StatusOK},
		"batched call over":          {"/v1/batch", batch(track("m"), sized(t, "a", callLimit+1)), http.StatusBadRequest},
		"batch at the limit":         {"/v1/batch", pad(batchLimit), http.StatusOK},
		"batch over the limit":       {"/v1/batch", pad(batchLimit + 1), http.StatusBadRequest},
		"import over the limit":      {"/v1/import", pad(batchLimit + 1), http.StatusBadRequest},
		"as many calls as can be":    {"/v1/batch", batch(tracks(0, 2500)...), http.StatusOK},
		"body beyond what is read":   {"/v1/batch", pad(6 << 20), http.StatusBadRequest},
		"more calls than can be, ok": {"/v1/batch", batch(tracks(0, 2501)...), http.StatusOK},
	} {
		t.Run(name, func(t *testing.T) {
			for _, encoding := range []string{"", "gzip"} {
				sb := segmenttest.New(t)
				body := given.body
				if encoding == "gzip" {
					body = zipped(t, body)
				}
				status, answer := post(t, sb, given.path, body, "Content-Encoding", encoding)
				assert.Equal(t, given.status, status, answer)
				if given.status != http.StatusOK {
					assert.Empty(t, sb.Calls())
				}
			}
		})
	}
}

func TestBatchesOfTooManyCallsAreDiscardedWhole(t *testing.T) {
	sb := segmenttest.New(t)
	post(t, sb, "/v1/batch", batch(tracks(0, 2500)...))
	post(t, sb, "/v1/batch", batch(tracks(2500, 5001)...))

	sum := sb.Summary()
	assert.Equal(t, 2500, sum.Accepted)
	assert.Equal(t, 2501, sum.Discarded)
	assert.Equal(t, 2501, sum.Violations["oversized_batch"])
}

func TestARefusedBatchStillShowsItsMessageIDs(t *testing.T) {
	sb := segmenttest.New(t)
	post(t, sb, "/v1/batch", batch(track("m1"), sized(t, "m2", 40_000)))

	assert.Equal(t, []string{"m1", "m2"}, sb.Requests()[0].MessageIDs)
	assert.Contains(t, sb.Requests()[0].Refusal, "call 1 has 40000 bytes")
	assert.Zero(t, sb.Requests()[0].Accepted)
}

func TestBodiesThatCannotBeDecoded(t *testing.T) {
	good := batch(track("m"))
	whole := zipped(t, good)
	for name, given := range map[string]struct{ encoding, body string }{
		"truncated gzip":   {"gzip", whole[:len(whole)-9]},
		"gzip header only": {"gzip", whole[:5]},
		"no gzip":          {"gzip", good},
		"garbage after":    {"gzip", whole + "garbage"},
		"stacked":          {"br, gzip", whole},
		"unknown":          {"zstd", good},
		"zipped twice":     {"gzip", zipped(t, whole)},
		"not JSON":         {"", "hello"},
		"cut JSON":         {"", good[:len(good)-3]},
		"empty":            {"", ""},
	} {
		t.Run(name, func(t *testing.T) {
			sb := segmenttest.New(t)
			status, answer := post(t, sb, "/v1/batch", given.body, "Content-Encoding", given.encoding)
			assert.Equal(t, http.StatusBadRequest, status)
			assert.Contains(t, answer, `"success":false`)
			assert.Len(t, sb.Requests(), 1)

			// What is left in a pooled reader does no harm.
			status, _ = post(t, sb, "/v1/batch", whole, "Content-Encoding", "gzip")
			assert.Equal(t, http.StatusOK, status)
		})
	}
}

func TestAGzipBombStaysSmall(t *testing.T) {
	const inflated = 1 << 30
	var bomb bytes.Buffer
	zw := gzip.NewWriter(&bomb)
	zeros := make([]byte, 1<<20)
	for range inflated / len(zeros) {
		_, err := zw.Write(zeros)
		require.NoError(t, err)
	}
	require.NoError(t, zw.Close())
	require.Less(t, bomb.Len(), 5<<20, "or it is not the inflating that is bounded")
	sb := segmenttest.New(t)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)

	status, answer := post(t, sb, "/v1/batch", bomb.String(), "Content-Encoding", "gzip")

	runtime.ReadMemStats(&after)
	assert.Equal(t, http.StatusBadRequest, status)
	assert.Contains(t, answer, "too large")
	assert.LessOrEqual(t, sb.Requests()[0].Bytes, int64(5<<20))
	assert.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(64<<20))
}

func TestTheBodyOnTheWireIsBounded(t *testing.T) {
	sb := segmenttest.New(t, segmenttest.Config{MaxBodyBytes: 1000})
	status, _ := post(t, sb, "/v1/batch", strings.Repeat(" ", 1001))
	assert.Equal(t, http.StatusBadRequest, status)
	assert.EqualValues(t, 1000, sb.Requests()[0].BytesOnWire)

	exact := batch(track("m"))
	status, _ = post(t, sb, "/v1/batch", exact+strings.Repeat(" ", 1000-len(exact)))
	assert.Equal(t, http.StatusOK, status)
}
