// Command noticegen writes NOTICE: what is linked into the binary besides our
// own code, under which licence, and what these licences ask to be handed on.
//
//	go run ./internal/noticegen [-check] [file]
package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, said io.Writer) error {
	flags := flag.NewFlagSet("noticegen", flag.ContinueOnError)
	flags.SetOutput(said)
	isCheck := flags.Bool("check", false, "write nothing, and fail where the file is not what would be written")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() > 1 {
		return errors.New("noticegen takes one file")
	}
	path := "NOTICE"
	if flags.NArg() == 1 {
		path = flags.Arg(0)
	}
	modules, err := linkedModules(ctx)
	if err != nil {
		return err
	}
	text := notice(modules)
	if *isCheck {
		return check(path, text)
	}
	return os.WriteFile(path, text, 0o644)
}

// check fails where the file does not hold the text.
func check(path string, text []byte) error {
	held, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if !bytes.Equal(held, text) {
		return fmt.Errorf("%s does not say what is linked now: run make docs and commit the result", path)
	}
	return nil
}
