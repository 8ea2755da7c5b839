package main

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"benthos-segment/internal/segment"
)

// reasonsInTheCode reads the names of all reasons from the source: a constant
// that nobody explains is what this is to find.
func reasonsInTheCode(t *testing.T) (reasons []segment.Reason) {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), filepath.Join("..", "segment", "violation.go"), nil, 0)
	require.NoError(t, err)
	ast.Inspect(file, func(node ast.Node) bool {
		value, isValue := node.(*ast.ValueSpec)
		if !isValue || len(value.Values) != 1 || !strings.HasPrefix(value.Names[0].Name, "Reason") {
			return true
		}
		name, err := strconv.Unquote(value.Values[0].(*ast.BasicLit).Value)
		require.NoError(t, err)
		reasons = append(reasons, segment.Reason(name))
		return true
	})
	require.NotEmpty(t, reasons)
	return reasons
}

func TestEveryReasonIsExplainedOnce(t *testing.T) {
	var explained []segment.Reason
	for _, e := range explanations {
		explained = append(explained, e.Reason)
		assert.Regexp(t, `^[A-Z"`+"`"+`].*\.$`, e.Meaning, e.Reason)
		assert.Regexp(t, `^[A-Z].*\.$`, e.Fix, e.Reason)
	}
	assert.ElementsMatch(t, reasonsInTheCode(t), explained)
	assert.ElementsMatch(t, explained, segment.Reasons())
}

func TestThePageOfReasonsHasEveryReasonWithItsFix(t *testing.T) {
	page, err := reasonsPage()
	require.NoError(t, err)
	for _, e := range explanations {
		assert.Contains(t, string(page), "\n| `"+string(e.Reason)+"` | "+e.Meaning+" | "+e.Fix+" |\n")
	}
	assert.Equal(t, 5, bytes.Count(page, []byte("\n## ")))
}
