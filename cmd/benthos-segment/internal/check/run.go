package check

import (
	"bufio"
	"context"
	"errors"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/urfave/cli/v2"

	"benthos-segment/cmd/benthos-segment/internal/documents"
	"benthos-segment/cmd/benthos-segment/internal/terminal"
	"benthos-segment/cmd/internal/command"
)

// run checks all files that are named, whatever becomes of one of them, and says
// the sums in any case.
func run(c *cli.Context, version string) error {
	if err := usage(c); err != nil {
		return err
	}
	conf, err := config(c, version)
	if err != nil {
		return err
	}
	// A second signal ends the process at once.
	ctx, stop := signal.NotifyContext(c.Context, syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop)
	out := bufio.NewWriterSize(c.App.Writer, 64<<10)
	r := &runner{
		stdin: c.App.Reader, out: out, maxBytes: int(command.Size(c, flagMaxLine)),
		progress: newProgress(terminal.Of(c.App.ErrWriter)),
	}
	var made *pipeline
	if path := c.String(flagConfig); path != "" {
		if made, err = newPipeline(ctx, path); err != nil {
			return err
		}
		defer made.close()
		conf = made.conf
	}
	r.checker = newChecker(ctx, conf, newReport(c, version, out))
	r.pipeline = made
	r.showsCalls = c.Bool(flagShow)
	for _, name := range c.Args().Slice() {
		r.file(name)
		if r.isInterrupted {
			break
		}
	}
	r.progress.clear()
	r.report.concluded(&r.summary)
	if err := out.Flush(); err != nil {
		return err
	}
	return r.verdict()
}

// newReport returns the report that the flags ask for.
func newReport(c *cli.Context, version string, out io.Writer) report {
	switch command.Choice(c, flagFormat) {
	case formatJSON:
		return newJSONReport(out)
	case formatSARIF:
		return &sarifReport{out: out, version: version}
	}
	if c.Bool(flagShow) {
		// Calls are for other programs, and people read the rest.
		return &textReport{screen: terminal.Of(c.App.ErrWriter), out: c.App.ErrWriter, calls: out}
	}
	return &textReport{screen: terminal.Of(c.App.Writer), out: out, calls: out}
}

// runner checks one file after the other.
type runner struct {
	*checker
	stdin    io.Reader
	out      *bufio.Writer
	maxBytes int
	progress *progress
}

// file checks a file, and notes why not, if so.
func (r *runner) file(name string) {
	shown, from, size, err := r.open(name)
	if err == nil {
		defer from.Close()
		err = r.contents(shown, from, size)
	}
	if err == nil {
		return
	}
	r.progress.clear()
	if errors.Is(err, context.Canceled) {
		r.isInterrupted = true
		return
	}
	why := failure{shown, reasonOf(err)}
	r.failures = append(r.failures, why)
	r.report.failed(why)
}

// open returns a file with the name by which it is shown, and its size, if it has
// one.
func (r *runner) open(name string) (shown string, from io.ReadCloser, size int64, err error) {
	if name == "-" {
		return "stdin", io.NopCloser(r.stdin), 0, nil
	}
	file, err := os.Open(name)
	if err != nil {
		return name, nil, 0, err
	}
	if info, err := file.Stat(); err == nil && info.Mode().IsRegular() {
		size = info.Size()
	}
	return name, file, size, nil
}

// contents checks what is in a file.
func (r *runner) contents(shown string, from io.Reader, size int64) error {
	waiting := flushing{documents.Interruptible(r.ctx, from), r}
	reader := documents.NewReader(waiting, r.maxBytes)
	r.progress.begin(shown, size, reader.Read)
	return r.read(shown, reader)
}

// flushing shows what was found before it waits for more.
type flushing struct {
	from   io.Reader
	runner *runner
}

func (f flushing) Read(into []byte) (int, error) {
	r := f.runner
	if r.out.Buffered() > 0 {
		r.progress.clear()
		_ = r.out.Flush() // Whether that fails, it says at the end, too.
	}
	r.progress.draw(&r.summary)
	// Nothing is counted before there is more.
	defer r.progress.keep(&r.summary)()
	return f.from.Read(into)
}

// reasonOf returns why a file cannot be read, without the name, which is in front
// already.
func reasonOf(err error) string {
	var path *os.PathError
	if errors.As(err, &path) {
		return path.Err.Error()
	}
	return err.Error()
}

// verdict is what the process ends with.
func (r *runner) verdict() error {
	switch {
	case !r.isWhole():
		return command.Failed()
	case r.refused > 0, r.plan.events > 0:
		return command.Refused()
	default:
		return nil
	}
}
