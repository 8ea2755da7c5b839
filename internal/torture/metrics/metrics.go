// Package metrics reads what a process says of itself to Prometheus.
package metrics

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

// Scrape returns the sum of each metric over its labels.
func Scrape(ctx context.Context, url string) (map[string]float64, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, fmt.Errorf("scraping the metrics: %w", err)
	}
	defer res.Body.Close()
	return Read(res.Body, expfmt.ResponseFormat(res.Header))
}

// Text is the format of a file of metrics.
var Text = expfmt.NewFormat(expfmt.TypeTextPlain)

// Read is Scrape for what has been written down.
func Read(r io.Reader, format expfmt.Format) (map[string]float64, error) {
	sums := map[string]float64{}
	decoder := expfmt.SampleDecoder{Dec: expfmt.NewDecoder(r, format), Opts: &expfmt.DecodeOptions{}}
	for {
		var samples model.Vector
		if err := decoder.Decode(&samples); errors.Is(err, io.EOF) {
			return sums, nil
		} else if err != nil {
			return nil, fmt.Errorf("reading the metrics: %w", err)
		}
		for _, s := range samples {
			sums[string(s.Metric[model.MetricNameLabel])] += float64(s.Value)
		}
	}
}
