package ingest_test

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/iotest"

	"github.com/klauspost/compress/gzip"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"benthos-segment/internal/ingest"
)

func zipped(t *testing.T, text string) string {
	t.Helper()
	var buf bytes.Buffer
	zw := gzip.NewWriter(&buf)
	_, err := io.WriteString(zw, text)
	require.NoError(t, err)
	require.NoError(t, zw.Close())
	return buf.String()
}

func request(encoding string, body io.Reader) *http.Request {
	r := httptest.NewRequest(http.MethodPost, "/v1/batch", body)
	r.Header.Set("Content-Encoding", encoding)
	return r
}

func TestABodyIsReadAsItWasSent(t *testing.T) {
	reader := ingest.NewBodyReader(100_000, 200_000, 1<<20)
	for _, size := range []int{0, 1, 16 << 10, 16<<10 + 1, 99_999, 100_000} {
		text := strings.Repeat("x", size)
		for encoding, body := range map[string]string{
			"": text, "identity": text, "gzip": zipped(t, text), "X-GZIP ": zipped(t, text),
			"Gzip": zipped(t, text[:size/2]) + zipped(t, text[size/2:]), // several members
		} {
			got, err := reader.Read(request(encoding, iotest.HalfReader(strings.NewReader(body))))
			require.NoError(t, err)
			assert.Equal(t, text, string(got.Bytes))
			assert.EqualValues(t, size, got.Size)
			assert.EqualValues(t, len(body), got.Wire)
			got.Release()
			assert.Nil(t, got.Bytes)
		}
	}
}

func TestALongBodyIsOnlyCounted(t *testing.T) {
	reader := ingest.NewBodyReader(1_000, 50_000, 1<<20)
	for encoding, pack := range map[string]func(string) string{
		"": func(text string) string { return text }, "gzip": func(text string) string { return zipped(t, text) },
	} {
		got, err := reader.Read(request(encoding, strings.NewReader(pack(strings.Repeat("x", 1_001)))))
		require.NoError(t, err)
		assert.Nil(t, got.Bytes)
		assert.EqualValues(t, 1_001, got.Size)
		got.Release()

		got, err = reader.Read(request(encoding, strings.NewReader(pack(strings.Repeat("x", 50_001)))))
		require.ErrorIs(t, err, ingest.ErrTooLarge)
		assert.Nil(t, got.Bytes)
		assert.EqualValues(t, 50_000, got.Size)
		got.Release()
	}
}

func TestABodyThatCannotBeReadSaysWhy(t *testing.T) {
	reader := ingest.NewBodyReader(100_000, 100_000, 1<<20)
	whole := zipped(t, "hello")
	gone := errors.New("gone")
	for name, given := range map[string]struct {
		encoding string
		body     io.Reader
		says     string
	}{
		"cut gzip":           {"gzip", strings.NewReader(whole[:len(whole)-3]), "inflating gzip body"},
		"no gzip":            {"gzip", strings.NewReader("hello there, world"), "opening gzip body"},
		"garbage after it":   {"gzip", strings.NewReader(whole + "garbage, and more"), "inflating gzip body"},
		"empty gzip":         {"gzip", strings.NewReader(""), "opening gzip body"},
		"unknown":            {"zstd", strings.NewReader("x"), `content encoding "zstd" is not supported: send gzip or none`},
		"stacked":            {"br, gzip", strings.NewReader(whole), `content encoding "br, gzip"`},
		"a client that went": {"", io.MultiReader(strings.NewReader("hel"), iotest.ErrReader(gone)), "gone"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := reader.Read(request(given.encoding, given.body))
			defer got.Release()
			require.ErrorContains(t, err, given.says)
			assert.Nil(t, got.Bytes)
			encodingErr, isEncoding := errors.AsType[*ingest.EncodingError](err)
			assert.Equal(t, strings.Contains(given.says, "encoding"), isEncoding)
			if isEncoding {
				assert.Equal(t, given.encoding, encodingErr.Encoding)
			}
		})
	}
	// What was left in a pooled reader harms nobody.
	got, err := reader.Read(request("gzip", strings.NewReader(whole)))
	require.NoError(t, err)
	assert.Equal(t, "hello", string(got.Bytes))
	got.Release()
}

func TestBodiesShareTheirMemory(t *testing.T) {
	reader := ingest.NewBodyReader(100_000, 100_000, 150_000)
	large := strings.Repeat("x", 90_000)
	first, err := reader.Read(request("", strings.NewReader(large)))
	require.NoError(t, err)
	second, err := reader.Read(request("", strings.NewReader(large)))
	require.ErrorIs(t, err, ingest.ErrBusy)
	assert.Nil(t, second.Bytes)
	second.Release()
	assert.Equal(t, large, string(first.Bytes))
	first.Release()

	// All of it came back.
	var readers sync.WaitGroup
	for range 8 {
		readers.Go(func() {
			for range 50 {
				body, err := reader.Read(request("", strings.NewReader(large)))
				if err != nil {
					assert.ErrorIs(t, err, ingest.ErrBusy)
				}
				body.Release()
			}
		})
	}
	readers.Wait()
	last, err := reader.Read(request("", strings.NewReader(large)))
	require.NoError(t, err)
	last.Release()
}
