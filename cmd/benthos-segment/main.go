// Command benthos-segment is a Benthos with the output segment built in, the
// inputs and outputs that people use around it, and a local stand-in of
// Segment to try it with.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/redpanda-data/benthos/v4/public/service"
	"github.com/urfave/cli/v2"

	"benthos-segment/cmd/benthos-segment/internal/demo"
	"benthos-segment/cmd/benthos-segment/internal/tuning"
)

// These are set when a release is linked.
var (
	Version   = "devel"
	DateBuilt = "unknown"
	// DocsURL is where the commands' help texts send their readers, who want to
	// know about Bloblang, unit tests and templates there.
	DocsURL = "https://docs.redpanda.com/redpanda-connect"
)

func main() {
	tuning.Collector()
	tuning.Processors()
	os.Exit(run(context.Background(), os.Args))
}

// run runs the command line and returns the exit code.
func run(ctx context.Context, args []string) int {
	standard := redirectStandardLog(os.Stderr)
	if refuseWriteKeys(os.Stderr, namedFiles(args)) {
		return 1
	}
	streams, early := newStreamsMode(), newEarlySignals()
	defer streams.close()
	defer early.close()
	// The engine has one hook for each.
	prepare := func(c *cli.Context) error { return errors.Join(early.prepare(c), streams.prepare(c)) }
	useLogger := func(log *service.Logger) { standard.use(log); streams.note(log) }
	code, err := service.RunCLIToCode(ctx, append(
		streams.options(),
		service.CLIOptSetArgs(args...),
		service.CLIOptSetBinaryName("benthos-segment"),
		service.CLIOptSetProductName("Benthos Segment"),
		service.CLIOptSetVersion(Version, DateBuilt),
		service.CLIOptSetDocumentationURL(DocsURL),
		service.CLIOptCustomRunFlags(nil, prepare),
		service.CLIOptOnLoggerInit(useLogger),
		service.CLIOptOnStreamStart(early.start),
		service.CLIOptAddCommand(sandboxCommand()),
		service.CLIOptAddCommand(checkCommand()),
		service.CLIOptAddCommand(demo.Command(Version)),
	)...)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	printHints(os.Stderr, lintTargets(args))
	return code
}
