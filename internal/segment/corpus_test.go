package segment_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"benthos-segment/internal/segment"
)

// corpus returns the files of testdata/corpus by their names.
func corpus(tb testing.TB) map[string][]byte {
	tb.Helper()
	files, err := filepath.Glob(filepath.Join("testdata", "corpus", "*-*"))
	require.NoError(tb, err)
	payloads := map[string][]byte{}
	for _, file := range files {
		data, err := os.ReadFile(file)
		require.NoError(tb, err)
		payloads[filepath.Base(file)] = data
	}
	return payloads
}

// outcome is what Convert and Inspect say about a file of the corpus.
type outcome struct{ convert, inspect string }

// outcomes reads the table of what is expected of each file.
func outcomes(tb testing.TB) map[string]outcome {
	tb.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", "corpus", "outcomes.tsv"))
	require.NoError(tb, err)
	table := map[string]outcome{}
	for line := range strings.Lines(string(data)) {
		columns := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		require.Len(tb, columns, 3, line)
		table[columns[0]] = outcome{columns[1], columns[2]}
	}
	delete(table, "file")
	return table
}

func corpusConfig() segment.Config {
	conf := config()
	conf.MaxCallBytes = 32000
	return conf
}

func TestCorpus(t *testing.T) {
	payloads, expected := corpus(t), outcomes(t)
	for name := range expected {
		assert.Contains(t, payloads, name, "a row without a file")
	}
	for name, payload := range payloads {
		t.Run(name, func(t *testing.T) {
			got := outcome{convertOutcome(t, payload), inspectOutcome(payload)}
			assert.Equal(t, expected[name], got, "%s\t%s\t%s", name, got.convert, got.inspect)
		})
	}
}

func convertOutcome(t *testing.T, payload []byte) string {
	t.Helper()
	calls, skips, v := segment.NewConverter(corpusConfig()).Convert(nil, payload, fromKey)
	if v != nil {
		return reasonAndField(v)
	}
	for _, call := range calls {
		assert.True(t, json.Valid(call.JSON))
		assert.Empty(t, segment.Inspect(call.JSON, segment.UnknownType).Violations)
	}
	if len(calls) == 0 {
		return fmt.Sprintf("skipped %+v", skips)
	}
	return fmt.Sprintf("%d sent", len(calls))
}

func inspectOutcome(payload []byte) string {
	violations := segment.Inspect(payload, segment.UnknownType).Violations
	if len(violations) == 0 {
		return "fine"
	}
	var texts []string
	for _, v := range violations {
		texts = append(texts, reasonAndField(v))
	}
	return strings.Join(texts, ", ")
}

func reasonAndField(v *segment.Violation) string {
	text, _, _ := strings.Cut(v.Error(), ":")
	return strings.TrimPrefix(text, "segment ")
}

func TestABadPayloadLeavesItsNeighboursAlone(t *testing.T) {
	good := []byte(`{"type":"page","userId":"u","messageId":"m"}`)
	want := convertedOne(t, string(good)).JSON
	converter := segment.NewConverter(corpusConfig())
	for name, payload := range corpus(t) {
		_, _, _ = converter.Convert(nil, payload, fromKey)
		calls, skips, v := converter.Convert(nil, good, fromKey)
		require.Nil(t, v, name)
		require.Zero(t, skips, name)
		require.Len(t, calls, 1, name)
		require.Equal(t, string(want), string(calls[0].JSON), name)
	}
}

func TestConvertLeavesThePayloadAlone(t *testing.T) {
	for name, payload := range corpus(t) {
		before := bytes.Clone(payload)
		_, _, _ = segment.NewConverter(corpusConfig()).Convert(nil, payload, fromKey)
		segment.Inspect(payload, segment.UnknownType)
		require.True(t, bytes.Equal(before, payload), name)
	}
}
