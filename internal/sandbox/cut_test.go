package sandbox

import (
	"bytes"
	"strings"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestEveryByteOfACallIsCutAsItCame(t *testing.T) {
	calls := []string{
		`{"n":9007199254740993,"p":0.10,"big":1e400,"neg":-0}`,
		`{ "text" : "\u00e9\/<b>&\ud83c" ,  "a":[ 1 , 2 ] }`,
		`{"a":1,"a":2}`,
		`"not a call"`,
	}
	body := ` {"sentAt":"2026-01-02T03:04:05Z" , "batch" : [ ` + strings.Join(calls, " ,\n ") + ` ],"writeKey":"w\u004b"} `

	env, err := cutBatch([]byte(body))

	require.NoError(t, err)
	require.Len(t, env.calls, len(calls))
	for i, call := range calls {
		assert.Equal(t, call, string(env.calls[i]))
	}
	assert.Equal(t, "wK", env.writeKey)
	assert.Equal(t, "2026-01-02T03:04:05Z", env.sentAt)
}

func TestTheEnvelopeIsKept(t *testing.T) {
	env, err := cutBatch([]byte(`{"context":{"ip":"::1","n":0.10},"batch":[],"integrations":{"All":false},"messageId":"x"}`))

	require.NoError(t, err)
	assert.Equal(t, `{"ip":"::1","n":0.10}`, string(env.context))
	assert.Equal(t, `{"All":false}`, string(env.integrations))
	assert.Empty(t, env.calls)
}

func TestASingleCallIsTheBody(t *testing.T) {
	env, err := cutSingle([]byte("\n {\"writeKey\":\"k\",\"batch\":[1]}\n"))

	require.NoError(t, err)
	require.Len(t, env.calls, 1)
	assert.Equal(t, `{"writeKey":"k","batch":[1]}`, string(env.calls[0]))
	assert.Equal(t, "k", env.writeKey)
}

func TestTheLastOfTwoBatchesCounts(t *testing.T) {
	env, err := cutBatch([]byte(`{"batch":[1,2],"batch":[3]}`))

	require.NoError(t, err)
	require.Len(t, env.calls, 1)
	assert.Equal(t, "3", string(env.calls[0]))
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
			env, err := cutBatch([]byte(body))
			assert.Error(t, err)
			assert.Empty(t, env.calls)
		})
	}
}

func FuzzCut(f *testing.F) {
	f.Add([]byte(`{"batch":[{"type":"track","n":9007199254740993},{"a":"\ud83c"}],"sentAt":"x"}`))
	f.Add([]byte(`{"batch":[ 1 , [2,{"b":[]}] ,"x"],"batch":[]}`))
	f.Add([]byte("{\"batch\":[\"\xff\"]}"))
	f.Add([]byte(`{"writeKey":"\u0000","batch":{}}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		before := bytes.Clone(body)
		env, err := cutBatch(body)
		if err == nil {
			assertParts(t, body, env.calls)
		}
		single, err := cutSingle(body)
		if err == nil {
			assertParts(t, body, single.calls)
			withoutWriteKey(single.calls[0])
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
