package main

import (
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"benthos-segment/plugin/segmenttest"
)

const repository = "../.."

// documentText returns what a document says, as it stands in the repository.
func documentText(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(repository, path))
	require.NoError(t, err)
	return string(text)
}

// blocks returns the code blocks of one language.
func blocks(document, language string) (found []string) {
	for _, block := range regexp.MustCompile("(?s)\n```"+language+"\n(.*?)```").FindAllStringSubmatch(document, -1) {
		found = append(found, block[1])
	}
	return found
}

// promise is a row of the table of promises.
type promise struct {
	name, check string
	prints      []string
}

func promises(t *testing.T) (all []promise) {
	t.Helper()
	code := regexp.MustCompile("`([^`]+)`")
	_, table, found := strings.Cut(documentText(t, "README.md"), "| Promise | Check | It prints |\n|---|---|---|\n")
	require.True(t, found)
	table, _, _ = strings.Cut(table, "\n\n")
	for row := range strings.Lines(table) {
		cells := strings.Split(strings.Trim(row, "|\n "), " | ")
		require.Len(t, cells, 3, row)
		p := promise{name: cells[0], check: code.FindStringSubmatch(cells[1])[1]}
		for _, printed := range code.FindAllStringSubmatch(cells[2], -1) {
			p.prints = append(p.prints, printed[1])
		}
		require.NotEmpty(t, p.prints, row)
		all = append(all, p)
	}
	return all
}

// Each promise of the README has a command that shows it, and it does.
func TestThePromisesOfTheReadmeHold(t *testing.T) {
	for _, tool := range []string{"bash", "curl"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skip("there is no " + tool)
		}
	}
	functions := blocks(documentText(t, "README.md"), "sh")
	require.Len(t, functions, 1)
	all := promises(t)
	require.GreaterOrEqual(t, len(all), 8)
	for _, p := range all {
		t.Run(p.check, func(t *testing.T) {
			t.Parallel()
			sb := segmenttest.New(t)
			script := strings.ReplaceAll(functions[0], "http://127.0.0.1:8765", sb.URL) + p.check
			run := exec.CommandContext(t.Context(), "bash", "-c", script)
			run.Dir = checkout(t)
			run.Env = append(os.Environ(), "SEGMENT_ENDPOINT="+sb.URL)
			// The last command of a check may be a count that is 0, which grep
			// takes for a failure.
			printed, _ := run.CombinedOutput()
			for _, want := range p.prints {
				assert.Regexp(t, `(^|[^0-9])`+regexp.QuoteMeta(want)+`($|[^0-9])`, string(printed), p.name)
			}
		})
	}
}

// checkout makes a folder that looks like the repository after make build.
func checkout(t *testing.T) string {
	t.Helper()
	folder := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(folder, "bin"), 0o700))
	require.NoError(t, os.Symlink(binary, filepath.Join(folder, "bin", "benthos-segment")))
	examples, err := filepath.Abs(filepath.Join(repository, "examples"))
	require.NoError(t, err)
	require.NoError(t, os.Symlink(examples, filepath.Join(folder, "examples")))
	return folder
}

// What readers copy from the documents is whole: neither an error nor a hint.
func TestThePipelinesOfTheDocumentsGetNoHint(t *testing.T) {
	pages, err := filepath.Glob(filepath.Join(repository, "docs", "*.md"))
	require.NoError(t, err)
	pages = append(pages, filepath.Join(repository, "README.md"))
	t.Setenv("SEGMENT_WRITE_KEY", "a-write-key")
	t.Setenv("SOURCE_WRITE_KEY", "a-write-key")
	linted := 0
	for _, page := range pages {
		text, err := os.ReadFile(page)
		require.NoError(t, err)
		for _, block := range blocks(string(text), "yaml") {
			// A list of the fields with their defaults is no pipeline.
			if !strings.HasPrefix(block, "input:") || strings.HasPrefix(block, "input:\n  label: \"\"") {
				continue
			}
			p := begin(t, "lint", "--skip-env-var-check", pipeline(t, block))
			assert.Zero(t, p.code(), page)
			assert.Empty(t, p.said(), page)
			linted++
		}
	}
	assert.GreaterOrEqual(t, linted, 2)
}

// A page that nobody finishes helps nobody.
func TestTheReadmeIsShort(t *testing.T) {
	assert.Less(t, len(strings.Fields(documentText(t, "README.md"))), 1500)
}

// From nothing to an event of one's own on the page, as it stands on the first
// screen.
func TestTheFirstScreenLeadsFromAFileToThePage(t *testing.T) {
	if _, err := exec.LookPath("bash"); err != nil {
		t.Skip("there is no bash")
	}
	const address = "http://127.0.0.1:8765"
	_, text, found := strings.Cut(documentText(t, "README.md"), "\n    make build\n")
	require.True(t, found)
	commands, _, _ := strings.Cut(text, "\n\n")
	start, send, isTwo := strings.Cut(commands, "\n")
	require.True(t, isTwo)
	require.NotContains(t, send, "\n", "three commands, with make build")
	require.Contains(t, start, "bin/benthos-segment sandbox &")
	require.Contains(t, start, address)

	sandbox := begin(t, "sandbox", "--listen", "127.0.0.1:0")
	sandbox.awaitText("Stop it with Ctrl-C")
	url := regexp.MustCompile(`http://127\.0\.0\.1:\d+`).FindString(sandbox.said())
	folder := checkout(t)
	require.NoError(t, os.WriteFile(filepath.Join(folder, "events.ndjson"), []byte(goodEvent+"\n"), 0o600))
	run := exec.CommandContext(t.Context(), "bash", "-c", strings.ReplaceAll(send, address, url))
	run.Dir = folder
	said, err := run.CombinedOutput()
	require.NoError(t, err, string(said))

	answer, err := http.Get(url + "/api/v1/summary")
	require.NoError(t, err)
	defer answer.Body.Close()
	summary, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	assert.Contains(t, string(summary), `"unique":1`)
	require.NoError(t, sandbox.interrupt())
	assert.Zero(t, sandbox.code())
}
