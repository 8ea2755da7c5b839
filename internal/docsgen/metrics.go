package main

import (
	_ "embed"

	"benthos-segment/internal/metrics"
)

const metricsPageName = "metrics.md"

//go:embed metrics.md.tmpl
var metricsTemplate string

// metricsPage renders the table of all metrics.
func metricsPage() ([]byte, error) { return render(metricsTemplate, metrics.Groups()) }
