// Package schema writes the JSON Schema of configurations, by which editors complete
// them, explain their fields and mark what is misspelt.
package schema

import (
	"encoding/json"
	"fmt"

	"github.com/redpanda-data/benthos/v4/public/service"
	"github.com/urfave/cli/v2"

	"benthos-segment/cmd/internal/command"
)

// Command returns the command that prints it.
func Command() *cli.Command {
	return &cli.Command{
		Name:     "schema",
		Category: command.CategoryPipelines,
		Usage:    "Print the JSON Schema of configurations, for editors",
		Description: `Prints a JSON Schema of what this binary has. Editors that know YAML, such as VS Code
with the extension "YAML", complete configurations by it and mark misspelt fields.
Name the file in the first line of a configuration:

  benthos-segment schema > segment.schema.json
  # yaml-language-server: $schema=segment.schema.json

It knows names and types. What cannot work, and what is seldom meant, lint knows.`,
		Action: run,
	}
}

func run(c *cli.Context) error {
	text, err := Generate(service.GlobalEnvironment())
	if err != nil {
		return err
	}
	_, err = c.App.Writer.Write(text)
	return err
}

// Generate returns the JSON Schema of configurations for what an environment has.
func Generate(env *service.Environment) ([]byte, error) {
	described, err := env.FullConfigSchema("", "").MarshalJSONV0()
	if err != nil {
		return nil, fmt.Errorf("describing the components: %w", err)
	}
	var all everything
	if err := json.Unmarshal(described, &all); err != nil {
		return nil, fmt.Errorf("reading the description of the components: %w", err)
	}
	text, err := json.Marshal(share(all.document()))
	if err != nil {
		return nil, fmt.Errorf("writing the schema: %w", err)
	}
	return append(text, '\n'), nil
}
