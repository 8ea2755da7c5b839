package doctor

import (
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/redpanda-data/benthos/v4/public/service"
	"gopkg.in/yaml.v3"
)

// The fields of the output that matter here.
const (
	fieldWriteKey    = "write_key"
	fieldRegion      = "region"
	fieldEndpoint    = "endpoint"
	fieldTimeout     = "timeout"
	fieldProxy       = "proxy_url"
	fieldTLS         = "tls"
	fieldMaxInFlight = "max_in_flight"
	fieldBatching    = "batching"
	fieldPeriod      = "period"
)

// spec reads these fields, without the rules of the output, which lint knows.
var spec = service.NewConfigSpec().Fields(
	service.NewStringField(fieldWriteKey).Default(""),
	service.NewStringField(fieldRegion).Default("us"),
	service.NewStringField(fieldEndpoint).Default(""),
	service.NewDurationField(fieldTimeout).Default("15s"),
	service.NewStringField(fieldProxy).Default(""),
	service.NewTLSField(fieldTLS),
	service.NewIntField(fieldMaxInFlight).Default(256),
	service.NewObjectField(fieldBatching, service.NewStringField(fieldPeriod).Default("")),
)

// endpoints are those of the regions.
var endpoints = map[string]string{
	"us": "https://api.segment.io",
	"eu": "https://events.eu1.segmentapis.com",
}

// output is a segment output with what its fields say.
type output struct {
	file, path string
	// fields are those of the config, with variables filled in.
	fields   map[string]any
	conf     *service.ParsedConfig
	endpoint *url.URL
	region   string
	// isRefused says that lint has found an error in the config.
	isRefused bool
	// isOwn says that the endpoint is not that of a region.
	isOwn bool
	// deadLetters are the outputs that take what it refuses.
	deadLetters []any
}

// newOutput reads the fields of an output.
func newOutput(f found) (o output, err error) {
	o = output{path: f.path, fields: f.fields, deadLetters: f.after}
	text, err := yaml.Marshal(f.fields)
	if err != nil {
		return o, err
	}
	if o.conf, err = spec.ParseYAML(string(text), nil); err != nil {
		return o, err
	}
	o.region, err = o.conf.FieldString(fieldRegion)
	if err != nil {
		return o, err
	}
	base := o.text(fieldEndpoint)
	o.isOwn = base != ""
	if base == "" {
		base = endpoints[strings.ToLower(o.region)]
	}
	if o.endpoint, err = url.Parse(base); err != nil || o.endpoint.Hostname() == "" {
		return o, fmt.Errorf("field %s is no URL with a host", fieldEndpoint)
	}
	return o, nil
}

func (o output) text(name string) string {
	text, _ := o.conf.FieldString(name)
	return strings.TrimSpace(text)
}

func (o output) timeout() time.Duration {
	timeout, _ := o.conf.FieldDuration(fieldTimeout)
	return timeout
}

// gathering returns how long the output gathers a batch, and how many may be under
// way.
func (o output) gathering() (period time.Duration, writers int) {
	writers, _ = o.conf.FieldInt(fieldMaxInFlight)
	text, _ := o.conf.FieldString(fieldBatching, fieldPeriod)
	if period, _ = time.ParseDuration(text); period == 0 {
		period = 100 * time.Millisecond
		if writers == 1 {
			period = time.Second
		}
	}
	return period, writers
}
