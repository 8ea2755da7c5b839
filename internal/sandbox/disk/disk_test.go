package disk_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.etcd.io/bbolt"

	"benthos-segment/internal/sandbox"
	"benthos-segment/internal/sandbox/disk"
)

// life is a sandbox from one start to the next stop.
type life struct {
	t    *testing.T
	disk *disk.Disk
	box  *sandbox.Sandbox
}

func begin(t *testing.T, dir string, cfg sandbox.Config) *life {
	t.Helper()
	kept, err := disk.Open(dir, func(text string) { t.Error(text) })
	require.NoError(t, err)
	held, err := kept.Load()
	require.NoError(t, err)
	cfg.Keeper, cfg.Held, cfg.Run = kept, held, kept.Run()
	return &life{t, kept, sandbox.New(cfg)}
}

func (l *life) end() {
	l.t.Helper()
	require.NoError(l.t, l.disk.Close())
}

func (l *life) do(method, path, body string) string {
	l.t.Helper()
	r := httptest.NewRequestWithContext(l.t.Context(), method, "http://127.0.0.1"+path, strings.NewReader(body))
	r.SetBasicAuth("secret-write-key", "")
	w := httptest.NewRecorder()
	l.box.ServeHTTP(w, r)
	answer, err := io.ReadAll(w.Result().Body)
	require.NoError(l.t, err)
	return string(answer)
}

func (l *life) send(calls ...string) {
	l.t.Helper()
	l.do(http.MethodPost, "/v1/batch", `{"batch":[`+strings.Join(calls, ",")+`]}`)
}

func track(id int) string {
	return fmt.Sprintf(`{"type":"track","event":"E %d","userId":"u%d","messageId":"m%d","properties":{"n":9007199254740993}}`, id, id%3, id)
}

// shown is everything that the API shows of what is held.
func (l *life) shown() string {
	l.t.Helper()
	var all []string
	for _, path := range []string{"/summary", "/calls?raw=true&limit=10000", "/requests?limit=10000", "/violations", "/export?format=ndjson", "/person?id=u1"} {
		all = append(all, l.do(http.MethodGet, "/api/v1"+path, ""))
	}
	return strings.Join(all, "\n")
}

func TestARestartLosesNothing(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	first := begin(t, dir, sandbox.Config{})
	first.send(track(1), track(2), `{"type":"track","userId":"u","timestamp":"x"}`, `{"type":"page","userId":"h\ud800","messageId":"odd"}`)
	first.send("not JSON")
	first.do(http.MethodPost, "/v1/page", "{\n \"userId\": \"u1\", \"writeKey\": \"key-in-the-body\"}")
	before := first.shown()
	first.end()

	second := begin(t, dir, sandbox.Config{})
	assert.Equal(t, before, second.shown())
	assert.NotContains(t, second.shown(), "key-in-the-body")
	assert.Equal(t, first.disk.Run(), second.disk.Run(), "a page that is open goes on")

	// It goes on as if it had not ended.
	second.send(track(2), `{"type":"identify","userId":"u1","messageId":"t","traits":{"plan":1}}`)
	var sum struct{ Calls, Duplicates, LastSeq, Requests int }
	require.NoError(t, json.Unmarshal([]byte(strings.ReplaceAll(second.do(http.MethodGet, "/api/v1/summary", ""), "last_seq", "LastSeq")), &sum))
	assert.Equal(t, 1, sum.Duplicates)
	assert.Equal(t, 7, sum.LastSeq)
	assert.Equal(t, 4, sum.Requests)
	call, found := second.box.Inbox.Call(1)
	require.True(t, found)
	assert.Equal(t, "secret-write-key", call.WriteKey, "a replay needs it")
	second.end()
	third := begin(t, dir, sandbox.Config{})
	third.send(`{"type":"identify","userId":"u1","messageId":"t2","traits":{"plan":"gold"}}`)
	assert.Contains(t, third.do(http.MethodGet, "/api/v1/calls/8", ""), "trait_type_changed")
	third.end()
}

// Whatever is sent, deleted and forgotten, with whatever bounds: what is shown is
// the same after a restart.
func TestRandomLivesAreContinued(t *testing.T) {
	for seed := range uint64(8) {
		random := rand.New(rand.NewPCG(seed, 0))
		dir := t.TempDir()
		cfg := sandbox.Config{MaxCalls: 1 + random.IntN(60), MaxRequests: 1 + random.IntN(20)}
		l := begin(t, dir, cfg)
		for step := range 120 {
			switch random.IntN(12) {
			case 0:
				l.do(http.MethodDelete, fmt.Sprintf("/api/v1/calls?q=user:u%d", random.IntN(3)), "")
			case 1:
				if random.IntN(4) == 0 {
					l.do(http.MethodPost, "/api/v1/reset", "")
				}
			case 2:
				l.send("{")
			case 3, 4:
				before := l.shown()
				l.end()
				l = begin(t, dir, cfg)
				require.Equal(t, before, l.shown(), "seed %d, step %d", seed, step)
			default:
				calls := make([]string, 1+random.IntN(9))
				for i := range calls {
					calls[i] = track(random.IntN(500))
				}
				l.send(calls...)
			}
		}
		l.end()
	}
}

