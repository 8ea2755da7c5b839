package ingest

import (
	"bytes"
	"regexp"

	"github.com/go-json-experiment/json/jsontext"

	"benthos-segment/internal/segment/jsonscan"
)

// HideKeys returns a copy of a text with all write keys masked: the values of
// members that are named like one, in JSON at any depth, and what follows such a
// name in any other text, and in a text within JSON. A member of properties or
// traits that somebody named so is masked as well, since nothing tells it from a
// key. All other bytes stay as they are, and JSON stays JSON.
//
// It is for what is shown to people or kept as evidence, and never for what is
// sent.
func HideKeys(text []byte) []byte {
	if nextName(text, 0) < 0 && !bytes.Contains(text, []byte(`\u`)) {
		return bytes.Clone(text)
	}
	h := hiding{text: text}
	h.scan.StartLoose(text)
	defer h.scan.Release()
	h.value(0)
	if h.scan.End() != nil {
		return hideInText(text)
	}
	return append(h.shown, text[h.copied:]...)
}

// hiding goes through one text of JSON.
type hiding struct {
	scan        jsonscan.Scanner
	text, shown []byte
	copied      int
}

// value passes over a value that is nested in depth others.
func (h *hiding) value(depth int) {
	switch opening := h.scan.Peek(); {
	case depth >= jsonscan.MaxDepth:
		h.scan.Skip(depth)
	case opening == '{':
		for isOver := h.scan.Open('}'); !isOver; isOver = h.scan.More('}') {
			h.member(depth + 1)
		}
	case opening == '[':
		for isOver := h.scan.Open(']'); !isOver; isOver = h.scan.More(']') {
			h.value(depth + 1)
		}
	case opening == '"':
		start := h.scan.Offset()
		if value, isWhole := h.scan.Value(depth); isWhole && nextName(value, 0) >= 0 {
			h.replace(start, hideInText(value))
		}
	default:
		h.scan.Skip(depth)
	}
}

func (h *hiding) member(depth int) {
	name, isWhole := h.scan.Name()
	if !isWhole {
		return
	}
	if !isKeyName(plain(name)) {
		h.value(depth)
		return
	}
	start := h.scan.Offset()
	value, isWhole := h.scan.Value(depth)
	if !isWhole {
		return
	}
	// Text has replaced what cannot be quoted.
	masked, _ := jsontext.AppendQuote(nil, MaskKey(Text(value)))
	h.replace(start, masked)
}

// replace puts shown in the place of what was read since start.
func (h *hiding) replace(start int, shown []byte) {
	h.shown = append(append(h.shown, h.text[h.copied:start]...), shown...)
	h.copied = h.scan.Offset()
}

// isKeyName reports whether a name is that of a write key, in any style, and also
// with something before it: write_key, WriteKey, X-Write-Key, segmentWriteKey.
func isKeyName(name []byte) bool {
	const letters = "writekey"
	rest := len(letters)
	for i := len(name) - 1; i >= 0 && rest > 0; i-- {
		switch c := name[i]; {
		case c|0x20 == letters[rest-1]:
			rest--
		case bytes.IndexByte([]byte("_-. "), c) < 0:
			return false
		}
	}
	return rest == 0
}

// keyInText is a write key in a text that is no JSON, in a part of JSON, in JSON
// within a text of JSON, or in a query.
var keyInText = regexp.MustCompile(`^((?i:write[_. -]?key)\\*["']?\s*[:=]\s*)(?:(\\*")([^"\\]*)|([^\s"\\&,;}]+))`)

// hideInText hides what follows the name of a write key.
func hideInText(text []byte) []byte {
	shown, copied := make([]byte, 0, len(text)), 0
	for at := nextName(text, 0); at >= 0; at = nextName(text, at+1) {
		found := keyInText.FindSubmatchIndex(text[at:])
		if found == nil {
			continue
		}
		key := place{at + max(found[6], found[8]), at + found[1]}
		if key.start < copied {
			continue // It is in a key, and masked.
		}
		shown = append(append(shown, text[copied:key.start]...), MaskKey(string(key.in(text)))...)
		copied = key.end
	}
	return append(shown, text[copied:]...)
}

// nextName returns where the name of a write key may begin, from an offset on,
// -1 if none does.
func nextName(text []byte, from int) int {
	const begin = "write"
	for at := from; at+len(begin) <= len(text); at++ {
		if text[at]|0x20 == begin[0] && bytes.EqualFold(text[at:at+len(begin)], []byte(begin)) {
			return at
		}
	}
	return -1
}
