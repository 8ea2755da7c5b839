package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"
)

// scaledObject is what of a ScaledObject is looked at.
type scaledObject struct {
	Metadata struct{ Annotations map[string]string }
	Spec     struct {
		MinReplicaCount, MaxReplicaCount int
		ScaleTargetRef                   struct{ Name string }
		Advanced                         struct {
			HorizontalPodAutoscalerConfig struct {
				Behavior struct {
					ScaleDown struct{ StabilizationWindowSeconds int }
				}
			}
		}
		Triggers []struct {
			Type              string
			Metadata          map[string]string
			AuthenticationRef struct{ Name string }
		}
	}
}

// readScaledObject reads what KEDA reads, by the definition that its module has. A
// name that it does not know is an error.
func readScaledObject(t *testing.T, text string) (object scaledObject) {
	t.Helper()
	var document any
	require.NoError(t, yaml.Unmarshal([]byte(text), &document))
	require.NoError(t, definition(t).Validate(document), text)
	require.NoError(t, yaml.Unmarshal([]byte(text), &object))
	return object
}

func definition(t *testing.T) *jsonschema.Schema {
	t.Helper()
	folder, err := exec.CommandContext(t.Context(), "go", "list", "-m", "-f", "{{.Dir}}", "github.com/kedacore/keda/v2").Output()
	require.NoError(t, err)
	text, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(folder)), "config", "crd", "bases", "keda.sh_scaledobjects.yaml"))
	require.NoError(t, err)
	var crd struct {
		Spec struct {
			Versions []struct {
				Schema struct {
					OpenAPIV3Schema map[string]any `json:"openAPIV3Schema"`
				} `json:"schema"`
			} `json:"versions"`
		} `json:"spec"`
	}
	require.NoError(t, yaml.Unmarshal(text, &crd))
	require.NotEmpty(t, crd.Spec.Versions)
	schema := crd.Spec.Versions[0].Schema.OpenAPIV3Schema
	closeObjects(schema)
	compiler := jsonschema.NewCompiler()
	require.NoError(t, compiler.AddResource("scaledobject.json", schema))
	compiled, err := compiler.Compile("scaledobject.json")
	require.NoError(t, err)
	return compiled
}

// closeObjects makes names an error that a schema does not list.
func closeObjects(schema any) {
	switch s := schema.(type) {
	case map[string]any:
		if _, lists := s["properties"].(map[string]any); lists && s["type"] == "object" {
			if _, says := s["additionalProperties"]; !says {
				s["additionalProperties"] = false
			}
		}
		for _, inner := range s {
			closeObjects(inner)
		}
	case []any:
		for _, inner := range s {
			closeObjects(inner)
		}
	}
}
