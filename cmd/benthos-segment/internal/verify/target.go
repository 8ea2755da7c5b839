package verify

import (
	"cmp"
	"crypto/tls"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"strings"

	"github.com/redpanda-data/benthos/v4/public/service"
	"gopkg.in/yaml.v3"
)

// target is an output of a pipeline, or a key without one.
type target struct {
	// path and label are where the output is in the pipeline, and what it is called.
	path, label string
	writeKey    string
	// isInterpolated says that the key is another one for each message.
	isInterpolated bool
	region         string
	// isOfRegion says that calls go to Segment's own host in the region.
	isOfRegion bool
	token, api string
	proxyURL   string
	tls        any
}

// targetsOf finds the outputs of a pipeline, or the key of the environment.
func targetsOf(file string, resources []string, region string) ([]target, error) {
	if file == "" {
		key := strings.TrimSpace(os.Getenv(keyVariable))
		if key == "" {
			return nil, fmt.Errorf("name the pipeline to verify, or set %s to the write key of a source", keyVariable)
		}
		return []target{{path: keyVariable, writeKey: key, region: region, isOfRegion: true}}, nil
	}
	var found []target
	for _, name := range append([]string{file}, resources...) {
		more, err := targetsIn(name)
		if err != nil {
			return nil, err
		}
		found = append(found, more...)
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("%s has no output segment, so there is nothing to verify; "+
			"outputs in files of resources are found with --%s", file, flagResources)
	}
	return found, nil
}

// targetsIn finds the outputs in a file. Errors of a parser may quote a secret.
func targetsIn(file string) (found []target, err error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	walker := service.GlobalEnvironment().CoreConfigSchema("", "").NewStreamConfigWalker()
	if walker.WalkComponentsYAML([]byte(filledIn(string(text))), func(w *service.WalkedComponent) error {
		if w.ComponentType == "output" && w.Name == "segment" {
			found = append(found, targetOf(w))
		}
		return nil
	}) != nil {
		return nil, fmt.Errorf("%s is not a valid pipeline: benthos-segment lint %s says what is wrong", file, file)
	}
	return found, nil
}

// variable is what the engine fills in before it reads the YAML.
var variable = regexp.MustCompile(`\$\{[0-9A-Za-z_.]+(:(\$\{[^}]+\}|[^}])*)?\}`)

// filledIn returns a text with the values of its variables in their places.
func filledIn(text string) string {
	return variable.ReplaceAllStringFunc(text, func(found string) string {
		name, preset, _ := strings.Cut(found[2:len(found)-1], ":")
		return strings.ReplaceAll(cmp.Or(os.Getenv(name), preset), "\n", `\n`)
	})
}

// settings are those of an output that matter here.
type settings struct {
	WriteKey string `yaml:"write_key"`
	Region   string `yaml:"region"`
	Endpoint string `yaml:"endpoint"`
	ProxyURL string `yaml:"proxy_url"`
	TLS      any    `yaml:"tls"`
	Verify   struct {
		Token    string `yaml:"token"`
		Endpoint string `yaml:"endpoint"`
	} `yaml:"verify"`
}

func targetOf(w *service.WalkedComponent) target {
	var component struct {
		Segment settings `yaml:"segment"`
	}
	// What has no such form, the linter complains about.
	_ = yaml.Unmarshal([]byte(w.ConfigYAML()), &component)
	s := component.Segment
	endpoint := strings.TrimSuffix(strings.TrimRight(strings.TrimSpace(s.Endpoint), "/"), "/v1")
	region, isOfRegion := regionOf(endpoint, strings.ToLower(strings.TrimSpace(s.Region)))
	return target{
		path: w.Path, label: w.Label,
		writeKey: strings.TrimSpace(s.WriteKey), isInterpolated: strings.Contains(s.WriteKey, "${!"),
		region: region, isOfRegion: isOfRegion,
		token: strings.TrimSpace(s.Verify.Token), api: strings.TrimSpace(s.Verify.Endpoint),
		proxyURL: strings.TrimSpace(s.ProxyURL), tls: s.TLS,
	}
}

// trackingHosts are Segment's own.
var trackingHosts = map[string]string{"us": "https://api.segment.io", "eu": "https://events.eu1.segmentapis.com"}

// regionOf returns the region that calls go to, and whether they go to Segment's
// own host there: an endpoint decides, and else the field region.
func regionOf(endpoint, region string) (name string, isOfRegion bool) {
	for name, host := range trackingHosts {
		if strings.EqualFold(endpoint, host) {
			return name, true
		}
	}
	return cmp.Or(region, "us"), endpoint == ""
}

// transport carries what is asked on behalf of an output, as the output itself
// carries its calls.
func (t *target) transport() (http.RoundTripper, error) {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	if t.proxyURL != "" {
		proxy, err := url.Parse(t.proxyURL)
		if err != nil || proxy.Host == "" {
			return nil, fmt.Errorf("field proxy_url of %s is not the URL of a proxy", t.path)
		}
		transport.Proxy = http.ProxyURL(proxy)
	}
	if t.tls == nil {
		return transport, nil
	}
	secure, err := tlsOf(t.tls)
	if err != nil {
		return nil, fmt.Errorf("field tls of %s cannot be used: benthos-segment lint and run say why", t.path)
	}
	transport.TLSClientConfig = secure
	return transport, nil
}

func tlsOf(fields any) (*tls.Config, error) {
	text, err := yaml.Marshal(map[string]any{"tls": fields})
	if err != nil {
		return nil, err
	}
	conf, err := service.NewConfigSpec().Fields(service.NewTLSField("tls")).ParseYAML(string(text), nil)
	if err != nil {
		return nil, err
	}
	return conf.FieldTLS("tls")
}
