package house

import (
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var (
	fence    = regexp.MustCompile("(?ms)^[ \t]*```.*?^[ \t]*```[ \t]*$")
	codeSpan = regexp.MustCompile("`[^`\n]*`")
	link     = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	heading  = regexp.MustCompile(`(?m)^#{1,6} +(.*?) *$`)
)

// prose is a Markdown document without its code.
func prose(document string) string { return fence.ReplaceAllString(document, "") }

// linksIn lists where the links and pictures of a document lead to.
func linksIn(document string) (targets []string) {
	for _, found := range link.FindAllStringSubmatch(codeSpan.ReplaceAllString(prose(document), ""), -1) {
		targets = append(targets, found[1])
	}
	return targets
}

// anchorsIn lists the names that the headings of a document have, as GitHub
// makes them: small letters and digits, a hyphen for each blank, and a number
// where a name comes again.
func anchorsIn(document string) map[string]bool {
	anchors := make(map[string]bool)
	for _, found := range heading.FindAllStringSubmatch(prose(document), -1) {
		text := regexp.MustCompile(`\[([^\]]*)\]\([^)]*\)`).ReplaceAllString(found[1], "$1")
		name := strings.Map(func(r rune) rune {
			switch {
			case r == ' ':
				return '-'
			case r == '-' || r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r):
				return unicode.ToLower(r)
			default:
				return -1
			}
		}, text)
		unique := name
		for n := 1; anchors[unique]; n++ {
			unique = name + "-" + strconv.Itoa(n)
		}
		anchors[unique] = true
	}
	return anchors
}

// resolve returns the path and the anchor that a link of a document leads to.
// Links to other hosts lead nowhere here.
func resolve(document, target string) (file, anchor string, isHere bool) {
	if strings.Contains(target, "://") || strings.HasPrefix(target, "mailto:") {
		return "", "", false
	}
	file, anchor, _ = strings.Cut(target, "#")
	if file == "" {
		return document, anchor, true
	}
	return path.Join(path.Dir(document), file), anchor, true
}

func TestEveryLinkLeadsSomewhere(t *testing.T) {
	checked := 0
	for _, document := range tracked(t, ".md") {
		for _, target := range linksIn(read(t, document)) {
			file, anchor, isHere := resolve(document, target)
			if !isHere {
				continue
			}
			checked++
			if _, err := os.Stat(filepath.Join(top, filepath.FromSlash(file))); !assert.NoError(t, err, "%s links to %s", document, target) {
				continue
			}
			if anchor != "" {
				assert.True(t, anchorsIn(read(t, file))[anchor], "%s links to %s, and there is no such heading", document, target)
			}
		}
	}
	assert.Greater(t, checked, 100)
}

// linkedFrom are the files of the repository that pages lead to.
func linkedFrom(t *testing.T, pages ...string) map[string]bool {
	t.Helper()
	linked := make(map[string]bool)
	for _, page := range pages {
		for _, target := range linksIn(read(t, page)) {
			if file, _, isHere := resolve(page, target); isHere {
				linked[file] = true
			}
		}
	}
	return linked
}

// The landing page of the documentation leads to each of its pages.
func TestTheLandingPageIsComplete(t *testing.T) {
	linked := linkedFrom(t, "docs/README.md")
	for _, page := range tracked(t, ".md") {
		if path.Dir(page) == "docs" && page != "docs/README.md" {
			assert.True(t, linked[page], "docs/README.md does not lead to %s", page)
		}
	}
}

// Whoever starts at the README finds each page with two clicks: issue 17. It had been
// one, as long as there were few pages.
func TestEachPageIsTwoClicksFromTheReadmeAtMost(t *testing.T) {
	clicks := clicksTo(t, "README.md")
	for _, page := range tracked(t, ".md") {
		n, isReached := clicks[page]
		if assert.True(t, isReached, "%s cannot be reached from the README", page) {
			assert.LessOrEqual(t, n, 2, "%s is %d clicks away from the README", page, n)
		}
	}
}

// clicksTo returns how many clicks it takes from a page to each page that can be
// reached from there. Links to a folder show its README.
func clicksTo(t *testing.T, start string) map[string]int {
	t.Helper()
	clicks := map[string]int{start: 0}
	for pages := []string{start}; len(pages) > 0; pages = pages[1:] {
		for _, target := range linksIn(read(t, pages[0])) {
			file, _, isHere := resolve(pages[0], target)
			if !isHere {
				continue
			}
			if info, err := os.Stat(filepath.Join(top, filepath.FromSlash(file))); err == nil && info.IsDir() {
				file = path.Join(file, "README.md")
			}
			if _, isKnown := clicks[file]; !isKnown && path.Ext(file) == ".md" && exists(file) {
				clicks[file] = clicks[pages[0]] + 1
				pages = append(pages, file)
			}
		}
	}
	return clicks
}

// Comments and texts of programs send people to documents, too.
func TestEveryDocumentThatIsNamedExists(t *testing.T) {
	named := regexp.MustCompile(`\b(docs|config|examples|bench)/[\w./-]+\.(md|yaml|svg|png|json|ndjson)\b`)
	checked := 0
	for _, ending := range []string{".go", ".yaml", ".md", "Makefile", ".js"} {
		for _, file := range tracked(t, ending) {
			for _, name := range named.FindAllString(read(t, file), -1) {
				checked++
				_, err := os.Stat(filepath.Join(top, filepath.FromSlash(name)))
				_, beside := os.Stat(filepath.Join(top, filepath.FromSlash(path.Join(path.Dir(file), name))))
				assert.True(t, err == nil || beside == nil, "%s names %s, which does not exist", file, name)
			}
		}
	}
	assert.Greater(t, checked, 20)
}

func TestAnchorsAreThoseOfGitHub(t *testing.T) {
	anchors := anchorsIn("# A title\n\n## `write_key`\n\n## [A link](a.md), and more\n\n## 1.2 — Ünder: \"x\"!\n\n## A title\n\n```\n# no heading\n```\n")
	for _, want := range []string{"a-title", "write_key", "a-link-and-more", "12--ünder-x", "a-title-1"} {
		assert.True(t, anchors[want], want)
	}
	assert.Len(t, anchors, 5)
	require.Equal(t, []string{"a.md#b", "c.png"}, linksIn("[x](a.md#b) ![y](c.png) `[z](no.md)`\n```\n[n](no.md)\n```\n"))
}

// A new page is in the list for assistants, too, and what landed without it would
// fail later.
func TestTheListForAssistantsIsThatOfThePages(t *testing.T) {
	list := exec.CommandContext(t.Context(), "go", "run", "./internal/llmsgen", "-check")
	list.Dir = top
	said, err := list.CombinedOutput()
	assert.NoError(t, err, "%s", said)
}
