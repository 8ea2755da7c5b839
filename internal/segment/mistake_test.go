package segment_test

import (
	"encoding/binary"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/stretchr/testify/assert"

	"benthos-segment/internal/segment"
)

// Each mistake has a sentence of its own: NaN (singer-python#127), [,,] and NUL
// had one and the same, about values inside each other.
func TestAMistakeInJSONIsNamed(t *testing.T) {
	const (
		comma, closing, depth = "a comma with nothing before it", "a closing bracket right after a comma", "more than 10,000 deep"
		unquoted, noComma     = "text without quotes", "no comma between two values"
	)
	for payload, want := range map[string]string{
		`{"a":NaN}`: "NaN, which JSON does not have", `[NaN]`: "NaN, which", `{"a":nan}`: "NaN, which", `{"a":-NaN}`: "NaN, which",
		`{"a":Infinity}`: "Infinity, which JSON does not have", `{"a":-Infinity}`: "Infinity, which", `{"a":+inf}`: "Infinity, which",
		`{"a":None}`: "how Python writes them", `{"a":True}`: "how Python writes them", `[False]`: "how Python writes them",
		`{"a":undefined}`: "JavaScript's undefined", `{"a":NULL}`: "a misspelled null", `{"a":nil}`: "a misspelled null",
		`[,,]`: comma, `{"a":[1,,2]}`: comma, `{,}`: comma, `{"a":1,,"b":2}`: comma, `,`: comma,
		`{"a":[1,]}`: closing, `{"a":1,}`: closing, `{"a":[1, ]}`: closing,
		`{"a":}`: "no value after the name", `{"a":,"b":1}`: "no value after the name", `{"a":]`: closing,
		"{\"a\":\x00}": "a NUL byte", "{\"a\":\"\x00\"}": "a NUL byte", "{\x00}": "a NUL byte", "{\"type\":\"page\",\"userId\":\"u\"}\x00": "a NUL byte",
		strings.Repeat("[", 10_001): depth, strings.Repeat(`{"a":`, 10_001): depth, `{"a":` + strings.Repeat("[1,[", 6_000): depth,
		"{\"a\":\"x\ny\"}": "a line break inside a string", "{\"a\":\"x\ty\"}": "a tab inside a string", "{\"a\":\"\x01\"}": `\u0001`,
		`{"a":"\x"}`: "a backslash before a character", `{"a":"\u12g4"}`: "four hexadecimal digits", "{\"a\":\v1}": "a control character",
		`{a:1}`: "a name without quotes", `{"a":1,b:2}`: "a name without quotes", `{1:2}`: "a name without quotes", `{é:2}`: "a name without quotes", `{[1]}`: "the name of a member belongs",
		`{"a" 1}`: "no colon", `{"a"=1}`: "no colon", `{"a","b"}`: "no colon",
		`{"a":1 "b":2}`: noComma, `{"a":[1 2]}`: noComma, `{"a":"b"c}`: noComma, `{"a":["a""b"]}`: noComma, `{"a":1;}`: noComma,
		`{"a":1]`: "of the wrong kind", `{"a":[1}`: "of the wrong kind", `{"a":{"b":[1,2},3]}`: "of the wrong kind", `{"a":1:2}`: "in place of a comma", `{"a":1=2}`: "in place of a comma",
		`{"a":abc}`: unquoted, `{"a":2024-01-31}`: unquoted, `{"a":nul}`: unquoted, `{"a":tru }`: unquoted, `{"a":trueish}`: unquoted, `{"a":12abc}`: unquoted, `{"a":1_000}`: unquoted, `hello`: unquoted,
		`{"a":01}`: "a leading zero", `{"a":-00}`: "a leading zero", `{"a":0x1F}`: "a hexadecimal number", `{"a":+1}`: "a plus sign", `{"a":.5}`: "begins with its decimal point", `{"a":-.5}`: "begins with its decimal point",
		`{"a":1.}`: "an incomplete number", `{"a":-}`: "an incomplete number", `{"a":1e}`: "an incomplete number", `{"a":1e+,"b":2}`: "an incomplete number",
		`{"a":'b'}`: "a single quote", "{\"a\":`b`}": "a single quote", `{“a”:1}`: "a typographic quotation mark", `{"a":«b»}`: "a typographic quotation mark",
		"{\u00a0\"a\":1}": "a blank that JSON does not allow", "{\"a\":\u200b1}": "a blank that JSON does not allow", "\ufeff\ufeff{}": "a byte order mark after the start",
		"// x\n{}": "a comment", `{"a":1 /* x */}`: "a comment", "# x\n{}": "a comment", `{"a":\"b\"}`: "a backslash, as in JSON that was quoted",
		`{}}`: "after the end of the JSON value", `{} x`: "after the end of the JSON value", `]`: "without an opening one", `}`: "without an opening one",
		"{\"a\":\"caf\xe9\"}": "Latin-1", "{\"a\":\"\xed\xa0\xbc\"}": "CESU-8", "{\"a\":\"\xc0\x80\"}": "Java's modified UTF-8", "{\"a\":\"\xe2\x82": "an incomplete character",
		`{"a":`: "was cut off", `{"a":"b`: "was cut off", `-`: "was cut off",
	} {
		v := refused(t, payload)
		if len(payload) > 100 {
			payload = payload[:100]
		}
		assert.Equal(t, segment.ReasonInvalidJSON, v.Reason, payload)
		assert.Contains(t, v.Sentence, want, payload)
		assert.NotContains(t, v.Sentence, "looks like", payload)
		if want != depth {
			assert.NotContains(t, v.Sentence, depth, payload)
		}
	}
}

