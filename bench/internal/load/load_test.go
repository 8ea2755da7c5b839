package load

import (
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

func plan(t *testing.T, handler http.HandlerFunc) Plan {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	path := filepath.Join(t.TempDir(), "events.ndjson")
	if err := os.WriteFile(path, []byte("{\"n\":1}\n{\"n\":2}\n{\"n\":3}"), 0o600); err != nil {
		t.Fatal(err)
	}
	return Plan{
		Address: strings.TrimPrefix(server.URL, "http://"), WriteKey: "a-key", File: path,
		Events: 2, IsGzip: true, Connections: 3, Lasts: 50 * time.Millisecond,
	}
}

func TestEveryRequestIsCountedThatTheServerSaw(t *testing.T) {
	var seen atomic.Int64
	result, err := Run(plan(t, func(w http.ResponseWriter, r *http.Request) {
		body, err := gzip.NewReader(r.Body)
		if err != nil {
			t.Error(err)
			return
		}
		text, err := io.ReadAll(body)
		if key, _, _ := r.BasicAuth(); err != nil || key != "a-key" || !strings.HasPrefix(string(text), `{"batch":[{"n":1},{"n":2}],`) {
			t.Errorf("%q %q %v", key, text, err)
		}
		seen.Add(1)
	}))
	if err != nil || result.Requests == 0 || int64(result.Requests) != seen.Load() {
		t.Errorf("%+v %v, and the server saw %d", result, err, seen.Load())
	}
}

// A front door that refuses would look fast.
func TestAnyAnswerBut200IsAnError(t *testing.T) {
	_, err := Run(plan(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTooManyRequests) }))
	if err == nil || !strings.Contains(err.Error(), "429") {
		t.Errorf("got %v", err)
	}
}
