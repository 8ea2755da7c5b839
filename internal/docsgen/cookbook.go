package main

import (
	_ "embed"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

const cookbookPageName = "cookbook.md"

//go:embed cookbook.md.tmpl
var cookbookTemplate string

// recipe is a file of the cookbook, as its first lines describe it.
type recipe struct {
	// Name is that of the file without its ending.
	Name string
	// Question is the first line, and Answer the first sentence after it.
	Question, Answer string
	// isForAnyInput says that its input stands for any other one.
	isForAnyInput bool
}

// cookbook is what the page shows.
type cookbook struct{ Sources, Changes []recipe }

// recipesFolder is where the recipes are, seen from the root of the repository or
// from a folder in it.
func recipesFolder() string {
	folder := filepath.Join("examples", "cookbook")
	for range 3 {
		if _, err := os.Stat(folder); err == nil {
			break
		}
		folder = filepath.Join("..", folder)
	}
	return folder
}

// cookbookPage renders the index of the recipes in a folder.
func cookbookPage(folder string) ([]byte, error) {
	files, err := filepath.Glob(filepath.Join(folder, "*.yaml"))
	if err != nil {
		return nil, fmt.Errorf("listing recipes: %w", err)
	}
	if len(files) == 0 {
		return nil, errors.New("there are no recipes in " + folder)
	}
	var shown cookbook
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("reading a recipe: %w", err)
		}
		r, err := recipeFrom(strings.TrimSuffix(filepath.Base(file), ".yaml"), string(text))
		if err != nil {
			return nil, err
		}
		group := &shown.Sources
		if r.isForAnyInput {
			group = &shown.Changes
		}
		*group = append(*group, r)
	}
	for _, group := range [][]recipe{shown.Sources, shown.Changes} {
		slices.SortFunc(group, func(a, b recipe) int { return strings.Compare(a.Question, b.Question) })
	}
	return render(cookbookTemplate, shown)
}

// recipeFrom reads the first lines of a recipe: the question, an empty line, and
// a paragraph that says what it does.
func recipeFrom(name, text string) (recipe, error) {
	question, rest, _ := strings.Cut(text, "\n#\n")
	paragraph, _, _ := strings.Cut(rest, "\n#\n")
	question, isComment := strings.CutPrefix(question, "# ")
	if !isComment || strings.Contains(question, "\n") || !strings.HasSuffix(question, "?") {
		return recipe{}, fmt.Errorf("%s.yaml: the first line has to be the question that it answers, and the second one empty", name)
	}
	answer, _, isSentence := strings.Cut(strings.ReplaceAll(strings.TrimPrefix(paragraph, "# "), "\n# ", " ")+" ", ". ")
	if !isSentence {
		return recipe{}, fmt.Errorf("%s.yaml: after the question has to stand what it does, in a sentence", name)
	}
	return recipe{
		Name: name, Question: question, Answer: answer + ".",
		isForAnyInput: strings.Contains(text, "\ninput: # in the place of any other\n"),
	}, nil
}
