// A Benthos build of your own with the segment output in it: the components
// that you need, and nothing else.
//
//	go run ./examples/custom-binary run examples/quickstart/pipeline.yaml
package main

import (
	"context"
	"io"
	"log"

	"github.com/redpanda-data/benthos/v4/public/service"

	// What the pipelines use: file and HTTP, mappings, fallback, switch.
	_ "github.com/redpanda-data/benthos/v4/public/components/io"
	_ "github.com/redpanda-data/benthos/v4/public/components/pure"

	// The output `segment` registers itself.
	_ "benthos-segment/plugin"
)

func main() {
	// Go's HTTP client writes there what servers send unasked, as it came. The
	// engine has a log of its own.
	log.SetOutput(io.Discard)
	service.RunCLI(
		context.Background(),
		service.CLIOptSetBinaryName("my-benthos"),
		service.CLIOptSetProductName("My Benthos"),
	)
}
