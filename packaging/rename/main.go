// Command rename gives the module another path, such as one that a host
// serves: in the go.mod files, the imports, the documents, and the profile that
// the binary is built by.
//
//	go -C packaging run ./rename -root .. host/owner/benthos-segment
package main

import (
	"flag"
	"fmt"
	"io"
	"os"
)

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(args []string, w io.Writer) error {
	flags := flag.NewFlagSet("rename", flag.ContinueOnError)
	root := flags.String("root", "..", "where the repository is")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() != 1 || flags.Arg(0) == "" {
		return fmt.Errorf("rename takes the new path of the module: make rename MODULE=host/owner/benthos-segment")
	}
	changed, err := Rename(*root, flags.Arg(0))
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "%d files name the module %s now. Run make fmt docs, and commit.\n", changed, flags.Arg(0))
	return nil
}
