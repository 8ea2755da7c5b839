package segment_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"benthos-segment/internal/segment"
)

// addSeeds gives a fuzz target what SDKs send, and the corpus of bad input.
func addSeeds(f *testing.F) {
	f.Helper()
	events, _ := captured(f, "*.events.ndjson")
	for _, event := range events {
		f.Add(event)
	}
	for _, payload := range corpus(f) {
		if len(payload) < 4096 {
			f.Add(payload)
		}
	}
}

// FuzzConvert: any payload becomes calls that say what it said, or is refused
// with a named reason.
func FuzzConvert(f *testing.F) {
	addSeeds(f)
	f.Fuzz(func(t *testing.T, payload []byte) {
		before := bytes.Clone(payload)
		calls, skips, v := segment.NewConverter(config()).Convert(nil, payload, fromKey)
		require.True(t, bytes.Equal(before, payload), "the payload was written to")
		if v != nil {
			require.Empty(t, calls)
			require.NotEmpty(t, v.Reason)
			require.NotEmpty(t, v.Sentence)
			return
		}
		if json.Valid(payload) {
			assertAllThere(t, payload, calls, skips)
		}
		again, _, _ := segment.NewConverter(config()).Convert(nil, payload, fromKey)
		require.Equal(t, calls, again, "the same payload becomes the same calls")
		for _, call := range calls {
			require.True(t, json.Valid(call.JSON), "%s", call.JSON)
			inspection := segment.Inspect(call.JSON, segment.UnknownType)
			require.Empty(t, inspection.Violations)
			require.Equal(t, call.Type, inspection.Type)
			require.Equal(t, call.UserID, segment.IDOf([]byte(inspection.UserID)))
			require.Equal(t, call.AnonymousID, segment.IDOf([]byte(inspection.AnonymousID)))
			require.NotEmpty(t, inspection.MessageID)
		}
	})
}

// assertAllThere checks that each object of a payload is a call or has been
// skipped, and that nothing in the calls has changed that should not.
func assertAllThere(t *testing.T, payload []byte, calls []segment.Call, skips segment.Skips) {
	t.Helper()
	var objects []json.RawMessage
	if bytes.HasPrefix(bytes.TrimSpace(payload), []byte("[")) {
		require.NoError(t, json.Unmarshal(payload, &objects))
	} else {
		objects = append(objects, payload)
	}
	if len(objects) == 0 {
		require.Equal(t, segment.Skips{Empty: 1}, skips)
		return
	}
	require.Len(t, calls, len(objects)-skips.Integrations)
	if skips.Integrations > 0 {
		return
	}
	for i, object := range objects {
		assertUntouched(t, object, calls[i])
	}
}

// assertUntouched checks the parts of a call that leave as they came.
func assertUntouched(t *testing.T, object []byte, call segment.Call) {
	t.Helper()
	given, sent := exactMembers(t, object), exactMembers(t, call.JSON)
	switch call.Type {
	case segment.Track, segment.Page, segment.Screen:
		require.Equal(t, withoutEmptyArray(given["properties"]), sent["properties"])
	case segment.Group:
		require.Equal(t, withoutEmptyArray(given["traits"]), sent["traits"])
	}
	if call.Type == segment.Track {
		require.Equal(t, given["event"], sent["event"])
	}
	for _, id := range []string{"userId", "anonymousId"} {
		if call.Type == segment.Alias && id == "userId" {
			continue // It may be in to.
		}
		want := given[id]
		switch {
		case want == `""`:
			want = ""
		case want != "" && want[0] != '"':
			want = `"` + wantedNumericID(t, want) + `"`
		}
		require.Equal(t, want, sent[id], id)
	}
	assertContextUntouched(t, given, sent)
	assertTraitsThere(t, call.Type, given, sent)
}

// assertTraitsThere checks that each trait that an event has is in its call,
// under its own value or under one that wins.
func assertTraitsThere(t *testing.T, kind segment.Type, given, sent map[string]string) {
	t.Helper()
	if !strings.HasPrefix(given["traits"], "{") {
		return
	}
	there := sent["traits"]
	if kind != segment.Identify && kind != segment.Group {
		there = exactMembers(t, []byte(sent["context"]))["traits"]
	}
	members := exactMembers(t, []byte(there))
	for name := range exactMembers(t, []byte(given["traits"])) {
		require.Contains(t, members, name)
	}
}

func assertContextUntouched(t *testing.T, given, sent map[string]string) {
	t.Helper()
	givenContext := exactMembers(t, []byte(withoutEmptyArray(given["context"])))
	sentContext := exactMembers(t, []byte(sent["context"]))
	for name, value := range givenContext {
		switch name {
		case "traits", "ua-ch", "externalId", "consentManagement", "activation":
			continue // These may change.
		}
		if name == "groupId" && value == `""` {
			continue // The one at the top level takes its place.
		}
		if value != "" {
			require.Equal(t, value, sentContext[name], name)
		}
	}
}

// withoutEmptyArray takes PHP's empty object for nothing.
func withoutEmptyArray(value string) string {
	var elements []json.RawMessage
	if json.Unmarshal([]byte(value), &elements) == nil && len(elements) == 0 {
		return ""
	}
	return value
}

// exactMembers returns the members of an object as they are written, of
// duplicates the last; null is nothing.
func exactMembers(t *testing.T, object []byte) map[string]string {
	t.Helper()
	if len(object) == 0 {
		return nil
	}
	members := map[string]string{}
	for name, value := range rawMembers(t, object) {
		if members[name] = string(value); members[name] == "null" {
			members[name] = ""
		}
	}
	return members
}

