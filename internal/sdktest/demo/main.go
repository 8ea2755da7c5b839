// Command demo shows the front door at work: a page with both SDKs for browsers,
// the pipeline that people copy, and a sandbox in Segment's place. It clicks every
// button of the page in a headless browser and says what arrived.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"
)

func main() {
	root := flag.String("root", ".", "root of the repository")
	binary := flag.String("binary", "", "the product (default bin/benthos-segment of the root)")
	keep := flag.Bool("keep", false, "go on until Ctrl-C, so that the page can be opened")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *root, *binary, *keep); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// patience is how long everything together may take.
const patience = 2 * time.Minute

func run(ctx context.Context, root, binary string, keep bool) error {
	s, err := newStage(root, binary)
	if err != nil {
		return err
	}
	defer s.close()
	if err := s.play(ctx); err != nil {
		return err
	}
	if !keep {
		fmt.Println("  To click yourself: make demo-gateway KEEP=1")
		return nil
	}
	fmt.Printf("  Open %s and %s in a browser. Ctrl-C ends it.\n", s.page(), s.sandbox)
	<-ctx.Done()
	return nil
}

// play makes every call, and looks that each has arrived.
func (s *stage) play(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if err := s.open(ctx); err != nil {
		return err
	}
	browser, stop, err := openPage(ctx, s.page())
	if err != nil {
		return err
	}
	defer stop()
	clicked, err := clickAll(browser)
	if err != nil {
		return err
	}
	seen, err := s.await(ctx, len(clicked))
	if err != nil {
		return err
	}
	fmt.Print(s.describe(clicked, seen))
	return compare(clicked, seen)
}

// call is a call of one of the two people of the page.
type call struct{ person, kind string }

// people of the page, and whose SDK they use.
var people = []struct{ id, person, sdk string }{
	{"segment", "ada", "Segment's SDK"},
	{"rudderstack", "grace", "RudderStack's SDK"},
}

// compare says which calls did not arrive once.
func compare(clicked, seen []call) error {
	times := make(map[call]int)
	for _, c := range seen {
		times[c]++
	}
	var wrong []error
	for _, c := range clicked {
		if times[c] != 1 {
			wrong = append(wrong, fmt.Errorf("%s of %s arrived %d times", c.kind, c.person, times[c]))
		}
	}
	return errors.Join(wrong...)
}

func (s *stage) describe(clicked, seen []call) string {
	var text strings.Builder
	fmt.Fprintf(&text, `
  examples/gateway/index.html in a headless browser
      %d calls of two SDKs to %s
          │
  config/gateway.yaml, with a queue on disk
          │
  %s, which stands in for Segment
      %d calls

`, len(clicked), s.door, s.sandbox, len(seen))
	for _, p := range people {
		var kinds []string
		for _, c := range seen {
			if c.person == p.person {
				kinds = append(kinds, c.kind)
			}
		}
		fmt.Fprintf(&text, "      %-18s %s\n", p.sdk, strings.Join(kinds, " "))
	}
	text.WriteByte('\n')
	return text.String()
}
