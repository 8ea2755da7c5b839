package sandbox_test

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"benthos-segment/plugin/segmenttest"
)

func TestABatchIsTakenApartAndKept(t *testing.T) {
	sb := segmenttest.New(t)
	odd := `{"type":"identify","userId":"u\u002d9","messageId":"odd", "traits":{"n":9007199254740993,"p":0.10,"big":1e400,"s":"<b>&\u00e9\/"}}`

	status, answer := post(t, sb, "/v1/batch", zipped(t, batch(track("m1"), odd)), "Content-Encoding", "gzip", "X-Retry-Count", "2")

	assert.Equal(t, http.StatusOK, status)
	assert.JSONEq(t, `{"success":true}`, answer)
	calls := sb.Wait(2)
	require.Len(t, calls, 2)
	assert.Equal(t, track("m1"), string(calls[0].Raw))
	assert.Equal(t, "track", calls[0].Type)
	assert.Equal(t, "Order Completed", calls[0].Name)
	assert.Equal(t, odd, string(calls[1].Raw))
	assert.Equal(t, "u-9", calls[1].UserID)
	assert.Equal(t, canary, calls[1].WriteKey)
	assert.Equal(t, []uint64{1, 2}, []uint64{calls[0].Seq, calls[1].Seq})

	requests := sb.Requests()
	require.Len(t, requests, 1)
	req := requests[0]
	assert.Equal(t, []string{"m1", "odd"}, req.MessageIDs)
	assert.Equal(t, "2", req.RetryCount)
	assert.Equal(t, "gzip", req.ContentEncoding)
	assert.Equal(t, "2026-01-02T03:04:05Z", req.SentAt)
	assert.EqualValues(t, len(batch(track("m1"), odd)), req.Bytes)
	assert.NotEqual(t, req.Bytes, req.BytesOnWire)
	assert.Equal(t, http.StatusOK, req.Status)
	assert.Equal(t, 2, req.Accepted)
	assert.Equal(t, []string{"Basic …"}, req.Header["Authorization"])
}

func TestThePathGivesASingleCallItsType(t *testing.T) {
	sb := segmenttest.New(t)
	for i, name := range []string{"identify", "track", "page", "screen", "group", "alias"} {
		body := fmt.Sprintf(`{"userId":"u","event":"E","name":"N","groupId":"g","previousId":"p","messageId":"%d"}`, i)

		status, answer := post(t, sb, "/v1/"+name, body)

		assert.Equal(t, http.StatusOK, status, answer)
		assert.Equal(t, name, sb.Wait(i + 1)[i].Type)
	}
}

// The paths of Segment's SDKs for browsers and phones.
func TestShortPathsAreThoseOfTheTrackingAPI(t *testing.T) {
	sb := segmenttest.NewInProcess(t)
	for path, want := range map[string]string{
		"/v1/i": "identify", "/v1/t": "track", "/v1/p": "page", "/v1/s": "screen", "/v1/g": "group", "/v1/a": "alias",
	} {
		status, answer := post(t, sb, path, `{"userId":"u","event":"E","groupId":"g","previousId":"p","messageId":"m"}`)
		assert.Equal(t, http.StatusOK, status, answer)
		calls := sb.Calls(segmenttest.Filter{Match: segmenttest.Match{Path: path}})
		require.Len(t, calls, 1)
		assert.Equal(t, want, calls[0].Type)
	}
	status, _ := post(t, sb, "/v1/b", batch(track("m")))
	assert.Equal(t, http.StatusOK, status)
}

func TestBatchPathsMayHaveATrailingSlash(t *testing.T) {
	sb := segmenttest.New(t)
	for i, path := range []string{"/v1/batch", "/v1/batch/", "/v1/import", "/v1/import/"} {
		status, _ := post(t, sb, path, batch(track(path)))
		assert.Equal(t, http.StatusOK, status)
		assert.Equal(t, strings.TrimSuffix(path, "/"), sb.Wait(i + 1)[i].Path)
	}
}

func TestWhereTheWriteKeyMayStand(t *testing.T) {
	basic := func(credentials string) string {
		return "Basic " + base64.StdEncoding.EncodeToString([]byte(credentials))
	}
	for name, given := range map[string]struct{ auth, inBody, want string }{
		"basic":                       {basic("key:"), "", "key"},
		"basic with password":         {basic("key:pw"), "", "key"},
		"basic without colon":         {basic("key"), "", "key"},
		"body":                        {"", "key", "key"},
		"both":                        {basic("key:"), "other", "key"},
		"bearer and body":             {"Bearer token", "key", "key"},
		"empty basic and body":        {basic(":"), "key", "key"},
		"unreadable basic and body":   {"Basic %%%", "key", "key"},
		"bearer alone":                {"Bearer token", "", ""},
		"nothing":                     {"", "", ""},
		"unknown scheme without body": {"Digest x", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			sb := segmenttest.New(t)
			body := fmt.Sprintf(`{"batch":[%s],"writeKey":%q}`, track("m"), given.inBody)

			status, answer := post(t, sb, "/v1/batch", body, "Authorization", given.auth)

			if given.want == "" {
				assert.Equal(t, http.StatusBadRequest, status)
				assert.Contains(t, answer, "write_key_missing")
				assert.Empty(t, sb.Calls())
				return
			}
			assert.Equal(t, http.StatusOK, status)
			assert.Equal(t, given.want, sb.Wait(1)[0].WriteKey)
		})
	}
}

