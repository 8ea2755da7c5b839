package tracking_test

import (
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"benthos-segment/internal/segment"
	"benthos-segment/internal/tracking"
	"benthos-segment/internal/tracking/wire"
	"benthos-segment/plugin/segmenttest"
)

func TestABatchThatFitsIsOneRequest(t *testing.T) {
	sb := segmenttest.New(t)
	watch := &observed{}

	errs := tracking.NewClient(config(sb)).Send(t.Context(), tracks(1000, 200), watch)

	assert.Empty(t, failed(errs))
	requireOrder(t, sb.Wait(1000))
	journal := sb.Requests()
	require.Len(t, journal, 1)
	assert.Equal(t, "/v1/batch", journal[0].Path)
	assert.Equal(t, "key", journal[0].WriteKey)
	assert.Equal(t, "benthos-segment/test", journal[0].UserAgent)
	assert.Equal(t, "gzip", journal[0].ContentEncoding)
	assert.Empty(t, journal[0].RetryCount, "the first attempt has no X-Retry-Count")
	assert.EqualValues(t, watch.requests[0].Bytes, journal[0].Bytes)
	assert.EqualValues(t, watch.requests[0].WireBytes, journal[0].BytesOnWire)
}

// The body is put together from two pieces of gzip; what comes out must be
// what any other reader of gzip and JSON sees, whether compressed or not.
func TestTheBodyIsAnOrdinaryBatch(t *testing.T) {
	calls := tracks(3, 3)
	tests := map[string]struct {
		gzip, sentAt bool
	}{
		"compressed":                 {gzip: true, sentAt: true},
		"compressed without sentAt":  {gzip: true},
		"plain":                      {sentAt: true},
		"plain and without a sentAt": {},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			var body []byte
			server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				reader := io.Reader(r.Body)
				if r.Header.Get("Content-Encoding") == "gzip" {
					unzipped, err := gzip.NewReader(reader)
					if !assert.NoError(t, err) {
						return
					}
					reader = unzipped
				}
				var err error
				body, err = io.ReadAll(reader)
				assert.NoError(t, err)
				assert.Equal(t, test.gzip, r.Header.Get("Content-Encoding") == "gzip")
			}))
			t.Cleanup(server.Close)
			conf := config(segmenttest.NewInProcess(t))
			conf.Endpoint, conf.Transport = server.URL, http.DefaultTransport
			conf.Gzip, conf.SentAt = test.gzip, test.sentAt
			before := time.Now().Truncate(time.Millisecond)

			errs := tracking.NewClient(conf).Send(t.Context(), calls, &observed{})

			require.Empty(t, failed(errs))
			var got struct {
				Batch  []json.RawMessage `json:"batch"`
				SentAt *time.Time        `json:"sentAt"`
			}
			require.NoError(t, json.Unmarshal(body, &got))
			require.Len(t, got.Batch, len(calls))
			for i := range calls {
				assert.Equal(t, string(calls[i].JSON), string(got.Batch[i]))
			}
			if !test.sentAt {
				assert.Nil(t, got.SentAt)
				return
			}
			assert.False(t, got.SentAt.Before(before))
		})
	}
}

func TestTheEndpointIsTakenAsPeopleWriteIt(t *testing.T) {
	for _, suffix := range []string{"", "/", "/v1", "/v1/", "//"} {
		sb := segmenttest.New(t)
		conf := config(sb)
		conf.Endpoint += suffix

		errs := tracking.NewClient(conf).Send(t.Context(), tracks(1, 1), &observed{})

		assert.Empty(t, failed(errs))
		assert.Equal(t, "/v1/batch", sb.Requests()[0].Path, suffix)
	}
}

func TestEachSourceGetsRequestsOfItsOwn(t *testing.T) {
	sb := segmenttest.New(t)
	calls := tracks(6, 1)
	for i := range calls {
		calls[i].WriteKey = []string{"one", "two", "three"}[i%3]
	}

	errs := tracking.NewClient(config(sb)).Send(t.Context(), calls, &observed{})

	assert.Empty(t, failed(errs))
	assert.Len(t, sb.Requests(), 3)
	for _, key := range []string{"one", "two", "three"} {
		assert.Len(t, sb.Calls(segmenttest.Filter{Match: segmenttest.Match{WriteKey: key}}), 2, key)
	}
}

