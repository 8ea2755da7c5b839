package gateway_test

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"benthos-segment/internal/gateway"
)

const (
	patience = 20 * time.Second
	tick     = time.Millisecond
)

func TestWhatCannotBeReadIsRefused(t *testing.T) {
	d := open(t, func(c *gateway.Config) { c.MaxRequestBytes, c.MaxRequestEvents, c.MaxPendingBytes = 1<<20, 10, 8<<20 })
	batch := func(events ...string) string { return `{"batch":[` + strings.Join(events, ",") + `]}` }
	many := strings.TrimSuffix(strings.Repeat("{},", 11), ",")
	for name, given := range map[string]struct {
		path, body string
		headers    []header
		status     int
		code       string
	}{
		"nothing":            {"/v1/batch", ``, nil, 400, "invalid_json"},
		"no JSON":            {"/v1/batch", `batch=1`, nil, 400, "invalid_json"},
		"cut off":            {"/v1/batch", `{"batch":[{"type":"track"`, nil, 400, "invalid_json"},
		"no batch":           {"/v1/batch", `{"events":[]}`, nil, 400, "invalid_json"},
		"batch is an object": {"/v1/batch", `{"batch":{}}`, nil, 400, "invalid_json"},
		"goes on":            {"/v1/track", track + track, nil, 400, "invalid_json"},
		"an array":           {"/v1/track", `[` + track + `]`, nil, 400, "invalid_json"},
		"too deep":           {"/v1/track", strings.Repeat(`{"a":`, 20_000) + "1" + strings.Repeat("}", 20_000), nil, 400, "invalid_json"},
		"no gzip":            {"/v1/batch", batch(track), []header{{"Content-Encoding", "gzip"}}, 400, "bad_request"},
		"gzip, cut off":      {"/v1/batch", string(zipped(t, batch(track))[:30]), []header{{"Content-Encoding", "gzip"}}, 400, "bad_request"},
		"another encoding":   {"/v1/batch", batch(track), []header{{"Content-Encoding", "br"}}, 415, "unsupported_encoding"},
		"large":              {"/v1/batch", batch(`{"a":"` + strings.Repeat("x", 1<<20) + `"}`), nil, 413, "request_too_large"},
		"a bomb":             {"/v1/batch", string(zipped(t, strings.Repeat(" ", 64<<20))), []header{{"Content-Encoding", "gzip"}}, 413, "request_too_large"},
		"many events":        {"/v1/batch", batch(many), nil, 413, "request_too_large"},
		"many that are none": {"/v1/batch", batch(strings.TrimSuffix(strings.Repeat("0,", 101), ",")), nil, 400, "invalid_json"},
		// 10 events with a context of 1 MB each would take more than the memory for all.
		"an envelope for many": {"/v1/b", `{"batch":[` + strings.TrimSuffix(strings.Repeat("{},", 10), ",") + `],"context":{"a":"` + strings.Repeat("x", 1<<20-200) + `"}}`, nil, 413, "request_too_large"},
		"an unreadable query":  {"/v1/batch?writeKey=%zz", batch(track), nil, 400, "bad_request"},
	} {
		t.Run(name, func(t *testing.T) {
			answer := d.post(given.path, given.body, given.headers...)
			assert.Equal(t, given.status, answer.status, answer.body)
			failure := answer.failure(t)
			assert.Equal(t, given.code, failure.Code)
			assert.NotContains(t, answer.body, "Invalid JSON", ".NET takes these words for a failure, whatever the status")
			assert.Equal(t, "application/json", answer.header.Get("Content-Type"))
		})
	}
	assert.Empty(t, d.taken())
}

