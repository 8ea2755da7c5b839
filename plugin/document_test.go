package plugin_test

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// parsed reads a document and keeps its numbers as they are written.
func parsed(t *testing.T, text []byte) (document any) {
	t.Helper()
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	require.NoError(t, decoder.Decode(&document), string(text))
	return document
}

// member returns a member of an object as it is written.
func member(t *testing.T, object []byte, name string) []byte {
	t.Helper()
	var members map[string]json.RawMessage
	require.NoError(t, json.Unmarshal(object, &members))
	return members[name]
}

// assertSameDocument compares documents with their number literals.
func assertSameDocument(t *testing.T, want string, got []byte) {
	t.Helper()
	assert.Equal(t, parsed(t, []byte(want)), parsed(t, got))
}
