package gateway_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"benthos-segment/internal/gateway"
	"benthos-segment/internal/ingest"
)

// capture is a request that an unmodified SDK sent to a recording server.
type capture struct {
	Method, Path string
	Body         captured
	Query        map[string]string
	Headers      map[string]string
}

// captured is a body: an object as it was sent, or a text.
type captured string

func (c *captured) UnmarshalJSON(text []byte) error {
	if text[0] == '{' {
		*c = captured(text)
		return nil
	}
	return json.Unmarshal(text, (*string)(c))
}

func capturesOf(t *testing.T, file string) (list []capture) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", "captures", file))
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(text, &list))
	require.NotEmpty(t, list)
	return list
}

// replay sends a request as the SDK did, to another host.
func (d *door) replay(c capture) got {
	d.t.Helper()
	query := url.Values{}
	for name, value := range c.Query {
		query.Set(name, value)
	}
	target := c.Path
	if len(query) > 0 {
		target += "?" + query.Encode()
	}
	var headers []header
	body := []byte(c.Body)
	for name, value := range c.Headers {
		switch strings.ToLower(name) {
		case "host", "content-length", "connection", "accept-encoding":
		default:
			headers = append(headers, header{name, value})
		}
	}
	if c.Headers["content-encoding"] == "gzip" {
		body = zipped(d.t, string(c.Body))
	}
	return d.do(c.Method, target, bytes.NewReader(body), headers...)
}

// Every request of every SDK is answered as it wants to be, and every event arrives
// with all that was in it, in the order of its request.
func TestWhatRealSDKsSent(t *testing.T) {
	for file, dialect := range map[string]string{
		"rudder-analytics-go.requests.json":              "rudderstack",
		"rudder-sdk-node.requests.json":                  "", // Its library is called as Segment's is.
		"rudder-analytics-js-default.requests.json":      "rudderstack",
		"rudder-analytics-js-beacon.requests.json":       "rudderstack",
		"rudder-analytics-js-sourceconfig.requests.json": "rudderstack",
		"segment-analytics-next.requests.json":           "segment",
		"segment-analytics-node.requests.json":           "segment",
	} {
		t.Run(file, func(t *testing.T) {
			d := open(t, func(c *gateway.Config) { c.WriteKeys = nil })
			for _, c := range capturesOf(t, file) {
				before := len(d.taken())
				answer := d.replay(c)
				assertSuits(t, c, answer)
				taken := d.taken()[before:]
				if c.Method != http.MethodPost {
					assert.Empty(t, taken)
					continue
				}
				sent := sentEvents(t, c)
				require.Len(t, taken, len(sent))
				for i := range sent {
					assertKept(t, c, sent[i], taken[i])
					assert.Equal(t, dialect, taken[i].Dialect)
					assert.NotEmpty(t, taken[i].Library)
					assert.NotEmpty(t, taken[i].Version)
				}
			}
		})
	}
}

// assertSuits checks an answer by what SDKs make of it.
func assertSuits(t *testing.T, c capture, answer got) {
	t.Helper()
	origin := c.Headers["origin"]
	if origin != "" {
		assert.Equal(t, origin, answer.header.Get("Access-Control-Allow-Origin"))
	}
	switch c.Method {
	case http.MethodOptions:
		assert.Equal(t, http.StatusNoContent, answer.status)
		allowed := answer.header.Get("Access-Control-Allow-Headers")
		for _, asked := range strings.Split(c.Headers["access-control-request-headers"], ",") {
			assert.Contains(t, allowed, asked)
		}
	case http.MethodGet:
		assert.Equal(t, http.StatusOK, answer.status)
		assert.True(t, json.Valid([]byte(answer.body)))
	default:
		assert.Equal(t, http.StatusOK, answer.status, answer.body)
		assert.Equal(t, `{"success":true}`, answer.body)
		assert.Equal(t, "application/json", answer.header.Get("Content-Type"))
	}
}

func sentEvents(t *testing.T, c capture) []json.RawMessage {
	t.Helper()
	if !strings.HasSuffix(c.Path, "/batch") {
		return []json.RawMessage{json.RawMessage(c.Body)}
	}
	var envelope struct{ Batch []json.RawMessage }
	require.NoError(t, json.Unmarshal([]byte(c.Body), &envelope))
	return envelope.Batch
}

// assertKept checks that an event has all members that were sent, byte for byte,
// and beyond them only what its server adds.
func assertKept(t *testing.T, c capture, sent []byte, event gateway.Event) {
	t.Helper()
	all := members(t, event)
	received, err := time.Parse(time.RFC3339, all["receivedAt"].(string))
	require.NoError(t, err)
	assert.WithinDuration(t, time.Now(), received, time.Hour)
	assert.NotEmpty(t, all["messageId"])
	assert.Equal(t, all["type"], event.Type)
	assert.NotContains(t, all, "writeKey")
	ingest.Members(sent, func(name string, value []byte) {
		switch kept := ingest.Member(event.Content, name); name {
		case "writeKey":
		case "context":
			assertContext(t, c, value, kept)
		default:
			assert.Equal(t, string(value), string(kept), name)
		}
	})
}

// assertContext checks that only the address of a device was added.
func assertContext(t *testing.T, c capture, sent, kept []byte) {
	t.Helper()
	ingest.Members(sent, func(name string, value []byte) {
		assert.Equal(t, string(value), string(ingest.Member(kept, name)), name)
	})
	if ingest.Member(sent, "ip") == nil {
		added := string(ingest.Member(kept, "ip")) == `"127.0.0.1"`
		assert.Equal(t, c.Headers["origin"] != "", added, "pages get the address of their client, servers do not")
	}
}