// FuzzInspect: any body is inspected without harm, and judged as strictly as
// the converter judges it.
func FuzzInspect(f *testing.F) {
	addSeeds(f)
	f.Fuzz(func(t *testing.T, call []byte) {
		inspection := segment.Inspect(call, segment.UnknownType)
		for _, v := range inspection.Violations {
			require.NotEmpty(t, v.Reason)
			require.NotEmpty(t, v.Sentence)
		}
		if len(inspection.Violations) > 0 {
			return
		}
		require.NotEqual(t, segment.UnknownType, inspection.Type)
		conf := config()
		conf.Integrations = segment.IntegrationsForward
		_, _, v := segment.NewConverter(conf).Convert(nil, call, fromKey)
		if v != nil {
			assert.Fail(t, "a call without fault is refused", "%v", v)
		}
	})
}

// FuzzTimestamp: what is taken for a time is sent as a time that encoding
// packages agree on, and means the same when it is read again, however it is
// written. What is not taken costs the event as a timestamp alone.
func FuzzTimestamp(f *testing.F) {
	for _, seed := range []string{
		`"2026-01-02T03:04:05.678Z"`, `"2026-01-02T03:04:05,123456789+05:30"`, `"2026-01-02 03:04:05 +0530"`,
		`"2026-01-02"`, `"2026-01-02t03:04:05z"`, `1767323045`, `1767323045678.25`, `"\u0032026-01-02T00:00:00Z"`,
		`"9999-12-31T23:59:59.999999999-23:59"`, `"0000-01-01T00:00:00+00:01"`, `"{{ RSA_DEF_SENT_AT_TS }}"`, `-1e9`,
		`"2016-07-18 10:11:12.123456789 +0200 CEST m=+0.1"`, `"2019-01-16 08:00:00 UTC"`, `"2024-06-01T12:30Z"`, `"2015-2-2"`,
		`1.618540600943E12`, `"1486454809"`, `1767323045678901234`, `20240131123000`, `638423424000000000`, `45322.5`,
		`"0001-01-01T00:00:00Z"`, `"9/3/2015 10:15:00 AM"`, `0`, `true`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, value string) {
		value = strings.Trim(value, " \t\r\n")
		if !json.Valid([]byte(value)) || !utf8.ValidString(value) {
			return
		}
		assertNoOtherTimeIsRefused(t, value)
		sent, ok := sentTime(t, value)
		if !ok {
			return
		}
		var read time.Time
		require.NoError(t, json.Unmarshal([]byte(sent), &read), sent)
		require.Regexp(t, `^"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3,9}Z"$`, sent)
		var strict time.Time
		if json.Unmarshal([]byte(value), &strict) == nil {
			require.True(t, strict.Equal(read), "%s was sent as %s", value, sent)
		}
		if value[0] != '"' {
			require.True(t, read.Year() >= 1973 && read.Year() < 2100, "%s was sent as %s", value, sent)
			value = `"` + value + `"`
			again, _ := sentTime(t, value)
			require.Equal(t, sent, again, "a number as text")
		}
		assertReadAgain(t, sent, read)
	})
}

// assertReadAgain checks that a time that was sent is taken in other spellings
// as well, and is the same time.
func assertReadAgain(t *testing.T, sent string, read time.Time) {
	t.Helper()
	again, ok := sentTime(t, sent)
	require.True(t, ok)
	require.Equal(t, sent, again)
	for _, zone := range []*time.Location{time.UTC, time.FixedZone("CEST", 2*60*60), time.FixedZone("", -5*60*60-30*60)} {
		there := read.In(zone)
		if there.Year() < 2 || there.Year() > 9999 {
			return
		}
		for _, written := range []string{
			there.String(), there.String() + " m=+0.000012345",
			there.Format("2006-1-2 15:04:05.999999999Z0700"), there.Format(time.RFC3339Nano),
		} {
			again, _ := sentTime(t, `"`+written+`"`)
			require.Equal(t, withoutZeros(sent), withoutZeros(again), written)
		}
	}
}

// withoutZeros takes off the zeros at the end of a fraction, which a sender may
// have written and Go's layouts leave out.
func withoutZeros(sent string) string {
	return strings.TrimRight(strings.TrimSuffix(sent, `Z"`), "0")
}

// assertNoOtherTimeIsRefused checks that a value in place of another time than
// timestamp is used as a timestamp would be, or noted.
func assertNoOtherTimeIsRefused(t *testing.T, value string) {
	t.Helper()
	want, isTime := sentTime(t, value)
	for _, member := range []string{"originalTimestamp", "receivedAt", "sentAt"} {
		call, notes := noted(t, `{"type":"page","userId":"u","messageId":"m","`+member+`":`+value+`}`)
		require.Equal(t, want, exactMembers(t, call.JSON)["timestamp"], member)
		if isTime {
			require.Empty(t, notes)
		}
	}
}

// sentTime returns the timestamp that a given one is sent as.
func sentTime(t *testing.T, given string) (sent string, ok bool) {
	t.Helper()
	payload := []byte(`{"type":"page","userId":"u","messageId":"m","timestamp":` + given + `}`)
	calls, _, v := segment.NewConverter(config()).Convert(nil, payload, fromKey)
	if v != nil {
		return "", false
	}
	sent, ok = exactMembers(t, calls[0].JSON)["timestamp"]
	return sent, ok
}
