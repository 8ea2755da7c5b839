package lint

import (
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"

	"gopkg.in/yaml.v3"
)

// RefuseWriteKeys says which write keys are not read as the text that they are,
// in the files that the arguments of a command line name, and whether there is
// one.
//
// It has to come before the engine reads the files. The engine finds nothing
// wrong with a number when it lints, cannot run it, and quotes it in the error,
// as it quotes a key that begins with an asterisk.
func RefuseWriteKeys(w io.Writer, args []string) (isRefused bool) {
	for _, file := range namedFiles(args) {
		for _, f := range unreadWriteKeys(file) {
			isRefused = true
			fmt.Fprintf(w, "%s(%d,%d) field write_key %s: put it in quotes, as in write_key: \"…\"\n",
				file, f.line, f.column, f.readAs)
		}
	}
	return isRefused
}

// unread is a write key in a config that YAML takes for something else.
type unread struct {
	line, column int
	readAs       string
}

func unreadWriteKeys(file string) (found []unread) {
	d, err := readRaw(file)
	if err != nil {
		return unreadInText(file)
	}
	for _, out := range segmentOutputs(d) {
		node := target(member(out.value, "write_key"))
		if readAs := otherThanText(node); readAs != "" {
			found = append(found, unread{node.Line, node.Column, readAs})
		}
	}
	return found
}

// readRaw parses a file as it is written. Where its variables keep it from being
// YAML, as in a flow mapping, they are filled in first.
func readRaw(file string) (document, error) {
	config, err := os.ReadFile(file)
	if err != nil {
		return document{}, err
	}
	var root yaml.Node
	if yaml.Unmarshal(config, &root) == nil {
		return document{root: &root}, nil
	}
	return newDocument(string(config), os.LookupEnv)
}

// filledIn returns a text with the values of its variables in their places.
func filledIn(raw string) string { return fill(raw, os.LookupEnv).filled }

// otherThanText says what YAML takes a value for, and nothing where that is
// text, or where the linter complains about it.
func otherThanText(node *yaml.Node) string {
	if isQuoted := node.Style&^yaml.TaggedStyle != 0; isQuoted {
		return ""
	}
	if value := filledIn(node.Value); value != node.Value {
		var isYAML bool
		if node, isYAML = parsed(value); !isYAML {
			return readAsSyntax
		}
	}
	if node.Kind == yaml.AliasNode {
		return readAsSyntax
	}
	if node.Kind != yaml.ScalarNode {
		return ""
	}
	isOnlyAnchor := node.Anchor != "" && node.Value == ""
	if isOwnTag := !strings.HasPrefix(node.Tag, "!!"); isOnlyAnchor || isOwnTag {
		return readAsSyntax
	}
	return readAs[node.Tag]
}

// parsed reads what a variable stands for as the YAML that it becomes.
func parsed(value string) (*yaml.Node, bool) {
	var document yaml.Node
	if yaml.Unmarshal([]byte(value), &document) != nil {
		return nil, false
	}
	if len(document.Content) == 0 {
		return &document, true // it is empty
	}
	return document.Content[0], true
}

const readAsSyntax = "begins with a character that YAML keeps for itself"

// readAs is what the types of YAML are called.
var readAs = map[string]string{
	"!!int":       "is read as a number and not as text",
	"!!float":     "is read as a number and not as text",
	"!!bool":      "is read as true or false and not as text",
	"!!timestamp": "is read as a date and not as text",
	"!!binary":    "is read as Base64 and not as text",
}

// unreadable finds a write key that makes a file no YAML. An asterisk stands
// before the name of an anchor, which may be there.
var (
	writeKeyInText = regexp.MustCompile(`\bwrite_key:[ \t]+(\S+)`)
	unreadable     = regexp.MustCompile("^[@%`]")
	alias          = regexp.MustCompile(`^\*([^\s,}]+)`)
)

// unreadInText looks for such keys in a file that is no YAML.
func unreadInText(file string) (found []unread) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil
	}
	number := 0
	for line := range strings.Lines(string(text)) {
		number++
		at := writeKeyInText.FindStringSubmatchIndex(line)
		if at == nil || strings.HasPrefix(strings.TrimSpace(line), "#") {
			continue
		}
		key := filledIn(line[at[2]:at[3]])
		name := alias.FindStringSubmatch(key)
		if unreadable.MatchString(key) || name != nil && !strings.Contains(string(text), "&"+name[1]) {
			found = append(found, unread{number, at[2] + 1, readAsSyntax})
		}
	}
	return found
}