func TestTheDiskIsAsBoundedAsTheInbox(t *testing.T) {
	dir := t.TempDir()
	l := begin(t, dir, sandbox.Config{MaxCalls: 100, MaxRequests: 100})
	size := func() int64 {
		info, err := os.Stat(filepath.Join(dir, "sandbox.db"))
		require.NoError(t, err)
		return info.Size()
	}
	padding := strings.Repeat("x", 2000)
	for i := range 2000 {
		l.send(strings.Replace(track(i), `"n":`, `"padding":"`+padding+`","n":`, 1))
	}
	l.end()
	assert.Less(t, size(), int64(4<<20), "of 4 MB that came, 200 kB are held")

	narrower := begin(t, dir, sandbox.Config{MaxCalls: 3, MaxRequests: 3})
	assert.Len(t, strings.Split(strings.TrimSpace(narrower.do(http.MethodGet, "/api/v1/export?format=ndjson", "")), "\n"), 3)
	narrower.end()
}

// What is on the disk when a process is killed is what a copy of the file has.
func TestAKilledSandboxIsContinued(t *testing.T) {
	dir, copied := t.TempDir(), t.TempDir()
	l := begin(t, dir, sandbox.Config{})
	for i := range 50 {
		l.send(track(i))
	}
	before := l.shown()
	// What was sent last may still be on its way.
	require.Eventually(t, func() bool {
		text, err := os.ReadFile(filepath.Join(dir, "sandbox.db"))
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(copied, "sandbox.db"), text, 0o600))
		again := begin(t, copied, sandbox.Config{})
		defer again.end()
		return before == again.shown()
	}, time.Minute, 10*time.Millisecond)
	l.end()
}

func TestWhatCannotBeOpenedSaysWhatToDo(t *testing.T) {
	open := func(dir string) error {
		kept, err := disk.Open(dir, func(string) {})
		if err != nil {
			return err
		}
		_, err = kept.Load()
		return errors.Join(err, kept.Close())
	}
	used := t.TempDir()
	l := begin(t, used, sandbox.Config{})
	l.send(track(1))
	assert.ErrorContains(t, open(used), "another sandbox has "+used+" open: stop it, or name another directory")
	l.end()
	assert.NoError(t, open(used))

	noise := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(noise, "sandbox.db"), []byte(strings.Repeat("noise", 5000)), 0o600))
	assert.ErrorContains(t, open(noise), "if it is damaged, move it away to begin anew")

	newer := t.TempDir()
	edit(t, newer, func(tx *bbolt.Tx) error { return tx.Bucket([]byte("about")).Put([]byte("format"), []byte("2")) })
	assert.ErrorContains(t, open(newer), `its format is "2", and this version reads only "1"`)

	for _, bucket := range []string{"calls", "requests"} {
		torn := t.TempDir()
		edit(t, torn, func(tx *bbolt.Tx) error { return tx.Bucket([]byte(bucket)).Put(make([]byte, 8), []byte("\xff")) })
		assert.ErrorContains(t, open(torn), "move it away to begin anew", bucket)
	}
	taken := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(taken, nil, 0o600))
	assert.ErrorContains(t, open(taken), "making the directory")
}

// edit makes a directory and changes its file behind the back of the sandbox.
func edit(t *testing.T, dir string, change func(tx *bbolt.Tx) error) {
	t.Helper()
	begin(t, dir, sandbox.Config{}).end()
	db, err := bbolt.Open(filepath.Join(dir, "sandbox.db"), 0o600, nil)
	require.NoError(t, err)
	require.NoError(t, db.Update(change))
	require.NoError(t, db.Close())
}

// Customers' data and write keys are nobody else's.
func TestOnlyTheOwnerMayReadTheFile(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new")
	begin(t, dir, sandbox.Config{}).end()
	for path, want := range map[string]os.FileMode{dir: 0o700, filepath.Join(dir, "sandbox.db"): 0o600} {
		info, err := os.Stat(path)
		require.NoError(t, err)
		assert.Equal(t, want, info.Mode().Perm(), path)
	}
}
