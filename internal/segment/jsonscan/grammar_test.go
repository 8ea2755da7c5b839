package jsonscan_test

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"benthos-segment/internal/segment/jsonscan"
)

// isJSON asks jsontext whether a text is one value.
func isJSON(text []byte) bool {
	decoder := jsontext.NewDecoder(bytes.NewReader(text),
		jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	if err := decoder.SkipValue(); err != nil {
		return false
	}
	_, err := decoder.ReadToken()
	return errors.Is(err, io.EOF)
}

// walks are the ways of reading a text. Each has to come to the same result.
var walks = map[string]func(s *jsonscan.Scanner){
	"in one step":      func(s *jsonscan.Scanner) { s.Skip(0) },
	"member by member": func(s *jsonscan.Scanner) { open(s, 0, 1) },
	"every value":      func(s *jsonscan.Scanner) { open(s, 0, 100) },
}

// open reads the next value, and opens objects and arrays down to a depth.
func open(s *jsonscan.Scanner, depth, most int) {
	switch kind := s.Peek(); {
	case kind == '{' && depth < most:
		for isOver := s.Open('}'); !isOver; isOver = s.More('}') {
			if _, ok := s.Name(); ok {
				open(s, depth+1, most)
			}
		}
	case kind == '[' && depth < most:
		for isOver := s.Open(']'); !isOver; isOver = s.More(']') {
			open(s, depth+1, most)
		}
	default:
		s.Skip(depth)
	}
}

// scan returns what a scanner finds wrong with a text, however it is read.
func scan(t *testing.T, text []byte) *jsonscan.Error {
	t.Helper()
	var found []*jsonscan.Error
	for _, walk := range walks {
		var s jsonscan.Scanner
		err := s.Start(text)
		if err == nil {
			walk(&s)
			err = s.End()
		}
		found = append(found, err)
	}
	for _, err := range found[1:] {
		require.Equal(t, found[0], err, "%q", text)
	}
	return found[0]
}

// assertSameAsJSONText checks that a text is accepted where jsontext accepts
// it, with marks and without.
func assertSameAsJSONText(t *testing.T, text string) {
	t.Helper()
	want := isJSON([]byte(text))
	require.Equal(t, want, scan(t, []byte(text)) == nil, "%q", text)
	require.Equal(t, want, jsonscan.IsValue(bytes.TrimSpace([]byte(text))), "%q", text)
}

// property puts text where the value of a property is.
func property(text string) string { return `{"a":"b","properties":{"x":` + text + `}}` }

// The scanner looks at 64 bytes at once, and at eight near the end of the text,
// so that each byte is tried at each offset of these.
func TestEveryByteOfAStringIsJudgedAsByJSONText(t *testing.T) {
	const length = 150
	for offset := range length {
		for b := range 0x80 {
			for _, escape := range []string{"", `\`, `\u00`} {
				before, after := strings.Repeat("a", offset), strings.Repeat("b", length-offset)
				assertSameAsJSONText(t, property(`"`+before+escape+string(rune(b))+after+`"`))
			}
		}
	}
}

func TestTheOffsetOfAStringDoesNotMatter(t *testing.T) {
	for length := range 100 {
		name := strings.Repeat("n", length)
		for _, text := range []string{
			`{"a":"b","` + name + `":"` + name + `"}`,
			`{"a":"b","` + name + `":"` + name + `\""}`,
			`{"a":"b","` + name + `":"` + name + `é"}`,
			`{"a":"b","c":{"` + name + `":"` + name + `","b":{"c":1}}}`,
			`{"a":"b","c":{"` + name + `" : "" , "b":[{"c":1}]}}`,
		} {
			assert.Nil(t, scan(t, []byte(text)), text)
			for end := 1; end < len(text); end++ {
				err := scan(t, []byte(text[:end]))
				require.NotNil(t, err, "cut off at %d: %s", end, text)
			}
		}
	}
}

func TestNumbersAreJudgedAsByJSONText(t *testing.T) {
	pieces := []string{"", "-", "+", "0", "1", "10", ".", "5", "e", "E", "x"}
	for _, a := range pieces {
		for _, b := range pieces {
			for _, c := range pieces {
				for _, d := range pieces {
					text := a + b + c + d
					assertSameAsJSONText(t, property(text))
					require.Equal(t, isJSON([]byte(text)), jsonscan.IsNumber(text), "%q", text)
				}
			}
		}
	}
}

func TestDepthIsJudgedAsByJSONText(t *testing.T) {
	const around = 9_998 // Two objects are around the text.
	for _, level := range []struct {
		opening, closing string
		depth            int
	}{{"[", "]", 1}, {`{"a":`, "}", 1}, {`[{"a":`, "}]", 2}} {
		for count := around/level.depth - 2; count <= around/level.depth+2; count++ {
			assertSameAsJSONText(t, property(strings.Repeat(level.opening, count)+"1"+strings.Repeat(level.closing, count)))
		}
	}
}

func TestAnErrorSaysOfWhichKindItIs(t *testing.T) {
	for text, want := range map[string]jsonscan.Error{
		`{"a":tru }`:                  {Kind: jsonscan.Malformed, Offset: 8},
		`{"a":`:                       {Kind: jsonscan.Truncated, Offset: 5},
		"{\"a\":\"\xff\"}":            {Kind: jsonscan.NotUTF8, Offset: 6},
		`{"a":1} {"a":2}`:             {Kind: jsonscan.Trailing, Offset: 7},
		"\xef\xbb\xbf" + `{"a":tru }`: {Kind: jsonscan.Malformed, Offset: 11},
		`1[{"a":1}}`:                  {Kind: jsonscan.Malformed, Offset: 9},
		`null{"a":[]"`:                {Kind: jsonscan.Malformed, Offset: 11},
	} {
		err := scan(t, []byte(text))
		require.NotNil(t, err, text)
		assert.Equal(t, want.Kind, err.Kind, text)
		assert.Equal(t, want.Offset, err.Offset, text)
		assert.NotEmpty(t, err.Found, text)
	}
}

// FuzzGrammar: the scanner takes for JSON what jsontext takes for JSON, and
// nothing else, however it is read.
func FuzzGrammar(f *testing.F) {
	for _, text := range []string{
		`"a"`, `"\ud83c"`, `"\u00e9\\\"\/\b\f\n\r\t"`, `-0.10e+400`, `[1,[2,{"a":null}],true,false]`,
		" {\t\"a\"\r: \n1 , \"a\" : [ ] } ", `{}`, `"é` + "\u2028" + `"`, `01`, `1.`, `"a`, `[1,]`, `1}},{"x":{"y":2`, `1[{"a":1}}`, "\"\xff\xc3(\"", "\xff", "1\xff",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		scan(t, []byte(text))
		text = property(text)
		var loose jsonscan.Scanner
		loose.StartLoose([]byte(text))
		open(&loose, 0, 100)
		require.Equal(t, isJSON([]byte(text)), loose.End() == nil, "whatever its encoding: %q", text)
		if !utf8.ValidString(text) {
			require.NotNil(t, scan(t, []byte(text)))
			return
		}
		assertSameAsJSONText(t, text)
	})
}
