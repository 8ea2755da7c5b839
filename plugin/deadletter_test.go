package plugin_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/redpanda-data/benthos/v4/public/bloblang"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"benthos-segment/plugin/segmenttest"
)

// mapped runs a mapping over a document.
func mapped(t *testing.T, mapping string, document any) any {
	t.Helper()
	executor, err := bloblang.Parse(mapping)
	require.NoError(t, err)
	result, err := executor.Query(document)
	require.NoError(t, err)
	return result
}

func TestAnErrorComesApart(t *testing.T) {
	for name, test := range map[string]struct {
		err                     any
		reason, field, sentence string
	}{
		"of a field":             {"segment event_not_defined event: A track call needs a name.", "event_not_defined", "event", "A track call needs a name."},
		"of a field below":       {"segment consent_version_should_be_number context.consent.version: no", "consent_version_should_be_number", "context.consent.version", "no"},
		"of a call of several":   {"segment event_not_defined 1.event: no", "event_not_defined", "1.event", "no"},
		"of no field":            {"segment undelivered -: The process was stopped.", "undelivered", "-", "The process was stopped."},
		"with colons":            {"segment refused -: status 400: a: b", "refused", "-", "status 400: a: b"},
		"with lines":             {"segment mapping_failed mapping: line 1\nline 2", "mapping_failed", "mapping", "line 1\nline 2"},
		"without a sentence":     {"segment refused -: ", "refused", "-", ""},
		"as bytes":               {[]byte("segment refused -: no"), "refused", "-", "no"},
		"of another output":      {"failed to reach a target destination", "unknown", "-", "failed to reach a target destination"},
		"of another's segment":   {"segment 7 of the log: cannot be read", "unknown", "-", "segment 7 of the log: cannot be read"},
		"that quotes one":        {"all failed: segment refused -: no", "unknown", "-", "all failed: segment refused -: no"},
		"that is missing":        {nil, "unknown", "-", ""},
		"that is no text":        {map[string]any{"a": 1}, "unknown", "-", `{"a":1}`},
		"that is a word of ours": {"segment", "unknown", "-", "segment"},
	} {
		t.Run(name, func(t *testing.T) {
			want := map[string]any{"reason": test.reason, "field": test.field, "sentence": test.sentence}
			assert.Equal(t, want, mapped(t, `root = this.error.segment_error()`, map[string]any{"error": test.err}))
		})
	}
}

// A dead letter has to be as good as the event: issue 10, A4, where
// content().string() made U+FFFD of the bytes of a Latin-1 export.
func TestADeadLetterKeepsTheBytesOfItsEvent(t *testing.T) {
	for name, payload := range map[string]string{
		"an event":          `{"type":"track","userId":"u","properties":{"n":9007199254740993,"p":0.10}}`,
		"an event in lines": "{\n\t\"type\": \"track\",\r\n\t\"userId\": \"u\"\n}",
		"Latin-1":           "{\"type\":\"track\",\"event\":\"Caf\xe9\",\"userId\":\"u\"}",
		"UTF-16":            "\xff\xfe{\x00\"\x00t\x00",
		"gzip":              "\x1f\x8b\x08\x00\x00\x00\x00\x00",
		"half a rune":       "{\"type\":\"track\",\"event\":\"\xf0\x9f\x8e",
		"a surrogate":       "{\"event\":\"\xed\xa0\xbc\"}",
		"U+FFFD itself":     "{\"type\":\"track\",\"name\":\"\uFFFD\",\"userId\":\"u\"}",
		"a byte order mark": "\ufeff{\"type\":\"track\",\"userId\":\"u\"}",
		"NUL":               "\x00{}",
		"line separators":   "{\"type\":\"track\",\"userId\":\"\u2028<&>\"}",
	} {
		t.Run(name, func(t *testing.T) {
			sb := segmenttest.New(t)
			letterbox := `{"dead_letter": {}, "processors": [{"mapping": "root = @fallback_error.segment_dead_letter(content())"}]}`
			p := start(t, `{"fallback": [`+segmentOutput(sb.URL)+`, `+letterbox+`]}`)
			p.accept(events(payload))
			require.Len(t, p.dead.Letters(), 1)

			var written any
			require.NoError(t, json.Unmarshal([]byte(p.dead.Letters()[0].Payload), &written))
			letter := written.(map[string]any)
			assert.NotEqual(t, "unknown", letter["reason"])
			assert.NotEmpty(t, letter["sentence"])
			assert.Len(t, letter, 4, "the payload is there once")
			assert.Equal(t, payload, bloblang.ValueToString(mapped(t, `root = this.payload | this.payload_base64.decode("base64")`, letter)))
		})
	}
}

func TestADeadLetterSaysWhereItIsBase64(t *testing.T) {
	letter := map[string]any{"error": "segment refused -: no", "event": []byte("caf\xe9")}
	const mapping = `root = this.error.segment_dead_letter(this.event)`
	assert.Equal(t, map[string]any{"reason": "refused", "field": "-", "sentence": "no", "payload_base64": "Y2Fm6Q=="},
		mapped(t, mapping, letter))
	letter["event"] = []byte("café")
	assert.Equal(t, map[string]any{"reason": "refused", "field": "-", "sentence": "no", "payload": "café"},
		mapped(t, mapping, letter))
	letter["event"] = nil
	assert.Equal(t, map[string]any{"reason": "refused", "field": "-", "sentence": "no", "payload": ""},
		mapped(t, mapping, letter))
}

// What the reference shows of our methods is what they do.
func TestTheExamplesOfOurMethodsAreTrue(t *testing.T) {
	examples := 0
	bloblang.GlobalEnvironment().WalkMethods(func(name string, view *bloblang.MethodView) {
		if !strings.HasPrefix(name, "segment_") {
			return
		}
		data := view.TemplateData()
		require.Len(t, data.Categories, 1)
		assert.Equal(t, "Segment", data.Categories[0].Category)
		for _, example := range data.Examples {
			executor, err := bloblang.Parse(example.Mapping)
			require.NoError(t, err, example.Mapping)
			for _, result := range example.Results {
				var input any
				require.NoError(t, json.Unmarshal([]byte(result[0]), &input))
				got, err := executor.Query(input)
				require.NoError(t, err)
				assert.Equal(t, result[1], bloblang.ValueToString(got), example.Mapping)
				examples++
			}
		}
	})
	assert.Equal(t, 5, examples)
}
