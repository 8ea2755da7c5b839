// Package otlp registers the tracer open_telemetry_collector, which sends the
// spans of a pipeline to collectors of OpenTelemetry, by OTLP over HTTP or gRPC.
// It has the name and the fields of the one in Redpanda Connect, so a config
// needs no change, and it is a work of its own: that one comes under another
// licence. A build that has both uses the one that registers last.
//
// What it sends says how long things took and where they failed, and never what
// they were: see scrubbed.
package otlp

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/redpanda-data/benthos/v4/public/service"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

// Name is that of the tracer in a config.
const Name = "open_telemetry_collector"

func init() {
	service.MustRegisterOtelTracerProvider(Name, Spec(), newProvider)
}

// closePatience is how long the last spans may take to leave. A collector that is
// away must not keep a process from ending.
const closePatience = 3 * time.Second

// provider is a tracer provider whose end is bounded.
type provider struct {
	*sdk.TracerProvider
	once sync.Once
}

func newProvider(parsed *service.ParsedConfig) (trace.TracerProvider, error) {
	conf, err := configOf(parsed)
	if err != nil {
		return nil, err
	}
	options, err := conf.options(parsed.Resources().Logger())
	if err != nil {
		return nil, err
	}
	return &provider{TracerProvider: sdk.NewTracerProvider(options...)}, nil
}

// Shutdown sends what is left. It does not fail where a collector is away: the
// log has said so, and nothing but spans is lost.
func (p *provider) Shutdown(ctx context.Context) (err error) {
	p.once.Do(func() {
		ctx, cancel := context.WithTimeout(ctx, closePatience)
		defer cancel()
		err = p.TracerProvider.Shutdown(ctx)
	})
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}
