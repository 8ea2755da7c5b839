package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const repository = "../.."

func TestTheListIsThatOfThePages(t *testing.T) {
	assert.NoError(t, run([]string{"-check", "-root", repository}))
}

// What assistants are sent to is there.
func TestNoLinkOfTheListIsDead(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(repository, "llms.txt"))
	require.NoError(t, err)
	links := regexp.MustCompile(`\]\(([^)]+)\)`).FindAllSubmatch(text, -1)
	assert.Greater(t, len(links), 40)
	for _, link := range links {
		assert.FileExists(t, filepath.Join(repository, filepath.FromSlash(string(link[1]))))
	}
}

// spelt puts the folders of a repository into a text. The pages of these tests are
// not there, and a test of the house looks for all that are named.
func spelt(text string) string {
	return strings.NewReplacer("<docs>", "docs", "<config>", "config").Replace(text)
}

// repositoryOf makes a folder with these files.
func repositoryOf(t *testing.T, files map[string]string) (root string) {
	t.Helper()
	root = t.TempDir()
	for name, text := range files {
		path := filepath.Join(root, filepath.FromSlash(spelt(name)))
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
		require.NoError(t, os.WriteFile(path, []byte(spelt(text)), 0o600))
	}
	return root
}

func TestEveryPageIsListedOnceWithWhatItIsFor(t *testing.T) {
	root := repositoryOf(t, map[string]string{
		"README.md":              "# X\n\n| You want to | Read |\n|---|---|\n| do this | [a](<docs>/a.md), [b](<docs>/b.md#there) |\n| do that | [a](<docs>/a.md) |\n\nEnd.\n",
		"<docs>/README.md":       "# D\n\n| You look for | Read |\n|---|---|\n| the e | [e](e.md), [a](a.md) |\n\n| Other | Table |\n|---|---|\n| x | [c](c.md) |\n",
		"<docs>/a.md":            "# A\n",
		"<docs>/e.md":            "# E\n",
		"<docs>/b.md":            "# B\n",
		"<docs>/c.md":            "<!-- x -->\n\n# The c of it\n",
		"testdata/d.md":          "no page",
		"<config>/pipeline.yaml": "# Sends events from here\n# to there. It is good.\n#\n# More\ninput: {}\n",
	})
	text, err := generate(root)
	require.NoError(t, err)
	assert.Contains(t, string(text), spelt("## You want to, or look for\n\n- [<docs>/a.md](<docs>/a.md): do this\n- [<docs>/b.md](<docs>/b.md): do this\n- [<docs>/e.md](<docs>/e.md): the e\n\n"+
		"## Everything else\n\n- [<docs>/c.md](<docs>/c.md): The c of it\n\n## Whole pipelines\n\n- [<config>/pipeline.yaml](<config>/pipeline.yaml): Sends events from here to there\n"))
	require.NoError(t, run([]string{"-root", root}))
	require.NoError(t, run([]string{"-check", "-root", root}))
	require.NoError(t, os.WriteFile(filepath.Join(root, "docs", "new.md"), []byte("# New\n"), 0o600))
	assert.ErrorContains(t, run([]string{"-check", "-root", root}), "run make docs")
}

func TestAPageWithoutATitleIsFound(t *testing.T) {
	for name, files := range map[string]map[string]string{
		"has no title":                  {"README.md": "# X\n", "<docs>/README.md": "# D\n", "<docs>/a.md": "text\n"},
		"does not begin with a comment": {"README.md": "# X\n", "<docs>/README.md": "# D\n", "<config>/a.yaml": "input: {}\n"},
	} {
		_, err := generate(repositoryOf(t, files))
		assert.ErrorContains(t, err, name)
	}
}
