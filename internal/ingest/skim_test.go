package ingest_test

import (
	"testing"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/stretchr/testify/assert"

	"benthos-segment/internal/ingest"
)

// Of valid JSON, Pick takes what the decoder takes. Of anything else, it takes no
// harm.
func FuzzPick(f *testing.F) {
	for _, text := range []string{
		`{"a":1, "b\u0062" : "x\\" ,"b":{"a":[2,"}",{"c":"\""}]},"a":3}`,
		` {} `, `[]`, `{"a":`, `{"a"`, `{"a":1`, `{"a":"\`, `{"a":[}`, `{"":null,"b":-1.5e3 }`, `"a"`, ``,
		"{\"a\":\"\xff\"}", `{"a":1,}`, `{"a":}`, `{"a" "b"}`,
	} {
		f.Add([]byte(text))
	}
	names := []string{"a", "bb", "b", ""}
	f.Fuzz(func(t *testing.T, text []byte) {
		got := make([][]byte, len(names))
		ingest.Pick(text, names, got)
		if !jsontext.Value(text).IsValid(jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true)) {
			return
		}
		for i, name := range names {
			assert.Equal(t, string(ingest.Member(text, name)), string(got[i]), name)
		}
	})
}
