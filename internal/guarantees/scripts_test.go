package guarantees_test

import (
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"benthos-segment/internal/segment"
	"benthos-segment/internal/tracking"
	"benthos-segment/plugin/segmenttest"
)

var (
	scriptSeed = flag.Uint64("scripts.seed", 1, "the first `seed` of the random scripts")
	scripts    = flag.Int("scripts", 5, "run `n` random scripts")
)

// Each request meets a row of random answers before it gets through. However
// they fall, every call is accepted, once by its id, and no person's calls
// overtake each other, also where a login or an alias links two ids.
func TestRandomScripts(t *testing.T) {
	for n := range *scripts {
		seed := *scriptSeed + uint64(n)
		t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) {
			t.Logf("again with: go test ./internal/guarantees -run TestRandomScripts -scripts 1 -scripts.seed %d", seed)
			synctest.Test(t, func(t *testing.T) { runScript(t, seed) })
		})
	}
}

func runScript(t *testing.T, seed uint64) {
	dice := rand.New(rand.NewPCG(seed, 0))
	sb := segmenttest.NewInProcess(t, segmenttest.Config{MaxCalls: 100_000, MaxRequests: 100_000})
	play := newPlay(dice)
	stage := &stage{next: sb.Client().Transport, dice: dice, scripts: map[string][]scriptedAnswer{}, guilty: play.guilty}
	client := tracking.NewClient(play.config(sb, stage))
	watch := &watcher{}
	// Every key has worked before, as a key that never did is held for wrong.
	for _, key := range play.keys {
		require.Empty(t, client.Send(t.Context(), []segment.Call{{WriteKey: key, JSON: []byte(`{"type":"page","userId":"first"}`)}}, watch))
	}
	sb.Reset()

	failed := map[string]string{}
	for _, batch := range play.batches {
		for i, err := range client.Send(t.Context(), batch, watch) {
			if err != nil {
				failed[idIn(batch[i])] = err.Error()
			}
		}
	}

	assert.Len(t, failed, len(play.guilty))
	for id := range play.guilty {
		assert.Contains(t, failed[id], "segment refused -", id)
	}
	for _, call := range sb.Calls(segmenttest.Filter{Accepted: new(true), Duplicate: new(false)}) {
		assert.False(t, play.guilty[call.MessageID])
	}
	assert.Equal(t, len(play.list)-len(play.guilty), sb.Summary().Unique, "each once, by its id")
	requireOrder(t, sb, play.list)
	requireSameBytes(t, sb)
	assert.False(t, stage.isEarly, "a request came inside a wait that the server had asked for")
	for _, secret := range secretsOf(canaryKey) {
		assert.NotContains(t, watch.log.String()+fmt.Sprint(failed), secret)
	}
	t.Logf("%d requests, %d of them answered badly, %d calls twice, in %v",
		len(sb.Requests())+stage.unseen, stage.bad, sb.Summary().Duplicates, stage.took())
}

func requireSameBytes(t *testing.T, sb *segmenttest.Server) {
	t.Helper()
	first := map[string]string{}
	for _, call := range sb.Calls() {
		if before, again := first[call.MessageID]; again {
			require.Equal(t, before, string(call.Raw))
		}
		first[call.MessageID] = string(call.Raw)
	}
}

// play is what is sent: 50 calls each of 200 people, some of whom log in or
// are given a new id on the way, to several sources, in several batches.
type play struct {
	dice    *rand.Rand
	keys    []string
	list    []given
	batches [][]segment.Call
	guilty  map[string]bool
}

func newPlay(dice *rand.Rand) *play {
	const people, each = 200, 50
	p := &play{dice: dice, guilty: map[string]bool{}}
	for n := range 1 + dice.IntN(3) {
		p.keys = append(p.keys, fmt.Sprintf("%s-%d", canaryKey, n))
	}
	var calls []segment.Call
	left := make([]int, people)
	for i := range left {
		left[i] = each
	}
	actors := make([]actor, people)
	for i := range actors {
		actors[i] = actor{number: i, key: p.keys[dice.IntN(len(p.keys))], anonymous: fmt.Sprintf("anon-%03d", i)}
	}
	for len(calls) < people*each {
		who := dice.IntN(people)
		if left[who] == 0 {
			continue
		}
		left[who]--
		calls = append(calls, p.call(&actors[who], len(calls)))
	}
	for len(calls) > 0 {
		n := min(len(calls), 500+dice.IntN(3000))
		p.batches = append(p.batches, calls[:n])
		calls = calls[n:]
	}
	return p
}

// actor is a person with the ids they go by at the moment.
type actor struct {
	number          int
	key             string
	anonymous, user string
	renamed         int
}

// call is what an actor does next.
func (p *play) call(who *actor, place int) segment.Call {
	call := segment.Call{Type: segment.Track, WriteKey: who.key}
	switch roll := p.dice.IntN(40); {
	case roll == 0 && who.user == "":
		who.user = fmt.Sprintf("user-%03d", who.number)
		call.AnonymousID = segment.IDOf([]byte(who.anonymous))
	case roll == 1 && who.user != "":
		who.renamed++
		call.PreviousID = segment.IDOf([]byte(who.user))
		who.user = fmt.Sprintf("user-%03d-%d", who.number, who.renamed)
	}
	if call.UserID = segment.IDOf([]byte(who.user)); who.user == "" {
		call.AnonymousID = segment.IDOf([]byte(who.anonymous))
	}
	id := idOf(place)
	if p.dice.IntN(500) == 0 {
		p.guilty[id] = true
	}
	call.JSON = fmt.Appendf(nil, `{"type":"track","event":"E","userId":"person-%03d","messageId":%q,"t":%q}`,
		who.number, id, strings.Repeat("x", p.dice.IntN(200)))
	p.list = append(p.list, given{id: id, person: fmt.Sprint(who.number)})
	return call
}