func TestWhatIsOddIsReadAllTheSame(t *testing.T) {
	batch := `{"batch":[` + track + `]}`
	for name, given := range map[string]struct {
		body    string
		headers []header
	}{
		"gzip":                    {string(zipped(t, batch)), []header{{"Content-Encoding", "GZip"}}},
		"gzip in two members":     {string(zipped(t, batch[:20])) + string(zipped(t, batch[20:])), []header{{"Content-Encoding", "gzip"}}},
		"gzip, said to be a form": {string(zipped(t, batch)), []header{{"Content-Encoding", "gzip"}, {"Content-Type", "application/x-www-form-urlencoded"}}},
		"identity":                {batch, []header{{"Content-Encoding", "identity"}}},
		"text":                    {batch, []header{{"Content-Type", "text/plain"}}},
		"a byte order mark":       {"\ufeff" + batch, nil},
		"NaN":                     {`{"batch":[` + strings.TrimSuffix(track, "}") + `,"properties":{"a":NaN,"b":[-Infinity]}}]}`, nil},
	} {
		t.Run(name, func(t *testing.T) {
			d := open(t)
			answer := d.post("/v1/batch", given.body, given.headers...)
			assert.Equal(t, http.StatusOK, answer.status, answer.body)
			assert.Equal(t, "m1", members(t, d.one())["messageId"])
		})
	}
}

func TestAnEmptyBatchIsFine(t *testing.T) {
	d := open(t)
	assert.Equal(t, http.StatusOK, d.post("/v1/batch", `{"batch":[]}`).status)
	assert.Equal(t, http.StatusUnauthorized, d.do(http.MethodPost, "/v1/batch", strings.NewReader(`{"batch":[]}`)).status)
	assert.Empty(t, d.taken())
}

// RudderStack's server fails the whole batch, which costs its neighbours.
func TestOneBadEventCostsNoOther(t *testing.T) {
	d := open(t)
	body := "{\"batch\":[" + track + ",7,{\"type\":\"Caf\xe9\"},{\"no\":\"type\"}," + track + "]}"
	assert.Equal(t, http.StatusOK, d.post("/v1/batch", body).status)
	taken := d.taken()
	require.Len(t, taken, 5, "the bad ones are handed on, to the dead letters")
	assert.Equal(t, "7", string(taken[1].Content))
	assert.Contains(t, string(taken[2].Content), "Caf\xe9")
}

// RudderStack's older SDK for Android sends a batch with a damaged event again each
// second, for ever, where it is answered with 400:
// https://github.com/rudderlabs/rudder-sdk-android/pull/486. Segment's gave all of it
// up: https://github.com/segmentio/analytics-android/issues/597.
func TestADamagedEventCostsNoOther(t *testing.T) {
	d := open(t)
	assert.Equal(t, http.StatusOK, d.post("/v1/batch", `{"sentAt":"x","batch":[{,`+track+`,,{"a":NaN},`+track+`]}`).status)
	taken := d.taken()
	require.Len(t, taken, 4)
	assert.Equal(t, `"{"`, string(taken[0].Content), "for the dead letters")
	assert.Equal(t, "m1", members(t, taken[1])["messageId"])
	assert.Contains(t, string(taken[2].Content), `"a":null`)
	assert.Equal(t, http.StatusOK, d.post("/v1/import", `{"batch":[, , ,],"sentAt":"x"}`).status)
	assert.Len(t, d.taken(), 4)
	cutOff := d.post("/v1/batch", `{"batch":[`+track+`,{`)
	assert.Equal(t, http.StatusBadRequest, cutOff.status, "what was cut off has to come again")
	assert.Len(t, d.taken(), 4)
}

// What is kept of it has no key, however it is broken.
func TestWhatIsNoEventKeepsNoKey(t *testing.T) {
	d := open(t)
	const secret = `"writeKey":"a-secret-write-key"`
	for body, want := range map[string]string{
		`{"batch":[{` + secret + `,"type":"track", ,` + track + `]}`: `"{\"writeKey\":\"a-s…\",\"type\":\"track\""`,
		`{"batch":[[{` + secret + `}],` + track + `]}`:               `[{"writeKey":"a-s…"}]`,
	} {
		assert.Equal(t, http.StatusOK, d.post("/v1/batch", body).status)
		taken := d.taken()
		require.GreaterOrEqual(t, len(taken), 2)
		assert.Equal(t, want, string(taken[len(taken)-2].Content))
	}
}

