package sandbox_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"benthos-segment/plugin/segmenttest"
)

func TestTheOldestCallsAreEvictedByCount(t *testing.T) {
	sb := segmenttest.NewInProcess(t, segmenttest.Config{MaxCalls: 10, MaxRequests: 3})
	for i := range 25 {
		post(t, sb, "/v1/batch", batch(tracks(i, i+1)...))
	}

	calls := sb.Calls()
	require.Len(t, calls, 10)
	assert.EqualValues(t, 16, calls[0].Seq)
	assert.Equal(t, "m24", calls[9].MessageID)
	assert.Len(t, sb.Requests(), 3)
	sum := sb.Summary()
	assert.Equal(t, 25, sum.Calls)
	assert.Equal(t, 15, sum.CallsDropped)
	assert.Equal(t, 22, sum.RequestsDropped)
	for seq, want := range map[int]int{15: 404, 16: 200, 25: 200, 26: 404, 0: 404} {
		status, _ := control(t, sb, http.MethodGet, fmt.Sprintf("/api/v1/calls/%d", seq), "")
		assert.Equal(t, want, status, "call %d", seq)
	}
	_, answer := control(t, sb, http.MethodGet, "/api/v1/calls?since=20", "")
	assert.Len(t, answer.at("calls"), 5)
	_, answer = control(t, sb, http.MethodGet, "/api/v1/calls?since=3", "")
	assert.Len(t, answer.at("calls"), 10)
}

func TestTheOldestCallsAreEvictedByBytes(t *testing.T) {
	sb := segmenttest.NewInProcess(t, segmenttest.Config{MaxBytes: 10_000})
	for i := range 20 {
		call := strings.Replace(track(fmt.Sprint(i)), `"userId"`, `"properties":{"x":"`+strings.Repeat("x", 900)+`"},"userId"`, 1)
		post(t, sb, "/v1/batch", batch(call))
	}

	calls := sb.Calls()
	held := 0
	for _, call := range calls {
		held += len(call.Raw)
	}
	assert.InDelta(t, 9_500, held, 600)
	assert.Equal(t, "19", calls[len(calls)-1].MessageID)
}

func TestADuplicateIsKnownAfterItsCallWasEvicted(t *testing.T) {
	sb := segmenttest.NewInProcess(t, segmenttest.Config{MaxCalls: 2, MaxMessageIDs: 100})
	post(t, sb, "/v1/batch", batch(tracks(0, 50)...))
	post(t, sb, "/v1/batch", batch(track("m0")))
	assert.Equal(t, 1, sb.Summary().Duplicates)

	post(t, sb, "/v1/batch", batch(tracks(50, 350)...))
	post(t, sb, "/v1/batch", batch(track("m3"), track("m349"), track("m250")))
	assert.Equal(t, 3, sb.Summary().Duplicates, "ids are forgotten in the end, but not the last hundred")
}

func TestManyMaySendAtOnce(t *testing.T) {
	sb := segmenttest.New(t)
	var wg sync.WaitGroup
	for sender := range 8 {
		wg.Go(func() {
			for i := range 20 {
				post(t, sb, "/v1/batch", zipped(t, batch(tracks(sender*1000+i*10, sender*1000+i*10+10)...)), "Content-Encoding", "gzip")
				sb.Summary()
			}
		})
	}
	calls := sb.Wait(1600)
	wg.Wait()

	assert.Len(t, calls, 1600)
	for i, call := range calls {
		require.EqualValues(t, i+1, call.Seq)
		require.Contains(t, string(call.Raw), call.MessageID)
	}
	assert.Zero(t, sb.Summary().Duplicates)
}

func BenchmarkIngest(b *testing.B) {
	client := segmenttest.NewInProcess(b).Client()
	calls := tracks(0, 300)
	for i := range calls {
		calls[i] = strings.Replace(calls[i], `"userId"`, `"context":{"library":{"name":"x","version":"1"}},"properties":{"x":"`+strings.Repeat("x", 1000)+`"},"userId"`, 1)
	}
	body := batch(calls...)
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		r, _ := http.NewRequest(http.MethodPost, "http://127.0.0.1/v1/batch", strings.NewReader(body))
		r.SetBasicAuth("k", "")
		resp, err := client.Do(r)
		if err != nil || resp.StatusCode != http.StatusOK {
			b.Fatal(err, resp)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/300, "ns/call")
}
