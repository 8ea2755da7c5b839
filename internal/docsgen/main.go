// Command docsgen writes the reference of the output segment to
// docs/segment.md, from what the output itself says of its fields.
//
//	go run ./internal/docsgen [-check] [directory]
package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"

	// The batching policy has processors, whose names are checked.
	_ "github.com/redpanda-data/benthos/v4/public/components/pure"

	_ "benthos-segment/plugin"
)

const pageName = "segment.md"

func main() {
	if err := run(os.Args[1:], os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(args []string, said io.Writer) error {
	flags := flag.NewFlagSet("docsgen", flag.ContinueOnError)
	flags.SetOutput(said)
	isCheck := flags.Bool("check", false, "write nothing, and fail where the page is not what would be written")
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
	page, err := outputPage("segment")
	if err != nil {
		return err
	}
	path := filepath.Join(directory, pageName)
	if *isCheck {
		return check(path, page)
	}
	return os.WriteFile(path, page, 0o644)
}

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
