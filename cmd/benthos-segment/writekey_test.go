package main

import (
	"bytes"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"

	"benthos-segment/plugin/lint"
)

// keysUnread are write keys that YAML does not read as text where they are not
// in quotes. Issue 10, E28: the engine found nothing wrong with a number,
// did not start, and showed it in the error.
var keysUnread = map[string]struct{ key, says string }{
	"digits":            {"3141592653589793238462643383279", "is read as a number and not as text"},
	"an exponent":       {"3141592653589793e5", "is read as a number and not as text"},
	"a hash of digits":  {"314159e05", "is read as a number and not as text"}, // yaml/pyyaml issue 860
	"a leading zero":    {"08314159", "is read as a number and not as text"},  // yaml/pyyaml issue 98
	"octal":             {"03141592653", "is read as a number and not as text"},
	"hexadecimal":       {"0x31415926", "is read as a number and not as text"},
	"a day":             {"3141-05-09", "is read as a date and not as text"},
	"true":              {"true", "is read as true or false and not as text"},
	"an asterisk":       {"*31415926", "begins with a character that YAML keeps for itself"},
	"an ampersand":      {"&31415926", "begins with a character that YAML keeps for itself"},
	"an at sign":        {"@31415926", "begins with a character that YAML keeps for itself"},
	"a per cent sign":   {"%31415926", "begins with a character that YAML keeps for itself"},
	"a back quote":      {"`31415926", "begins with a character that YAML keeps for itself"},
	"an exclamation":    {"!31415926", "begins with a character that YAML keeps for itself"},
	"a type":            {"!!int 31415926", "is read as a number and not as text"},
	"a type it has not": {"!!int 31415926x", "is read as a number and not as text"},
}

// withWriteKey writes a config with a write key as it stands in it.
func withWriteKey(t *testing.T, key string) (file string) {
	t.Helper()
	return pipeline(t, "input: {stdin: {}}\noutput:\n  fallback:\n  - segment:\n      on_setup_error: reject\n      write_key: "+key+"\n  - drop: {}\n")
}

func TestAWriteKeyThatYAMLDoesNotReadAsTextIsFound(t *testing.T) {
	for name, test := range keysUnread {
		t.Run(name, func(t *testing.T) {
			t.Setenv("SEGMENT_TEST_KEY", test.key)
			for _, form := range []string{test.key, "${SEGMENT_TEST_KEY}", "${SEGMENT_TEST_UNSET:" + test.key + "}"} {
				file := withWriteKey(t, form)
				var said bytes.Buffer
				assert.True(t, lint.RefuseWriteKeys(&said, []string{"", file}))
				assert.Equal(t, file+"(6,18) field write_key "+test.says+`: put it in quotes, as in write_key: "…"`+"\n", said.String())
			}
			for _, form := range []string{`"` + test.key + `"`, "'" + test.key + "'", `"${SEGMENT_TEST_KEY}"`, ">-\n        " + test.key} {
				var said bytes.Buffer
				assert.False(t, lint.RefuseWriteKeys(&said, []string{"", withWriteKey(t, form)}), form)
				assert.Empty(t, said.String())
			}
		})
	}
}

func TestNoCommandStartsWithAWriteKeyThatYAMLDoesNotReadAsTextOrShowsIt(t *testing.T) {
	for _, name := range []string{"digits", "an asterisk"} {
		conf := withWriteKey(t, keysUnread[name].key)
		for _, args := range [][]string{
			{"lint", conf},
			{"lint", filepath.Dir(conf) + "/..."},
			{"run", conf},
			{"run", "--chilled", conf},
			{"run", "-r=" + conf},
			{"-c", conf},
			{"echo", conf},
			{"streams", filepath.Dir(conf)},
		} {
			p := begin(t, args...)
			want := 2 // It cannot run.
			if args[0] == "lint" {
				want = 1 // It has found something.
			}
			assert.Equal(t, want, p.code(), args)
			assert.Contains(t, p.said(), "(6,18) field write_key "+keysUnread[name].says, args)
			assert.NotContains(t, p.said(), "314159", args)
		}
	}
}

func TestAWriteKeyThatYAMLReadsAsTextNeedsNoQuotes(t *testing.T) {
	for _, form := range []string{
		"KqTdlNR0ccP1oiYcQIMsf3bVFSmEYw6P", "123e4567x", "0x3g", "${! @write_key }", "${SEGMENT_TEST_UNSET:abc}", "!!str 0123", "&key abc",
	} {
		p := begin(t, "lint", withWriteKey(t, form))
		assert.Zero(t, p.code(), form)
		assert.Empty(t, p.said(), form)
	}
}

func TestAFileThatIsNoYAMLForAnotherReasonIsLeftToTheLinter(t *testing.T) {
	p := begin(t, "lint", pipeline(t, `
key: &key abc
output:
  segment:
    # write_key: @none
    write_key: *key
    a: b: c
`))
	assert.Equal(t, 1, p.code())
	assert.Contains(t, p.said(), "mapping values are not allowed")
	assert.NotContains(t, p.said(), "field write_key")
}
