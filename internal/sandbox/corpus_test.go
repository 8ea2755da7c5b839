package sandbox_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"benthos-segment/internal/sandbox/inbox"
	"benthos-segment/plugin/segmenttest"
)

const corpusDir = "../segment/testdata/corpus"

// Whatever is sent among good calls: the good ones are accepted and the bad one
// is recorded with what is wrong with it, or the whole request is answered with
// 400 if it cannot be taken apart.
func TestBadInputAmongGoodCalls(t *testing.T) {
	table, err := os.ReadFile(filepath.Join(corpusDir, "outcomes.tsv"))
	require.NoError(t, err)
	for _, line := range strings.Split(strings.TrimSpace(string(table)), "\n")[1:] {
		columns := strings.Split(line, "\t")
		file, judged := columns[0], columns[2]
		item, err := os.ReadFile(filepath.Join(corpusDir, file))
		require.NoError(t, err)
		t.Run(file, func(t *testing.T) {
			sb := segmenttest.NewInProcess(t)
			body := `{"batch":[` + track("a") + `,` + string(item) + `,` + track("b") + `]}`

			status, answer := post(t, sb, "/v1/batch", body)

			require.Len(t, sb.Requests(), 1)
			switch {
			// Within a body, a byte order mark is invalid.
			case strings.HasPrefix(judged, "invalid_json"), strings.HasPrefix(file, "encoding-bom"):
				assert.Equal(t, http.StatusBadRequest, status, answer)
				assert.Empty(t, sb.Calls())
				return
			case len(item) > 32<<10:
				assert.Equal(t, http.StatusBadRequest, status, answer)
				assert.Contains(t, answer, "oversized_call")
				return
			}
			require.Equal(t, http.StatusOK, status, answer)
			calls := sb.Calls()
			require.Len(t, calls, 3)
			assert.True(t, calls[0].Accepted && calls[2].Accepted, "the good ones are taken")
			assert.ElementsMatch(t, strings.Split(judged, ", "), judgement(calls[1]))
			assert.Equal(t, len(calls[1].Violations) == 0, calls[1].Accepted)
			assert.Equal(t, strings.TrimSpace(string(item)), string(calls[1].Raw), "its bytes are kept")
		})
	}
}

// judgement writes the rules that a call breaks in the form of the table of
// outcomes, whether Segment would discard the call or not.
func judgement(call segmenttest.Call) []string {
	var parts []string
	for _, v := range slices.Concat(call.Violations, call.Warnings) {
		if v.Code == inbox.BlanksAround {
			continue // The sandbox alone warns of it: it is no rule.
		}
		field := v.Field
		if field == "" {
			field = "-"
		}
		parts = append(parts, v.Code+" "+field)
	}
	if len(parts) == 0 {
		return []string{"fine"}
	}
	return parts
}

// Segment asks for application/json but does not require it.
func TestAnyContentTypeWillDo(t *testing.T) {
	for _, contentType := range []string{
		"", "application/json", "application/json; charset=utf-8", "APPLICATION/JSON", "text/plain",
		"text/plain;charset=UTF-8", "application/x-www-form-urlencoded", "application/octet-stream", "nonsense", ";",
	} {
		sb := segmenttest.New(t)
		status, answer := post(t, sb, "/v1/batch", batch(track("m")), "Content-Type", contentType)
		assert.Equal(t, http.StatusOK, status, "%q: %s", contentType, answer)
		assert.Len(t, sb.Calls(), 1)
	}
}

// FuzzBody: whatever the body and its encoding, the sandbox answers, and accepts a
// good request after it.
func FuzzBody(f *testing.F) {
	good := batch(track("m"))
	for _, encoding := range []string{"", "identity", "gzip", "x-gzip", "br, gzip", "gzip, gzip", "\x00"} {
		f.Add([]byte(good), encoding, "application/json")
		f.Add([]byte("\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"), encoding, "text/plain")
		f.Add([]byte(`{"batch":[1,{},"x",[]],"writeKey":"k"}`), encoding, "")
	}
	f.Fuzz(func(t *testing.T, body []byte, encoding, contentType string) {
		sb := segmenttest.NewInProcess(t, segmenttest.Config{MaxBodyBytes: 1 << 20})
		client := sb.Client()
		r, err := http.NewRequest(http.MethodPost, "http://127.0.0.1/v1/batch", strings.NewReader(string(body)))
		require.NoError(t, err)
		r.SetBasicAuth(canary, "")
		r.Header.Set("Content-Encoding", encoding)
		r.Header.Set("Content-Type", contentType)
		resp, err := client.Do(r)
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		require.Contains(t, []int{http.StatusOK, http.StatusBadRequest}, resp.StatusCode)
		sum := sb.Summary()
		require.Equal(t, 1, sum.Requests)
		if resp.StatusCode != http.StatusOK {
			require.Zero(t, sum.Calls)
		}
		require.LessOrEqual(t, sum.Bytes, int64(1<<20))

		again, err := http.NewRequest(http.MethodPost, "http://127.0.0.1/v1/batch", strings.NewReader(good))
		require.NoError(t, err)
		again.SetBasicAuth(canary, "")
		resp, err = client.Do(again)
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		require.Equal(t, http.StatusOK, resp.StatusCode, fmt.Sprint(sb.Summary()))
	})
}
