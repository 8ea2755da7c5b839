package ingest_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"benthos-segment/internal/ingest"
)

func TestADamagedElementCostsNoOther(t *testing.T) {
	const a, b = `{"type":"track","n":0.10}`, `{"type":"page","a":[{"x":1},{"type":2}]}`
	for body, want := range map[string]string{
		// https://github.com/rudderlabs/rudder-sdk-android/pull/486: messages of one
		// character.
		`{"sentAt":"x","batch":[{,` + a + `,` + b + `]}`:       `{"sentAt":"x","batch":["{",` + a + `,` + b + `]}`,
		`{"batch":[` + a + `,{,` + b + `],"sentAt":"x"}`:       `{"batch":[` + a + `,"{",` + b + `],"sentAt":"x"}`,
		`{"batch":[` + a + `,` + b + `,{],"sentAt":"x"}`:       `{"batch":[` + a + `,` + b + `,"{"],"sentAt":"x"}`,
		`{"batch":[` + a + `,{"type":"track", , ` + b + ` ] }`: `{"batch":[` + a + `,"{\"type\":\"track\"",` + b + `] }`,
		// https://github.com/segmentio/analytics-android/issues/597
		`{"batch":[, , , , , ],"sentAt":"2018-11-08T04:47:46.352Z"}`: `{"batch":[],"sentAt":"2018-11-08T04:47:46.352Z"}`,
		`{"batch":[, ` + a + `,,` + b + ` , ],"sentAt":"x"}`:         `{"batch":[` + a + `,` + b + `],"sentAt":"x"}`,
	} {
		require.False(t, json.Valid([]byte(body)), body)
		repaired, found := ingest.Salvage([]byte(body))
		assert.True(t, found, body)
		assert.Equal(t, want, string(repaired))
		assert.True(t, json.Valid(repaired))
	}
}

// It has to be sent again.
func TestWhatWasCutOffIsNotSalvaged(t *testing.T) {
	const a = `{"type":"track","userId":"u"}`
	whole := `{"batch":[` + a + `,{,` + a + `],"sentAt":"x"}`
	for cut := range len(whole) {
		_, found := ingest.Salvage([]byte(whole[:cut]))
		assert.False(t, found, whole[:cut])
	}
	for _, body := range []string{
		``, `[]`, `{`, `{"batch":{`, `{"events":[,]}`, `{"batch":[` + a + `]`, whole + `x`, `{"batch":[` + a + `,{],"sentAt":}`,
		// What is broken is not in the batch.
		`{"batch":[` + a + `],"sentAt":x}`,
	} {
		_, found := ingest.Salvage([]byte(body))
		assert.False(t, found, body)
	}
}

// Whatever a body is made of, it is not looked at for ever.
func TestSalvagingIsBounded(t *testing.T) {
	for _, junk := range []string{`,{"`, `{`, `]`, `,{"type":"`, `,{"type":1}{`, `,{"a":[`} {
		body := []byte(`{"batch":[` + strings.Repeat(junk, 1<<20/len(junk)))
		_, found := ingest.Salvage(body)
		assert.False(t, found)
	}
}

func FuzzSalvage(f *testing.F) {
	f.Add([]byte(`{"batch":[{,{"type":"track"}],"sentAt":"x"}`))
	f.Add([]byte(`{"batch":[, {"type":1} ,],"a":[]}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		repaired, found := ingest.Salvage(body)
		if !found {
			return
		}
		_, err := ingest.OpenBatch(repaired, ingest.Bounds{InvalidUTF8: true})
		assert.NoError(t, err, "%q became %q", body, repaired)
	})
}
