package main

import (
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"benthos-segment/plugin/segmenttest"
)

// sdk is a client that sends the events of one person, one request after the
// other, as an SDK does: until it is answered with 200.
type sdk struct {
	person string
	number int
	// answered are the message ids of events that were answered with 200.
	answered []string
	// count is how many were, of all clients.
	count *atomic.Int64
}

// send sends events until a request is not answered with 200. It sends the same
// events again when it is called again.
func (s *sdk) send(url, key string) {
	for {
		var events, ids []string
		for i := range 3 {
			id := fmt.Sprintf("%s-%06d", s.person, s.number+i)
			ids = append(ids, id)
			events = append(events, fmt.Sprintf(`{"type":"track","event":"E","userId":%q,"messageId":%q}`, s.person, id))
		}
		req, err := http.NewRequest(http.MethodPost, url+"/v1/batch", strings.NewReader(`{"batch":[`+strings.Join(events, ",")+`]}`))
		if err != nil {
			return
		}
		req.SetBasicAuth(key, "")
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			return
		}
		_, _ = io.Copy(io.Discard, res.Body)
		_ = res.Body.Close()
		if res.StatusCode != http.StatusOK {
			return
		}
		s.answered = append(s.answered, ids...)
		s.number += len(ids)
		s.count.Add(int64(len(ids)))
	}
}

// Whatever was answered with 200 arrives at Segment, once for all it knows and in
// the order of each person, although the process is killed and stopped again and
// again, and Segment is away in between.
func TestTheFrontDoorSurvivesKills(t *testing.T) {
	const key = "the-secret-write-key"
	server := segmenttest.New(t)
	address := freeAddress(t)
	config := pipeline(t, fmt.Sprintf(`
http: {enabled: false}
logger: {level: TRACE}
input:
  segment: {address: %q, write_keys: [%q]}
buffer:
  journal: {path: %q, at_end: keep}
output:
  segment: {write_key: %q, endpoint: %q, batching: {count: 300, period: 5ms}, retry: {initial_interval: 5ms, max_interval: 20ms}}
`, address, key, filepath.Join(t.TempDir(), "queue"), key, server.URL))

	const clients, rounds = 6, 6
	var count atomic.Int64
	people := make([]sdk, clients)
	for i := range people {
		people[i].person, people[i].count = fmt.Sprintf("person-%d", i), &count
	}
	said := ""
	for round := range rounds {
		p := begin(t, "run", config)
		p.awaitText("Input type segment is now active")
		if round%2 == 0 {
			server.Fail(http.StatusServiceUnavailable).Times(3)
			server.Fail(http.StatusTooManyRequests).RetryAfter("0").Times(2)
		}
		before := count.Load()
		var sending sync.WaitGroup
		for i := range people {
			sending.Go(func() { people[i].send("http://"+address, key) })
		}
		require.Eventually(t, func() bool { return count.Load() > before+300+37*int64(round) }, 60*time.Second, time.Millisecond, lazily(p.said))
		signal := syscall.SIGKILL
		if round%3 == 2 {
			signal = syscall.SIGTERM
		}
		require.NoError(t, p.Process.Signal(signal))
		<-p.ended
		sending.Wait()
		said += p.said()
	}
	p := begin(t, "run", config)
	p.awaitText("Input type segment is now active")
	arrived := func() map[string][]string {
		first := map[string]bool{}
		of := map[string][]string{}
		for _, call := range server.Calls() {
			if !first[call.MessageID] {
				first[call.MessageID] = true
				of[call.UserID] = append(of[call.UserID], call.MessageID)
			}
		}
		return of
	}
	require.Eventually(t, func() bool {
		all := arrived()
		for _, person := range people {
			if len(all[person.person]) < len(person.answered) {
				return false
			}
		}
		return true
	}, 60*time.Second, 50*time.Millisecond, lazily(p.said))
	require.NoError(t, p.interrupt())
	require.Zero(t, p.code())

	all, answered := arrived(), 0
	for _, person := range people {
		assert.Subset(t, all[person.person], person.answered)
		assert.IsIncreasing(t, all[person.person])
		answered += len(person.answered)
	}
	assert.NotContains(t, said+p.said(), key)
	t.Logf("%d events answered with 200, %s", answered, server.Summary())
}

// Neither the keys nor what is behind the door is shown to anybody.
func TestWriteKeysOfTheFrontDoorAreHidden(t *testing.T) {
	config := pipeline(t, `
input:
  segment: {write_keys: ["a-secret-key", "another-secret-key"]}
output:
  drop: {}
`)
	p := begin(t, "echo", config)
	require.Zero(t, p.code())
	assert.Contains(t, p.said(), "write_keys")
	assert.NotContains(t, p.said(), "secret-key")
}

// An unset variable is a list of one empty text.
func TestAFrontDoorWithoutItsKeyDoesNotStart(t *testing.T) {
	p := begin(t, "run", pipeline(t, `
http: {enabled: false}
input:
  segment: {address: "127.0.0.1:0", write_keys: ["${NO_SUCH_WRITE_KEY:}"]}
output:
  drop: {}
`))
	assert.NotZero(t, p.code())
	assert.Contains(t, p.said(), "field write_keys has an empty entry")
}
