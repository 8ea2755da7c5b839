// Command noticegen writes what is linked into the binary besides our own code,
// under which licence, and what these licences ask to be handed on: NOTICE, and
// the page docs/licences.md. It fails where something is linked that may not be.
//
//	go run ./internal/noticegen [-check] [-root folder]
//	go run ./internal/noticegen -tags cloud file
//
// The second form writes the notice of a binary with build tags, which the first
// one has on the page only.
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
	"path/filepath"
	"strings"
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
	isCheck := flags.Bool("check", false, "write nothing, and fail where a file is not what would be written")
	root := flags.String("root", ".", "the folder of the repository")
	tags := flags.String("tags", "", "write the notice of the binary with these build tags to the `file`")
	if err := flags.Parse(args); err != nil {
		return err
	}
	var files []file
	var err error
	if *tags == "" && flags.NArg() == 0 {
		files, err = kept(ctx, *root)
	} else if *tags != "" && flags.NArg() == 1 {
		files, err = forTags(ctx, *tags, flags.Arg(0))
	} else {
		err = errors.New("noticegen takes -tags and a file, or neither")
	}
	if err != nil {
		return err
	}
	for _, f := range files {
		if *isCheck {
			err = f.check()
		} else {
			err = os.WriteFile(f.path, f.text, 0o644)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// file is what is to be in a file.
type file struct {
	path string
	text []byte
}

// kept are the files that the repository has.
func kept(ctx context.Context, root string) ([]file, error) {
	standard, err := allowed(ctx, "")
	if err != nil {
		return nil, err
	}
	withCloud, err := allowed(ctx, cloud)
	if err != nil {
		return nil, err
	}
	return []file{
		{filepath.Join(root, "NOTICE"), notice(standard)},
		{filepath.Join(root, "docs", "licences.md"), page(standard, withCloud)},
	}, nil
}

// forTags is the notice of a binary with build tags.
func forTags(ctx context.Context, tags, path string) ([]file, error) {
	b, err := allowed(ctx, tags)
	return []file{{path, notice(b)}}, err
}

// allowed is what a binary links, all of which may be linked.
func allowed(ctx context.Context, tags string) (binary, error) {
	b, err := linkedBinary(ctx, tags)
	if err != nil {
		return b, err
	}
	if complaints := judge(b, tags); len(complaints) > 0 {
		return b, fmt.Errorf("looking at licences:\n%s\ninternal/noticegen/exceptions.go has what is allowed", strings.Join(complaints, "\n"))
	}
	return b, nil
}

// check fails where the file does not hold the text.
func (f file) check() error {
	held, err := os.ReadFile(f.path)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if !bytes.Equal(held, f.text) {
		return fmt.Errorf("%s does not say what is linked now: run make docs and commit the result", f.path)
	}
	return nil
}
