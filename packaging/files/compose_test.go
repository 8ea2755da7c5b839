package files

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/compose-spec/compose-go/v2/cli"
	"github.com/compose-spec/compose-go/v2/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

const (
	repository = "../.."
	folder     = repository + "/packaging/compose"
)

// project reads the compose file as docker compose does, which refuses what is
// not in its schema and what is not there.
func project(t *testing.T) *types.Project {
	t.Helper()
	options, err := cli.NewProjectOptions([]string{filepath.Join(folder, "compose.yaml")}, cli.WithEnv([]string{"VERSION=1.2.3"}))
	require.NoError(t, err)
	read, err := options.LoadProject(t.Context())
	require.NoError(t, err)
	return read
}

func TestTheComposeFileIsWhole(t *testing.T) {
	read := project(t)
	assert.ElementsMatch(t, []string{"grafana", "pipeline", "prometheus", "redpanda", "sandbox", "topics"}, read.ServiceNames())
	for name, service := range read.Services {
		assert.Contains(t, service.Image, ":", "%s has a version", name)
		for _, volume := range service.Volumes {
			if volume.Type == types.VolumeTypeBind {
				assert.FileExists(t, volume.Source, name)
			}
		}
		for _, port := range service.Ports {
			assert.Equal(t, "127.0.0.1", port.HostIP, "%s is for this machine alone", name)
		}
		for on := range service.DependsOn {
			assert.Contains(t, read.Services, on)
		}
	}
	for _, name := range []string{"pipeline", "sandbox"} {
		service := read.Services[name]
		assert.True(t, service.ReadOnly, name)
		assert.Equal(t, []string{"ALL"}, service.CapDrop, name)
		assert.Regexp(t, `^(benthos-segment|segment-sandbox):1\.2\.3$`, service.Image)
	}
}

// make images gives the images the version of the commit: any other is not there.
func TestTheComposeFileAsksForTheVersionOfTheImages(t *testing.T) {
	options, err := cli.NewProjectOptions([]string{filepath.Join(folder, "compose.yaml")})
	require.NoError(t, err)
	_, err = options.LoadProject(t.Context())
	assert.ErrorContains(t, err, "make images prints it")
}

// The pipeline has all that its file asks for, and time to stop.
func TestThePipelineOfTheComposeFileIsConfigured(t *testing.T) {
	service := project(t).Services["pipeline"]
	path := service.Volumes[0].Source
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	for name := range service.Environment {
		assert.Contains(t, string(text), "${"+name, "the pipeline reads it")
	}
	for _, found := range regexp.MustCompile(`\$\{([A-Z_]+)\}`).FindAllStringSubmatch(string(text), -1) {
		assert.Contains(t, service.Environment, found[1])
	}
	assert.Equal(t, "http://sandbox:8765", *service.Environment["SEGMENT_ENDPOINT"])

	var config struct {
		Timeout string `yaml:"shutdown_timeout"`
	}
	require.NoError(t, yaml.Unmarshal(text, &config))
	timeout, err := time.ParseDuration(config.Timeout)
	require.NoError(t, err)
	assert.Greater(t, time.Duration(*service.StopGracePeriod), timeout)

	lint := exec.CommandContext(t.Context(), filepath.Join(repository, "bin/benthos-segment"), "lint", path)
	for name, value := range service.Environment {
		lint.Env = append(lint.Env, name+"="+*value)
	}
	said, err := lint.CombinedOutput()
	assert.NoError(t, err, "make build, and: %s", said)
}

// Prometheus scrapes services that there are, at ports where they listen.
func TestPrometheusFindsTheServices(t *testing.T) {
	read := project(t)
	text, err := os.ReadFile(filepath.Join(folder, "prometheus.yml"))
	require.NoError(t, err)
	var config struct {
		Global map[string]string `yaml:"global"`
		Rules  []string          `yaml:"rule_files"`
		Jobs   []struct {
			Name   string `yaml:"job_name"`
			Static []struct {
				Targets []string `yaml:"targets"`
			} `yaml:"static_configs"`
		} `yaml:"scrape_configs"`
	}
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	decoder.KnownFields(true)
	require.NoError(t, decoder.Decode(&config))
	listens := map[string]string{
		"pipeline": *read.Services["pipeline"].Environment["METRICS_ADDRESS"],
		"sandbox":  read.Services["sandbox"].Command[1],
	}
	require.Len(t, config.Jobs, len(listens))
	for _, job := range config.Jobs {
		name, port, _ := strings.Cut(job.Static[0].Targets[0], ":")
		assert.Equal(t, "0.0.0.0:"+port, listens[name], job.Name)
	}
	source, err := os.ReadFile(filepath.Join(folder, "datasource.yaml"))
	require.NoError(t, err)
	assert.Contains(t, string(source), "url: http://prometheus:9090")
	require.Len(t, config.Rules, 1)
	var rules struct {
		Groups []any `yaml:"groups"`
	}
	require.NoError(t, yaml.Unmarshal(mounted(t, read.Services["prometheus"], config.Rules[0]), &rules))
	assert.NotEmpty(t, rules.Groups)
}

// Grafana has the dashboard of docs/monitoring where it looks for dashboards.
func TestGrafanaFindsTheDashboard(t *testing.T) {
	grafana := project(t).Services["grafana"]
	var config struct {
		Version   int `yaml:"apiVersion"`
		Providers []struct {
			Name    string            `yaml:"name"`
			Type    string            `yaml:"type"`
			Options map[string]string `yaml:"options"`
		} `yaml:"providers"`
	}
	decoder := yaml.NewDecoder(bytes.NewReader(mounted(t, grafana, "/etc/grafana/provisioning/dashboards/benthos-segment.yaml")))
	decoder.KnownFields(true)
	require.NoError(t, decoder.Decode(&config))
	require.Len(t, config.Providers, 1)
	assert.Equal(t, 1, config.Version)
	assert.Equal(t, "file", config.Providers[0].Type)
	var dashboard struct {
		Title string `json:"title"`
	}
	require.NoError(t, json.Unmarshal(mounted(t, grafana, config.Providers[0].Options["path"]+"/benthos-segment.json"), &dashboard))
	assert.Equal(t, "benthos-segment", dashboard.Title)
}

// mounted is the file of this repository that a service has at a path.
func mounted(t *testing.T, service types.ServiceConfig, path string) []byte {
	t.Helper()
	for _, volume := range service.Volumes {
		if volume.Target == path {
			text, err := os.ReadFile(volume.Source)
			require.NoError(t, err)
			return text
		}
	}
	require.Fail(t, "nothing is mounted", path)
	return nil
}
