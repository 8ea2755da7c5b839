package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// printsSecrets ends by itself, after it has shown what it was given.
const printsSecrets = `
http: { address: "${METRICS_ADDRESS}" }
input: { generate: { count: 1, mapping: 'root = "<%s> <%s>".format(env("SEGMENT_WRITE_KEY").or(""), env("KAFKA_PASSWORD").or(""))' } }
output: { stdout: {} }
`

// A password with a # lost its end: it was written without quotes.
func TestSecretsArriveWhole(t *testing.T) {
	for secrets, want := range map[string]string{
		"KAFKA_PASSWORD=\"a#b\"\n":                                     "<> <a#b>",
		"SEGMENT_WRITE_KEY=\"k\"\nKAFKA_PASSWORD=\"a \\\"b\\\" c\"\n":  `<k> <a "b" c>`,
		"SEGMENT_WRITE_KEY=\"k\" # from Vault\nKAFKA_PASSWORD=plain\n": "<k> <plain>",
	} {
		p := startPod(t, renderedWith(t, values{"pipeline": printsSecrets}), secrets)
		require.NoError(t, <-p.ended, p.said)
		assert.Contains(t, p.said.String(), want)
	}
	p := startPod(t, renderedWith(t, values{"pipeline": printsSecrets}), "SEGMENT_WRITE_KEY=k\nKAFKA_PASSWORD=a#b\n")
	require.Error(t, <-p.ended)
	assert.Contains(t, p.said.String(), "line 2: the value of KAFKA_PASSWORD has a #")
	assert.NotContains(t, p.said.String(), "a#b")
}

var printed = regexp.MustCompile(`(?m)^    (printf '.*" )\|$`)

// What the page tells people to type makes a file that is read whole.
func TestTheSecretsOfThePageArriveWhole(t *testing.T) {
	page, err := os.ReadFile(filepath.Join(repository, "docs/kubernetes.md"))
	require.NoError(t, err)
	lines := printed.FindAllStringSubmatch(string(page), -1)
	require.Len(t, lines, 2)
	for _, line := range lines {
		shell := exec.CommandContext(t.Context(), "sh", "-c", line[1])
		shell.Env = append(os.Environ(), "SEGMENT_WRITE_KEY=a#b c", "SOURCE_WRITE_KEY=d")
		secrets, err := shell.Output()
		require.NoError(t, err, line[1])
		p := startPod(t, renderedWith(t, values{"pipeline": printsSecrets}), string(secrets))
		require.NoError(t, <-p.ended, p.said)
		assert.Contains(t, p.said.String(), "<a#b c>")
	}
}