func TestTheSenderOfOneBadEventIsTold(t *testing.T) {
	d := open(t)
	for path, want := range map[string]string{
		`/v1/track {"event":"E"}`:                                           "no_user_anon_id",
		`/v1/track {"userId":"u"}`:                                          "event_not_defined",
		`/v1/group {"userId":"u"}`:                                          "id_required",
		`/v1/merge {"userId":"u"}`:                                          "unknown_type",
		"/v1/page {\"userId\":\"Caf\xe9\"}":                                 "invalid_json",
		`/v1/page {"userId":"u","timestamp":"9/3/2015"}`:                    "timestamp_unparseable",
		`/v1/page {"userId":"u","a":"` + strings.Repeat("x", 40_000) + `"}`: "",
	} {
		path, body, _ := strings.Cut(path, " ")
		before := len(d.taken())
		answer := d.post(path, body)
		if want == "" {
			assert.Equal(t, http.StatusOK, answer.status, "what is not sent does not count")
		} else {
			assert.Equal(t, http.StatusBadRequest, answer.status)
			assert.Equal(t, want, answer.failure(t).Code)
		}
		assert.Len(t, d.taken(), before+1, "it goes to the dead letters")
	}
}

func TestARequestIsAcceptedOnlyWhenAllOfItIs(t *testing.T) {
	d := open(t)
	d.fail(func(e gateway.Event) error {
		if strings.Contains(string(e.Content), `"bad"`) {
			return errors.New("away")
		}
		return nil
	})
	good := d.post("/v1/batch", `{"batch":[`+track+`]}`)
	assert.Equal(t, http.StatusOK, good.status)
	bad := d.post("/v1/batch", `{"batch":[`+track+`,{"type":"bad"},`+track+`]}`)
	assert.Equal(t, http.StatusServiceUnavailable, bad.status)
	assert.Equal(t, "10", bad.header.Get("Retry-After"))
	assert.Equal(t, "not_accepted", bad.failure(t).Code)
	assert.NotContains(t, bad.body, "away", "what is behind this is nobody's business")
	assert.True(t, d.seen.last().IsRefused)
	// One bad event alone may be sent again, too: it is not in the dead letters.
	alone := d.post("/v1/track", `{"messageId":"bad"}`)
	assert.Equal(t, http.StatusServiceUnavailable, alone.status)
}

func TestAFullQueueIs429(t *testing.T) {
	d := open(t)
	d.fail(func(gateway.Event) error { return fmt.Errorf("writing: %w", gateway.ErrFull) })
	page := header{"Origin", "https://shop.example.com"}
	answer := d.post("/v1/track", track, page)
	assert.Equal(t, http.StatusTooManyRequests, answer.status)
	assert.Equal(t, "5", answer.header.Get("Retry-After"))
	assert.Equal(t, "5", answer.header.Get("X-RateLimit-Reset"))
	assert.Contains(t, answer.header.Get("Access-Control-Expose-Headers"), "Retry-After", "or browsers do not see it")
	assert.Equal(t, "overloaded", answer.failure(t).Code)
	assert.Empty(t, d.post("/v1/track", track).header.Get("X-RateLimit-Reset"), "Node takes it for a date")
	assert.Equal(t, http.StatusServiceUnavailable, d.do(http.MethodGet, "/ready", nil).status)

	d.fail(nil)
	assert.Equal(t, http.StatusOK, d.post("/v1/track", track).status)
	assert.Equal(t, http.StatusOK, d.do(http.MethodGet, "/ready", nil).status)
}

func TestNoAnswerInTimeIs503AndTheEventsAreWithdrawn(t *testing.T) {
	d := openUnread(t, func(c *gateway.Config) { c.Timeout = 30 * time.Millisecond })
	answer := d.post("/v1/batch", `{"batch":[`+track+`]}`)
	assert.Equal(t, http.StatusServiceUnavailable, answer.status)
	assert.Equal(t, "not_accepted", answer.failure(t).Code)
	assert.NotEmpty(t, answer.header.Get("Retry-After"))
	assert.Zero(t, d.seen.pending)
	d.run()
	d.untilAccepted()
	for _, event := range d.taken() {
		assert.NotEqual(t, "m1", members(t, event)["messageId"], "nothing is delivered twice")
	}
}

