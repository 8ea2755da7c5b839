package ingest_test

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"

	"benthos-segment/internal/ingest"
)

// RudderStack's and Segment's SDKs for Python write what json.dumps makes of a
// float that is none.
func TestNaNBecomesNull(t *testing.T) {
	for text, want := range map[string]string{
		`{"a":NaN,"b":[Infinity,-Infinity, NaN]}`: `{"a":null,"b":[null,null, null]}`,
		`{"a":"NaN \" Infinity","b":-1}`:          `{"a":"NaN \" Infinity","b":-1}`,
		`{"a":"\\","b":NaN}`:                      `{"a":"\\","b":null}`,
		`{"a":-NaN}`:                              `{"a":-null}`,
		`{"a":1}`:                                 `{"a":1}`,
		`{"Infinity":Inf}`:                        `{"Infinity":Inf}`,
	} {
		repaired, found := ingest.WithoutNaN([]byte(text))
		assert.Equal(t, want, string(repaired))
		assert.Equal(t, text != want, found)
	}
}

// What is JSON stays as it is.
func FuzzWithoutNaN(f *testing.F) {
	f.Add([]byte(`{"a":[NaN,"NaN\"",-Infinity]}`))
	f.Add([]byte(`"\\"NaN`))
	f.Fuzz(func(t *testing.T, text []byte) {
		before := bytes.Clone(text)
		repaired, found := ingest.WithoutNaN(text)
		assert.Equal(t, before, text)
		if json.Valid(text) {
			assert.False(t, found)
			assert.Equal(t, before, repaired)
		}
	})
}
