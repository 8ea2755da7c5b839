// Command images makes a container image of a static binary without a container
// engine: from scratch, with the certificates and the time zones that the binary
// needs, for a user who is not root and a root file system that is read-only.
//
//	go -C packaging run ./images -binary ../bin/segment-sandbox -out ../bin/images
//
// The file that it writes is for docker load, podman load or skopeo copy.
package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"
)

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(args []string, w io.Writer) error {
	flags := flag.NewFlagSet("images", flag.ContinueOnError)
	var i image
	flags.StringVar(&i.root, "root", "..", "where the repository is")
	flags.StringVar(&i.binary, "binary", "", "the static binary: benthos-segment or segment-sandbox")
	out := flags.String("out", "", "the directory to write to")
	flags.StringVar(&i.arch, "arch", runtime.GOARCH, "what the binary is built for")
	flags.StringVar(&i.version, "version", "0.0.0", "the version, with or without a v")
	flags.StringVar(&i.revision, "revision", "", "the commit")
	date := flags.String("date", "", "the date of all files, as git's %cI has it")
	if err := flags.Parse(args); err != nil {
		return err
	}
	for name, value := range map[string]string{"binary": i.binary, "out": *out, "date": *date} {
		if value == "" || flags.NArg() > 0 {
			return fmt.Errorf("images needs -%s, and takes flags only", name)
		}
	}
	var err error
	if i.date, err = time.Parse(time.RFC3339, *date); err != nil {
		return fmt.Errorf("reading -date: %w", err)
	}
	i.version = strings.TrimPrefix(i.version, "v")
	if err := os.MkdirAll(*out, 0o755); err != nil {
		return err
	}
	path, err := i.save(*out)
	if err != nil {
		return fmt.Errorf("making the image of %s: %w", filepath.Base(i.binary), err)
	}
	fmt.Fprintln(w, path)
	return nil
}
