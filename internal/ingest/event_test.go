package ingest_test

import (
	"encoding/json"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"benthos-segment/internal/ingest"
)

func TestMembersOfAnEventAreParts(t *testing.T) {
	body := []byte(`{"batch":[ {"type" : "track", "n":0.10,"conte\u0078t":{"ip":"::1"},"type":"page" }, 7, {}],"sentAt":"x"}`)
	env, err := ingest.OpenBatch(body, ingest.Bounds{Members: true})
	require.NoError(t, err)
	require.Len(t, env.Events, 3)

	first := env.Item(0)
	assert.True(t, first.IsObject())
	assert.Equal(t, `"page"`, string(first.Value(ingest.NameType)), "the last one counts")
	assert.Equal(t, `{"ip":"::1"}`, string(first.Value(ingest.NameContext)))
	assert.Nil(t, first.Value(ingest.NameMessageID))
	assert.False(t, env.Item(1).IsObject())
	assert.Equal(t, "7", string(env.Item(1).Raw))
	assert.True(t, env.Item(2).IsObject())
	assert.Equal(t, "x", env.SentAt)
}

func TestMembersAreTakenOffAndAdded(t *testing.T) {
	drop := ingest.SetOf(ingest.NameType, ingest.NameWriteKey)
	for body, want := range map[string]string{
		`{}`:                                `{"type":1}`,
		`{ }`:                               `{"type":1}`,
		` { "type" : "a" } `:                `{"type":1}`,
		`{"type":"a","type":"b"}`:           `{"type":1}`,
		`{"type":"a", "n":1.0 }`:            `{ "n":1.0,"type":1}`,
		`{"n":1.0, "type":"a"}`:             `{"n":1.0,"type":1}`,
		`{"n":1.0 , "type":"a" , "m":[2] }`: `{"n":1.0 ,  "m":[2],"type":1}`,
		`{"writeKey":"k","type":"a","n":1,"writeKey":"k"}`: `{"n":1,"type":1}`,
		`{"a":{"type":"kept","writeKey":1}}`:               `{"a":{"type":"kept","writeKey":1},"type":1}`,
		`{"a":",", "type":","}`:                            `{"a":",","type":1}`,
	} {
		env, err := ingest.OpenMembers([]byte(body))
		require.NoError(t, err)
		event := ingest.AppendMember(env.Item(0).AppendWithout(nil, drop), ingest.NameType, []byte("1"))
		event = append(event, '}')
		assert.JSONEq(t, want, string(event), body)
		assert.Len(t, event, len(want)-countBlanks(want)+countBlanks(string(event)), body)
	}
}

func countBlanks(text string) (n int) {
	for _, c := range text {
		if c == ' ' {
			n++
		}
	}
	return n
}

func TestOneEventIsOpenedWithItsMembers(t *testing.T) {
	env, err := ingest.OpenMembers([]byte(` {"writeKey":"k","sentAt":"s","context":{"a":1},"integrations":{"All":false}} `))
	require.NoError(t, err)
	assert.Equal(t, 1, env.Count)
	assert.Equal(t, "k", env.WriteKey)
	assert.Equal(t, "s", env.SentAt)
	assert.Equal(t, `{"a":1}`, string(env.Context))
	assert.Equal(t, `{"All":false}`, string(env.Integrations))

	for _, body := range []string{``, ` `, `[]`, `{`, `{}{}`, `{"a":}`} {
		_, err := ingest.OpenMembers([]byte(body))
		assert.Error(t, err, body)
	}
}

// One byte of an old encoding must not cost a batch.
func TestTextThatIsNotUTF8CostsOnlyItsEvent(t *testing.T) {
	body := []byte("{\"batch\":[{\"event\":\"Caf\xe9\"},{\"event\":\"E\"}]}")
	_, err := ingest.OpenBatch(body, ingest.Bounds{})
	assert.Error(t, err)
	env, err := ingest.OpenBatch(body, ingest.Bounds{Members: true, InvalidUTF8: true})
	require.NoError(t, err)
	require.Len(t, env.Events, 2)
	assert.Equal(t, "{\"event\":\"Caf\xe9\"}", string(env.Events[0]))
	assert.Equal(t, `{"event":"E"}`, string(env.Events[1]))
	one, err := ingest.OpenMembers(env.Events[0])
	require.NoError(t, err)
	assert.Equal(t, 1, one.Count)
}

// Whatever is taken off and added, the rest of the event stays, byte for byte and
// in its order.
func FuzzMembers(f *testing.F) {
	f.Add([]byte(`{"type":"a","n":1.0,"writeKey":"k"}`))
	f.Add([]byte(`{ "n" : [ 1 , {"type":","} ] , "typ\u0065":"," } `))
	f.Fuzz(func(t *testing.T, body []byte) {
		env, err := ingest.OpenMembers(body)
		if err != nil {
			return
		}
		_, err = ingest.OpenEvent(body)
		assert.Equal(t, utf8.Valid(body), err == nil, "both take the same events of valid text")
		event := env.Item(0).AppendWithout(nil, ingest.SetOf(ingest.NameType, ingest.NameWriteKey))
		event = append(ingest.AppendMember(event, ingest.NameType, []byte("1")), '}')
		var want, got [][2]string
		note := func(into *[][2]string) func(string, []byte) {
			return func(name string, value []byte) {
				if name != "type" && name != "writeKey" {
					*into = append(*into, [2]string{name, string(value)})
				}
			}
		}
		ingest.Members(body, note(&want))
		ingest.Members(event, note(&got))
		assert.Equal(t, want, got)
		if json.Valid(body) {
			assert.True(t, json.Valid(event), "%q", event)
		}
	})
}

func TestMembersArePickedByTheirNames(t *testing.T) {
	values := make([][]byte, 3)
	ingest.Pick([]byte(`{"a":1, "n\u0061me" : "x" ,"b":{"a":2},"a":3}`), []string{"a", "name", "absent"}, values)
	assert.Equal(t, "3", string(values[0]), "the last one counts")
	assert.Equal(t, `"x"`, string(values[1]))
	assert.Nil(t, values[2])
	for _, text := range []string{``, `[1]`, `{"b":`, `"a"`} {
		values := make([][]byte, 1)
		ingest.Pick([]byte(text), []string{"a"}, values)
		assert.Nil(t, values[0])
	}
}
