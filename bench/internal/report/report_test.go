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
	page := filepath.Join(root, docs, pageName)
	if err := os.Mkdir(filepath.Dir(page), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(page, []byte("before\n<!-- begin table -->\nold\n<!-- end table -->\nafter\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := SaveRun(root, someRun()); err != nil {
			t.Fatal(err)
		}
	}
	data, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	text := string(data)
	if !strings.HasPrefix(text, "before\n") || !strings.HasSuffix(text, "after\n") || strings.Contains(text, "old") || strings.Count(text, "| recipe |") != 1 {
		t.Errorf("the page is:\n%s", text)
	}
}
