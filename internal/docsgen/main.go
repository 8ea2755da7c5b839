// Command docsgen writes what docs/ has from the code: the reference of the
// output segment (segment.md), of the input segment (segment-input.md), of the
// buffer journal (journal.md), of the tracer (traces.md), of the exporter of metrics
// (prometheus.md) and of the metrics (metrics.md), of the Bloblang methods beside
// them (bloblang.md), of the reasons for which an event is not sent (reasons.md),
// and the index of the cookbook by question (cookbook.md).
//
//	go run ./internal/docsgen [-check] [directory]
package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"

	// The batching policy has processors, whose names are checked.
	_ "github.com/redpanda-data/benthos/v4/public/components/pure"

	_ "benthos-segment/plugin"
	"benthos-segment/plugin/otlp"
	"benthos-segment/plugin/prometheus"
)

// pages are what is written, by the names of the files.
var pages = map[string]func() ([]byte, error){
	outputPageName:   func() ([]byte, error) { return outputPage("segment") },
	inputPageName:    func() ([]byte, error) { return inputPage("segment") },
	bufferPageName:   func() ([]byte, error) { return bufferPage("journal") },
	tracerPageName:   func() ([]byte, error) { return tracerPage(otlp.Name) },
	exporterPageName: func() ([]byte, error) { return exporterPage(prometheus.Name) },
	metricsPageName:  metricsPage,
	methodsPageName:  func() ([]byte, error) { return methodsPage("segment_") },
	reasonsPageName:  reasonsPage,
	cookbookPageName: func() ([]byte, error) { return cookbookPage(recipesFolder()) },
}

func main() {
	if err := run(os.Args[1:], os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(args []string, said io.Writer) error {
	flags := flag.NewFlagSet("docsgen", flag.ContinueOnError)
	flags.SetOutput(said)
	isCheck := flags.Bool("check", false, "write nothing, and fail where a page is not what would be written")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() > 1 {
		return errors.New("docsgen takes one directory")
	}
	directory := "docs"
	if flags.NArg() == 1 {
		directory = flags.Arg(0)
	}
	put := write
	if *isCheck {
		put = check
	}
	for _, name := range slices.Sorted(maps.Keys(pages)) {
		page, err := pages[name]()
		if err != nil {
			return err
		}
		if err := put(filepath.Join(directory, name), page); err != nil {
			return err
		}
	}
	return nil
}

func write(path string, page []byte) error { return os.WriteFile(path, page, 0o644) }

// check fails where the file does not hold the page.
func check(path string, page []byte) error {
	held, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if !bytes.Equal(held, page) {
		return fmt.Errorf("%s is not what the code says: run go run ./internal/docsgen and commit the result", path)
	}
	return nil
}
