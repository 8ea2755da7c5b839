// Command benthos-segment is a Benthos with the output segment built in, the
// inputs and outputs that people use around it, and a local stand-in of
// Segment to try it with.
package main

import (
	"context"
	"errors"
	"os"

	"github.com/redpanda-data/benthos/v4/public/service"
	"github.com/urfave/cli/v2"

	"benthos-segment/cmd/benthos-segment/internal/check"
	"benthos-segment/cmd/benthos-segment/internal/completion"
	"benthos-segment/cmd/benthos-segment/internal/create"
	"benthos-segment/cmd/benthos-segment/internal/demo"
	"benthos-segment/cmd/benthos-segment/internal/doctor"
	"benthos-segment/cmd/benthos-segment/internal/schema"
	"benthos-segment/cmd/benthos-segment/internal/send"
	"benthos-segment/cmd/benthos-segment/internal/stopping"
	"benthos-segment/cmd/benthos-segment/internal/tail"
	"benthos-segment/cmd/benthos-segment/internal/tuning"
	"benthos-segment/cmd/benthos-segment/internal/verify"
	"benthos-segment/cmd/internal/health"
	"benthos-segment/cmd/internal/sandbox"
	"benthos-segment/plugin/lint"
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
	tuning.Memory()
	os.Exit(run(context.Background(), os.Args))
}

// commands are those that the engine does not have.
func commands() []*cli.Command {
	return append([]*cli.Command{
		check.Command(Version),
		sandbox.Command(Version),
		demo.Command(Version),
		send.Command(),
		tail.Command(),
		wrappedLint(),
		doctor.Command(),
		health.Command("http://127.0.0.1:4195/ping"),
		create.Command(),
		schema.Command(),
		verify.Command(Version),
		versionCommand(),
	}, completion.Commands()...)
}

// run runs the command line and returns the exit code.
func run(ctx context.Context, args []string) int {
	standard := redirectStandardLog(os.Stderr)
	if lint.RefuseWriteKeys(os.Stderr, args) {
		return int(codeOfRefusal(args))
	}
	streams, early, stop := newStreamsMode(), newEarlySignals(), stopping.New()
	defer streams.close()
	defer early.close()
	defer stop.Close()
	// The engine has one hook for each.
	prepare := func(c *cli.Context) error {
		if runsNothing(c.Command.Name) {
			return nil
		}
		stop.Start()
		return errors.Join(early.prepare(c), streams.prepare(c))
	}
	useLogger := func(log *service.Logger) { standard.use(log); streams.note(log); stop.UseLogger(log) }
	code := runEngine(ctx, args, append(
		streams.options(),
		service.CLIOptSetBinaryName("benthos-segment"),
		service.CLIOptSetProductName("Benthos Segment"),
		service.CLIOptSetVersion(Version, DateBuilt),
		service.CLIOptSetDocumentationURL(DocsURL),
		service.CLIOptCustomRunFlags(nil, prepare),
		service.CLIOptOnLoggerInit(useLogger),
		service.CLIOptOnConfigParse(stop.UseConfig),
		service.CLIOptOnStreamStart(early.start),
	))
	return int(code)
}
