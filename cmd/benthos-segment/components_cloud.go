//go:build cloud

package main

// What make build TAGS=cloud adds. It triples the binary and the time to build it, and
// the components for AWS link files under the Redpanda Community License, which
// docs/licences.md names.
import (
	_ "github.com/redpanda-data/connect/v4/public/components/aws"
	_ "github.com/redpanda-data/connect/v4/public/components/azure"
	_ "github.com/redpanda-data/connect/v4/public/components/gcp"
)