// asUTF16 writes text in two bytes each.
func asUTF16(order binary.AppendByteOrder, text string) string {
	var wide []byte
	for _, unit := range utf16.Encode([]rune(text)) {
		wide = order.AppendUint16(wide, unit)
	}
	return string(wide)
}

// yajsv#13: files of Windows. Split into lines, the bytes of a line break are
// on both sides of the cut.
func TestEachLineOfAFileInUTF16IsNamed(t *testing.T) {
	const event = `{"type":"page","userId":"u"}`
	for _, order := range []binary.AppendByteOrder{binary.LittleEndian, binary.BigEndian} {
		for line := range strings.SplitSeq(asUTF16(order, "\ufeff"+event+"\r\n"+event+"\n"+event), "\n") {
			assert.Contains(t, refused(t, line).Sentence, "looks like UTF-16", "%q", line)
		}
	}
}

func TestAnotherFormatIsNamed(t *testing.T) {
	const event, mark = `{"type":"page","userId":"u"}`, "\ufeff"
	for payload, want := range map[string]string{
		asUTF16(binary.LittleEndian, event):          "UTF-16 without a byte order mark",
		asUTF16(binary.BigEndian, event):             "UTF-16 without a byte order mark",
		asUTF16(binary.LittleEndian, mark+event):     "looks like UTF-16;",
		asUTF16(binary.BigEndian, mark+event):        "looks like UTF-16;",
		"\xff\xfe\x00\x00{\x00\x00\x00":              "looks like UTF-32;",
		"\x00\x00\xfe\xff\x00\x00\x00{":              "looks like UTF-32;",
		"{\x00\x00\x00\"\x00\x00\x00":                "UTF-32 without a byte order mark",
		"\x00\x00\x00{\x00\x00\x00\"":                "UTF-32 without a byte order mark",
		"\x1f\x8b\x08\x00\x00\x00":                   `looks like gzip; decompress it with the mapping`,
		"\x28\xb5\x2f\xfd\x04\x58":                   `Zstandard`,
		"\x78\x9c\xab\x56":                           `zlib`,
		"\x78\x01\xab\x56":                           `zlib`,
		"\x04\x22\x4d\x18\x64":                       `LZ4`,
		"\xff\x06\x00\x00sNaPpY":                     `Snappy`,
		"BZh91AY&SY":                                 `bzip2`,
		"\xfd7zXZ\x00":                               `xz`,
		"PK\x03\x04\x14\x00":                         `ZIP`,
		"Obj\x01\x04":                                `an Avro file`,
		"PAR1\x15\x04":                               `a Parquet file`,
		"\x00\x00\x00\x00\x07" + event:               `a schema registry`,
		"\x00\x00\x01\x00\x07\x02u":                  `a schema registry`,
		"\x82\xa4type\xa4page\xa6userId\xa1u":        `MessagePack`,
		"\x00":                                       `binary data`,
		"\x0a\x04page\x12\x01u":                      `binary data`,
		"\xaa\x01":                                   `binary data`,
		"eyJ0eXBlIjoicGFnZSIsInVzZXJJZCI6InUifQ==\n": `JSON in base64`,
		`payload=%7B%22type%22%3A%22page%22%7D`:      `a form`,
		`%7B%22type%22%3A%22page%22%7D`:              `JSON escaped for a URL`,
		`{&quot;type&quot;:&quot;page&quot;}`:        `JSON escaped for HTML`,
		`{&#34;type&#34;:&#34;page&#34;}`:            `JSON escaped for HTML`,
		`{\"type\":\"page\"}`:                        `JSON with its quotes escaped`,
		`{'type': 'page', 'userId': None}`:           `a Python dictionary`,
		`[object Object]`:                            `JavaScript makes of an object`,
		"<html><body>502</body></html>":              `XML or HTML`,
		"\x1e" + event:                               `RFC 7464`,
	} {
		v := refused(t, payload)
		assert.Equal(t, segment.ReasonInvalidJSON, v.Reason, "%q", payload)
		assert.Contains(t, v.Sentence, "looks like ", "%q", payload)
		assert.Contains(t, v.Sentence, want, "%q", payload)
		assert.Regexp(t, "; .+$", v.Sentence, "it says what to do")
	}
}

// A token is no event, and its parts are nobody's.
func TestATokenIsNotTakenForAnEvent(t *testing.T) {
	assert.NotContains(t, refused(t, "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln").Sentence, "base64")
}