func (p *play) config(sb *segmenttest.Server, stage *stage) tracking.Config {
	conf := clientConfig(sb)
	conf.Transport = stage
	conf.ParallelRequests = 1 + p.dice.IntN(12)
	conf.MaxRequestCalls = 20 + p.dice.IntN(300)
	conf.MaxRequestBytes = 20_000 + p.dice.IntN(100_000)
	return conf
}

func idIn(call segment.Call) string {
	_, rest, _ := strings.Cut(string(call.JSON), `"messageId":"`)
	return rest[:len(idOf(0))]
}

// scriptedAnswer is one that a request gets before it gets through.
type scriptedAnswer struct {
	status     int
	retryAfter time.Duration
	// drop and lostAck cut the connection, before or after the calls were
	// accepted; hang never answers.
	drop, lostAck, hang bool
}

// stage gives each request its script, by what it holds.
type stage struct {
	next http.RoundTripper

	mu      sync.Mutex
	dice    *rand.Rand
	scripts map[string][]scriptedAnswer
	guilty  map[string]bool
	silent  map[string]time.Time
	isEarly bool
	bad     int
	unseen  int
	started time.Time
}

func (s *stage) took() time.Duration { return time.Since(s.started) }

func (s *stage) RoundTrip(req *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(unzipped(req))
	if err != nil {
		return nil, err
	}
	answer := s.take(req.Header.Get("Authorization"), idsIn(body))
	switch {
	case answer.hang:
		<-req.Context().Done()
		return nil, req.Context().Err()
	case answer.drop:
		return nil, io.ErrUnexpectedEOF
	case answer.lostAck:
		if _, err := s.pass(req, body); err != nil {
			return nil, err
		}
		return nil, io.ErrUnexpectedEOF
	case answer.status != 0:
		res := &http.Response{StatusCode: answer.status, Header: http.Header{}, Body: http.NoBody, Request: req}
		if answer.retryAfter > 0 {
			res.Header.Set("Retry-After", itoa(int(answer.retryAfter.Seconds())))
		}
		return res, nil
	}
	return s.pass(req, body)
}

// pass takes a request to the sandbox.
func (s *stage) pass(req *http.Request, body []byte) (*http.Response, error) {
	again := req.Clone(req.Context())
	again.Header.Del("Content-Encoding")
	again.Body = io.NopCloser(strings.NewReader(string(body)))
	again.ContentLength = int64(len(body))
	return s.next.RoundTrip(again)
}

// take returns the next answer for a request that holds these calls. One with
// a guilty call is refused in the end.
func (s *stage) take(key string, ids []string) scriptedAnswer {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	if s.started.IsZero() {
		s.started, s.silent = now, map[string]time.Time{}
	}
	if now.Before(s.silent[key]) && !s.sameInstant(key, now) {
		s.isEarly = true
	}
	which := key + strings.Join(ids, " ")
	script, exists := s.scripts[which]
	if !exists {
		script = s.write(ids)
	}
	if len(script) == 0 {
		s.scripts[which] = script
		return scriptedAnswer{}
	}
	s.scripts[which] = script[1:]
	s.bad++
	s.unseen++
	if script[0].lostAck {
		s.unseen--
	}
	if until := now.Add(script[0].retryAfter); until.After(s.silent[key]) && until.After(now) {
		s.silent[key] = until
	}
	return script[0]
}

// sameInstant excuses requests that were under way when the wait began: on a
// fake clock they come at the very time at which it was asked for.
func (s *stage) sameInstant(key string, now time.Time) bool {
	for _, wait := range retryAfters {
		if s.silent[key].Sub(now) == wait {
			return true
		}
	}
	return false
}

var retryAfters = []time.Duration{1 * time.Second, 7 * time.Second, 90 * time.Second}

// write makes the script of a request: none for most, and seldom a long one.
func (s *stage) write(ids []string) (script []scriptedAnswer) {
	isGuilty := slices.ContainsFunc(ids, func(id string) bool { return s.guilty[id] })
	for s.dice.IntN(3) == 0 {
		answer := s.answer()
		if isGuilty && answer.lostAck {
			// A server that will refuse a request does not accept it before.
			answer = scriptedAnswer{drop: true}
		}
		script = append(script, answer)
	}
	if isGuilty {
		refusals := []int{400, 413, 422}
		script = append(script, scriptedAnswer{status: refusals[s.dice.IntN(len(refusals))]})
	}
	return script
}

func (s *stage) answer() scriptedAnswer {
	passing := []int{408, 410, 460, 500, 502, 503, 504, 529}
	setup := []int{401, 403, 404, 302, 511}
	switch s.dice.IntN(10) {
	case 0, 1:
		return scriptedAnswer{status: 429, retryAfter: retryAfters[s.dice.IntN(len(retryAfters))]}
	case 2:
		return scriptedAnswer{status: 429}
	case 3:
		return scriptedAnswer{status: setup[s.dice.IntN(len(setup))]}
	case 4, 5:
		return scriptedAnswer{lostAck: true}
	case 6:
		return scriptedAnswer{drop: true}
	case 7:
		return scriptedAnswer{hang: true}
	}
	return scriptedAnswer{status: passing[s.dice.IntN(len(passing))]}
}
