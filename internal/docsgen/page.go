package main

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"text/template"

	"github.com/redpanda-data/benthos/v4/public/service"
)

const (
	outputPageName   = "segment.md"
	inputPageName    = "segment-input.md"
	bufferPageName   = "journal.md"
	tracerPageName   = "traces.md"
	exporterPageName = "prometheus.md"
)

//go:embed output.md.tmpl
var outputTemplate string

// page is what the template shows.
type page struct {
	service.TemplateDataPlugin
	// Kind is the kind of the component, in words, and Source the file of its
	// spec, by its path from the root.
	Kind, Source string
	Fields       []field
}

// field is a field of the component with what the engine's template data does
// not tell.
type field struct {
	service.TemplateDataPluginField
	IsAdvanced bool
	IsRequired bool
}

// outputPage renders the page of a registered output.
func outputPage(name string) ([]byte, error) {
	view, exists := service.GlobalEnvironment().GetOutputConfig(name)
	if !exists {
		return nil, fmt.Errorf("there is no output %s", name)
	}
	return componentPage("Output", "plugin/spec.go", view)
}

// inputPage renders the page of a registered input.
func inputPage(name string) ([]byte, error) {
	view, exists := service.GlobalEnvironment().GetInputConfig(name)
	if !exists {
		return nil, fmt.Errorf("there is no input %s", name)
	}
	return componentPage("Input", "plugin/internal/frontdoor/spec.go", view)
}

// bufferPage renders the page of a registered buffer.
func bufferPage(name string) ([]byte, error) {
	view, exists := service.GlobalEnvironment().GetBufferConfig(name)
	if !exists {
		return nil, fmt.Errorf("there is no buffer %s", name)
	}
	return componentPage("Buffer", "plugin/internal/buffer/spec.go", view)
}

// tracerPage renders the page of a registered tracer.
func tracerPage(name string) ([]byte, error) {
	view, exists := service.GlobalEnvironment().GetTracerConfig(name)
	if !exists {
		return nil, fmt.Errorf("there is no tracer %s", name)
	}
	page, err := componentPage("Tracer", "plugin/otlp/spec.go", view)
	// A collector has to be named, and an empty list does not lint.
	return bytes.ReplaceAll(page, []byte("\n    http: []\n"), []byte("\n    http: [ { address: localhost:4318 } ]\n")), err
}

// exporterPage renders the page of a registered exporter of metrics.
func exporterPage(name string) ([]byte, error) {
	view, exists := service.GlobalEnvironment().GetMetricsConfig(name)
	if !exists {
		return nil, fmt.Errorf("there is no exporter %s", name)
	}
	return componentPage("Metrics exporter", "plugin/prometheus/spec.go", view)
}

func componentPage(kind, source string, view *service.ConfigView) ([]byte, error) {
	data, err := view.TemplateData()
	if err != nil {
		return nil, fmt.Errorf("describing the %s: %w", strings.ToLower(kind), err)
	}
	specs, err := specsOf(view)
	if err != nil {
		return nil, err
	}
	p := page{TemplateDataPlugin: data, Kind: kind, Source: source}
	for _, f := range data.Fields {
		spec := specs[f.FullName]
		p.Fields = append(p.Fields, field{
			TemplateDataPluginField: f,
			IsAdvanced:              spec.IsAdvanced,
			IsRequired:              spec.isRequired(),
		})
	}
	return render(outputTemplate, p)
}

// render fills a template with what it shows.
func render(page string, data any) ([]byte, error) {
	parsed, err := template.New("page").Funcs(template.FuncMap{
		"markdown": markdown,
		"trim":     strings.TrimSpace,
	}).Parse(page)
	if err != nil {
		return nil, fmt.Errorf("parsing the template: %w", err)
	}
	var text bytes.Buffer
	if err := parsed.Execute(&text, data); err != nil {
		return nil, fmt.Errorf("rendering the page: %w", err)
	}
	// The template need not care how many lines its branches leave empty.
	tidy := emptyLines.ReplaceAll(text.Bytes(), []byte("\n\n"))
	return append(bytes.TrimSpace(tidy), '\n'), nil
}

var (
	emptyLines = regexp.MustCompile(`\n{3,}`)
	// The engine's own fields are described in AsciiDoc, which has links to
	// pages that are not here.
	asciiDocLink = regexp.MustCompile(`xref:[^\[\]]*\[([^\]]*)\]`)
)

// markdown makes Markdown of a description.
func markdown(description string) string {
	return asciiDocLink.ReplaceAllString(strings.TrimSpace(description), "$1")
}

// spec is what the engine exports of a field, as far as it is needed.
type spec struct {
	Name       string `json:"name"`
	Kind       string `json:"kind"`
	IsAdvanced bool   `json:"is_advanced"`
	IsOptional bool   `json:"is_optional"`
	Default    *any   `json:"default"`
	Children   []spec `json:"children"`
}

// isRequired says whether a config without the field is refused. An object
// is never missing: it is there by its members.
func (s spec) isRequired() bool {
	return s.Default == nil && !s.IsOptional && len(s.Children) == 0
}

// specsOf lists the fields of a component by their full names.
func specsOf(view *service.ConfigView) (map[string]spec, error) {
	exported, err := view.FormatJSON()
	if err != nil {
		return nil, fmt.Errorf("exporting the spec: %w", err)
	}
	var component struct {
		Config spec `json:"config"`
	}
	if err := json.Unmarshal(exported, &component); err != nil {
		return nil, fmt.Errorf("reading the spec: %w", err)
	}
	specs := make(map[string]spec)
	component.Config.walk("", specs)
	return specs, nil
}

// walk notes the children of a field. An advanced field makes them advanced,
// too.
func (s spec) walk(prefix string, into map[string]spec) {
	for _, child := range s.Children {
		child.IsAdvanced = child.IsAdvanced || s.IsAdvanced
		name := prefix + child.Name
		into[name] = child
		if child.Kind == "array" {
			name += "[]"
		}
		child.walk(name+".", into)
	}
}
