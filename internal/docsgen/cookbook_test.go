package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestTheCookbookIsListedByQuestion(t *testing.T) {
	folder := t.TempDir()
	for name, text := range map[string]string{
		"csv.yaml":     "# How do I read X?\n#\n# Reads X, version 1.2, and\n# more. And then some.\n#\n#   A  b\n\ninput:\n  file: {}\n",
		"consent.yaml": "# How do I change Y?\n#\n# Changes it.\n#\n\ninput: # in the place of any other\n  file: {}\n",
	} {
		require.NoError(t, os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600))
	}
	page, err := cookbookPage(folder)
	require.NoError(t, err)
	assert.Contains(t, string(page), "| [How do I read X?](../examples/cookbook/csv.yaml) | Reads X, version 1.2, and more. |\n")
	assert.Regexp(t, `(?s)csv\.yaml.*\n## What happens to them.*\[How do I change Y\?\]\(.*/consent\.yaml\) \| Changes it\. \|\n`, string(page))
}

func TestARecipeWithoutAQuestionIsNoRecipe(t *testing.T) {
	for text, want := range map[string]string{
		"# Reads X\n#\n# Reads X.\n#\n":           "the question that it answers",
		"input: {}\n":                             "the question that it answers",
		"# How do I\n# read X?\n#\n# Reads.\n#\n": "the question that it answers",
		"# How do I read X?\n#\n# Reads X\n#\n":   "in a sentence",
	} {
		_, err := recipeFrom("x", text)
		assert.ErrorContains(t, err, want)
		assert.ErrorContains(t, err, "x.yaml")
	}
	_, err := cookbookPage(t.TempDir())
	assert.ErrorContains(t, err, "no recipes")
}
