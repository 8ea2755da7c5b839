package sandbox_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/Jeffail/gabs/v2"
	"github.com/klauspost/compress/gzip"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"benthos-segment/plugin/segmenttest"
)

const canary = "wk_CANARY_0123456789abcdefghij"

// track returns a call that breaks no rule.
func track(id string) string {
	return fmt.Sprintf(`{"type":"track","event":"Order Completed","userId":"u-%s","messageId":%q}`, id, id)
}

func batch(calls ...string) string {
	return `{"batch":[` + strings.Join(calls, ",") + `],"sentAt":"2026-01-02T03:04:05Z"}`
}

func tracks(from, to int) []string {
	var calls []string
	for i := from; i < to; i++ {
		calls = append(calls, track(fmt.Sprintf("m%d", i)))
	}
	return calls
}

// try posts a body with the canary as the user of Basic authentication.
func try(t *testing.T, sb *segmenttest.Server, path, body string, headers ...string) (*http.Response, error) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, sb.URL+path, strings.NewReader(body))
	require.NoError(t, err)
	r.SetBasicAuth(canary, "")
	r.Header.Set("Content-Type", "application/json")
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
		if headers[i+1] == "" {
			r.Header.Del(headers[i])
		}
	}
	resp, err := sb.Client().Do(r)
	if err == nil {
		t.Cleanup(func() { _ = resp.Body.Close() })
	}
	return resp, err
}

func post(t *testing.T, sb *segmenttest.Server, path, body string, headers ...string) (status int, answer string) {
	t.Helper()
	resp, err := try(t, sb, path, body, headers...)
	require.NoError(t, err)
	text, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return resp.StatusCode, string(text)
}

func zipped(t *testing.T, body string) string {
	t.Helper()
	var buf bytes.Buffer
	zw := gzip.NewWriter(&buf)
	_, err := zw.Write([]byte(body))
	require.NoError(t, err)
	require.NoError(t, zw.Close())
	return buf.String()
}

// control calls the control API and decodes its answer.
func control(t *testing.T, sb *segmenttest.Server, method, path, body string, headers ...string) (status int, answer document) {
	t.Helper()
	status, text := controlText(t, sb, method, path, body, headers...)
	dec := json.NewDecoder(strings.NewReader(text))
	dec.UseNumber()
	parsed, err := gabs.ParseJSONDecoder(dec)
	require.NoError(t, err, "not JSON: %s", text)
	return status, document{parsed}
}

// document is an answer of the control API.
type document struct{ *gabs.Container }

// at returns the value at a path, such as calls.0.seq. Numbers keep their digits.
func (d document) at(path string) any { return d.Path(path).Data() }

// texts returns a member of each element of a list.
func (d document) texts(list, member string) []string {
	texts := []string{}
	for _, element := range d.Path(list).Children() {
		texts = append(texts, fmt.Sprint(element.Path(member).Data()))
	}
	return texts
}

func controlText(t *testing.T, sb *segmenttest.Server, method, path, body string, headers ...string) (status int, answer string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, sb.URL+path, strings.NewReader(body))
	require.NoError(t, err)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
		if headers[i] == "Host" {
			r.Host = headers[i+1]
		}
	}
	resp, err := sb.Client().Do(r)
	require.NoError(t, err)
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	assert.Equal(t, "nosniff", resp.Header.Get("X-Content-Type-Options"))
	assert.NotContains(t, string(text), canary, "the write key shows")
	return resp.StatusCode, string(text)
}

func idsOf(calls []segmenttest.Call) []string {
	ids := []string{}
	for _, call := range calls {
		ids = append(ids, call.MessageID)
	}
	return ids
}
