// Command llmsgen writes llms.txt, by which assistants find the page that answers a
// question: every page with what it is for.
//
//	go run ./internal/llmsgen [-check] [-root folder]
package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(args []string) error {
	flags := flag.NewFlagSet("llmsgen", flag.ContinueOnError)
	isCheck := flags.Bool("check", false, "write nothing, and fail where llms.txt is not what would be written")
	root := flags.String("root", ".", "the folder of the repository")
	if err := flags.Parse(args); err != nil {
		return err
	}
	text, err := generate(*root)
	if err != nil {
		return err
	}
	path := filepath.Join(*root, "llms.txt")
	if !*isCheck {
		return os.WriteFile(path, text, 0o644)
	}
	held, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if !bytes.Equal(held, text) {
		return errors.New("llms.txt does not list the pages that there are: run make docs and commit the result")
	}
	return nil
}
