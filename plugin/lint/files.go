package lint

import (
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"benthos-segment/internal/segment/plan"
)

// named is a file that a component of ours reads at its start, and what it has to
// hold.
type named struct {
	field string
	node  *yaml.Node
	check func(content []byte) error
}

// unreadFiles finds files that the output and the input segment would not read.
// Both take them as seen from the folder where the process starts, as it is done
// here.
func unreadFiles(d document) (found []finding) {
	walk(d.root, nil, func(p placed) {
		if p.key.Value != "segment" || len(p.above) == 0 || p.above[0].key.Value == "tests" {
			return
		}
		for _, file := range filesIn(p.value) {
			if said := file.wrong(); said != "" {
				found = append(found, at(file.node, said))
			}
		}
	})
	return found
}

// filesIn are the files that a component names.
func filesIn(component *yaml.Node) []named {
	secure := member(component, "tls")
	files := []named{
		{"tracking_plan.file", member(member(component, "tracking_plan"), "file"), checkPlan},
		{"tls.root_cas_file", member(secure, "root_cas_file"), checkAuthorities},
	}
	for _, own := range append([]*yaml.Node{secure}, listed(member(secure, "client_certs"))...) {
		path := "tls."
		if own != secure {
			path = "tls.client_certs."
		}
		for _, name := range []string{"cert_file", "key_file"} {
			files = append(files, named{path + name, member(own, name), checkPEM})
		}
	}
	return files
}

// wrong says why a file would be refused, and nothing where it would not, or
// where nothing is named.
func (n named) wrong() string {
	name := scalar(n.node)
	info, err := os.Stat(name)
	if name == "" || err == nil && !info.Mode().IsRegular() && !info.IsDir() {
		return "" // a pipe may be read but once
	}
	content, err := os.ReadFile(name)
	if reason := (*fs.PathError)(nil); errors.As(err, &reason) {
		return fmt.Sprintf("field %s: %s cannot be read: %v; a path starts at the folder where the pipeline is started", n.field, name, reason.Err)
	}
	if err = n.check(content); err != nil {
		return fmt.Sprintf("field %s: %s: %v", n.field, name, err)
	}
	return ""
}

func checkPlan(content []byte) error {
	_, err := plan.Parse(content)
	return err
}

func checkAuthorities(content []byte) error {
	if !x509.NewCertPool().AppendCertsFromPEM(content) {
		return errors.New("this holds no certificate in PEM, which starts with -----BEGIN CERTIFICATE-----")
	}
	return nil
}

func checkPEM(content []byte) error {
	if block, _ := pem.Decode(content); block == nil {
		return errors.New("this is not PEM, which starts with -----BEGIN")
	}
	return nil
}

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