func TestOnlyListedWriteKeysAreAccepted(t *testing.T) {
	sb := segmenttest.New(t, segmenttest.Config{WriteKeys: []string{canary}})

	status, _ := post(t, sb, "/v1/batch", batch(track("m1")))
	assert.Equal(t, http.StatusOK, status)

	status, answer := post(t, sb, "/v1/batch", `{"writeKey":"wk_other_other","batch":[`+track("m2")+`]}`, "Authorization", "")
	assert.Equal(t, http.StatusUnauthorized, status)
	assert.NotContains(t, answer, "wk_other")
	assert.Equal(t, []string{"m1"}, idsOf(sb.Calls()))
}

func TestLenientDiscardsWhatStrictRefuses(t *testing.T) {
	guilty := `{"type":"track","userId":"u","messageId":"guilty"}`
	for _, tt := range []struct {
		name, path, body, code string
		held                   int
	}{
		{"call without event", "/v1/batch", batch(track("a"), guilty, track("b")), "event_not_defined", 3},
		{"single call", "/v1/track", `{"userId":"u"}`, "event_not_defined", 1},
		{"call that is no object", "/v1/batch", batch(`17`), "bad_request", 1},
		{"empty batch", "/v1/batch", batch(), "empty_batch", 0},
		{"too many calls", "/v1/batch", batch(track("a"), track("b"), track("c"), track("d")), "oversized_batch", 4},
	} {
		t.Run(tt.name, func(t *testing.T) {
			lenient := segmenttest.New(t, segmenttest.Config{MaxBatchCalls: 3})
			status, _ := post(t, lenient, tt.path, tt.body)
			assert.Equal(t, http.StatusOK, status)
			assert.Len(t, lenient.Calls(), tt.held)
			discarded := lenient.Calls(segmenttest.Filter{Accepted: new(false)})
			for _, call := range discarded {
				require.NotEmpty(t, call.Violations)
				assert.Equal(t, tt.code, call.Violations[0].Code)
				assert.NotEmpty(t, call.Violations[0].Message)
			}
			assert.Equal(t, max(len(discarded), 1), lenient.Summary().Violations[tt.code])
			require.NotEmpty(t, lenient.Requests()[0].Violations)
			assert.Equal(t, tt.code, lenient.Requests()[0].Violations[0].Code)

			strict := segmenttest.New(t, segmenttest.Config{MaxBatchCalls: 3, Strict: true})
			status, answer := post(t, strict, tt.path, tt.body)
			assert.Equal(t, http.StatusBadRequest, status)
			assert.Contains(t, answer, tt.code)
			assert.Empty(t, strict.Calls())
			assert.Equal(t, tt.held, strict.Requests()[0].Calls)
			assert.Equal(t, tt.held, strict.Summary().Refused)
			require.NotEmpty(t, strict.Requests()[0].Violations)
			assert.Equal(t, tt.code, strict.Requests()[0].Violations[0].Code)
		})
	}
}

func TestOneGuiltyCallLeavesItsSiblingsAccepted(t *testing.T) {
	sb := segmenttest.New(t)
	post(t, sb, "/v1/batch", batch(track("a"), `{"type":"track","userId":"u","messageId":"g"}`, track("b")))

	assert.Equal(t, []string{"a", "b"}, idsOf(sb.Calls(segmenttest.Filter{Accepted: new(true)})))
	assert.Equal(t, 1, sb.Requests()[0].Violations[0].Call)
	assert.Equal(t, 1, sb.Requests()[0].Discarded)
}

func TestAMessageIDIsADuplicateAfterItsFirstAcceptedCall(t *testing.T) {
	sb := segmenttest.New(t)
	discarded := `{"type":"track","userId":"u","messageId":"m1"}`
	post(t, sb, "/v1/batch", batch(discarded))
	post(t, sb, "/v1/batch", batch(track("m1"), track("m2"), track("m1")))
	post(t, sb, "/v1/batch", batch(track("m2")), "Authorization", "Basic b3RoZXI6") // dedup spans sources
	post(t, sb, "/v1/batch", batch(`{"type":"page","userId":"u"}`, `{"type":"page","userId":"u"}`))

	duplicates := []bool{}
	for _, call := range sb.Calls() {
		duplicates = append(duplicates, call.Duplicate)
	}
	assert.Equal(t, []bool{false, false, false, true, true, false, false}, duplicates)
	sum := sb.Summary()
	assert.Equal(t, 6, sum.Accepted)
	assert.Equal(t, 2, sum.Duplicates)
	assert.Equal(t, 4, sum.Unique)
	assert.Equal(t, 1, sum.Discarded)
}

func TestUnknownPathsAndMethodsAreRefused(t *testing.T) {
	sb := segmenttest.New(t)

	status, answer := controlText(t, sb, http.MethodGet, "/v1/batch", "")
	assert.Equal(t, http.StatusMethodNotAllowed, status)
	assert.Contains(t, answer, "POST")

	for _, path := range []string{"/v1/nope", "/v1/v1/batch", "/v1/", "/v1/projects/nope"} {
		status, _ = post(t, sb, path, batch(track("m")))
		assert.Equal(t, http.StatusNotFound, status, path)
	}
	assert.Len(t, sb.Requests(), 5, "also these are in the inbox")
	assert.Empty(t, sb.Calls())
}
