package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"
)

// lintTargets returns the YAML files that a lint command is about, and
// nothing for other commands. The engine expands paths that end with three
// dots; so do we.
func lintTargets(args []string) (files []string) {
	if len(args) < 2 || args[1] != "lint" {
		return nil
	}
	for _, arg := range args[2:] {
		if tree, isTree := strings.CutSuffix(arg, "..."); isTree {
			files = append(files, yamlFilesBelow(tree)...)
			continue
		}
		matches, _ := filepath.Glob(arg)
		for _, match := range matches {
			if isYAML(match) {
				files = append(files, match)
			}
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

// printHints says what is allowed in a config but seldom meant. The linter of
// the engine knows only errors, which would keep the config from running.
func printHints(w io.Writer, files []string) {
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			continue
		}
		var document yaml.Node
		if yaml.Unmarshal(text, &document) != nil {
			continue
		}
		for _, h := range hintsIn(&document, nil) {
			fmt.Fprintf(w, "%s(%d,%d) hint: %s\n", file, h.node.Line, h.node.Column, h.text)
		}
	}
}

type hint struct {
	node *yaml.Node
	text string
}

// hintsIn looks for segment outputs at and below a node. The path holds the
// keys that lead there.
func hintsIn(node *yaml.Node, path []string) (hints []hint) {
	if node.Kind != yaml.MappingNode {
		for _, child := range node.Content {
			hints = append(hints, hintsIn(child, path)...)
		}
		return hints
	}
	for i := 0; i+1 < len(node.Content); i += 2 {
		key, value := node.Content[i], node.Content[i+1]
		if key.Value == "segment" && member(value, "write_key") != nil {
			hints = append(hints, outputHints(key, value, path)...)
			continue
		}
		hints = append(hints, hintsIn(value, append(slices.Clone(path), key.Value))...)
	}
	return hints
}

// outputHints looks at one segment output.
func outputHints(key, conf *yaml.Node, path []string) (hints []hint) {
	if inFlight := member(conf, "max_in_flight"); inFlight != nil {
		if n, err := strconv.Atoi(inFlight.Value); err == nil && n > 1 {
			hints = append(hints, hint{inFlight, "max_in_flight above 1 gives up order: calls of one person that are in " +
				"different batches may overtake each other; raise batching.count and parallel_requests instead"})
		}
	}
	if !slices.ContainsFunc(path, handlesRefusals) {
		hints = append(hints, hint{key, "there is no dead letter: a message that is refused comes again and again and slows " +
			"down all others; put this output first into a fallback"})
	}
	if slices.Contains(path, "retry") {
		hints = append(hints, hint{key, "retry sends whole batches again and hides the reasons; the output retries by itself"})
	}
	writeKey, onSetupError := member(conf, "write_key"), member(conf, "on_setup_error")
	if strings.Contains(writeKey.Value, "${!") && (onSetupError == nil || onSetupError.Value != "reject") {
		hints = append(hints, hint{writeKey, "write_key is different for each message: set on_setup_error to reject, or one " +
			"key that is wrong stops all others"})
	}
	return hints
}

// handlesRefusals says whether what is below a key need not mind what becomes
// of refused messages. What a resource is put into cannot be seen from it.
func handlesRefusals(key string) bool {
	return slices.Contains([]string{"fallback", "drop_on", "output_resources"}, key)
}

// member returns the value of a key in a mapping, or nil.
func member(node *yaml.Node, name string) *yaml.Node {
	if node.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i+1 < len(node.Content); i += 2 {
		if node.Content[i].Value == name {
			return node.Content[i+1]
		}
	}
	return nil
}
