package verify

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

// metrics are those of a pipeline.
type metrics struct {
	families map[string]*dto.MetricFamily
	// start is when its counts began, zero if they do not tell.
	start time.Time
	// end is when they were read, or written.
	end time.Time
}

// sums are what an output has counted.
type sums struct {
	Sent     map[string]int64 `json:"sent"`
	Rejected map[string]int64 `json:"rejected,omitempty"`
}

func metricsIn(file string) (*metrics, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	about, err := f.Stat()
	if err != nil {
		return nil, err
	}
	return metricsOf(f, file, about.ModTime())
}

// maxMetrics bounds what is read of metrics.
const maxMetrics = 64 << 20

func metricsAt(ctx context.Context, address string) (*metrics, error) {
	ctx, cancel := context.WithTimeout(ctx, 15*time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, http.NoBody)
	if err != nil || r.URL.Host == "" {
		return nil, fmt.Errorf("--%s must be a URL such as http://localhost:4195/metrics", flagMetrics)
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		return nil, fmt.Errorf("reading the metrics of the pipeline: nothing answers there: start the pipeline, or check --%s", flagMetrics)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("reading the metrics of the pipeline: status %d: check the path of --%s; that of Benthos is /metrics", res.StatusCode, flagMetrics)
	}
	return metricsOf(io.LimitReader(res.Body, maxMetrics), "--"+flagMetrics, time.Now())
}

const (
	metricSent     = "segment_calls_sent"
	metricRejected = "segment_calls_rejected"
	metricStart    = "segment_start_time_seconds"
)

func metricsOf(from io.Reader, name string, end time.Time) (*metrics, error) {
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(from)
	if err != nil {
		return nil, fmt.Errorf("%s has no metrics in the form of Prometheus: set metrics: prometheus in the pipeline", name)
	}
	m := &metrics{families: families, end: end}
	if m.family(metricStart) == nil {
		return nil, fmt.Errorf("%s has metrics, and none of an output segment", name)
	}
	for _, series := range m.family(metricStart).Metric {
		at := time.Unix(int64(valueOf(series)), 0).UTC()
		if m.start.IsZero() || at.Before(m.start) {
			m.start = at
		}
	}
	return m, nil
}

// family returns a metric by its name, with a prefix that a pipeline may give it.
func (m *metrics) family(name string) *dto.MetricFamily {
	for known, family := range m.families {
		if known == name || strings.HasSuffix(known, "_"+name) {
			return family
		}
	}
	return nil
}

func valueOf(series *dto.Metric) float64 {
	return series.GetCounter().GetValue() + series.GetGauge().GetValue() + series.GetUntyped().GetValue()
}

// of returns what some outputs have counted. Where only these are in the pipeline,
// everything is theirs.
func (m *metrics) of(targets []target, areAll bool) (sums, error) {
	var s sums
	matched := 0
	for name, into := range map[string]*map[string]int64{metricSent: &s.Sent, metricRejected: &s.Rejected} {
		label := map[string]string{metricSent: "type", metricRejected: "reason"}[name]
		*into = map[string]int64{}
		family := m.family(name)
		if family == nil {
			continue
		}
		for _, series := range family.Metric {
			labels := labelsOf(series)
			isOurs := slices.ContainsFunc(targets, func(t target) bool { return t.owns(labels) })
			if !areAll && !isOurs {
				continue
			}
			matched++
			(*into)[labels[label]] += int64(valueOf(series))
		}
	}
	if matched == 0 && !areAll && m.family(metricSent) != nil {
		return s, errors.New("the metrics do not tell this output from others: give each output segment a label of its own")
	}
	return s, nil
}

func labelsOf(series *dto.Metric) map[string]string {
	labels := map[string]string{}
	for _, pair := range series.Label {
		labels[pair.GetName()] = pair.GetValue()
	}
	return labels
}

// owns says whether a series is that of the output.
func (t *target) owns(labels map[string]string) bool {
	if t.label != "" {
		return labels["label"] == t.label
	}
	return labels["path"] == "root."+t.path || labels["path"] == t.path
}

func total(counts map[string]int64) (n int64) {
	for _, count := range counts {
		n += count
	}
	return n
}
