package main

import (
	"fmt"
	"os"
	"strings"

	"github.com/redpanda-data/benthos/v4/public/service"
	"github.com/urfave/cli/v2"
	"gopkg.in/yaml.v3"
)

// defaultConfigPaths are where the engine looks for a config that nobody
// names.
var defaultConfigPaths = []string{"/benthos.yaml", "/etc/benthos/config.yaml", "/etc/benthos.yaml"}

// httpConfig is the section http of a config, as far as the front needs it.
type httpConfig struct {
	Enabled  bool   `yaml:"enabled"`
	Address  string `yaml:"address"`
	RootPath string `yaml:"root_path"`
	CertFile string `yaml:"cert_file"`
	KeyFile  string `yaml:"key_file"`
	CORS     struct {
		Enabled bool     `yaml:"enabled"`
		Origins []string `yaml:"allowed_origins"`
	} `yaml:"cors"`
}

// httpConfig reads what the engine is going to read of its HTTP server: the main
// config, the environment and --set.
func (m *streamsMode) httpConfig(c *cli.Context) (conf httpConfig, err error) {
	text, path, err := mainConfig(c)
	if err != nil {
		return conf, err
	}
	builder := service.NewStreamBuilder()
	builder.SetSchema(m.schema())
	builder.DisableLinting()
	builder.SetEnvVarLookupFunc(os.LookupEnv)
	if err := builder.SetYAML(text); err != nil {
		return conf, fmt.Errorf("reading the section http of %s: %w", path, err)
	}
	for _, set := range setsOf(c) {
		field, value, _ := strings.Cut(set, "=")
		if field != "http" && !strings.HasPrefix(field, "http.") {
			continue
		}
		var parsed any
		if err = yaml.Unmarshal([]byte(value), &parsed); err == nil {
			err = builder.SetFields(field, parsed)
		}
		if err != nil {
			return conf, fmt.Errorf("reading --set %s: %w", field, err)
		}
	}
	whole, err := builder.AsYAML()
	if err != nil {
		return conf, fmt.Errorf("reading the section http: %w", err)
	}
	var parts struct {
		HTTP httpConfig `yaml:"http"`
	}
	err = yaml.Unmarshal([]byte(whole), &parts)
	return parts.HTTP, err
}

// mainConfig returns the main config, which is empty where there is none.
func mainConfig(c *cli.Context) (text, path string, err error) {
	paths := []string{c.String("config"), c.String("observability")}
	if c.Command.Name != streamsName {
		paths = []string{c.Args().First(), c.String("config")}
	}
	for _, path := range defaultConfigPaths {
		if _, err := os.Stat(path); err == nil {
			paths = append(paths, path)
		}
	}
	for _, path := range paths {
		if path == "" {
			continue
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return "", path, fmt.Errorf("reading the main config: %w", err)
		}
		return string(text), path, nil
	}
	return "{}", "the defaults", nil
}
