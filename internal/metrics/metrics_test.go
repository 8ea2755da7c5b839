package metrics_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"benthos-segment/internal/metrics"
)

// constructors make the metrics of a component.
var constructors = map[string]metrics.Kind{
	"NewCounter": metrics.Counter, "NewGauge": metrics.Gauge, "NewTimer": metrics.Timer,
}

// registered returns the metrics that the code makes, by name.
func registered(t *testing.T) map[string]metrics.Metric {
	t.Helper()
	found := map[string]metrics.Metric{}
	require.NoError(t, filepath.WalkDir("../../plugin", func(path string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		require.NoError(t, err)
		ast.Inspect(file, func(node ast.Node) bool {
			call, isCall := node.(*ast.CallExpr)
			if !isCall {
				return true
			}
			selector, isSelector := call.Fun.(*ast.SelectorExpr)
			if !isSelector || constructors[selector.Sel.Name] == "" || len(call.Args) == 0 {
				return true
			}
			words := literals(call.Args)
			if len(words) == 0 || !strings.HasPrefix(words[0], "segment_") {
				return true
			}
			found[words[0]] = metrics.Metric{Name: words[0], Kind: constructors[selector.Sel.Name], Labels: words[1:]}
			return true
		})
		return nil
	}))
	return found
}

func literals(args []ast.Expr) (words []string) {
	for _, arg := range args {
		if literal, isLiteral := arg.(*ast.BasicLit); isLiteral && literal.Kind == token.STRING {
			word, _ := strconv.Unquote(literal.Value)
			words = append(words, word)
		}
	}
	return words
}

func TestEveryMetricOfTheCodeIsDescribed(t *testing.T) {
	code := registered(t)
	require.NotEmpty(t, code)
	described := map[string]bool{}
	for _, group := range metrics.Groups() {
		for _, metric := range group.Metrics {
			described[metric.Name] = true
			made, isMade := code[metric.Name]
			if !assert.True(t, isMade, "%s is described, and nothing makes it", metric.Name) {
				continue
			}
			assert.Equal(t, made.Kind, metric.Kind, metric.Name)
			assert.True(t, slices.Equal(made.Labels, metric.Labels), "%s has the labels %v", metric.Name, made.Labels)
		}
	}
	for name := range code {
		assert.True(t, described[name], "%s is in the code and not in internal/metrics", name)
	}
}

func TestEveryDescriptionSaysWhatToDo(t *testing.T) {
	for _, group := range metrics.Groups() {
		assert.NotEmpty(t, group.Title)
		for _, metric := range group.Metrics {
			assert.NotEmpty(t, metric.Unit, metric.Name)
			assert.NotEmpty(t, metric.Help, metric.Name)
			assert.NotEmpty(t, metric.Do, metric.Name)
			assert.NotRegexp(t, `[.\n]$`, metric.Help+metric.Do, "%s: no full stop", metric.Name)
			found, isFound := metrics.Find(metric.Name)
			assert.True(t, isFound)
			assert.Equal(t, metric, found)
		}
	}
	_, isFound := metrics.Find("segment_absent")
	assert.False(t, isFound)
}
