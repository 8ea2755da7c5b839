// Package likeness knows what a payload is that is not JSON, and how to make
// JSON of it.
package likeness

import (
	"bytes"
	"unicode/utf8"

	"benthos-segment/internal/segment/jsonscan"
)

// Likeness is the format that a payload looks like.
type Likeness struct {
	// Format names it. It is empty where the format is not known.
	Format string
	// Advice says how to make JSON of it.
	Advice string
}

const (
	// encodeAsUTF8 is for encodings that Bloblang has no method for.
	encodeAsUTF8 = "encode it as UTF-8 where it is written"
	decodeIt     = "decode it before this output"
)

func withMapping(verb, mapping string) string {
	return verb + " it with the mapping `root = content()" + mapping + ".parse_json()`"
}

func compressed(name, algorithm string) Likeness {
	return Likeness{name, withMapping("decompress", `.decompress("`+algorithm+`")`)}
}

// likenesses are known by their first bytes. A longer prefix comes before a
// shorter one that it begins with.
var likenesses = [...]struct {
	prefix string
	Likeness
}{
	{"\xff\xfe\x00\x00", Likeness{"UTF-32", encodeAsUTF8}},
	{"\x00\x00\xfe\xff", Likeness{"UTF-32", encodeAsUTF8}},
	{"\xff\xfe", Likeness{"UTF-16", encodeAsUTF8}},
	{"\xfe\xff", Likeness{"UTF-16", encodeAsUTF8}},
	{"\x1f\x8b", compressed("gzip", "gzip")},
	{"\x28\xb5\x2f\xfd", compressed("Zstandard", "zstd")},
	{"\x78\x01", compressed("zlib", "zlib")},
	{"\x78\x9c", compressed("zlib", "zlib")},
	{"\x78\xda", compressed("zlib", "zlib")},
	{"\x04\x22\x4d\x18", compressed("LZ4", "lz4")},
	{"BZh", compressed("bzip2", "bzip2")},
	{"\xff\x06\x00\x00sNaPpY", Likeness{"Snappy in frames", decodeIt}},
	{"\xfd7zXZ", Likeness{"xz", decodeIt}},
	{"PK\x03\x04", Likeness{"a ZIP archive", "unpack it before this output, with the processor `unarchive: {format: zip}`"}},
	{"Obj\x01", Likeness{"an Avro file", decodeIt}},
	{"PAR1", Likeness{"a Parquet file", decodeIt}},
	{"\x1e", Likeness{"a JSON text sequence, RFC 7464", "split it before this output and remove the first byte of each part"}},
	{"[object ", Likeness{"the text that JavaScript makes of an object", "use JSON.stringify where it is written"}},
	{`{\"`, Likeness{"JSON with its quotes escaped", `unescape it with the mapping ` +
		"`root = (\"\\\"\" + content().string() + \"\\\"\").parse_json().parse_json()`"}},
	{"{&quot;", Likeness{"JSON escaped for HTML", withMapping("unescape", ".string().unescape_html()")}},
	{"{&#", Likeness{"JSON escaped for HTML", withMapping("unescape", ".string().unescape_html()")}},
	{"%7B", Likeness{"JSON escaped for a URL", withMapping("unescape", ".string().unescape_url_query()")}},
	{"%7b", Likeness{"JSON escaped for a URL", withMapping("unescape", ".string().unescape_url_query()")}},
	{"{'", Likeness{"a Python dictionary or a JavaScript object written as text", "use json.dumps or JSON.stringify where it is written"}},
	{"<", Likeness{"XML or HTML, such as the error page of a proxy", "convert it to JSON before this output"}},
}

// Of returns what a payload that is not JSON looks like.
func Of(text []byte) Likeness {
	text = text[jsonscan.SkipBlanks(text, 0):]
	if wide := wideText(text); wide != "" {
		return Likeness{wide, encodeAsUTF8}
	}
	for i := range likenesses {
		if bytes.HasPrefix(text, []byte(likenesses[i].prefix)) {
			return likenesses[i].Likeness
		}
	}
	switch {
	case isWireFormat(text):
		return Likeness{
			"a record that was written with a schema registry",
			decodeIt + ", with the processor `schema_registry_decode` of a build that has it",
		}
	case IsBase64(text):
		return Likeness{"JSON in base64", withMapping("decode", `.decode("base64")`)}
	case isForm(text):
		return Likeness{"a form", "read it with the mapping `root = content().string().parse_form_url_encoded()` " +
			"and take the event out of its field"}
	case isMessagePack(text):
		return Likeness{"MessagePack", decodeIt}
	case isBinary(text):
		return Likeness{"binary data, such as Avro or Protobuf", decodeIt}
	default:
		return Likeness{}
	}
}

// wideText names the encoding of text without a byte order mark in which each
// ASCII character takes two or four bytes: half or three quarters of the first
// eight bytes are zero.
func wideText(text []byte) string {
	if len(text) < 8 {
		return ""
	}
	zeros := 0
	for i, b := range text[:8] {
		if b == 0 {
			zeros |= 1 << i
		}
	}
	switch zeros {
	case 0b10101010, 0b01010101:
		return "UTF-16 without a byte order mark"
	case 0b11101110, 0b01110111:
		return "UTF-32 without a byte order mark"
	default:
		return ""
	}
}

// isWireFormat reports whether a text begins with the zero byte and the schema
// id that Confluent's serializers put before a value.
func isWireFormat(text []byte) bool { return len(text) > 5 && text[0] == 0 && text[1] == 0 }

// IsBase64 reports whether a text looks like a JSON object in base64. A JSON Web
// Token, whose parts look like that and are joined by dots, does not count.
func IsBase64(text []byte) bool {
	text = bytes.TrimSpace(text)
	isObject := bytes.HasPrefix(text, []byte("eyJ")) || bytes.HasPrefix(text, []byte("ewo")) || bytes.HasPrefix(text, []byte("eyA"))
	return isObject && bytes.IndexByte(text, '.') < 0
}

// isForm reports whether a text is a name and a value that begins with a brace.
func isForm(text []byte) bool {
	name, value, _ := bytes.Cut(text, []byte("="))
	return len(name) > 0 && bytes.HasPrefix(value, []byte("%7")) && !bytes.ContainsAny(name, "{[\"' <\n")
}

// isMessagePack reports whether a text begins like a map whose first name is
// short.
func isMessagePack(text []byte) bool {
	return len(text) > 1 && text[0]>>4 == 0x8 && text[0] != 0x80 && text[1]>>5 == 0b101
}

// isBinary reports whether a payload begins with a byte that no text begins
// with.
func isBinary(text []byte) bool {
	r, size := utf8.DecodeRune(text)
	return size > 0 && (r < ' ' || r == utf8.RuneError && size == 1)
}
