// Command only writes .goreleaser.yaml for some of its targets: the same recipe,
// for a machine or an evening that is too small for all of them.
//
//	go -C packaging run ./only -root .. cloud/linux/amd64 benthos-segment/windows/amd64
package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"go.yaml.in/yaml/v3"
)

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
}

func run(args []string, out io.Writer) error {
	flags := flag.NewFlagSet("only", flag.ContinueOnError)
	root := flags.String("root", ".", "the repository")
	if err := flags.Parse(args); err != nil {
		return err
	}
	text, err := os.ReadFile(filepath.Join(*root, ".goreleaser.yaml"))
	if err != nil {
		return fmt.Errorf("reading the recipe: %w", err)
	}
	var whole map[string]any
	if err := yaml.Unmarshal(text, &whole); err != nil {
		return fmt.Errorf("reading .goreleaser.yaml: %w", err)
	}
	if err := recipe(whole).keep(flags.Args()); err != nil {
		return err
	}
	encoder := yaml.NewEncoder(out)
	encoder.SetIndent(2)
	return encoder.Encode(whole)
}
