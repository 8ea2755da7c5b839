package main

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

const preface = `# benthos-segment

> An output of Benthos (the engine of Redpanda Connect), and a binary that has it, which send
> customer events (identify, track, page, screen, group, alias) to Segment's HTTP Tracking API:
> all of them, once, in order. Configured in YAML.

What holds everywhere:

- The output is called ` + "`segment`" + `. Its only required field is ` + "`write_key`" + `.
- Put it first in a ` + "`fallback`" + `, whose second output takes the dead letters.
- ` + "`benthos-segment lint FILE`" + ` says what is wrong with a configuration, and ` + "`benthos-segment check FILE`" + `
  what is wrong with events. ` + "`benthos-segment sandbox`" + ` stands in for Segment.
- Segment answers 200 to wrong keys and to the wrong region.
- Everything that Benthos has, such as other inputs and Bloblang, works as its own documentation says.

`

var (
	row    = regexp.MustCompile(`(?m)^\| (.+?) \| (.+?) \|$`)
	header = regexp.MustCompile(`^\| You (?:want to|look for) \| Read \|$`)
	link   = regexp.MustCompile(`\[[^\]]*\]\(([^)#\s]+\.md)(?:#[^)]*)?\)`)
	title  = regexp.MustCompile(`(?m)^# +(.+?) *$`)
)

// leftOut are the folders that hold no pages of ours.
var leftOut = []string{".git", ".cache", ".venv", "bin", "node_modules", "testdata"}

// indexes are the pages whose tables say which page is for what.
var indexes = []string{"README.md", "docs/README.md"}

// generate lists the pages of a repository: those that an index says what for, and
// then the others by their titles.
func generate(root string) ([]byte, error) {
	pages, err := pagesIn(root)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	b.WriteString(preface)
	b.WriteString("## You want to, or look for\n\n")
	listed := map[string]bool{}
	for _, index := range indexes {
		text, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(index)))
		if err != nil {
			return nil, err
		}
		for _, r := range rows(string(text)) {
			for _, found := range link.FindAllStringSubmatch(r.pages, -1) {
				if page := path.Join(path.Dir(index), found[1]); !listed[page] && slices.Contains(pages, page) && !slices.Contains(indexes, page) {
					listed[page] = true
					fmt.Fprintf(&b, "- [%s](%s): %s\n", page, page, r.purpose)
				}
			}
		}
	}
	rest, err := others(root, pages, listed)
	if err != nil {
		return nil, err
	}
	b.WriteString(rest)
	configs, err := filepath.Glob(filepath.Join(root, "config", "*.yaml"))
	if err != nil {
		return nil, err
	}
	b.WriteString("\n## Whole pipelines\n\n")
	for _, config := range configs {
		purpose, err := purposeOf(config)
		if err != nil {
			return nil, err
		}
		fmt.Fprintf(&b, "- [config/%s](config/%s): %s\n", filepath.Base(config), filepath.Base(config), purpose)
	}
	return b.Bytes(), nil
}

// others lists the pages that no index names, by their titles.
func others(root string, pages []string, listed map[string]bool) (text string, err error) {
	for _, page := range pages {
		if listed[page] || slices.Contains(indexes, page) {
			continue
		}
		name, err := titleOf(filepath.Join(root, filepath.FromSlash(page)))
		if err != nil {
			return "", err
		}
		text += fmt.Sprintf("- [%s](%s): %s\n", page, page, name)
	}
	if text != "" {
		text = "\n## Everything else\n\n" + text
	}
	return text, nil
}

// purpose is a row of a table of pages.
type purpose struct{ purpose, pages string }

func rows(index string) (all []purpose) {
	isIn := false
	for line := range strings.Lines(index) {
		line = strings.TrimSpace(line)
		found := row.FindStringSubmatch(line)
		switch {
		case header.MatchString(line):
			isIn = true
		case found == nil:
			isIn = isIn && strings.HasPrefix(line, "|--")
		case isIn:
			all = append(all, purpose{found[1], found[2]})
		}
	}
	return all
}

// pagesIn lists the Markdown of a repository.
func pagesIn(root string) (pages []string, err error) {
	err = filepath.WalkDir(root, func(file string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && slices.Contains(leftOut, entry.Name()):
			return fs.SkipDir
		case filepath.Ext(file) == ".md":
			relative, err := filepath.Rel(root, file)
			pages = append(pages, filepath.ToSlash(relative))
			return err
		}
		return nil
	})
	slices.Sort(pages)
	return pages, err
}

func titleOf(page string) (string, error) {
	text, err := os.ReadFile(page)
	if err != nil {
		return "", err
	}
	found := title.FindSubmatch(text)
	if found == nil {
		return "", fmt.Errorf("%s has no title: begin it with # and one", page)
	}
	return string(found[1]), nil
}

// purposeOf is the first sentence of the comment that begins a pipeline.
func purposeOf(config string) (string, error) {
	text, err := os.ReadFile(config)
	if err != nil {
		return "", err
	}
	var words []string
	for line := range strings.Lines(string(text)) {
		line, isComment := strings.CutPrefix(strings.TrimSpace(line), "#")
		if !isComment || strings.TrimSpace(line) == "" {
			break
		}
		words = append(words, strings.Fields(line)...)
	}
	sentence, _, _ := strings.Cut(strings.Join(words, " "), ". ")
	if sentence == "" {
		return "", fmt.Errorf("%s does not begin with a comment that says what it is for", config)
	}
	return strings.TrimRight(sentence, ".:"), nil
}
