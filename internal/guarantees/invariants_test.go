package guarantees_test

import (
	"encoding/base64"
	"fmt"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"benthos-segment/plugin/segmenttest"
)

// requireInvariants checks what must hold whatever went wrong. The reference
// is the sandbox's inbox, which knows nothing of the sender.
func (r *result) requireInvariants(t *testing.T, isExact bool) {
	t.Helper()
	r.requireNoLoss(t)
	r.requireSameIDs(t)
	r.requireOnlyFailedResent(t)
	requireOrder(t, r.sb, r.given)
	r.requireSilence(t)
	r.requireBoundedAttempts(t)
	r.requireRetryCounts(t)
	r.requireFreshSentAt(t, isExact)
	r.requireNoSecrets(t)
	r.requireCountersAsInbox(t)
	if r.then != nil {
		r.then(t, r)
	}
}

// I1: what was accepted is what was given, but for what was to be refused.
func (r *result) requireNoLoss(t *testing.T) {
	t.Helper()
	expected := map[string]bool{}
	for _, g := range r.given {
		expected[g.id] = true
	}
	for _, place := range r.refused {
		require.Contains(t, r.failed, r.given[place].id)
		delete(expected, r.given[place].id)
	}
	require.Len(t, r.failed, len(r.refused), "only the guilty fail")
	for _, call := range r.sb.Calls(segmenttest.Filter{Accepted: new(true), Duplicate: new(false)}) {
		if call.MessageID == firstID {
			continue // as a sample
		}
		require.True(t, expected[call.MessageID], "%s was accepted and should not be", call.MessageID)
		delete(expected, call.MessageID)
	}
	require.Empty(t, expected, "lost")
}

// I2 and I5: a call has one id and the same bytes, in all requests and as
// often as it arrives. Exactly once holds for what is told by its id.
func (r *result) requireSameIDs(t *testing.T) {
	t.Helper()
	known := map[string]bool{firstID: r.known}
	for _, g := range r.given {
		known[g.id] = true
	}
	for _, req := range r.sb.Requests() {
		for _, id := range req.MessageIDs {
			require.True(t, known[id], "%q is the id of none that was given", id)
		}
	}
	samples := samplesIn(r.sb)
	first := map[string]string{}
	for _, call := range r.sb.Calls() {
		if before, again := first[call.MessageID]; again {
			require.Equal(t, before, string(call.Raw), "the same id with other bytes")
			require.True(t, r.duplicates || samples[call.Request], "%s arrived twice", call.MessageID)
		}
		first[call.MessageID] = string(call.Raw)
	}
}

// samplesIn are the requests, by their numbers, that hold one call which had
// been accepted before. Such a call is sent again to find out whose fault it is
// that others are refused.
func samplesIn(sb *segmenttest.Server) map[uint64]bool {
	samples, accepted := map[uint64]bool{}, map[string]bool{firstID: true}
	for _, req := range sb.Requests() {
		if req.Calls == 1 && accepted[req.MessageIDs[0]] {
			samples[req.Seq] = true
		}
		for _, id := range req.MessageIDs {
			accepted[id] = accepted[id] || req.Status/100 == 2
		}
	}
	return samples
}

// I4: a call that was acknowledged is never sent again but as a sample, and one
// that was refused alone only where everything was, by an edge.
func (r *result) requireOnlyFailedResent(t *testing.T) {
	t.Helper()
	if r.unseen {
		return // The network ate acknowledgements.
	}
	samples := samplesIn(r.sb)
	settled := map[string]bool{}
	for _, req := range r.sb.Requests() {
		if samples[req.Seq] {
			continue
		}
		for _, id := range req.MessageIDs {
			require.False(t, settled[id], "%s was sent again in request %d", id, req.Seq)
		}
		if req.Status/100 == 2 || (isRefusal(req.Status) && req.Calls == 1 && !r.edge) {
			for _, id := range req.MessageIDs {
				settled[id] = true
			}
		}
	}
}

// isRefusal says whether a status is about the calls.
func isRefusal(status int) bool {
	switch status {
	case 401, 403, 404, 405, 407, 408, 410, 411, 415, 421, 425, 426, 428, 429, 431, 451, 460:
		return false
	}
	return status/100 == 4
}

// I3: the calls of a person are first accepted in the order they were given.
func requireOrder(t *testing.T, sb *segmenttest.Server, list []given) {
	t.Helper()
	place, person := map[string]int{}, map[string]string{}
	for i, g := range list {
		place[g.id], person[g.id] = i, g.person
	}
	last := map[string]int{}
	for _, call := range sb.Calls(segmenttest.Filter{Accepted: new(true), Duplicate: new(false)}) {
		who, isGiven := person[call.MessageID]
		if !isGiven {
			continue
		}
		at := place[call.MessageID] + 1
		require.Greater(t, at, last[who], "call %s was overtaken", call.MessageID)
		last[who] = at
	}
}

// No request comes inside the time that the server asked for.
func (r *result) requireSilence(t *testing.T) {
	t.Helper()
	if r.silence == 0 {
		return
	}
	requests := r.sb.Requests()
	for i, told := range requests {
		if told.Status != 429 && told.Status != 503 {
			continue
		}
		for _, req := range requests[i+1:] {
			after := req.ReceivedAt.Sub(told.ReceivedAt)
			// Those under way at that moment come in at the same instant.
			require.False(t, after > 0 && after < r.silence, "a request %v after being asked for %v", after, r.silence)
		}
	}
}

