// Package prometheus registers the metrics exporter prometheus, in place of the
// one in Redpanda Connect. It has its name, its fields and its names of metrics,
// and says what each metric means: with one help text for all counters, a person
// who is paged learns nothing. What could end a process there is an error here,
// such as one name for two kinds of metrics.
package prometheus

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"time"

	client "github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/redpanda-data/benthos/v4/public/service"

	// The one that registers last is used, so the other has to come first.
	_ "github.com/redpanda-data/connect/v4/public/components/prometheus"
)

// Name is that of the exporter in a config.
const Name = "prometheus"

func init() {
	service.MustRegisterMetricsExporter(Name, Spec(), newExporter)
}

// exporter keeps what was counted until somebody asks for it.
type exporter struct {
	log        *service.Logger
	registry   *client.Registry
	histograms bool
	buckets    []float64
	objectives map[float64]float64
	file       string
	pusher     *pusher
	handler    http.Handler

	mu   sync.Mutex
	vecs map[string]*vec
}

var _ service.MetricsExporterSeriesDeleter = (*exporter)(nil)

func newExporter(parsed *service.ParsedConfig, log *service.Logger) (service.MetricsExporter, error) {
	conf, err := configOf(parsed)
	if err != nil {
		return nil, err
	}
	e := &exporter{
		log: log, registry: client.NewRegistry(), vecs: make(map[string]*vec),
		histograms: conf.histograms, buckets: conf.buckets, objectives: conf.objectives, file: conf.file,
	}
	if conf.process {
		e.registry.MustRegister(collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	}
	if conf.runtime {
		e.registry.MustRegister(collectors.NewGoCollector())
	}
	e.handler = promhttp.HandlerFor(e.registry, promhttp.HandlerOpts{})
	if conf.push.url != "" {
		e.pusher = newPusher(conf.push, e.registry, log)
	}
	return e, nil
}

// HandlerFunc answers who asks for the metrics.
func (e *exporter) HandlerFunc() http.HandlerFunc { return e.handler.ServeHTTP }

// closePatience is how long the last push may take. A gateway that is away must
// not keep a process from ending.
const closePatience = 5 * time.Second

// Close sends what there is where it was asked for.
func (e *exporter) Close(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, closePatience)
	defer cancel()
	if e.pusher != nil {
		e.pusher.close(ctx)
	}
	if e.file == "" {
		return nil
	}
	if err := client.WriteToTextfile(e.file, e.registry); err != nil {
		return fmt.Errorf("field %s: writing the metrics: %w", fieldFile, err)
	}
	return nil
}
