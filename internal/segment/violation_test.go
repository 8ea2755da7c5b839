package segment_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"benthos-segment/internal/segment"
)

func TestTheTextOfAViolationIsStable(t *testing.T) {
	v := segment.Violation{Reason: segment.ReasonIDRequired, Field: "groupId", Sentence: "a sentence: with a colon"}
	assert.EqualError(t, &v, "segment id_required groupId: a sentence: with a colon")
	v.Field = ""
	assert.EqualError(t, &v, "segment id_required -: a sentence: with a colon")
}

func TestNoViolationShowsAValueOfThePayload(t *testing.T) {
	const canary = "canary"
	for _, payload := range []string{
		`"canary"`, `{"canary":`, `{"type":"canary","userId":"u"}`, `{"type":"page","canary":1}`,
		`{"type":"page","userId":{"canary":"canary"}}`, `{"type":"track","userId":"u","event":["canary"]}`,
		`{"type":"track","userId":"u","event":"E","properties":"canary"}`,
		`{"type":"identify","userId":"u","traits":["canary"]}`,
		`{"type":"page","userId":"u","timestamp":"canary"}`, `{"type":"page","userId":"u","x":canary}`,
		`{"type":"page","userId":"u","context":{"device":{"advertisingId":["canary"]}}}`,
		`{"type":"page","userId":"u"}canary`, `[{"type":"page","userId":"u"},"canary"]`,
	} {
		t.Run(payload, func(t *testing.T) {
			assert.False(t, strings.Contains(refused(t, payload).Error(), canary))
		})
	}
}

// discards reads Segment's list: each code, and why a sender cannot see it
// coming, or nothing.
func discards(t *testing.T) map[string]string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", "discards", "failed-on-ingest.tsv"))
	require.NoError(t, err)
	codes := map[string]string{}
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		code, why, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "\t")
		codes[code] = why
	}
	require.Len(t, codes, 21)
	return codes
}

// reasonsOfSegment reads from the source which reasons are said to be
// Segment's: those of the first block of constants.
func reasonsOfSegment(t *testing.T) (codes []string) {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "violation.go", nil, parser.ParseComments)
	require.NoError(t, err)
	for _, declaration := range file.Decls {
		block, isBlock := declaration.(*ast.GenDecl)
		if !isBlock || block.Tok != token.CONST || !strings.Contains(block.Doc.Text(), "discard codes") {
			continue
		}
		for _, spec := range block.Specs {
			code, err := strconv.Unquote(spec.(*ast.ValueSpec).Values[0].(*ast.BasicLit).Value)
			require.NoError(t, err)
			codes = append(codes, code)
		}
	}
	require.NotEmpty(t, codes)
	return codes
}

// Two codes were missing: such events got 200 from Segment and were gone.
func TestOurReasonsAreSegmentsDiscardCodes(t *testing.T) {
	codes, ours := discards(t), reasonsOfSegment(t)
	for code, why := range codes {
		if why == "" {
			assert.Contains(t, ours, code, "a sender can see it coming")
		} else {
			assert.NotContains(t, ours, code, why)
		}
	}
	for _, code := range ours {
		assert.Contains(t, codes, code, "it is said to be Segment's")
	}
}
