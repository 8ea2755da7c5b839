//go:build cloud

package main

// What make build TAGS=cloud adds. It doubles the binary and almost doubles the time
// to build it: docs/connectors.md has the figures. The components for AWS link files
// under the Redpanda Community License, which docs/licences.md names.
import (
	_ "github.com/redpanda-data/connect/v4/public/components/aws"
	_ "github.com/redpanda-data/connect/v4/public/components/azure"
	_ "github.com/redpanda-data/connect/v4/public/components/gcp"
)
