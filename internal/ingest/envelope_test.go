package ingest_test

import (
	"bytes"
	"strings"
	"testing"
	"unsafe"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"benthos-segment/internal/ingest"
)

func TestEveryByteOfACallIsCutAsItCame(t *testing.T) {
	calls := []string{
		`{"n":9007199254740993,"p":0.10,"big":1e400,"neg":-0}`,
		`{ "text" : "\u00e9\/<b>&\ud83c" ,  "a":[ 1 , 2 ] }`,
		`{"a":1,"a":2}`,
		`"not a call"`,
	}
	body := ` {"sentAt":"2026-01-02T03:04:05Z" , "batch" : [ ` + strings.Join(calls, " ,\n ") + ` ],"writeKey":"w\u004b"} `

	env, err := ingest.OpenBatch([]byte(body), ingest.Bounds{})

	require.NoError(t, err)
	require.Len(t, env.Events, len(calls))
	for i, call := range calls {
		assert.Equal(t, call, string(env.Events[i]))
	}
	assert.Equal(t, "wK", env.WriteKey)
	assert.Equal(t, "2026-01-02T03:04:05Z", env.SentAt)
}

func TestTheEnvelopeIsKept(t *testing.T) {
	env, err := ingest.OpenBatch([]byte(`{"context":{"ip":"::1","n":0.10},"batch":[],"integrations":{"All":false},"messageId":"x"}`), ingest.Bounds{})

	require.NoError(t, err)
	assert.Equal(t, `{"ip":"::1","n":0.10}`, string(env.Context))
	assert.Equal(t, `{"All":false}`, string(env.Integrations))
	assert.Empty(t, env.Events)
}

func TestASingleCallIsTheBody(t *testing.T) {
	env, err := ingest.OpenEvent([]byte("\n {\"writeKey\":\"k\",\"batch\":[1]}\n"))

	require.NoError(t, err)
	require.Len(t, env.Events, 1)
	assert.Equal(t, `{"writeKey":"k","batch":[1]}`, string(env.Events[0]))
	assert.Equal(t, "k", env.WriteKey)
}

func TestTheLastOfTwoBatchesCounts(t *testing.T) {
	env, err := ingest.OpenBatch([]byte(`{"batch":[1,2],"batch":[3]}`), ingest.Bounds{})

	require.NoError(t, err)
	require.Len(t, env.Events, 1)
	assert.Equal(t, "3", string(env.Events[0]))
}

func TestABrokenBodyIsNotCut(t *testing.T) {
	for name, body := range map[string]string{
		"empty":          ``,
		"blank":          `  `,
		"null":           `null`,
		"array":          `[{"batch":[]}]`,
		"unterminated":   `{"batch":[{}`,
		"trailing comma": `{"batch":[{},]}`,
		"goes on":        `{"batch":[]}{"batch":[]}`,
		"goes on broken": `{"batch":[]}x`,
		"invalid UTF-8":  "{\"batch\":[\"\xff\"]}",
		"no batch":       `{"calls":[]}`,
		"batch is null":  `{"batch":null}`,
		"BOM":            "\ufeff{\"batch\":[]}",
	} {
		t.Run(name, func(t *testing.T) {
			env, err := ingest.OpenBatch([]byte(body), ingest.Bounds{})
			assert.Error(t, err)
			assert.Empty(t, env.Events)
		})
	}
}

func TestMoreEventsThanWantedAreCounted(t *testing.T) {
	body := []byte(`{"batch":[{"n":0},{"n":1},2,{"n":3}],"sentAt":"x"}`)
	env, err := ingest.OpenBatch(body, ingest.Bounds{Events: 2})
	require.NoError(t, err)
	assert.Equal(t, 4, env.Count)
	require.Len(t, env.Events, 2)
	assert.Equal(t, `{"n":1}`, string(env.Events[1]))
	assert.Equal(t, "x", env.SentAt)
}

func TestABatchOfThingsThatAreNotEventsIsNotOpened(t *testing.T) {
	body := []byte(`{"batch":[0,{},[],"x",null,true]}`)
	_, err := ingest.OpenBatch(body, ingest.Bounds{NotObjects: 4})
	assert.ErrorContains(t, err, "more than 4 elements of the batch are not objects")
	env, err := ingest.OpenBatch(body, ingest.Bounds{NotObjects: 5})
	require.NoError(t, err)
	assert.Len(t, env.Events, 6)
}

func FuzzOpen(f *testing.F) {
	f.Add([]byte(`{"batch":[{"type":"track","n":9007199254740993},{"a":"\ud83c"}],"sentAt":"x"}`))
	f.Add([]byte(`{"batch":[ 1 , [2,{"b":[]}] ,"x"],"batch":[]}`))
	f.Add([]byte("{\"batch\":[\"\xff\"]}"))
	f.Add([]byte(`{"writeKey":"\u0000","batch":{}}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		before := bytes.Clone(body)
		env, err := ingest.OpenBatch(body, ingest.Bounds{})
		if err == nil {
			assertParts(t, body, env.Events)
		}
		single, err := ingest.OpenEvent(body)
		if err == nil {
			assertParts(t, body, single.Events)
			ingest.HideWriteKey(single.Events[0], ingest.MaskKey)
		}
		assert.Equal(t, before, body, "cutting changed the body")
	})
}

// assertParts checks that the calls stand in the body in their order, with
// nothing but a comma and blanks between them.
func assertParts(t *testing.T, body []byte, calls [][]byte) {
	t.Helper()
	if len(calls) == 0 {
		return
	}
	pos := offsetIn(t, body, calls[0])
	for i, call := range calls {
		start := offsetIn(t, body, call)
		if i > 0 {
			assert.Equal(t, ",", strings.TrimSpace(string(body[pos:start])))
		}
		pos = start + len(call)
	}
}

// offsetIn finds part by its memory, not by its content, which may stand in the
// body twice.
func offsetIn(t *testing.T, body, part []byte) int {
	t.Helper()
	start := uintptr(unsafe.Pointer(&part[0])) - uintptr(unsafe.Pointer(&body[0]))
	if start < uintptr(len(body)) {
		return int(start)
	}
	t.Fatalf("%q is no part of the body", part)
	return 0
}

// Whatever a body is, it is taken apart where it is JSON, and refused where it is
// not.
func FuzzABatchIsReadAsByJSONText(f *testing.F) {
	for _, text := range []string{
		`{"type":"track","context":{"a":[1,"}"]}},{}`, `1,[2,{"a":null}],true`, `{"a":1,}`, `{"a" "b"}`, `{"":0}],"batch":[{}`,
		"{\"a\":\"\xff\"}", `"\ud83c"`, `{"a":1}]} {"batch":[`, `]`, `{`, ``, `{"a":"\u12"}`, "\x00", `{"type":"a","\u0074ype":"b"}`,
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		body := append(append([]byte(`{"sentAt":"now","batch":[`), text...), `],"writeKey":"k"}`...)
		var want struct {
			Batch []jsontext.Value `json:"batch"`
		}
		isJSON := json.Unmarshal(body, &want, jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true)) == nil
		env, err := ingest.OpenBatch(body, ingest.Bounds{Members: true, InvalidUTF8: true})
		require.Equal(t, isJSON, err == nil, "%q: %v", body, err)
		if err != nil {
			return
		}
		require.Len(t, env.Events, env.Count)
		for i, event := range env.Events {
			require.Equal(t, string(want.Batch[i]), string(event))
			require.Equal(t, string(ingest.Member(event, "type")), string(env.Item(i).Value(ingest.NameType)))
		}
	})
}
