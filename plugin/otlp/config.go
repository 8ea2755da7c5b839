package otlp

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/redpanda-data/benthos/v4/public/service"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/resource"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	semconv "go.opentelemetry.io/otel/semconv/v1.40.0"
)

const (
	noCollector = "fields http and grpc: name a collector in one of them, such as http: [{address: localhost:4318}]"
	noRatio     = "field sampling.ratio: sampling is enabled and needs the share of traces to send, such as 0.01"
)

// collector is where spans are sent.
type collector struct {
	protocol string
	url      *url.URL
}

// config is what was configured.
type config struct {
	collectors []collector
	resource   *resource.Resource
	sampler    sdk.Sampler
}

func configOf(parsed *service.ParsedConfig) (conf config, err error) {
	for _, protocol := range []string{fieldHTTP, fieldGRPC} {
		list, err := parsed.FieldObjectList(protocol)
		if err != nil {
			return conf, err
		}
		for n, each := range list {
			at, err := collectorOf(each, protocol)
			if err != nil {
				return conf, fmt.Errorf("field %s.%d.%s: %w", protocol, n, fieldAddress, err)
			}
			conf.collectors = append(conf.collectors, at)
		}
	}
	if len(conf.collectors) == 0 {
		return conf, errors.New(noCollector)
	}
	if conf.sampler, err = samplerOf(parsed.Namespace(fieldSampling)); err != nil {
		return conf, err
	}
	conf.resource, err = resourceOf(parsed)
	return conf, err
}

func collectorOf(parsed *service.ParsedConfig, protocol string) (c collector, err error) {
	address, err := parsed.FieldString(fieldAddress)
	if err != nil {
		return c, err
	}
	if address == "" {
		if address, err = parsed.FieldString(fieldURL); err != nil {
			return c, err
		}
	}
	isSecure, err := parsed.FieldBool(fieldSecure)
	if err != nil {
		return c, err
	}
	at, err := endpoint(address, protocol, isSecure)
	return collector{protocol: protocol, url: at}, err
}

// tracesPath is where a collector takes spans over HTTP unless it is told
// otherwise.
const tracesPath = "/v1/traces"

// endpoint returns where to send. What it says of an address does not repeat it:
// it may hold a password.
func endpoint(address, protocol string, isSecure bool) (*url.URL, error) {
	if address == "" {
		return nil, errors.New("is empty; set host and port of the collector, such as localhost:" + usualPort(protocol))
	}
	isURL := strings.Contains(address, "://")
	if !isURL {
		address = schemeOf(isSecure) + "://" + address
	}
	at, err := url.Parse(address)
	if err != nil || at.Hostname() == "" || strings.ContainsAny(at.Host, " ,") {
		return nil, errors.New("is no address; set host and port of the collector, such as localhost:" + usualPort(protocol))
	}
	switch {
	case at.User != nil:
		return nil, errors.New("must not hold a password; set the variable OTEL_EXPORTER_OTLP_HEADERS of the environment")
	case at.Scheme != "http" && at.Scheme != "https":
		return nil, errors.New("begins with neither http:// nor https://; host and port alone will do, such as localhost:" + usualPort(protocol))
	case isSecure && at.Scheme == "http":
		return nil, errors.New("is plain http, and secure is true; write https://, or host and port alone")
	case protocol == fieldGRPC && strings.Trim(at.Path, "/") != "":
		return nil, errors.New("has a path, and gRPC has none; leave it out, or name this collector in http")
	}
	if protocol == fieldHTTP && strings.Trim(at.Path, "/") == "" {
		at.Path = tracesPath
	}
	return at, nil
}

func schemeOf(isSecure bool) string {
	if isSecure {
		return "https"
	}
	return "http"
}

func usualPort(protocol string) string {
	if protocol == fieldGRPC {
		return "4317"
	}
	return "4318"
}

// samplerOf says which traces are sent. A part of a trace without the others is
// of little use, so the decision of whoever began it holds.
func samplerOf(parsed *service.ParsedConfig) (sdk.Sampler, error) {
	isEnabled, err := parsed.FieldBool(fieldEnabled)
	if err != nil {
		return nil, err
	}
	if !isEnabled {
		return sdk.ParentBased(sdk.AlwaysSample()), nil
	}
	if !parsed.Contains(fieldRatio) {
		return nil, errors.New(noRatio)
	}
	ratio, err := parsed.FieldFloat(fieldRatio)
	if err != nil {
		return nil, err
	}
	if !(ratio > 0 && ratio <= 1) {
		return nil, fmt.Errorf("field %s.%s: is %v; a share of all traces is above 0 and up to 1, such as 0.01", fieldSampling, fieldRatio, ratio)
	}
	return sdk.ParentBased(sdk.TraceIDRatioBased(ratio)), nil
}

// resourceOf describes this process with the tags of the config, which come
// before what the environment says. It looks at nothing else: the arguments of a
// process may hold a key.
func resourceOf(parsed *service.ParsedConfig) (*resource.Resource, error) {
	name, err := parsed.FieldString(fieldService)
	if err != nil {
		return nil, err
	}
	tags, err := parsed.FieldStringMap(fieldTags)
	if err != nil {
		return nil, err
	}
	said := []attribute.KeyValue{semconv.ServiceName(name), semconv.ServiceVersion(parsed.EngineVersion())}
	for key, value := range tags {
		if key == "" {
			return nil, fmt.Errorf("field %s: one has no name", fieldTags)
		}
		said = append(said, attribute.String(key, value))
	}
	described, err := resource.New(context.Background(), resource.WithTelemetrySDK(), resource.WithFromEnv(), resource.WithAttributes(said...))
	if err != nil {
		return nil, fmt.Errorf("reading OTEL_RESOURCE_ATTRIBUTES: %w", err)
	}
	return described, nil
}

// options makes an exporter for each collector, so that none waits for another.
func (c config) options(log *service.Logger) ([]sdk.TracerProviderOption, error) {
	options := []sdk.TracerProviderOption{sdk.WithResource(c.resource), sdk.WithSampler(c.sampler)}
	for _, to := range c.collectors {
		sender, err := to.exporter()
		if err != nil {
			return nil, fmt.Errorf("connecting to a collector by %s: %w", to.protocol, err)
		}
		options = append(options, sdk.WithBatcher(
			&exporter{SpanExporter: sender, log: log, to: to.protocol + " " + to.url.Host},
			sdk.WithExportTimeout(exportTimeout), sdk.WithMaxQueueSize(maxWaiting), sdk.WithMaxExportBatchSize(maxTogether),
		))
	}
	return slices.Clip(options), nil
}

// exporter does not connect yet: a collector may come up later.
func (c collector) exporter() (sdk.SpanExporter, error) {
	ctx := context.Background()
	if c.protocol == fieldGRPC {
		return otlptracegrpc.New(ctx, otlptracegrpc.WithEndpointURL(c.url.String()), otlptracegrpc.WithTimeout(exportTimeout))
	}
	return otlptracehttp.New(ctx, otlptracehttp.WithEndpointURL(c.url.String()), otlptracehttp.WithTimeout(exportTimeout))
}
