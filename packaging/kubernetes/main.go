// Command kubernetes writes plain manifests from the chart beside it, for those who
// do not use Helm:
//
//	make manifests
package main

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"helm.sh/helm/v3/pkg/chart/loader"
	"helm.sh/helm/v3/pkg/chartutil"
	"helm.sh/helm/v3/pkg/engine"
)

// values are what somebody sets of a chart.
type values map[string]any

// release is an installation of the chart: all its objects have names that start
// with its own.
type release struct {
	name string
	set  values
}

// manifests are the plain ones that are written, by file. Their names differ, so
// that both can be applied to one namespace.
var manifests = map[string]release{
	"kafka.yaml":      {"segment-kafka", values{}},
	"front_door.yaml": {"segment-door", values{"mode": "frontDoor"}},
}

func main() {
	for _, name := range slices.Sorted(maps.Keys(manifests)) {
		rendered, err := manifest(manifests[name])
		if err == nil {
			err = os.WriteFile(name, rendered, 0o644)
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
}

// manifest is all that the chart makes of a release, in one file.
func manifest(r release) ([]byte, error) {
	documents, err := render(r)
	if err != nil {
		return nil, err
	}
	all := bytes.NewBufferString("# Written from the chart beside it: make manifests\n")
	for _, name := range slices.Sorted(maps.Keys(documents)) {
		fmt.Fprintf(all, "---\n%s\n", strings.TrimSpace(documents[name]))
	}
	return all.Bytes(), nil
}

// render returns what the chart makes of a release, by template, without what it
// leaves out.
func render(r release) (map[string]string, error) {
	chart, err := loader.LoadDir("chart")
	if err != nil {
		return nil, fmt.Errorf("loading the chart: %w", err)
	}
	all, err := chartutil.ToRenderValues(chart, chartutil.Values(r.set),
		chartutil.ReleaseOptions{Name: r.name, Namespace: "default", IsInstall: true}, chartutil.DefaultCapabilities)
	if err != nil {
		return nil, fmt.Errorf("reading the values: %w", err)
	}
	rendered, err := engine.Render(chart, all)
	if err != nil {
		return nil, fmt.Errorf("rendering the chart: %w", err)
	}
	maps.DeleteFunc(rendered, func(name, text string) bool {
		return filepath.Ext(name) != ".yaml" || strings.TrimSpace(text) == ""
	})
	return rendered, nil
}
