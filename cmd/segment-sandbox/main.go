// Command segment-sandbox is the sandbox of benthos-segment alone: a local
// stand-in of Segment's Tracking API with its page, in a small binary that has
// no engine and no connectors. SDK authors and front-end teams need no more.
package main

import (
	"context"
	"io"
	"os"

	"github.com/urfave/cli/v2"

	"benthos-segment/cmd/internal/command"
	"benthos-segment/cmd/internal/health"
	"benthos-segment/cmd/internal/sandbox"
)

// Version is set when a release is linked.
var Version = "devel"

func main() { os.Exit(int(run(context.Background(), os.Args, os.Stdout, os.Stderr))) }

// run runs the command line and returns the exit code.
func run(ctx context.Context, args []string, out, said io.Writer) command.Code {
	return command.Alone{
		Name:    "segment-sandbox",
		Command: sandbox.Command(Version),
		Beside:  []*cli.Command{health.Command("http://127.0.0.1:8765/healthz")},
		Version: Version,
	}.Run(ctx, args, out, said)
}
