package report

import (
	"encoding/xml"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"benthos-segment/bench/internal/runner"
)

func someRun() Run {
	run := Run{Rounds: 1, Command: "make bench"}
	for i, id := range []string{"batched", "recipe", "floor"} {
		run.Results = append(run.Results, runner.Result{
			ID: id, Name: id, Against: "batched", Events: 1000,
			PerEvent: []time.Duration{time.Duration(10+i) * time.Microsecond},
		})
	}
	return run
}

func TestPicturesAreWellFormed(t *testing.T) {
	curve := Curve{ID: "size", Title: "size", Unit: "bytes", Points: []Point{{X: 0, Microseconds: 9}, {X: 500, Microseconds: 120}}}
	for name, picture := range map[string]string{"chart": someRun().chart(), "plot": curve.plot()} {
		decoder := xml.NewDecoder(strings.NewReader(picture))
		for {
			_, err := decoder.Token()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatalf("the %s: %v\n%s", name, err, picture)
			}
		}
		if strings.Contains(picture, "%!") || strings.Contains(picture, "NaN") {
			t.Errorf("the %s has a mistake in it:\n%s", name, picture)
		}
	}
}

func TestOnlyWhatIsBetweenTheMarksIsReplaced(t *testing.T) {
	root := t.TempDir()
	for path, name := range map[string]string{summaryPage: "summary", resultsPage: "table"} {
		if err := os.MkdirAll(filepath.Join(root, filepath.Dir(path)), 0o755); err != nil {
			t.Fatal(err)
		}
		page := "before\n<!-- begin " + name + " -->\nold\n<!-- end " + name + " -->\nafter\n"
		if err := os.WriteFile(filepath.Join(root, path), []byte(page), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 {
		if err := SaveRun(root, someRun()); err != nil {
			t.Fatal(err)
		}
	}
	for path, row := range map[string]string{summaryPage: "| http_client recipe, batched input |", resultsPage: "| recipe |"} {
		text := read(t, root, path)
		if !strings.HasPrefix(text, "before\n") || !strings.HasSuffix(text, "after\n") || strings.Contains(text, "old") || strings.Count(text, row) != 1 {
			t.Errorf("%s is:\n%s", path, text)
		}
	}
}

func read(t *testing.T, root, path string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(root, path))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// The pages are not edited by hand, and show the figures that are saved.
func TestThePagesShowTheSavedFigures(t *testing.T) {
	root := filepath.Join("..", "..", "..")
	run, err := LoadRun(root)
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{summaryPage: run.summary(), resultsPage: run.results(), chartFile: run.chart()} {
		if !strings.Contains(read(t, root, path), want) {
			t.Errorf("%s does not show what %s holds: run make bench-pages", path, figuresFile)
		}
	}
}

func TestFiguresNameTheirCommit(t *testing.T) {
	for version, want := range map[string]string{
		"Version: b64b145":       "Commit b64b145, `make bench` on ",
		"Version: b64b145-dirty": "Commit b64b145 with uncommitted changes, `make bench` on ",
		"Version: v1.2.0":        "Commit v1.2.0, `make bench` on ",
	} {
		run := someRun()
		run.Machine.Binary = version
		for _, text := range []string{run.summary(), run.results()} {
			if !strings.HasPrefix(text, want) {
				t.Errorf("%s: %s", version, text)
			}
		}
	}
}
