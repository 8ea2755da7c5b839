// A Benthos build of your own with the segment output in it: the components
// that you need, and nothing else.
//
//	go run ./examples/custom-binary lint examples/quickstart/pipeline.yaml
//	go run ./examples/custom-binary run examples/quickstart/pipeline.yaml
package main

import (
	"context"
	"io"
	"log"
	"os"

	"github.com/redpanda-data/benthos/v4/public/service"

	// What the pipelines use: file and HTTP, mappings, fallback, switch.
	_ "github.com/redpanda-data/benthos/v4/public/components/io"
	_ "github.com/redpanda-data/benthos/v4/public/components/pure"

	// The output `segment` registers itself.
	_ "benthos-segment/plugin"
	"benthos-segment/plugin/lint"
)

func main() {
	// Go's HTTP client writes there what servers send unasked, as it came. The
	// engine has a log of its own.
	log.SetOutput(io.Discard)
	// Before the engine, which would show such a key in its error.
	if lint.RefuseWriteKeys(os.Stderr, os.Args) {
		os.Exit(1)
	}
	service.RunCLI(
		context.Background(),
		service.CLIOptSetBinaryName("my-benthos"),
		service.CLIOptSetProductName("My Benthos"),
		// It says what loses events or their order, too.
		service.CLIOptAddCommand(lint.Command(service.GlobalEnvironment())),
	)
}
