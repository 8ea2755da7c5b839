package plugin_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"testing"

	"github.com/redpanda-data/benthos/v4/public/service"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"benthos-segment/internal/streamtest"
	"benthos-segment/plugin/segmenttest"
)

// replay sends what an SDK posted, with its headers and its compression.
func (d *frontDoor) replay(method, path string, query, headers map[string]string, body json.RawMessage) {
	d.t.Helper()
	if method != http.MethodPost {
		return
	}
	values := url.Values{}
	for name, value := range query {
		values.Set(name, value)
	}
	sent := []byte(body)
	if headers["content-encoding"] == "gzip" {
		var zipped bytes.Buffer
		w := gzip.NewWriter(&zipped)
		_, err := w.Write(body)
		require.NoError(d.t, err)
		require.NoError(d.t, w.Close())
		sent = zipped.Bytes()
	}
	req, err := http.NewRequest(method, d.url+path+"?"+values.Encode(), bytes.NewReader(sent))
	require.NoError(d.t, err)
	for name, value := range headers {
		if name != "content-length" && name != "host" && name != "connection" {
			req.Header.Set(name, value)
		}
	}
	resp, err := http.DefaultClient.Do(req)
	require.NoError(d.t, err)
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	require.NoError(d.t, err)
	require.Equal(d.t, http.StatusOK, resp.StatusCode, string(answer))
	require.Equal(d.t, `{"success":true}`, string(answer))
}

// Every event that real SDKs sent reaches Segment once, through the whole way, as a
// call that Segment does not discard.
func TestWhatRealSDKsSentArrivesAtSegment(t *testing.T) {
	for file, events := range map[string]int{
		"rudder-analytics-go": 26, "rudder-sdk-node": 28, "rudder-analytics-js-default": 29, "rudder-analytics-js-beacon": 29,
		"rudder-analytics-js-sourceconfig": 4, "segment-analytics-next": 28, "segment-analytics-node": 26,
	} {
		t.Run(file, func(t *testing.T) {
			text, err := os.ReadFile(filepath.Join("..", "internal", "gateway", "testdata", "captures", file+".requests.json"))
			require.NoError(t, err)
			var captured []struct {
				Method, Path   string
				Query, Headers map[string]string
				Body           json.RawMessage
			}
			require.NoError(t, json.Unmarshal(text, &captured))
			sandbox := segmenttest.New(t)
			d := openDoor(t, fields{"write_keys": []string{}}, func(builder *service.StreamBuilder) {
				require.NoError(t, builder.SetBufferYAML(fmt.Sprintf("journal: {path: %q}", filepath.Join(t.TempDir(), "queue"))))
				require.NoError(t, builder.AddOutputYAML(streamtest.WithDeadLetter(segmentOutput(sandbox.URL))))
			})
			for _, c := range captured {
				d.replay(c.Method, c.Path, c.Query, c.Headers, c.Body)
			}
			sandbox.Wait(events)
			summary := sandbox.Summary()
			assert.Equal(t, events, summary.Unique)
			assert.Zero(t, summary.Discarded)
			assert.Zero(t, summary.Duplicates)
			assert.Empty(t, d.dead.Letters())
		})
	}
}