// A page does not send a beacon again, so that what waits is not taken back.
func TestABeaconIsKeptWhateverIsAnswered(t *testing.T) {
	d := openUnread(t, func(c *gateway.Config) { c.Timeout = 30 * time.Millisecond })
	answer := d.do(http.MethodPost, "/beacon/v1/batch?writeKey=wk", strings.NewReader(`{"batch":[`+track+`]}`))
	assert.Equal(t, http.StatusServiceUnavailable, answer.status)
	d.run()
	require.Eventually(t, func() bool { return len(d.taken()) == 1 }, patience, tick)
}

func TestRequestsBesideEachOtherBecomeOneBatch(t *testing.T) {
	d := openUnread(t)
	const clients = 20
	answers := make(chan int, clients)
	for i := range clients {
		go func() {
			answer, err := d.try(http.MethodPost, "/v1/track", strings.NewReader(fmt.Sprintf(`{"userId":"u%d","event":"E"}`, i)), basic("wk"))
			assert.NoError(t, err)
			answers <- answer.status
		}()
	}
	require.Eventually(t, func() bool { d.seen.mu.Lock(); defer d.seen.mu.Unlock(); return d.seen.pending == clients }, patience, tick)
	d.run()
	for range clients {
		assert.Equal(t, http.StatusOK, <-answers)
	}
	assert.Equal(t, []int{clients}, d.batches)
}

func TestRequestsKeepTheirOrder(t *testing.T) {
	d := open(t)
	var want, gotten []string
	for i := range 50 {
		a, b := fmt.Sprintf("%d-a", i), fmt.Sprintf("%d-b", i)
		want = append(want, a, b)
		body := fmt.Sprintf(`{"batch":[{"type":"page","userId":"u","messageId":%q},{"type":"page","userId":"u","messageId":%q}]}`, a, b)
		require.Equal(t, http.StatusOK, d.do(http.MethodPost, "/v1/batch", bytes.NewReader(zipped(t, body)), basic("wk"), header{"Content-Encoding", "gzip"}).status)
	}
	for _, event := range d.taken() {
		gotten = append(gotten, members(t, event)["messageId"].(string))
	}
	assert.Equal(t, want, gotten)
}

func TestAWriteKeyThatIsEmptyIsRefusedAtStart(t *testing.T) {
	conf := settings(t, &seen{})
	conf.WriteKeys = []string{"wk", ""}
	_, err := gateway.New(conf)
	assert.ErrorContains(t, err, "a write key is empty")
}

// The log warns where events are lost or late, and of nothing that a stranger asks
// for.
func TestARefusalIsToldWhereEventsAreLost(t *testing.T) {
	d := open(t)
	for _, given := range []struct {
		method, path string
		status       int
		isRefused    bool
	}{
		{http.MethodPost, "/v1/track", http.StatusUnauthorized, true},
		{http.MethodPost, "/v1/b", http.StatusUnauthorized, true},
		{http.MethodGet, "/v1/pixel/track?data=e30", http.StatusUnauthorized, true},
		{http.MethodGet, "/sourceConfig", http.StatusBadRequest, true},
		{http.MethodGet, "/v1/projects/nobody/settings", http.StatusNotFound, true},
		{http.MethodGet, "/v1/m", http.StatusMethodNotAllowed, false},
		{http.MethodPost, "/health", http.StatusMethodNotAllowed, false},
		{http.MethodGet, "/wp-login.php", http.StatusNotFound, false},
		{http.MethodOptions, "/v1/track", http.StatusNoContent, false},
	} {
		d.seen.mu.Lock()
		before := len(d.seen.answers)
		d.seen.mu.Unlock()
		answer := d.do(given.method, given.path, strings.NewReader(`{"batch":[`+track+`]}`))
		assert.Equal(t, given.status, answer.status, given.path)
		require.Eventually(t, func() bool { d.seen.mu.Lock(); defer d.seen.mu.Unlock(); return len(d.seen.answers) > before }, patience, tick)
		assert.Equal(t, given.isRefused, d.seen.last().IsRefused, given.path)
	}
}
