package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation"
	"sigs.k8s.io/yaml"
)

// VictoriaMetrics/helm-charts#1628: something was added to a name that was set.
func TestNamesAreThoseThatAreSet(t *testing.T) {
	for name, want := range map[string]string{
		"":                              "segment",
		"door":                          "door",
		strings.Repeat("a", 51) + "-bc": strings.Repeat("a", 51),
		strings.Repeat("c", 50) + "--d": strings.Repeat("c", 50),
		strings.Repeat("b", 80):         strings.Repeat("b", 52),
	} {
		set := values{
			"mode": "frontDoor", "fullnameOverride": name,
			"serviceMonitor": map[string]any{"enabled": true},
			"networkPolicy":  map[string]any{"enabled": true, "metricsFrom": map[string]any{"team": "watch"}},
		}
		documents, err := render(release{"segment", set})
		require.NoError(t, err)
		for file, text := range documents {
			var object meta.PartialObjectMetadata
			require.NoError(t, yaml.Unmarshal([]byte(text), &object))
			assert.Equal(t, want, strings.TrimSuffix(object.Name, "-pods"), file)
			assert.Empty(t, validation.IsDNS1123Label(object.Name), file)
		}
		r := renderedWith(t, set)
		// Kubernetes puts this into a label of each pod, of 63 characters at most.
		assert.Empty(t, validation.IsValidLabelValue(r.statefulSet.Name+"-7d9f6c5b84"))
		assert.Equal(t, r.pods.Name, r.statefulSet.Spec.ServiceName)
		assert.Equal(t, r.configMap.Name, r.pod(t).Volumes[0].ConfigMap.Name)
	}
	r := renderedWith(t, values{"fullnameOverride": "mine", "autoscaling": map[string]any{"enabled": true}})
	assert.Equal(t, "mine", r.deployment.Name)
	assert.Equal(t, "mine", r.scaler.Spec.ScaleTargetRef.Name)
}
