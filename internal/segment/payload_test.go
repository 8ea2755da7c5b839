package segment_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"benthos-segment/internal/segment"
)

func TestPayloadsWithoutACallAreSkipped(t *testing.T) {
	for name, payload := range map[string]string{
		"empty": "", "blank": " \t\r\n", "byte order mark": "\xef\xbb\xbf",
		"byte order mark and blanks": "\xef\xbb\xbf \n", "empty array": " [ ] ",
	} {
		t.Run(name, func(t *testing.T) {
			calls, skips, v := segment.NewConverter(config()).Convert(nil, []byte(payload), fromKey)
			require.Nil(t, v)
			assert.Empty(t, calls)
			assert.Equal(t, segment.Skips{Empty: 1}, skips)
		})
	}
}

func TestAByteOrderMarkIsSkipped(t *testing.T) {
	call := convertedOne(t, "\xef\xbb\xbf"+`{"type":"page","userId":"u"}`)
	assertMembers(t, `{"userId":"u"}`, call.JSON)
}

func TestInvalidShapesAreRefused(t *testing.T) {
	page := `{"type":"page","userId":"u"}`
	runRefusals(t, []refusal{
		{"null", `null`, segment.ReasonBadRequest, ""},
		{"true", `true`, segment.ReasonBadRequest, ""},
		{"a number", `1`, segment.ReasonBadRequest, ""},
		{"a string", `"x"`, segment.ReasonBadRequest, ""},
		{"an envelope", `{"batch":[` + page + `],"sentAt":"x"}`, segment.ReasonBadRequest, "batch"},
		{"an envelope with a type", `{"type":"x","batch":[` + page + `]}`, segment.ReasonUnknownType, "type"},
		{"an array with a number in it", `[` + page + `,1]`, segment.ReasonBadRequest, "1"},
		{"an array in an array", `[[` + page + `]]`, segment.ReasonBadRequest, "0"},
		{"an envelope in an array", `[` + page + `,{"batch":[]}]`, segment.ReasonBadRequest, "1.batch"},
		{"two lines", page + "\n" + page, segment.ReasonInvalidJSON, ""},
		{"something after", page + `x`, segment.ReasonInvalidJSON, ""},
		{"something after an array", `[` + page + `]]`, segment.ReasonInvalidJSON, ""},
		{"cut", `{"type":"page","userId":"u"`, segment.ReasonInvalidJSON, ""},
		{"a comma too much", `{"type":"page","userId":"u",}`, segment.ReasonInvalidJSON, ""},
		{"a comment", `/* x */` + page, segment.ReasonInvalidJSON, ""},
		{"single quotes", `{'type':'page'}`, segment.ReasonInvalidJSON, ""},
		{"NaN", `{"type":"page","userId":NaN}`, segment.ReasonInvalidJSON, ""},
		{"a name without quotes", `{type:"page"}`, segment.ReasonInvalidJSON, ""},
		{"UTF-16", "\xff\xfe{\x00}\x00", segment.ReasonInvalidJSON, ""},
		{"invalid UTF-8 in a member that is dropped", "{\"type\":\"page\",\"userId\":\"u\",\"x\":\"\xff\"}", segment.ReasonInvalidJSON, ""},
		{"a surrogate in UTF-8", "{\"type\":\"page\",\"userId\":\"\xed\xa0\xbc\"}", segment.ReasonInvalidJSON, ""},
		{"a raw control character", "{\"type\":\"page\",\"userId\":\"\x00\"}", segment.ReasonInvalidJSON, ""},
	})
}

func TestAnEnvelopeIsRefusedWithTheWayToUnpackIt(t *testing.T) {
	v := refused(t, `{"batch":[{"type":"page"}]}`)
	assert.Contains(t, v.Sentence, "root = this.batch")
}

func TestTwoDocumentsAreRefusedWithTheWayToSplitThem(t *testing.T) {
	v := refused(t, `{"type":"page","userId":"u"}`+"\n"+`{"type":"page","userId":"u"}`)
	assert.Contains(t, v.Sentence, "unarchive")
}

func TestASyntaxErrorIsNamedByItsOffset(t *testing.T) {
	rows := []struct {
		name, payload string
		offset        int
	}{
		{"a letter too much", `{"type":"page",x}`, 15},
		{"inside a nested value", `{"properties":{"a":tru }}`, 22},
		{"invalid UTF-8", "{\"a\":\"\xff\"}", 6},
		{"after a byte order mark", "\xef\xbb\xbf{x", 4},
		{"invalid UTF-8 after a byte order mark", "\xef\xbb\xbf\"\xff", 4},
		{"the end", `{"type":`, 8},
		{"a second document", `{"type":"page","userId":"u"}{}`, 28},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			v := refused(t, row.payload)
			assert.Equal(t, segment.ReasonInvalidJSON, v.Reason)
			assert.Contains(t, v.Sentence, fmt.Sprintf("byte %d ", row.offset))
		})
	}
}

func TestAnArrayBecomesSeveralCalls(t *testing.T) {
	calls := converted(t, config(), `[{"type":"page","userId":"a"}, {"type":"track","userId":"b","event":"E"}]`)
	require.Len(t, calls, 2)
	assert.Equal(t, segment.Page, calls[0].Type)
	assert.Equal(t, segment.IDOf([]byte("a")), calls[0].UserID)
	assert.Equal(t, segment.Track, calls[1].Type)
	assert.Equal(t, segment.IDOf([]byte("b")), calls[1].UserID)
}

func TestOneBadElementRefusesTheWholeArray(t *testing.T) {
	good := `{"type":"page","userId":"u"}`
	converter := segment.NewConverter(config())
	before, _, v := converter.Convert(nil, []byte(good), fromKey)
	require.Nil(t, v)
	calls, skips, v := converter.Convert(before, []byte(`[`+good+`,{"type":"page"},`+good+`]`), fromKey)
	require.NotNil(t, v)
	assert.Equal(t, segment.ReasonNoUserAnonID, v.Reason)
	assert.Equal(t, "1.userId", v.Field)
	assert.Equal(t, before, calls, "only the calls from before are left")
	assert.Zero(t, skips)
}

func TestASyntaxErrorInAnArrayIsNoElementsFault(t *testing.T) {
	v := refused(t, `[{"type":"page","userId":"u"},{]`)
	assert.Equal(t, segment.ReasonInvalidJSON, v.Reason)
	assert.Empty(t, v.Field)
}

func TestNestingIsBounded(t *testing.T) {
	nested := func(depth int) string {
		return `{"type":"track","userId":"u","event":"E","properties":{"a":` +
			strings.Repeat("[", depth) + strings.Repeat("]", depth) + `}}`
	}
	call := convertedOne(t, nested(9_000))
	assert.Contains(t, string(call.JSON), strings.Repeat("[", 9_000))
	v := refused(t, nested(10_001))
	assert.Equal(t, segment.ReasonInvalidJSON, v.Reason)
	assert.Contains(t, v.Sentence, "10,000")
}
