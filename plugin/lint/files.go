package lint

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// namedFiles returns the configs that any command line names, also as the value
// of a flag, or by their folder as streams does.
func namedFiles(args []string) (files []string) {
	for _, arg := range args[min(1, len(args)):] {
		if _, value, isFlag := strings.Cut(arg, "="); isFlag && strings.HasPrefix(arg, "-") {
			arg = value
		}
		if info, err := os.Stat(arg); err == nil && info.IsDir() && slices.Contains(args, "streams") {
			arg += "..."
		}
		files = append(files, configs(arg)...)
	}
	return files
}

// configs returns the files that an argument stands for, if their names are those
// of configs.
func configs(arg string) (files []string) {
	if tree, isTree := strings.CutSuffix(arg, "..."); isTree {
		return yamlFilesBelow(tree)
	}
	matches, _ := filepath.Glob(arg)
	for _, match := range matches {
		if isYAML(match) || filepath.Ext(match) == ".json" {
			files = append(files, match)
		}
	}
	return files
}

// yamlFilesBelow returns those files below a folder that the engine takes when a
// path ends with three dots.
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
