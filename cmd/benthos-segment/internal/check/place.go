package check

import (
	"bytes"
	"errors"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"benthos-segment/cmd/benthos-segment/internal/documents"
)

// place is where in a file something is. Both count from 1.
type place struct{ line, column int }

// placeIn returns the place of a byte of a document.
func placeIn(doc documents.Document, offset int) place {
	before := doc.Payload[:min(offset, len(doc.Payload))]
	breaks := bytes.Count(before, []byte{'\n'})
	if breaks == 0 {
		return place{doc.Line, doc.Column + documents.Characters(before)}
	}
	before = before[bytes.LastIndexByte(before, '\n')+1:]
	return place{doc.Line + breaks, 1 + documents.Characters(before)}
}

// lenient are the options for what the converter has accepted.
var lenient = []jsontext.Options{jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true)}

// offsetOfField returns where in a payload the value of a field is, or the
// innermost object on the way to it: a field may be to blame because it is
// missing.
func offsetOfField(payload []byte, field string) int {
	value, offset := skipBlanks(payload, 0)
	for field != "" {
		inner, at, rest, isFound := member(value, field)
		if !isFound {
			break
		}
		value, field, offset = inner, rest, offset+at
	}
	return offset
}

func skipBlanks(text []byte, from int) ([]byte, int) {
	trimmed := bytes.TrimLeft(text[from:], " \t\r\n")
	return trimmed, len(text) - len(trimmed)
}

// member returns a member of an object or an element of an array: its value,
// where that is, and what of the path comes after it. A name may have dots in
// it. Of a name that is there twice, the last one counts.
func member(value []byte, path string) (inner []byte, at int, rest string, isFound bool) {
	d := jsontext.NewDecoder(bytes.NewReader(value), lenient...)
	opening, err := d.ReadToken()
	if err != nil || opening.Kind() != '{' && opening.Kind() != '[' {
		return nil, 0, "", false
	}
	isObject := opening.Kind() == '{'
	for index := 0; d.PeekKind() != '}' && d.PeekKind() != ']'; index++ {
		name := strconv.Itoa(index)
		if isObject {
			token, err := d.ReadToken()
			if err != nil {
				return
			}
			name = token.String()
		}
		found, err := d.ReadValue()
		if err != nil {
			return
		}
		after, isPrefix := strings.CutPrefix(path, name)
		if isPrefix && (after == "" || after[0] == '.') {
			inner, at = bytes.Clone(found), int(d.InputOffset())-len(found)
			rest, isFound = strings.TrimPrefix(after, "."), true
		}
	}
	return inner, at, rest, isFound
}

// offsetOfMistake returns where a payload is not JSON.
func offsetOfMistake(payload []byte) int {
	d := jsontext.NewDecoder(bytes.NewReader(payload), jsontext.AllowDuplicateNames(true))
	err := d.SkipValue()
	if err == nil {
		_, next := skipBlanks(payload, int(d.InputOffset())) // what follows a whole value
		return next
	}
	var wrong *jsontext.SyntacticError
	if errors.As(err, &wrong) {
		return int(wrong.ByteOffset)
	}
	return 0
}

// element is one of an array.
type element struct {
	source
	index int
}

// elementsOf returns the elements of a payload that is an array, and nothing for
// others.
func elementsOf(from source) (all []element) {
	d := jsontext.NewDecoder(bytes.NewReader(from.Payload), lenient...)
	if opening, err := d.ReadToken(); err != nil || opening.Kind() != '[' {
		return nil
	}
	for index := 0; d.PeekKind() != ']'; index++ {
		value, err := d.ReadValue()
		if err != nil {
			return nil
		}
		at := from.at(int(d.InputOffset()) - len(value))
		doc := documents.Document{Payload: bytes.Clone(value), Line: at.line, Column: at.column}
		all = append(all, element{source{doc, from.isMade}, index})
	}
	return all
}
