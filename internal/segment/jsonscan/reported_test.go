package jsonscan_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"benthos-segment/internal/segment/jsonscan"
)

// What other scanners that look at many bytes at once got wrong, at each offset
// within a block and with strings that are shorter and longer than one.
func TestMistakesOfOtherScannersAreNotOurs(t *testing.T) {
	for name, text := range map[string]string{
		"sonic 938: an escape that JSON does not have":     `{"a":"%\0"}`,
		"sonic 938: another one":                           `{"a":"%\v%"}`,
		"fastjson 2689: such an escape at the end":         `{"a":"%\x`,
		"simdjson 404: a quote in the digits of an escape": `{"a":"%\u20A"}`,
		"simdjson 404: in the second half of a pair":       `{"a":"%\udbff\u123"}`,
		"simdjson 148: a name that does not end":           `{"1": 1, "%:2}`,
		"simdjson 148: a string that does not end":         `["%`,
		"libccc 19: nan": `{"%": nan}`,
		"an escape that is escaped at the border of a block": `{"a":"%\\\\\\\"}`,
	} {
		t.Run(name, func(t *testing.T) {
			for length := range 140 {
				broken := strings.ReplaceAll(text, "%", strings.Repeat("x", length))
				require.False(t, isJSON([]byte(broken)), broken)
				require.NotNil(t, scan(t, []byte(broken)), broken)
			}
		})
	}
}

// simdjson 2312, fluent-bit 12285: bytes after the end of the text, which lie in
// the same buffer, were read as a part of it.
func TestWhatComesAfterTheTextDoesNotMatter(t *testing.T) {
	for length := range 200 {
		text := []byte(`{"é":"` + strings.Repeat("x", length) + `"}`)
		for _, after := range []string{`"`, `\`, ":", "\x00", "}", "x"} {
			buffer := slices.Concat(text, bytes.Repeat([]byte(after), 128))
			require.Nil(t, scan(t, buffer[:len(text)]), "%d %q", length, after)
			err := scan(t, buffer[:len(text)-2])
			require.NotNil(t, err, "%d %q", length, after)
			assert.Equal(t, jsonscan.Truncated, err.Kind)
		}
	}
}
