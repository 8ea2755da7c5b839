package main

import (
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// developers are the pages and files of the repository that no package has: what
// they speak of is the code.
var developers = regexp.MustCompile(`^(ARCHITECTURE\.md|CONTRIBUTING\.md|llms\.txt|bench/|internal/|packaging/|examples/(custom-binary|gateway|pipeline-test|quickstart|stream-builder|cookbook/testdata)(/|$))`)

var link = regexp.MustCompile(`\]\(([^)\s]+)\)`)

// hasThePages looks whether what a page sends its reader to is in the package: the
// rules of alerts, the dashboard, pictures and pipelines.
func (d debian) hasThePages() {
	d.t.Helper()
	const folder = "/usr/share/doc/benthos-segment"
	inside := make(map[string]bool)
	for _, name := range strings.Fields(d.do("cd " + folder + "; find . -mindepth 1")) {
		inside[path.Clean(name)] = true
	}
	assert.True(d.t, inside["docs/monitoring/rules.yml"] && inside["docs/monitoring/dashboard.json"], "docs/runbook.md sends people there")
	pages, err := filepath.Glob(filepath.Join(repository, "docs/*.md"))
	require.NoError(d.t, err)
	followed := 0
	for _, page := range append(pages, filepath.Join(repository, "README.md"), filepath.Join(repository, "SECURITY.md")) {
		name, err := filepath.Rel(repository, page)
		require.NoError(d.t, err)
		for _, target := range linksOf(d.t, page) {
			target = path.Join(path.Dir(name), target)
			if target == "LICENSE" || developers.MatchString(target) {
				continue
			}
			followed++
			assert.True(d.t, inside[target], "%s leads to %s, which is not in the package", name, target)
		}
	}
	assert.Greater(d.t, followed, 300)
}

// linksOf are those of a page that lead to files, without their fragments.
func linksOf(t *testing.T, page string) (targets []string) {
	t.Helper()
	text, err := os.ReadFile(page)
	require.NoError(t, err)
	for _, found := range link.FindAllStringSubmatch(string(text), -1) {
		target, _, _ := strings.Cut(found[1], "#")
		if target != "" && !strings.Contains(target, ":") {
			targets = append(targets, target)
		}
	}
	return targets
}
