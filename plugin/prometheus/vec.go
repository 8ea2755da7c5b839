package prometheus

import (
	"maps"
	"slices"
	"strings"
	"time"

	client "github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/model"
	"github.com/redpanda-data/benthos/v4/public/service"

	"benthos-segment/internal/metrics"
)

// vec is all series of one name.
type vec struct {
	kind   metrics.Kind
	labels []string

	counters *client.CounterVec
	gauges   *client.GaugeVec
	timers   client.ObserverVec
	// scale makes of nanoseconds what is shown.
	scale  float64
	forget func(client.Labels) int
}

// NewCounterCtor makes counters.
func (e *exporter) NewCounterCtor(name string, labels ...string) service.MetricsExporterCounterCtor {
	v := e.vec(name, metrics.Counter, labels)
	return func(values ...string) service.MetricsExporterCounter {
		if v == nil {
			return nothing{}
		}
		made, err := v.counters.GetMetricWithLabelValues(valid(values)...)
		if err != nil {
			return nothing{}
		}
		return counter{made}
	}
}

// NewGaugeCtor makes gauges.
func (e *exporter) NewGaugeCtor(name string, labels ...string) service.MetricsExporterGaugeCtor {
	v := e.vec(name, metrics.Gauge, labels)
	return func(values ...string) service.MetricsExporterGauge {
		if v == nil {
			return nothing{}
		}
		made, err := v.gauges.GetMetricWithLabelValues(valid(values)...)
		if err != nil {
			return nothing{}
		}
		return gauge{made}
	}
}

// NewTimerCtor makes histograms or summaries of times.
func (e *exporter) NewTimerCtor(name string, labels ...string) service.MetricsExporterTimerCtor {
	v := e.vec(name, metrics.Timer, labels)
	return func(values ...string) service.MetricsExporterTimer {
		if v == nil {
			return nothing{}
		}
		made, err := v.timers.GetMetricWithLabelValues(valid(values)...)
		if err != nil {
			return nothing{}
		}
		return timer{made, v.scale}
	}
}

// vec returns the series of a name, or nil where they cannot be: a name may come
// from a mapping of metrics or from a processor, and must not end the process.
func (e *exporter) vec(name string, kind metrics.Kind, labels []string) *vec {
	e.mu.Lock()
	defer e.mu.Unlock()
	if held, exists := e.vecs[name]; exists {
		if held.kind == kind && slices.Equal(held.labels, labels) {
			return held
		}
		e.log.Errorf("metrics %s: %s is a %s by %v already, so the %s by %v is not exported. Give one of them another name",
			Name, name, held.kind, held.labels, kind, labels)
		return nil
	}
	if !model.LegacyValidation.IsValidMetricName(name) {
		e.log.Errorf("metrics %s: %q is no name of a metric, so it is not exported. Names have letters, digits, _ and :", Name, name)
		return nil
	}
	made, collector := e.make(name, kind, labels)
	if err := e.registry.Register(collector); err != nil {
		e.log.Errorf("metrics %s: %s is not exported: %v", Name, name, err)
		return nil
	}
	e.vecs[name] = made
	return made
}

func (e *exporter) make(name string, kind metrics.Kind, labels []string) (*vec, client.Collector) {
	v := &vec{kind: kind, labels: labels, scale: 1}
	switch {
	case kind == metrics.Counter:
		v.counters = client.NewCounterVec(client.CounterOpts{Name: name, Help: help(name, kind, "")}, labels)
		v.forget = v.counters.DeletePartialMatch
		return v, v.counters
	case kind == metrics.Gauge:
		v.gauges = client.NewGaugeVec(client.GaugeOpts{Name: name, Help: help(name, kind, "")}, labels)
		v.forget = v.gauges.DeletePartialMatch
		return v, v.gauges
	case e.histograms:
		histograms := client.NewHistogramVec(client.HistogramOpts{Name: name, Help: help(name, kind, "seconds"), Buckets: e.buckets}, labels)
		v.timers, v.scale, v.forget = histograms, 1/float64(time.Second), histograms.DeletePartialMatch
		return v, histograms
	default:
		summaries := client.NewSummaryVec(client.SummaryOpts{Name: name, Help: help(name, kind, "nanoseconds"), Objectives: e.objectives}, labels)
		v.timers, v.forget = summaries, summaries.DeletePartialMatch
		return v, summaries
	}
}

// DeleteSeriesPartialMatch forgets the series that have these labels, as when a
// stream is removed.
func (e *exporter) DeleteSeriesPartialMatch(labels map[string]string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for v := range maps.Values(e.vecs) {
		v.forget(labels)
	}
}

// valid returns values that are UTF-8: a processor may make one of an event.
func valid(values []string) []string {
	if !slices.ContainsFunc(values, func(v string) bool { return strings.ToValidUTF8(v, "") != v }) {
		return values
	}
	valid := make([]string, len(values))
	for i, value := range values {
		valid[i] = strings.ToValidUTF8(value, "\uFFFD")
	}
	return valid
}

type counter struct{ client.Counter }

func (c counter) Incr(count int64) { c.IncrFloat64(float64(count)) }

// IncrFloat64 adds. What would take something away is left out: a counter grows.
func (c counter) IncrFloat64(count float64) {
	if count >= 0 {
		c.Add(count)
	}
}

type gauge struct{ client.Gauge }

func (g gauge) Set(value int64)          { g.Gauge.Set(float64(value)) }
func (g gauge) SetFloat64(value float64) { g.Gauge.Set(value) }

type timer struct {
	client.Observer
	scale float64
}

func (t timer) Timing(nanoseconds int64) { t.Observe(float64(nanoseconds) * t.scale) }

// nothing takes what is not exported.
type nothing struct{}

func (nothing) Incr(int64)          {}
func (nothing) IncrFloat64(float64) {}
func (nothing) Set(int64)           {}
func (nothing) SetFloat64(float64)  {}
func (nothing) Timing(int64)        {}
