package segment

import (
	"bytes"
	"unicode/utf8"

	"benthos-segment/internal/segment/internal/jsonscan"
)

// likeness is what a payload looks like that is not JSON, and how to make JSON
// of it. It is empty where that is not known.
type likeness struct{ what, advice string }

const (
	// encodeAsUTF8 is for what Bloblang has no method for.
	encodeAsUTF8 = "encode it as UTF-8 where it is written"
	decodeIt     = "decode it before this output"
)

func withMapping(verb, mapping string) string {
	return verb + " it with the mapping `root = content()" + mapping + ".parse_json()`"
}

func compressed(name, algorithm string) likeness {
	return likeness{name, withMapping("decompress", `.decompress("`+algorithm+`")`)}
}

// likenesses are known by their first bytes. A longer beginning comes before a
// shorter one that it begins with.
var likenesses = [...]struct {
	beginning string
	likeness
}{
	{"\xff\xfe\x00\x00", likeness{"UTF-32", encodeAsUTF8}},
	{"\x00\x00\xfe\xff", likeness{"UTF-32", encodeAsUTF8}},
	{"\xff\xfe", likeness{"UTF-16", encodeAsUTF8}},
	{"\xfe\xff", likeness{"UTF-16", encodeAsUTF8}},
	{"\x1f\x8b", compressed("gzip", "gzip")},
	{"\x28\xb5\x2f\xfd", compressed("Zstandard", "zstd")},
	{"\x78\x01", compressed("zlib", "zlib")},
	{"\x78\x9c", compressed("zlib", "zlib")},
	{"\x78\xda", compressed("zlib", "zlib")},
	{"\x04\x22\x4d\x18", compressed("LZ4", "lz4")},
	{"BZh", compressed("bzip2", "bzip2")},
	{"\xff\x06\x00\x00sNaPpY", likeness{"Snappy in frames", decodeIt}},
	{"\xfd7zXZ", likeness{"xz", decodeIt}},
	{"PK\x03\x04", likeness{"a ZIP archive", "unpack it before this output, with the processor `unarchive: {format: zip}`"}},
	{"Obj\x01", likeness{"an Avro file", decodeIt}},
	{"PAR1", likeness{"a Parquet file", decodeIt}},
	{"\x1e", likeness{"a JSON text sequence, RFC 7464", "split it before this output and take the first byte of each part off"}},
	{"[object ", likeness{"what JavaScript writes for an object as text", "use JSON.stringify where it is written"}},
	{`{\"`, likeness{"JSON with its quotes escaped", `unescape it with the mapping ` +
		"`root = (\"\\\"\" + content().string() + \"\\\"\").parse_json().parse_json()`"}},
	{"{&quot;", likeness{"JSON escaped for HTML", withMapping("unescape", ".string().unescape_html()")}},
	{"{&#", likeness{"JSON escaped for HTML", withMapping("unescape", ".string().unescape_html()")}},
	{"%7B", likeness{"JSON escaped for a URL", withMapping("unescape", ".string().unescape_url_query()")}},
	{"%7b", likeness{"JSON escaped for a URL", withMapping("unescape", ".string().unescape_url_query()")}},
	{"{'", likeness{"the text of a Python dictionary or a JavaScript object", "use json.dumps or JSON.stringify where it is written"}},
	{"<", likeness{"XML or HTML, such as the error page of a proxy", "make JSON of it before this output"}},
}

// likenessOf says what a payload that is not JSON looks like.
func likenessOf(text []byte) likeness {
	text = text[jsonscan.SkipBlanks(text, 0):]
	if wide := wideText(text); wide != "" {
		return likeness{wide, encodeAsUTF8}
	}
	for i := range likenesses {
		if bytes.HasPrefix(text, []byte(likenesses[i].beginning)) {
			return likenesses[i].likeness
		}
	}
	switch {
	case isWireFormat(text):
		return likeness{
			"a record that was written with a schema registry",
			decodeIt + ", with the processor `schema_registry_decode` of a build that has it",
		}
	case isBase64(text):
		return likeness{"JSON in base64", withMapping("decode", `.decode("base64")`)}
	case isForm(text):
		return likeness{"a form", "read it with the mapping `root = content().string().parse_form_url_encoded()` " +
			"and take the event out of its field"}
	case isMessagePack(text):
		return likeness{"MessagePack", decodeIt}
	case isBinary(text):
		return likeness{"binary data, such as Avro or Protobuf", decodeIt}
	default:
		return likeness{}
	}
}

// wideText names the encoding of text that has no byte order mark and in which
// ASCII takes two or four bytes, three quarters of the eight first ones zero or
// half of them.
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

// isWireFormat knows the zero byte and the number of a schema that Confluent's
// serializers put before a value.
func isWireFormat(text []byte) bool { return len(text) > 5 && text[0] == 0 && text[1] == 0 }

// isBase64 knows what an object that begins with a name becomes. A token of
// three such parts, which a dot joins, is not one.
func isBase64(text []byte) bool {
	text = bytes.TrimSpace(text)
	isObject := bytes.HasPrefix(text, []byte("eyJ")) || bytes.HasPrefix(text, []byte("ewo")) || bytes.HasPrefix(text, []byte("eyA"))
	return isObject && bytes.IndexByte(text, '.') < 0
}

// isForm knows a name and a value that begins with a brace.
func isForm(text []byte) bool {
	name, value, _ := bytes.Cut(text, []byte("="))
	return len(name) > 0 && bytes.HasPrefix(value, []byte("%7")) && !bytes.ContainsAny(name, "{[\"' <\n")
}

// isMessagePack knows a map whose first name is a short text.
func isMessagePack(text []byte) bool {
	return len(text) > 1 && text[0]>>4 == 0x8 && text[0] != 0x80 && text[1]>>5 == 0b101
}

// isBinary says whether a payload begins with what no text begins with.
func isBinary(text []byte) bool {
	r, size := utf8.DecodeRune(text)
	return size > 0 && (r < ' ' || r == utf8.RuneError && size == 1)
}
