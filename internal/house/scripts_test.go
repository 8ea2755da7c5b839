package house

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// CDPATH sends a `cd` to a relative path elsewhere.
func TestNoScriptGoesWhereCDPATHSendsIt(t *testing.T) {
	bare := regexp.MustCompile(`(^|[^=] *)\bcd (--|internal|bench|")`)
	for _, path := range glob(t, ".ci/*") {
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		for _, line := range strings.Split(string(text), "\n") {
			if bare.MatchString(line) {
				assert.Contains(t, line, "CDPATH= cd ", path)
			}
		}
	}
}

func glob(t *testing.T, pattern string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(top, pattern))
	require.NoError(t, err)
	require.NotEmpty(t, files, pattern)
	return files
}

// apt stands in for apt-get, and says what it is asked for.
const apt = "#!/bin/sh\necho \"apt-get $*\"\n"

func TestChromiumIsInstalledOnlyWhereItIsMissingAndNotWithoutAWord(t *testing.T) {
	const wayOut = "CHROMIUM=skip leaves the tests of the page out"
	for name, test := range map[string]struct {
		has      []string
		chromium string
		code     int
		says     []string
	}{
		"there is one":          {[]string{"chromium", "apt-get"}, "", 0, nil},
		"under another name":    {[]string{"google-chrome", "apt-get"}, "", 0, nil},
		"left out":              {[]string{"apt-get"}, "skip", 0, nil},
		"named":                 {[]string{"my-chromium", "apt-get"}, "my-chromium", 0, nil},
		"named, and not there":  {[]string{"chromium", "apt-get"}, "my-chromium", 1, []string{"CHROMIUM is my-chromium, which is not a program", wayOut}},
		"missing":               {[]string{"apt-get"}, "", 0, []string{"Chromium is missing: installing", wayOut, "apt-get update"}},
		"missing, on no Debian": {nil, "", 1, []string{"there is no apt-get to install it with", wayOut}},
	} {
		t.Run(name, func(t *testing.T) {
			path := t.TempDir()
			for _, program := range test.has {
				require.NoError(t, os.WriteFile(filepath.Join(path, program), []byte(apt), 0o700))
			}
			for _, program := range []string{"bash", "id"} {
				where, err := exec.LookPath(program)
				require.NoError(t, err)
				require.NoError(t, os.Symlink(where, filepath.Join(path, program)))
			}
			// As root, or by a sudo that hands on what it is given.
			require.NoError(t, os.WriteFile(filepath.Join(path, "sudo"), []byte("#!/bin/sh\nexec \"$@\"\n"), 0o700))
			script, err := filepath.Abs(filepath.Join(top, ".ci/chromium"))
			require.NoError(t, err)
			install := exec.CommandContext(t.Context(), filepath.Join(path, "bash"), script)
			install.Env = []string{"PATH=" + path, "CHROMIUM=" + test.chromium}

			said, err := install.CombinedOutput()

			assert.Equal(t, test.code, install.ProcessState.ExitCode(), "%v: %s", err, said)
			at := 0
			for _, words := range test.says {
				next := strings.Index(string(said)[at:], words)
				assert.GreaterOrEqual(t, next, 0, "%q, in its turn, in %q", words, said)
				at += max(next, 0)
			}
			if test.says == nil {
				assert.Empty(t, string(said))
			}
		})
	}
}
