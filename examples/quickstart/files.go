// Package quickstart holds the sample events and the pipelines of the
// quickstart, for the command that shows them at work.
package quickstart

import "embed"

// Files are events.ndjson, pipeline.yaml, which sends them, and traffic.yaml,
// which makes up more without end.
//
//go:embed events.ndjson pipeline.yaml traffic.yaml
var Files embed.FS
