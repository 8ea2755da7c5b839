// Command segment-connect-plugin is the output segment for a Redpanda Connect
// that was built without it: a dynamic plugin, which Redpanda Connect starts
// as a process of its own and hands its batches to. docs/redpanda-connect.md
// says what it can and what it cannot do.
package main

import (
	"fmt"
	"io"
	"os"

	// What a dead letter may go to, and what the fields of the output need.
	_ "github.com/redpanda-data/benthos/v4/public/components/io"
	_ "github.com/redpanda-data/benthos/v4/public/components/pure"

	"benthos-segment/cmd/segment-connect-plugin/internal/rpc"
	_ "benthos-segment/plugin"
)

const usage = `segment-connect-plugin is started by Redpanda Connect, not by hand:

  segment-connect-plugin manifest > plugin.yaml
  redpanda-connect run --rpc-plugins=./plugin.yaml pipeline.yaml

plugin.yaml has to stay beside the program.
`

func main() {
	if _, isStarted := os.LookupEnv(rpc.AddressVariable); isStarted && len(os.Args) == 1 {
		if err := rpc.Serve(newOutput); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
}

// run answers whoever starts the program by hand, and returns the exit code.
func run(args []string, out, said io.Writer) int {
	if len(args) != 1 || args[0] != "manifest" {
		fmt.Fprint(said, usage)
		return 2
	}
	manifest, err := manifest()
	if err == nil {
		_, err = out.Write(manifest)
	}
	if err != nil {
		fmt.Fprintln(said, err)
		return 2
	}
	return 0
}
