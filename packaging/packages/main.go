// Command packages makes the deb and the rpm of a binary, as the release does
// by .goreleaser.yaml, without building every binary of the release for it.
//
//	go -C packaging run ./packages -root .. -binary ../bin/benthos-segment -out ../bin/packages
package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"time"
)

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(args []string, w io.Writer) error {
	flags := flag.NewFlagSet("packages", flag.ContinueOnError)
	var p packager
	flags.StringVar(&p.root, "root", "..", "where the repository is")
	flags.StringVar(&p.binary, "binary", "", "the binary benthos-segment")
	flags.StringVar(&p.out, "out", "", "the directory to write to")
	flags.StringVar(&p.arch, "arch", runtime.GOARCH, "what the binary is built for")
	flags.StringVar(&p.version, "version", "0.0.0", "the version, with or without a v")
	flags.BoolVar(&p.isPlain, "plain", false, "save the time that compression takes")
	date := flags.String("date", "", "the date of all files, as git's %cI has it")
	if err := flags.Parse(args); err != nil {
		return err
	}
	for name, value := range map[string]string{"binary": p.binary, "out": p.out, "date": *date} {
		if value == "" || flags.NArg() > 0 {
			return fmt.Errorf("packages needs -%s, and takes flags only", name)
		}
	}
	var err error
	if p.date, err = time.Parse(time.RFC3339, *date); err != nil {
		return fmt.Errorf("reading -date: %w", err)
	}
	// What the configuration names is found from the root.
	for _, path := range []*string{&p.root, &p.binary, &p.out} {
		if *path, err = filepath.Abs(*path); err != nil {
			return err
		}
	}
	made, err := p.all()
	for _, path := range made {
		fmt.Fprintln(w, path)
	}
	return err
}
