package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// envFile writes an env file and returns its path.
func envFile(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "secret.env")
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

const printsPassword = "http: {enabled: false}\ninput: {generate: {count: 1, mapping: 'root = \"<%s>\".format(env(\"TEST_PASSWORD\"))'}}\noutput: {stdout: {}}\n"

// The engine would read TEST_PASSWORD=a#b as a, and say nothing.
func TestAnEnvFileThatWouldBeCutIsRefused(t *testing.T) {
	file, config := envFile(t, "OTHER=x\nTEST_PASSWORD=a#CANARY\n"), pipeline(t, printsPassword)
	for _, line := range []string{
		"run --env-file FILE CONFIG", "run -e=FILE CONFIG", "run CONFIG -e FILE", "run -e " + filepath.Dir(file) + "/* CONFIG",
		"--env-file FILE run CONFIG", "lint -e FILE CONFIG", "test -e FILE CONFIG", "echo -e FILE CONFIG",
		"streams -e FILE CONFIG", "doctor -e FILE CONFIG", "create -e FILE",
	} {
		t.Run(line, func(t *testing.T) {
			p := begin(t, strings.Fields(strings.NewReplacer("FILE", file, "CONFIG", config).Replace(line))...)
			assert.Equal(t, 2, p.code(), p.said())
			assert.Contains(t, p.said(), "--env-file: "+file+": line 2: the value of TEST_PASSWORD has a # and no quotes")
			assert.Contains(t, p.said(), `NAME="value"`)
			assert.NotContains(t, p.said(), "CANARY")
		})
	}
}

func TestAnEnvFileIsReadAsItIsQuoted(t *testing.T) {
	for text, want := range map[string]string{
		`TEST_PASSWORD="a#b"`:             "<a#b>",
		`TEST_PASSWORD="a \"b\" \\" # c`:  `<a "b" \>`,
		"TEST_PASSWORD=plain # a comment": "<plain>",
	} {
		p := begin(t, "run", "--log.level", "off", "--env-file", envFile(t, text+"\n"), pipeline(t, printsPassword))
		assert.Zero(t, p.code(), p.said())
		assert.Contains(t, p.out.String(), want)
	}
}

// A pipe can be read once: the engine gets what is in it.
func TestAnEnvFileMayBeAPipe(t *testing.T) {
	p := beginBy(t, []string{"sh", "-c", `printf 'TEST_PASSWORD="a b"\n' | "$0" "$@"`},
		"run", "--log.level", "off", "--env-file", "/dev/stdin", pipeline(t, printsPassword))
	assert.Zero(t, p.code(), p.said())
	assert.Contains(t, p.out.String(), "<a b>")
}
