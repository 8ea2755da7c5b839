package tracking

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"benthos-segment/internal/segment"
	"benthos-segment/internal/tracking/oauth"
)

// taking is a server that keeps the bodies it is sent, as they came.
type taking struct {
	quiet
	bodies   [][]byte
	zipped   []bool
	declared []int64
	told     []Request
}

func (s *taking) RoundTrip(req *http.Request) (*http.Response, error) {
	if strings.HasSuffix(req.URL.Path, "/token") {
		return answering(req, `{"access_token":"token","expires_in":3600}`), nil
	}
	body, err := io.ReadAll(req.Body)
	s.bodies = append(s.bodies, body)
	s.zipped = append(s.zipped, req.Header.Get("Content-Encoding") == "gzip")
	s.declared = append(s.declared, req.ContentLength)
	return answering(req, "{}"), err
}

func (s *taking) Sending(ctx context.Context, req Request) (context.Context, func(Answer)) {
	s.told = append(s.told, req)
	return ctx, func(Answer) {}
}

// text is the nth body, as whoever reads it sees it.
func (s *taking) text(t *testing.T, n int) []byte {
	t.Helper()
	if !s.zipped[n] {
		return s.bodies[n]
	}
	reader, err := gzip.NewReader(bytes.NewReader(s.bodies[n]))
	require.NoError(t, err)
	text, err := io.ReadAll(reader)
	require.NoError(t, err)
	return text
}

// FuzzRequest checks that what a request is counted for is what is written:
// its size before and after compression, within the limit, and each call in it
// as it was given, once and in order.
func FuzzRequest(f *testing.F) {
	f.Add([]byte{1, 2, 3}, "key", uint16(100), true, true, false)
	f.Add(bytes.Repeat([]byte{200}, 40), "", uint16(0), false, false, false)
	f.Add(bytes.Repeat([]byte{0, 255}, 100), "\x00\"\xff€", uint16(2000), true, false, true)
	f.Add(bytes.Repeat([]byte{0}, 200), strings.Repeat("k", 100), uint16(0), false, false, true)
	f.Add([]byte{}, "key", uint16(7), true, true, true)
	f.Fuzz(func(t *testing.T, sizes []byte, key string, more uint16, zip, stamp, authorized bool) {
		server := &taking{}
		conf := testConfig("http://127.0.0.1", server)
		// The largest call and the longest envelope fit.
		conf.MaxRequestBytes = 500 + 6*len(key) + int(more)
		conf.Gzip, conf.SentAt = zip, stamp
		if authorized {
			conf.OAuth = &oauth.Config{ClientID: "app", PrivateKey: anyKey(), Server: "http://127.0.0.1", Scope: "s"}
		}
		client := NewClient(conf)
		defer client.Close()
		calls := make([]segment.Call, len(sizes))
		var given []string
		for i, size := range sizes {
			calls[i] = segment.Call{WriteKey: key, JSON: fmt.Appendf(nil, `{"n":%d,"text":%q}`, i, strings.Repeat("x", int(size)))}
			given = append(given, string(calls[i].JSON))
		}

		require.Empty(t, client.Send(t.Context(), calls, server))

		var arrived []string
		for n := range server.bodies {
			text := server.text(t, n)
			var read struct{ Batch []json.RawMessage }
			require.NoError(t, json.Unmarshal(text, &read), "%q", text)
			for _, call := range read.Batch {
				arrived = append(arrived, string(call))
			}
			assert.Len(t, text, server.told[n].Bytes)
			assert.LessOrEqual(t, len(text), conf.MaxRequestBytes)
			assert.Len(t, server.bodies[n], server.told[n].WireBytes)
			assert.EqualValues(t, len(server.bodies[n]), server.declared[n])
		}
		assert.Equal(t, given, arrived)
	})
}