// I6
func (r *result) requireBoundedAttempts(t *testing.T) {
	t.Helper()
	require.LessOrEqual(t, len(r.sb.Requests()), r.atMost, "requests: %s", r.sb.Summary())
}

// isTooLarge tells a request that was refused for its size. Nobody looked into
// it, so that its calls and its sentAt are not known.
func isTooLarge(req segmenttest.Request) bool { return req.Status == 400 && req.Calls == 0 }

// attempts are the requests in an inbox that are attempts of the same one,
// without samples.
func attempts(sb *segmenttest.Server) map[string][]segmenttest.Request {
	groups, samples := map[string][]segmenttest.Request{}, samplesIn(sb)
	for _, req := range sb.Requests() {
		if samples[req.Seq] || isTooLarge(req) {
			continue
		}
		which := req.WriteKey + " " + strings.Join(req.MessageIDs, " ")
		groups[which] = append(groups[which], req)
	}
	return groups
}

// I9: X-Retry-Count is absent first, then 1, 2, 3; the inbox misses some of
// them where the network ate requests.
func (r *result) requireRetryCounts(t *testing.T) {
	t.Helper()
	for _, group := range attempts(r.sb) {
		last := -1
		for n, req := range group {
			count := 0
			if req.RetryCount != "" {
				var err error
				count, err = strconv.Atoi(req.RetryCount)
				require.NoError(t, err)
				require.Positive(t, count, "the first attempt has none")
			}
			require.Greater(t, count, last)
			if !r.unseen {
				require.Equal(t, n, count)
			}
			last = count
		}
	}
}

// sentAt is that of the attempt and not of the first one: Segment moves each
// timestamp by the difference to its own clock.
func (r *result) requireFreshSentAt(t *testing.T, isExact bool) {
	t.Helper()
	allowed := 10 * time.Second
	if isExact {
		allowed = time.Millisecond
	}
	for _, req := range r.sb.Requests() {
		if isTooLarge(req) {
			continue
		}
		sent, err := time.Parse("2006-01-02T15:04:05.000Z", req.SentAt)
		require.NoError(t, err)
		require.WithinDuration(t, req.ReceivedAt, sent, allowed)
	}
}

// I8: neither the key, also as the header has it, nor anything of an event is
// in what is said.
func (r *result) requireNoSecrets(t *testing.T) {
	t.Helper()
	for _, secret := range secretsOf(canaryKey) {
		require.NotContains(t, r.said, secret)
	}
	require.NotContains(t, r.said, canaryMail)
}

// secretsOf returns the forms in which a write key could slip out.
func secretsOf(key string) []string {
	coded := base64.StdEncoding.EncodeToString([]byte(key + ":"))
	// The last letters depend on what follows.
	return []string{key, strings.TrimRight(coded, "=")[:len(key)], base64.RawURLEncoding.EncodeToString([]byte(key))[:len(key)]}
}

// I10: the counters say what the inbox says.
func (r *result) requireCountersAsInbox(t *testing.T) {
	t.Helper()
	require.EqualValues(t, len(r.given)-len(r.failed), r.counts["segment_calls_sent track"])
	want, got := inboxCounts(r.sb), map[string]int64{}
	for name, n := range r.counts {
		switch kind, _, _ := strings.Cut(name, " "); kind {
		case "segment_retries":
			got["segment_retries"] += n
		case "segment_requests", "segment_splits", "segment_request_calls", "segment_request_bytes", "segment_wire_bytes":
			got[name] += n
		}
	}
	if r.unseen {
		require.GreaterOrEqual(t, got["segment_request_calls"], want["segment_request_calls"])
		return
	}
	if slices.ContainsFunc(r.sb.Requests(), isTooLarge) {
		require.Greater(t, got["segment_request_calls"], want["segment_request_calls"])
		delete(want, "segment_request_calls")
		delete(got, "segment_request_calls")
	}
	assert.Equal(t, want, got)
}

func inboxCounts(sb *segmenttest.Server) map[string]int64 {
	sums := map[string]int64{}
	for _, req := range sb.Requests() {
		status := "error"
		if req.Status != 0 {
			status = strconv.Itoa(req.Status)
		}
		sums["segment_requests "+status]++
		sums["segment_request_calls"] += int64(req.Calls)
		sums["segment_request_bytes"] += req.Bytes
		sums["segment_wire_bytes"] += req.BytesOnWire
		if isTooLarge(req) {
			sums["segment_splits"]++
		}
	}
	for _, group := range attempts(sb) {
		if len(group) > 1 {
			sums["segment_retries"] += int64(len(group) - 1)
		}
		if last := group[len(group)-1]; isRefusal(last.Status) && last.Calls > 1 {
			sums["segment_splits"]++
		}
	}
	return sums
}

// I7: liveHeap is what is still reachable. Pools let go at the second round.
func liveHeap() uint64 {
	runtime.GC()
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return stats.HeapAlloc
}

func requireHeap(t *testing.T, before, allowed uint64) {
	t.Helper()
	after := liveHeap()
	require.LessOrEqual(t, after, before+allowed, fmt.Sprintf("%d bytes more are held", int64(after)-int64(before)))
}
