package envfile

import (
	"strings"
	"testing"

	"github.com/redpanda-data/benthos/v4/public/service"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestWhatTheEngineReadsWholeIsAccepted(t *testing.T) {
	for text, want := range map[string]map[string]string{
		"":                                  {},
		"A=b":                               {"A": "b"},
		"A=b\nC=d\n":                        {"A": "b", "C": "d"},
		"A=b\r\nC=d":                        {"A": "b", "C": "d"},
		"A=b # why\n":                       {"A": "b"},
		"A= # empty\n":                      {"A": ""},
		"# a=b # c\n\n  # d\n\t# e\nA=b":    {"A": "b"},
		"A = b \t\n":                        {"A": "b"},
		"A=b=c":                             {"A": "b=c"},
		`A=b"c`:                             {"A": `b"c`},
		`A="a#b"`:                           {"A": "a#b"},
		`A="a b" # c`:                       {"A": "a b"},
		`A="it's \"#1\" \\"`:                {"A": `it's "#1" \`},
		"A=\"\"\"b\nc # \"d\"\n\"\"\"\nE=f": {"A": "b\nc # \"d\"\n", "E": "f"},
		"A=$b`c`\\d":                        {"A": "$b`c`\\d"},
		"A=1\nA=2":                          {"A": "2"},
		"a.b-c=1":                           {"a.b-c": "1"},
	} {
		assert.Equal(t, want, variables(t, text), text)
		read, err := service.ParseEnvFile([]byte(text))
		require.NoError(t, err, text)
		assert.Equal(t, want, read, "the engine, of %s", text)
	}
}

// redpanda-data/benthos reads of each of these less than is written, or something
// else. docker/compose#9327 is the same in another reader of such files, and
// docker/docs#123 tells of single quotes that became part of a value.
func TestWhatWouldBeCutIsRefused(t *testing.T) {
	for text, want := range map[string]string{
		"A=a#secret":              "line 1: the value of A has a # and no quotes",
		"A=b\n\nKEY=a#secret # c": "line 3: the value of KEY has a # and no quotes",
		"A=#secret":               "line 1: the value of A has a # and no quotes",
		"A=a secret\nB=c":         "line 1: the value of A has a blank and no quotes",
		"A=a\t# c":                "line 1: the value of A has a tab and no quotes",
		"A=a\tsecret":             "line 1: the value of A has a tab and no quotes",
		"A='a secret'":            "line 1: the value of A is in single quotes",
		"A='secret'":              "line 1: the value of A is in single quotes",
		`A="a"secret`:             "line 1: the value of A goes on after its closing quote",
		`A="secret`:               "line 1: the value of A begins with a quote",
		`A="sec\$ret"`:            "line 1: the value of A begins with a quote",
		"A=\"a\nsecret\"":         "line 1: the value of A begins with a quote",
		"A=\"\"\"a\nsecret":       "line 1: the value of A has three quotes before it",
		"A=\"\"\"a\n\"\"\"\nB=\"\"\"c\n\"\"\"secret": "line 3: the value of B goes on after its closing quote",
		"export A=secret":   "line 1: this is not NAME=value",
		"A=b\nsecret\nC=d":  "line 2: this is not NAME=value",
		" A=secret":         "line 1: this is not NAME=value",
		"\tA=secret":        "line 1: this is not NAME=value",
		"A\t=secret":        "line 1: this is not NAME=value",
		`A"""="""`:          "line 1: the value of A",
		"=secret":           "line 1: this is not NAME=value",
		"A=b\rB=secret":     "line 1: this is not NAME=value",
		"\ufeffA=secret":    "line 1: the file starts with a byte order mark",
		"A=b\nB=secret\xff": "line 2: there are bytes that are not UTF-8",
	} {
		_, err := parse(text)
		require.ErrorContains(t, err, want, text)
		assert.NotContains(t, err.Error(), "secret", "a value is shown")
	}
	_, err := parse("A=a#b")
	assert.ErrorContains(t, err, `as in NAME="value", with \" for a quote`)
}

// Whatever is accepted, the engine reads as it was understood here.
func TestTheEngineReadsWhatIsAccepted(t *testing.T) {
	piece := rapid.SampledFrom([]string{
		"A", "B", "=", "=", `"`, `"""`, "'", "#", " ", "\t", "\n", "\n", "\r\n", "\r", `\`, `\"`, "x", "ü", "\ufeff", "\xff", "\v",
	})
	rapid.Check(t, func(t *rapid.T) {
		assertEngineAgrees(t, strings.Join(rapid.SliceOfN(piece, 0, 24).Draw(t, "text"), ""))
	})
}

func FuzzTheEngineReadsWhatIsAccepted(f *testing.F) {
	f.Add("A=b # c\nB=\"d\"\n")
	f.Fuzz(func(t *testing.T, text string) { assertEngineAgrees(t, text) })
}

func assertEngineAgrees(t require.TestingT, text string) {
	all, err := parse(text)
	if err != nil {
		return
	}
	want := map[string]string{}
	for _, a := range all {
		want[a.name] = a.value
	}
	read, err := service.ParseEnvFile([]byte(text))
	require.NoError(t, err, "%q", text)
	require.Equal(t, want, read, "%q", text)
}

func variables(t *testing.T, text string) map[string]string {
	t.Helper()
	all, err := parse(text)
	require.NoError(t, err, text)
	set := map[string]string{}
	for _, a := range all {
		set[a.name] = a.value
	}
	return set
}
