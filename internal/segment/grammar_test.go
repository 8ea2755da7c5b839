package segment_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"benthos-segment/internal/segment"
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

// propertyPayload puts text where the value of a property is.
func propertyPayload(text string) []byte {
	return []byte(`{"type":"page","userId":"u","messageId":"m","properties":{"x":` + text + `}}`)
}

// isAccepted asks the converter whether a payload is JSON.
func isAccepted(payload []byte) bool {
	_, _, v := segment.NewConverter(config()).Convert(nil, payload, fromKey)
	return v == nil || v.Reason != segment.ReasonInvalidJSON
}

func TestTheOffsetOfAStringInThePayloadDoesNotMatter(t *testing.T) {
	for length := range 100 {
		name := strings.Repeat("n", length)
		for _, payload := range []string{
			`{"type":"page","userId":"u","` + name + `":"` + name + `"}`,
			`{"type":"page","userId":"u","` + name + `":"` + name + `\""}`,
			`{"type":"page","userId":"u","` + name + `":"` + name + `é"}`,
			`{"type":"page","userId":"u","properties":{"` + name + `":"` + name + `","b":{"c":1}}}`,
			`{"type":"page","userId":"u","properties":{"` + name + `" : "" , "b":[{"c":1}]}}`,
		} {
			assert.True(t, isAccepted([]byte(payload)), payload)
			for end := range len(payload) {
				assert.False(t, end > 0 && isAccepted([]byte(payload[:end])), "cut at %d: %s", end, payload)
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
					payload := propertyPayload(a + b + c + d)
					require.Equal(t, isJSON(payload), isAccepted(payload), "%s", payload)
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
			payload := propertyPayload(strings.Repeat(level.opening, count) + "1" + strings.Repeat(level.closing, count))
			require.Equal(t, isJSON(payload), isAccepted(payload), "%d times %s", count, level.opening)
		}
	}
}

func TestABrokenPayloadIsRefusedAtItsOffset(t *testing.T) {
	for text, offset := range map[string]int{
		`"\x"`:           1,
		`"\u12g4"`:       5,
		`01`:             1,
		`-`:              1,
		`1.`:             2,
		`1e+`:            3,
		`tru`:            3,
		`nul`:            3,
		`[1 2]`:          3,
		`[1,]`:           3,
		`[1}`:            2,
		`{"a":1]`:        6,
		"\v1":            0,
		"[\x001]":        1,
		`{"a" 1}`:        5,
		`{"a":1,}`:       7,
		`{a:1}`:          1,
		"\"a\nb\"":       2,
		"\"\x00\"":       1,
		`'a'`:            0,
		`NaN`:            0,
		`{"a":[{]}`:      7,
		`/* no */ 1`:     0,
		`"a""b"`:         3,
		`"` + "\t" + `"`: 1,
	} {
		before, after := `{"type":"page","userId":"u","properties":{"x":`, `}}`
		payload := before + text + after
		_, _, v := segment.NewConverter(config()).Convert(nil, []byte(payload), fromKey)
		require.NotNil(t, v, payload)
		assert.Contains(t, v.Sentence, fmt.Sprintf("at byte %d there", len(before)+offset), text)
	}
}
