package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// lintTargets returns the YAML files that a lint command is about, and
// nothing for other commands. The engine expands paths that end with three
// dots; so do we.
func lintTargets(args []string) (files []string) {
	if len(args) < 2 || args[1] != "lint" {
		return nil
	}
	for _, arg := range args[2:] {
		files = append(files, yamlFiles(arg)...)
	}
	return files
}

// namedFiles returns the YAML files that any command line names, also as the
// value of a flag, or by their folder as streams does.
func namedFiles(args []string) (files []string) {
	for _, arg := range args[min(1, len(args)):] {
		if _, value, isFlag := strings.Cut(arg, "="); isFlag && strings.HasPrefix(arg, "-") {
			arg = value
		}
		if info, err := os.Stat(arg); err == nil && info.IsDir() && slices.Contains(args, "streams") {
			arg += "..."
		}
		files = append(files, yamlFiles(arg)...)
	}
	return files
}

// yamlFiles returns the YAML files that an argument stands for.
func yamlFiles(arg string) (files []string) {
	if tree, isTree := strings.CutSuffix(arg, "..."); isTree {
		return yamlFilesBelow(tree)
	}
	matches, _ := filepath.Glob(arg)
	for _, match := range matches {
		if isYAML(match) {
			files = append(files, match)
		}
	}
	return files
}

func yamlFilesBelow(tree string) (files []string) {
	// What cannot be read, the linter has complained about already.
	_ = filepath.WalkDir(filepath.Clean(tree), func(path string, _ os.DirEntry, err error) error {
		if err == nil && isYAML(path) {
			files = append(files, path)
		}
		return nil
	})
	return files
}

func isYAML(path string) bool {
	return slices.Contains([]string{".yaml", ".yml"}, filepath.Ext(path))
}