func TestRequestsAreFilledToTheLimitAndStayWithinIt(t *testing.T) {
	sb := segmenttest.New(t)
	conf := config(sb)
	conf.MaxRequestBytes = 50_000
	watch := &observed{}
	calls := tracks(10_000, 500)
	size := 0
	for i := range calls {
		size += len(calls[i].JSON) + 1
	}

	errs := tracking.NewClient(conf).Send(t.Context(), calls, watch)

	require.Empty(t, failed(errs))
	requireOrder(t, sb.Wait(10_000))
	for _, req := range sb.Requests() {
		assert.LessOrEqual(t, req.Bytes, int64(50_000))
	}
	full := (size + 49_999) / 50_000
	assert.LessOrEqual(t, len(sb.Requests()), full+2, "people must not make many small requests")
	assert.LessOrEqual(t, watch.most, 8)
	assert.Greater(t, watch.most, 1, "requests go side by side")
}

func TestACountOfCallsBoundsARequestToo(t *testing.T) {
	sb := segmenttest.New(t)
	conf := config(sb)
	conf.MaxRequestCalls = 7
	conf.ParallelRequests = 1

	errs := tracking.NewClient(conf).Send(t.Context(), tracks(30, 3), &observed{})

	require.Empty(t, failed(errs))
	var counts []int
	for _, req := range sb.Requests() {
		counts = append(counts, req.Calls)
	}
	assert.Equal(t, []int{7, 7, 7, 7, 2}, counts)
	requireOrder(t, sb.Wait(30))
}

// Whoever logs in has calls under the anonymous id, under both, and under the
// user id alone. All are one person's.
func TestOrderHoldsAcrossLoginAndAlias(t *testing.T) {
	sb := segmenttest.New(t)
	conf := config(sb)
	conf.MaxRequestCalls = 5
	var calls []segment.Call
	stages := [][3]string{{"", "anon", ""}, {"user", "anon", ""}, {"user", "", ""}, {"new", "", "user"}, {"new", "", ""}}
	for n := range 400 {
		// Later the ids are those of others: nothing leads back from the new id to
		// the first one.
		person, stage := n%40+n/200*40, stages[n/40%len(stages)]
		// The sandbox sees one user id a person, by which the order is checked.
		call := track(fmt.Sprintf("person-%02d", person), n)
		call.UserID = idOf(stage[0], person)
		call.AnonymousID = idOf(stage[1], person)
		call.PreviousID = idOf(stage[2], person)
		calls = append(calls, call)
	}

	errs := tracking.NewClient(conf).Send(t.Context(), calls, &observed{})

	require.Empty(t, failed(errs))
	requireOrder(t, sb.Wait(400))
}

func idOf(kind string, person int) segment.ID {
	if kind == "" {
		return 0
	}
	return segment.IDOf(fmt.Appendf(nil, "%s-%02d", kind, person))
}

func TestARedirectIsNotFollowed(t *testing.T) {
	var visits atomic.Int32
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { visits.Add(1) }))
	t.Cleanup(elsewhere.Close)
	for _, status := range []int{301, 302, 303, 307, 308} {
		sb := segmenttest.New(t)
		sb.Fail(status).Header("Location", elsewhere.URL)
		conf := config(sb)
		conf.RejectOnSetupError = true

		errs := tracking.NewClient(conf).Send(t.Context(), tracks(1, 1), &observed{})

		assert.Len(t, failed(errs), 1)
	}
	assert.Zero(t, visits.Load(), "the write key must not go to another host")
}

func TestReachTellsAServerFromNone(t *testing.T) {
	sb := segmenttest.New(t)
	conf := config(sb)
	require.NoError(t, tracking.NewClient(conf).Reach(t.Context()))

	conf.Endpoint = "http://127.0.0.1:1"
	conf.Transport = wire.NewTransport(wire.Config{})
	require.Error(t, tracking.NewClient(conf).Reach(t.Context()))
}
